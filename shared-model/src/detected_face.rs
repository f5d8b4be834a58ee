//! A face that a detector found, with its landmarks.

use std::borrow::Borrow;

use crate::conv_norm::ReadError;
use crate::face_box::FaceBox;
use crate::face_crop::ResizeError;
use crate::frame::FrameError;

/// Landmarks of a face.
pub const LANDMARKS: usize = 5;

/// Detection failed.
#[derive(Debug, thiserror::Error)]
pub enum DetectError {
    #[error(transparent)]
    Resize(#[from] ResizeError),
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// A face that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DetectedFace {
    /// Where, in pixels of the frame and cut at its borders.
    pub face_box: FaceBox,
    /// Its landmarks, where the detector gives them.
    pub landmarks: Option<Landmarks>,
}

/// The middles of the eyes, the tip of the nose and the corners of the mouth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Landmarks {
    /// Left eye, right eye, nose, left and right corner of the mouth, as one sees them in the picture: x and y in pixels of
    /// the frame. They may lie outside of it.
    pub points: [[f32; 2]; LANDMARKS],
}

impl Landmarks {
    /// By how many degrees the line through the eyes falls from left to right, -180 to 180.
    #[must_use]
    pub fn roll_deg(&self) -> f32 {
        let [[left_x, left_y], [right_x, right_y], ..] = self.points;
        // Of `libm`, so that every machine gets the same.
        libm::atan2f(right_y - left_y, right_x - left_x).to_degrees()
    }
}

impl Borrow<FaceBox> for DetectedFace {
    fn borrow(&self) -> &FaceBox {
        &self.face_box
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roll_is_the_fall_of_the_line_through_the_eyes() {
        let eyes = |left: [f32; 2], right: [f32; 2]| Landmarks {
            points: [left, right, [0.0; 2], [0.0; 2], [0.0; 2]],
        };
        assert_eq!(eyes([10.0, 5.0], [30.0, 5.0]).roll_deg(), 0.0);
        assert_eq!(eyes([10.0, 5.0], [30.0, 25.0]).roll_deg(), 45.0);
        assert_eq!(eyes([10.0, 5.0], [10.0, -5.0]).roll_deg(), -90.0);
    }
}
