//! How a picture lies: one of eight ways.

use serde::{Deserialize, Serialize};

/// Numbers of a matrix that are smaller than this part of the others count as 0: less than a degree.
const SMALL: f64 = 1.0 / 64.0;

/// One of the eight ways in which a picture can lie: mirrored left to right or not, then turned by quarters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Orientation {
    is_mirrored: bool,
    /// Clockwise quarter turns after that, 0 to 3.
    quarters: u8,
}

impl Orientation {
    /// As it is coded.
    pub const UPRIGHT: Self = Self {
        is_mirrored: false,
        quarters: 0,
    };

    /// A picture that is mirrored left to right or not, then turned clockwise by so many degrees; other turns than quarters
    /// are rounded to the nearest.
    #[must_use]
    pub fn new(is_mirrored: bool, clockwise_deg: f64) -> Self {
        let quarters = (clockwise_deg / 90.0).round();
        let quarters = if quarters.is_finite() {
            (quarters as i64).rem_euclid(4) as u8
        } else {
            0
        };
        Self {
            is_mirrored,
            quarters,
        }
    }

    /// Not mirrored, turned clockwise by so many degrees.
    #[must_use]
    pub fn clockwise(degrees: f64) -> Self {
        Self::new(false, degrees)
    }

    /// From the 2x2 part of a display matrix as an MP4 has it, `[a, b, c, d]`: a pixel at (x, y), y downwards, is shown at
    /// (ax + cy, bx + dy). `None` where that is no quarter turn.
    #[must_use]
    pub fn from_matrix([a, b, c, d]: [f64; 4]) -> Option<Self> {
        let is_small = |small: [f64; 2], large: [f64; 2]| {
            let least = large[0].abs().min(large[1].abs());
            least > 0.0 && small.iter().all(|value| value.abs() < SMALL * least)
        };
        let quarters = if is_small([b, c], [a, d]) {
            if a > 0.0 { 0 } else { 2 }
        } else if is_small([a, d], [b, c]) {
            if b > 0.0 { 1 } else { 3 }
        } else {
            return None;
        };
        let is_mirrored = a * d - b * c < 0.0;
        // The picture's own x axis was turned over before it was turned round.
        let quarters = if is_mirrored { (quarters + 2) % 4 } else { quarters };
        Some(Self {
            is_mirrored,
            quarters,
        })
    }

    /// Whether width and height change places.
    #[must_use]
    pub fn swaps_sides(self) -> bool {
        self.quarters % 2 == 1
    }

    /// Width and height of a picture of this size once it lies like this.
    #[must_use]
    pub fn size_of(self, (width, height): (usize, usize)) -> (usize, usize) {
        if self.swaps_sides() {
            (height, width)
        } else {
            (width, height)
        }
    }

    /// The matrix `[a, b, c, d, e, f]` of a canvas that draws the coded picture as it is shown, both as unit squares: a coded (u, v) is shown
    /// at (au + cv + e, bu + dv + f).
    #[must_use]
    pub fn unit_matrix(self) -> [f64; 6] {
        // Where the coded picture's first corner comes to lie, and where its sides point.
        let [a, b, c, d, e, f] = match self.quarters {
            1 => [0.0, 1.0, -1.0, 0.0, 1.0, 0.0],
            2 => [-1.0, 0.0, 0.0, -1.0, 1.0, 1.0],
            3 => [0.0, -1.0, 1.0, 0.0, 0.0, 1.0],
            _ => [1.0, 0.0, 0.0, 1.0, 0.0, 0.0],
        };
        if self.is_mirrored {
            [-a, -b, c, d, e + a, f + b]
        } else {
            [a, b, c, d, e, f]
        }
    }

    /// Where the pixel at (x, y) of the shown picture stands in the coded one, which has `width` and `height`. Both are below the
    /// shown picture's sides.
    #[must_use]
    pub fn source(self, (x, y): (usize, usize), (width, height): (usize, usize)) -> (usize, usize) {
        let (from_x, from_y) = match self.quarters {
            1 => (y, height - 1 - x),
            2 => (width - 1 - x, height - 1 - y),
            3 => (width - 1 - y, x),
            _ => (x, y),
        };
        if self.is_mirrored {
            (width - 1 - from_x, from_y)
        } else {
            (from_x, from_y)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_of_a_canvas_puts_each_pixel_where_frames_have_it() {
        let coded = (5, 3);
        for mirrored in [false, true] {
            for turn in [0.0, 90.0, 180.0, 270.0] {
                let orientation = Orientation::new(mirrored, turn);
                let [a, b, c, d, e, f] = orientation.unit_matrix();
                let shown = orientation.size_of(coded);
                for y in 0..shown.1 {
                    for x in 0..shown.0 {
                        let from = orientation.source((x, y), coded);
                        let middle = |at: usize, side: usize| (at as f64 + 0.5) / side as f64;
                        let (u, v) = (middle(from.0, coded.0), middle(from.1, coded.1));
                        let found = (a * u + c * v + e, b * u + d * v + f);
                        let wanted = (middle(x, shown.0), middle(y, shown.1));
                        assert!(
                            (found.0 - wanted.0).abs() < 1e-9 && (found.1 - wanted.1).abs() < 1e-9,
                            "{orientation:?}"
                        );
                    }
                }
            }
        }
    }
}
