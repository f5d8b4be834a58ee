//! A face's rectangle in a frame.

use std::borrow::Borrow;

use serde::{Deserialize, Serialize};

/// An axis-aligned rectangle in pixels of the full frame, with the detector's confidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FaceBox {
    /// Left edge in pixels.
    pub x: f32,
    /// Top edge in pixels.
    pub y: f32,
    /// Width in pixels.
    pub w: f32,
    /// Height in pixels.
    pub h: f32,
    /// Detector's probability that this is a face, 0 to 1.
    pub score: f32,
    /// By how many degrees the line through the eyes falls from left to right in the picture; 0 where the detector gives no landmarks.
    #[serde(default, skip_serializing_if = "is_level")]
    pub roll_deg: f32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_level(roll_deg: &f32) -> bool {
    *roll_deg == 0.0
}

impl FaceBox {
    /// The box that covers a whole picture of `width` x `height` pixels.
    #[must_use]
    pub fn whole(width: usize, height: usize) -> Self {
        Self {
            x: 0.0,
            y: 0.0,
            w: width as f32,
            h: height as f32,
            score: 1.0,
            roll_deg: 0.0,
        }
    }

    /// Centre in pixels.
    #[must_use]
    pub fn center(&self) -> (f32, f32) {
        (self.x + self.w / 2.0, self.y + self.h / 2.0)
    }

    /// Intersection over union, 0 to 1.
    #[must_use]
    pub fn iou(&self, other: &Self) -> f32 {
        let width = (self.x + self.w).min(other.x + other.w) - self.x.max(other.x);
        let height = (self.y + self.h).min(other.y + other.h) - self.y.max(other.y);
        if width <= 0.0 || height <= 0.0 {
            return 0.0;
        }
        let intersection = width * height;
        intersection / (self.w * self.h + other.w * other.h - intersection)
    }
}

/// Greedy non-maximum suppression: keeps the best box of each group that overlaps by more than
/// `iou_threshold`, best first, as UltraFace's reference `hard_nms` does.
#[must_use]
pub fn non_maximum_suppression<F: Borrow<FaceBox>>(mut faces: Vec<F>, iou_threshold: f32) -> Vec<F> {
    faces.sort_by(|a, b| b.borrow().score.total_cmp(&a.borrow().score));
    let mut kept: Vec<F> = Vec::new();
    for candidate in faces {
        let overlaps = |better: &F| better.borrow().iou(candidate.borrow()) > iou_threshold;
        if !kept.iter().any(overlaps) {
            kept.push(candidate);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suppression_keeps_the_best_of_each_group() {
        let face = |x, score| FaceBox {
            x,
            y: 0.0,
            w: 10.0,
            h: 10.0,
            score,
            roll_deg: 0.0,
        };
        let kept = non_maximum_suppression(vec![face(1.0, 0.8), face(0.0, 0.9), face(50.0, 0.7)], 0.3);
        assert_eq!(kept.iter().map(|b| b.score).collect::<Vec<_>>(), [0.9, 0.7]);
    }
}
