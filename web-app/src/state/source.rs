//! What is on the stage.

use web_sys::{File, MediaStream};

/// What kind of thing is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// A video file.
    Video,
    /// A picture file.
    Picture,
    /// The webcam.
    Webcam,
    /// A project whose video is not open.
    ProjectOnly,
}

/// What is on the stage.
#[derive(Debug, Clone)]
pub struct Source {
    /// Kind.
    pub kind: SourceKind,
    /// File name of the video, for exports and messages.
    pub name: String,
    /// The file, where there is one.
    pub file: Option<File>,
    /// Blob address of the file, `None` where there is none.
    pub url: Option<String>,
    /// The webcam's stream.
    pub stream: Option<MediaStream>,
}
