//! How a video's coded pixels become the picture that people see: turned, mirrored, with square pixels.

use serde::{Deserialize, Serialize};

use crate::face_crop::{ResizeError, resize};
use crate::frame::Frame;
use crate::orientation::Orientation;

/// The most that a pixel may be wider than high, or higher than wide. Beyond it stand damaged headers.
const MOST_ASPECT: u64 = 16;

/// How wide a coded pixel is shown in proportion to its height (the sample aspect ratio).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PixelAspect {
    width: u32,
    height: u32,
}

impl Default for PixelAspect {
    fn default() -> Self {
        Self::SQUARE
    }
}

impl PixelAspect {
    /// As wide as high.
    pub const SQUARE: Self = Self { width: 1, height: 1 };

    /// A pixel of this width and height, in any unit. `None` where one of them is 0, which means that nothing is known, or where
    /// one is more than 16 times the other.
    #[must_use]
    pub fn new(width: u64, height: u64) -> Option<Self> {
        let is_beyond =
            |side: u64, other: u64| u128::from(side) > u128::from(MOST_ASPECT) * u128::from(other);
        if width == 0 || height == 0 || is_beyond(width, height) || is_beyond(height, width) {
            return None;
        }
        let divisor = greatest_common_divisor(width, height);
        let (mut width, mut height) = (width / divisor, height / divisor);
        while let (Err(_), _) | (_, Err(_)) = (u32::try_from(width), u32::try_from(height)) {
            (width, height) = (width.div_ceil(2), height.div_ceil(2));
        }
        Some(Self {
            width: u32::try_from(width).ok()?,
            height: u32::try_from(height).ok()?,
        })
    }

    /// Width and height at which a coded picture of this size has square pixels: one side grows, none shrinks.
    #[must_use]
    pub fn size_of(self, (width, height): (usize, usize)) -> (usize, usize) {
        let grown = |side: usize, by: u32, of: u32| {
            let grown = side as f64 * f64::from(by) / f64::from(of);
            (grown.round() as usize).max(1)
        };
        if self.width >= self.height {
            (grown(width, self.width, self.height), height)
        } else {
            (width, grown(height, self.height, self.width))
        }
    }
}

fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

/// How coded pixels become the shown picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Display {
    /// How the picture lies.
    pub orientation: Orientation,
    /// The shape of a coded pixel, before it is turned.
    pub pixel_aspect: PixelAspect,
}

impl Display {
    /// Width and height in pixels of the shown picture, from those of the coded one.
    #[must_use]
    pub fn size_of(&self, coded: (usize, usize)) -> (usize, usize) {
        self.orientation.size_of(self.pixel_aspect.size_of(coded))
    }
}

impl Frame {
    /// The picture that people see: turned and mirrored, then with square pixels.
    ///
    /// # Errors
    /// When it would be larger than [`crate::frame::MAX_PIXELS`].
    pub fn shown(self, display: &Display) -> Result<Self, ResizeError> {
        let (width, height) = display.size_of((self.width(), self.height()));
        let oriented = self.oriented(display.orientation);
        if (oriented.width(), oriented.height()) == (width, height) {
            return Ok(oriented);
        }
        resize(&oriented, width, height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The eight matrices of pure turns and mirrors.
    const MATRICES: [[f64; 4]; 8] = [
        [1.0, 0.0, 0.0, 1.0],
        [0.0, 1.0, -1.0, 0.0],
        [-1.0, 0.0, 0.0, -1.0],
        [0.0, -1.0, 1.0, 0.0],
        [-1.0, 0.0, 0.0, 1.0],
        [1.0, 0.0, 0.0, -1.0],
        [0.0, 1.0, 1.0, 0.0],
        [0.0, -1.0, -1.0, 0.0],
    ];

    #[test]
    fn every_pixel_goes_where_the_matrix_sends_it() {
        let (width, height) = (3, 5);
        let frame = Frame::from_rgb(width, height, (0..45).collect()).unwrap();
        for [a, b, c, d] in MATRICES {
            let orientation = Orientation::from_matrix([a, b, c, d].map(|value| value * 65536.0)).unwrap();
            let shown = frame.clone().oriented(orientation);
            assert_eq!(
                (shown.width(), shown.height()),
                orientation.size_of((width, height))
            );
            let (centre_x, centre_y) = ((width as f64 - 1.0) / 2.0, (height as f64 - 1.0) / 2.0);
            let (shown_x, shown_y) = (
                (shown.width() as f64 - 1.0) / 2.0,
                (shown.height() as f64 - 1.0) / 2.0,
            );
            for y in 0..height {
                for x in 0..width {
                    let (from_x, from_y) = (x as f64 - centre_x, y as f64 - centre_y);
                    let to_x = (a * from_x + c * from_y + shown_x) as usize;
                    let to_y = (b * from_x + d * from_y + shown_y) as usize;
                    assert_eq!(
                        shown.rgb()[3 * (to_y * shown.width() + to_x)],
                        frame.rgb()[3 * (y * width + x)],
                        "{a} {b} {c} {d}"
                    );
                }
            }
        }
        assert_eq!(Orientation::from_matrix([0.7, 0.7, -0.7, 0.7]), None);
        assert_eq!(Orientation::from_matrix([0.0; 4]), None);
        assert_eq!(Orientation::from_matrix([f64::NAN; 4]), None);
    }

    #[test]
    fn one_side_grows_and_none_shrinks() {
        let aspect = |width, height| PixelAspect::new(width, height).unwrap();
        assert_eq!(aspect(2, 1).size_of((161, 97)), (322, 97));
        assert_eq!(aspect(1, 2).size_of((161, 97)), (161, 194));
        // 214.67 and 129.33.
        assert_eq!(aspect(4, 3).size_of((161, 97)), (215, 97));
        assert_eq!(aspect(3, 4).size_of((161, 97)), (161, 129));
        assert_eq!(aspect(1 << 40, 1 << 40).size_of((7, 5)), (7, 5));
        assert_eq!(aspect((1 << 40) + 1, 1 << 39).size_of((7, 5)), (14, 5));
        for (width, height) in [(0, 1), (1, 0), (17, 1), (1, u64::MAX)] {
            assert_eq!(PixelAspect::new(width, height), None);
        }
    }

    #[test]
    fn a_turned_picture_of_wide_pixels_grows_in_height() {
        let frame = Frame::from_rgb(4, 3, vec![9; 36]).unwrap();
        let display = Display {
            orientation: Orientation::clockwise(-90.0),
            pixel_aspect: PixelAspect::new(2, 1).unwrap(),
        };
        let shown = frame.shown(&display).unwrap();
        assert_eq!((shown.width(), shown.height()), (3, 8));
        assert!(shown.rgb().iter().all(|value| *value == 9));
    }
}
