//! The pictures that operations change.

use shared_model::frame::Frame;

/// An RGB picture in bytes, rows from the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// `width * height` colours.
    pub pixels: Vec<[u8; 3]>,
}

impl Picture {
    /// The frame's pixels.
    #[must_use]
    pub fn of_frame(frame: &Frame) -> Self {
        let pixels = frame.rgb().as_chunks::<3>().0.to_vec();
        Self {
            width: frame.width(),
            height: frame.height(),
            pixels,
        }
    }
}
