//! Where a picture is.

use std::fmt;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use shared_model::face_box::FaceBox;
use shared_model::face_crop::{resize, square_crop};
use shared_model::frame::Frame;

use crate::picture;

/// A picture that can be read whenever it is needed.
#[derive(Debug, Clone, PartialEq)]
pub struct PictureRef {
    /// What to read.
    pub place: Place,
    /// Where the face is in it, in pixels; without it the whole picture is the face.
    pub face: Option<FaceBox>,
}

/// What a picture is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file of its own.
    File(PathBuf),
}

impl PictureRef {
    /// A file that is a face.
    #[must_use]
    pub fn of_file(path: PathBuf) -> Self {
        Self {
            place: Place::File(path),
            face: None,
        }
    }

    /// The whole picture.
    ///
    /// # Errors
    /// When it cannot be read; the message says which.
    pub fn read(&self) -> Result<Frame> {
        match &self.place {
            Place::File(path) => picture::read(path),
        }
    }

    /// The square face, resized to `side` pixels.
    ///
    /// # Errors
    /// When it cannot be read; the message says which.
    pub fn read_face(&self, side: usize) -> Result<Frame> {
        let frame = self.read()?;
        let square = match &self.face {
            Some(face) => square_crop(&frame, face),
            None => frame,
        };
        resize(&square, side, side).with_context(|| self.to_string())
    }
}

impl fmt::Display for PictureRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::File(path) => write!(formatter, "{}", path.display()),
        }
    }
}
