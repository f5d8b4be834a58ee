//! What is on the stage.

use wasm_bindgen::JsValue;
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

impl Source {
    /// Whether both are the same file, opened once or twice, or the same thing without a file.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match &other.file {
            Some(file) => self.is_of(file),
            None => self.file.is_none() && self.kind == other.kind && self.name == other.name,
        }
    }

    /// Whether this is what the source was opened from.
    #[must_use]
    pub fn is_of(&self, file: &File) -> bool {
        let file: &JsValue = file.as_ref();
        self.file.as_ref().is_some_and(|own| {
            let own: &JsValue = own.as_ref();
            own == file
        })
    }
}
