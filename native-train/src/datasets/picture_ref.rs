//! Where a picture is.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use shared_model::face_box::FaceBox;
use shared_model::face_crop::{resize, square_crop};
use shared_model::frame::Frame;
use shared_model::framing::Framing;

use crate::datasets::fer2013::PixelFile;
use crate::datasets::record_file::RecordFile;
use crate::datasets::record_payload::jpeg;
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
    /// A JPEG in a record of a mapped file.
    Record {
        /// The mapped file.
        file: Arc<RecordFile>,
        /// The byte at which the record begins.
        offset: u64,
    },
    /// A row of pixels.
    Row {
        /// The list.
        file: Arc<PixelFile>,
        /// The byte at which the row begins.
        offset: u64,
    },
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
            Place::Record { file, offset } => {
                let read = || picture::decode(jpeg(&file.record(*offset)?)?);
                read().with_context(|| format!("the picture {self} cannot be read"))
            }
            Place::Row { file, offset } => {
                let read = || file.picture(*offset);
                read().with_context(|| format!("the picture {self} cannot be read"))
            }
        }
    }

    /// The square face, framed in this way and resized to `side` pixels.
    ///
    /// # Errors
    /// When it cannot be read; the message says which.
    pub fn read_face(&self, framing: &Framing, side: usize) -> Result<Frame> {
        self.face_of(self.read()?, self.face.as_ref(), framing, side)
    }

    /// The square face of the picture that was read, framed in this way and resized to `side` pixels; the whole picture without a box.
    ///
    /// # Errors
    /// When it cannot be resized; the message says which.
    pub fn face_of(
        &self,
        picture: Frame,
        face: Option<&FaceBox>,
        framing: &Framing,
        side: usize,
    ) -> Result<Frame> {
        let square = match face {
            Some(face) => square_crop(&picture, face, framing),
            None => picture,
        };
        resize(&square, side, side).with_context(|| self.to_string())
    }
}

impl fmt::Display for PictureRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::File(path) => write!(formatter, "{}", path.display()),
            Place::Record { file, offset } => {
                write!(formatter, "at byte {offset} of {}", file.path().display())
            }
            Place::Row { file, offset } => {
                write!(formatter, "at byte {offset} of {}", file.path().display())
            }
        }
    }
}
