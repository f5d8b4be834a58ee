//! How a face looks, coarse enough to tell a hard cut to another person from a movement.

use serde::{Deserialize, Serialize};

use crate::face_box::FaceBox;
use crate::frame::{Frame, luma};

/// Cells along a side.
const SIDE: usize = 12;
/// Numbers of a look.
pub const LOOK_LEN: usize = SIDE * SIDE;
/// Pixels that are looked at along a cell's side, at most: a large face costs no more than a small one.
const SAMPLES: usize = 6;

/// Brightness of the cells of a grid over the face's square, rows from the top.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaceLook(Vec<u8>);

impl FaceLook {
    /// Of a face in its frame. What lies outside of the frame has the colour of the nearest pixel.
    #[must_use]
    pub fn of(frame: &Frame, face: &FaceBox) -> Self {
        let (center_x, center_y) = face.center();
        let side = face.w.max(face.h).max(1.0);
        let (left, top) = (center_x - side / 2.0, center_y - side / 2.0);
        let cell = side / SIDE as f32;
        let steps = (cell.ceil() as usize).clamp(1, SAMPLES);
        let value = |row: usize, column: usize| {
            let mut sum = 0_u32;
            for line in 0..steps {
                for place in 0..steps {
                    let offset = |step: usize| (step as f32 + 0.5) / steps as f32;
                    let x = left + (column as f32 + offset(place)) * cell;
                    let y = top + (row as f32 + offset(line)) * cell;
                    sum += u32::from(luma(pixel(frame, x, y)));
                }
            }
            (sum / (steps * steps) as u32) as u8
        };
        let places = (0..LOOK_LEN).map(|place| value(place / SIDE, place % SIDE));
        Self(places.collect())
    }

    /// From the numbers of [`FaceLook::cells`]; `None` where they are not as many as there are cells.
    #[must_use]
    pub fn of_cells(cells: Vec<u8>) -> Option<Self> {
        (cells.len() == LOOK_LEN).then_some(Self(cells))
    }

    /// Brightness of each cell, [`LOOK_LEN`] numbers.
    #[must_use]
    pub fn cells(&self) -> &[u8] {
        &self.0
    }

    /// Whether it has a single brightness: it is like any other look then, and says nothing.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let first = self.0.first();
        self.0.iter().all(|cell| Some(cell) == first)
    }

    /// Correlation of the two (Pearson's), -1 to 1: light that is brighter or has more contrast changes nothing. 1 where one of
    /// them has a single brightness, which says nothing.
    #[must_use]
    pub fn likeness(&self, other: &Self) -> f32 {
        let mean = |look: &Self| look.0.iter().map(|v| f32::from(*v)).sum::<f32>() / LOOK_LEN as f32;
        let (own_mean, other_mean) = (mean(self), mean(other));
        let (mut joint, mut own, mut others) = (0.0, 0.0, 0.0);
        for (a, b) in self.0.iter().zip(&other.0) {
            let (a, b) = (f32::from(*a) - own_mean, f32::from(*b) - other_mean);
            joint += a * b;
            own += a * a;
            others += b * b;
        }
        if own == 0.0 || others == 0.0 {
            return 1.0;
        }
        joint / (own * others).sqrt()
    }
}

/// The nearest pixel of the frame.
fn pixel(frame: &Frame, x: f32, y: f32) -> [u8; 3] {
    let within = |at: f32, side: usize| (at.max(0.0) as usize).min(side - 1);
    let (x, y) = (within(x, frame.width()), within(y, frame.height()));
    let (pixels, _) = frame.rgb().as_chunks::<3>();
    pixels.get(y * frame.width() + x).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(of: impl Fn(usize, usize) -> u8) -> Frame {
        let bytes = (0..60 * 48).flat_map(|at| [of(at % 60, at / 60); 3]);
        Frame::from_rgb(60, 48, bytes.collect()).unwrap()
    }

    fn look(frame: &Frame, x: f32) -> FaceLook {
        let face = FaceBox {
            x,
            ..FaceBox::whole(36, 36)
        };
        FaceLook::of(frame, &face)
    }

    #[test]
    fn light_changes_nothing_and_another_pattern_does() {
        let slope = |x: usize, y: usize| (2 * x + y) as u8;
        let (plain, bright) = (frame(slope), frame(|x, y| slope(x, y) / 2 + 90));
        let turned = frame(|x, y| 255 - slope(x, y));
        assert!(look(&plain, 5.0).likeness(&look(&bright, 5.0)) > 0.99);
        assert!(look(&plain, 5.0).likeness(&look(&plain, 7.0)) > 0.99);
        assert!(look(&plain, 5.0).likeness(&look(&turned, 5.0)) < -0.99);
    }

    #[test]
    fn a_face_beyond_the_frame_has_a_look_and_a_plain_one_is_like_all() {
        let plain = frame(|_, _| 7);
        let beyond = look(&plain, 300.0);
        assert_eq!(beyond.cells(), [7; LOOK_LEN]);
        assert!(beyond.is_plain() && !look(&frame(|x, _| x as u8), 0.0).is_plain());
        assert_eq!(beyond.likeness(&look(&frame(|x, _| x as u8), 0.0)), 1.0);
        assert_eq!(FaceLook::of_cells(beyond.cells().to_vec()), Some(beyond));
        assert_eq!(FaceLook::of_cells(vec![0; 3]), None);
    }
}
