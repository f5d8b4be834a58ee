//! A decoded video frame or picture, and its conversion to RGB.

use thiserror::Error;

use crate::orientation::Orientation;

/// The largest picture that is accepted, in pixels (an 8K frame is 33 million).
pub const MAX_PIXELS: usize = 120_000_000;

/// A frame could not be used.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum FrameError {
    #[error("a picture of {width}x{height} pixels is not between 1x1 and {MAX_PIXELS} pixels")]
    Size { width: usize, height: usize },
    #[error("a {width}x{height} frame needs {expected} bytes, found {found}")]
    Length {
        width: usize,
        height: usize,
        expected: usize,
        found: usize,
    },
}

/// Which matrix turns YCbCr into RGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum YuvMatrix {
    /// ITU-R BT.601 (standard definition).
    Bt601,
    /// ITU-R BT.709 (high definition).
    Bt709,
}

impl YuvMatrix {
    /// What is taken for a file that names no matrix, whatever its size: browsers' decoders report BT.709 then, and
    /// page and program must see equal pixels.
    pub const UNNAMED: Self = Self::Bt709;
}

/// A pixel's brightness: luma of ITU-R BT.601, rounded as Pillow's `convert("L")` does.
#[must_use]
pub fn luma([red, green, blue]: [u8; 3]) -> u8 {
    let sum = 19_595 * u32::from(red) + 38_470 * u32::from(green) + 7_471 * u32::from(blue);
    // The weights add up to 2^16.
    ((sum + 0x8000) >> 16) as u8
}

/// An 8-bit RGB picture, rows from the top, 3 bytes a pixel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

impl Frame {
    /// Wraps interleaved RGB bytes (`width * height * 3`).
    ///
    /// # Errors
    /// When a side is 0, the picture is larger than [`MAX_PIXELS`], or the length does not fit.
    pub fn from_rgb(width: usize, height: usize, rgb: Vec<u8>) -> Result<Self, FrameError> {
        check(width, height, 3 * pixels(width, height)?, rgb.len())?;
        Ok(Self { width, height, rgb })
    }

    /// Takes interleaved RGBA bytes (`width * height * 4`), whose colours are not multiplied by alpha, and lays them on white.
    ///
    /// # Errors
    /// As [`Frame::from_rgb`].
    pub fn from_rgba(width: usize, height: usize, rgba: &[u8]) -> Result<Self, FrameError> {
        check(width, height, 4 * pixels(width, height)?, rgba.len())?;
        let (pixels, _) = rgba.as_chunks::<4>();
        let rgb = pixels.iter().flat_map(|pixel| on_white(*pixel)).collect();
        Ok(Self { width, height, rgb })
    }

    /// Converts planar 4:2:0 YCbCr (I420: Y, then U, then V, planes tightly packed; odd sides round
    /// the chroma planes up). Native and web decode to this layout and share this conversion, so
    /// both see equal pixels. Chroma is taken from the nearest sample.
    ///
    /// # Errors
    /// As [`Frame::from_rgb`].
    pub fn from_i420(
        width: usize,
        height: usize,
        data: &[u8],
        matrix: YuvMatrix,
        full_range: bool,
    ) -> Result<Self, FrameError> {
        let luma_len = pixels(width, height)?;
        let (chroma_width, chroma_height) = (width.div_ceil(2), height.div_ceil(2));
        let chroma_len = chroma_width * chroma_height;
        check(width, height, luma_len + 2 * chroma_len, data.len())?;
        let (luma, chroma) = data.split_at(luma_len);
        let (u_plane, v_plane) = chroma.split_at(chroma_len);

        // 16.16 fixed point, so that every machine gets the same bytes.
        let (kr, kb) = match matrix {
            YuvMatrix::Bt601 => (0.299, 0.114),
            YuvMatrix::Bt709 => (0.2126, 0.0722),
        };
        let kg = 1.0 - kr - kb;
        let (luma_scale, chroma_scale, luma_offset) = if full_range {
            (1.0, 1.0, 0)
        } else {
            (255.0 / 219.0, 255.0 / 224.0, 16)
        };
        let fixed = |value: f64| (value * 65536.0).round() as i32;
        let y_gain = fixed(luma_scale);
        let v_to_r = fixed(2.0 * (1.0 - kr) * chroma_scale);
        let u_to_b = fixed(2.0 * (1.0 - kb) * chroma_scale);
        let u_to_g = fixed(2.0 * kb * (1.0 - kb) / kg * chroma_scale);
        let v_to_g = fixed(2.0 * kr * (1.0 - kr) / kg * chroma_scale);
        let byte = |value: i32| ((value + 32768) >> 16).clamp(0, 255) as u8;

        let mut rgb = vec![0; 3 * luma_len];
        let rows = luma.chunks_exact(width).zip(rgb.chunks_exact_mut(3 * width));
        for (row, (luma_row, target)) in rows.enumerate() {
            let start = row / 2 * chroma_width;
            let chroma = u_plane[start..].iter().zip(&v_plane[start..]);
            // Two pixels of a row share a sample of chroma.
            for ((luma, target), (u, v)) in luma_row.chunks(2).zip(target.chunks_mut(6)).zip(chroma) {
                let (u, v) = (i32::from(*u) - 128, i32::from(*v) - 128);
                let (red, green, blue) = (v * v_to_r, u * u_to_g + v * v_to_g, u * u_to_b);
                for (y, pixel) in luma.iter().zip(target.as_chunks_mut::<3>().0) {
                    let y = (i32::from(*y) - luma_offset) * y_gain;
                    *pixel = [byte(y + red), byte(y - green), byte(y + blue)];
                }
            }
        }
        Ok(Self { width, height, rgb })
    }

    /// Width in pixels, at least 1.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels, at least 1.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// Interleaved RGB bytes, `width * height * 3`.
    #[must_use]
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// The frame turned and mirrored.
    #[must_use]
    pub fn oriented(self, orientation: Orientation) -> Self {
        if orientation == Orientation::UPRIGHT {
            return self;
        }
        let coded = (self.width, self.height);
        let (width, height) = orientation.size_of(coded);
        let mut rgb = Vec::with_capacity(self.rgb.len());
        for y in 0..height {
            for x in 0..width {
                let (from_x, from_y) = orientation.source((x, y), coded);
                let at = 3 * (from_y * self.width + from_x);
                rgb.extend_from_slice(&self.rgb[at..at + 3]);
            }
        }
        Self { width, height, rgb }
    }
}

/// A pixel on white. The colour times alpha is rounded first, as a browser's canvas keeps it: what is read back from such a canvas
/// gives the same.
fn on_white([red, green, blue, alpha]: [u8; 4]) -> [u8; 3] {
    if alpha == 255 {
        return [red, green, blue];
    }
    let a = u32::from(alpha);
    // At most alpha, so that no sum is above 255.
    [red, green, blue].map(|colour| ((u32::from(colour) * a + 127) / 255 + 255 - a) as u8)
}

fn pixels(width: usize, height: usize) -> Result<usize, FrameError> {
    match width.checked_mul(height) {
        Some(count) if (1..=MAX_PIXELS).contains(&count) => Ok(count),
        _ => Err(FrameError::Size { width, height }),
    }
}

fn check(width: usize, height: usize, expected: usize, found: usize) -> Result<(), FrameError> {
    if expected == found {
        Ok(())
    } else {
        Err(FrameError::Length {
            width,
            height,
            expected,
            found,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_of_bt601_come_out_as_defined() {
        // EBU bars at 75%: yellow is (Y 162, U 44, V 142), as in ITU-R BT.801.
        let data = [162, 162, 162, 162, 44, 142];
        let frame = Frame::from_i420(2, 2, &data, YuvMatrix::Bt601, false).unwrap();
        for (found, expected) in frame.rgb()[..3].iter().zip([191_u8, 191, 0]) {
            assert!(found.abs_diff(expected) <= 1, "{:?}", &frame.rgb()[..3]);
        }
    }

    #[test]
    fn what_is_transparent_is_white() {
        let rgba = [
            [200, 100, 0, 255],
            [200, 100, 0, 0],
            [200, 100, 0, 128],
            [255, 255, 255, 77],
        ]
        .concat();
        let frame = Frame::from_rgba(2, 2, &rgba).unwrap();
        let expected = [[200, 100, 0], [255, 255, 255], [227, 177, 127], [255, 255, 255]].concat();
        assert_eq!(frame.rgb(), expected);
        // A canvas keeps colours times alpha; read back from it they give the same.
        for alpha in 1..=255_u8 {
            for colour in 0..=255_u8 {
                let kept = (u32::from(colour) * u32::from(alpha) + 127) / 255;
                let back = ((kept * 255 + u32::from(alpha) / 2) / u32::from(alpha)) as u8;
                let own = on_white([colour, colour, colour, alpha]);
                assert_eq!(on_white([back, back, back, alpha]), own, "{colour} {alpha}");
            }
        }
    }

    #[test]
    fn odd_sides_and_wrong_lengths() {
        assert!(Frame::from_i420(3, 3, &[128; 9 + 8], YuvMatrix::Bt709, true).is_ok());
        assert!(Frame::from_i420(3, 3, &[128; 9], YuvMatrix::Bt709, true).is_err());
        assert!(Frame::from_rgb(0, 4, vec![]).is_err());
        assert!(Frame::from_rgb(usize::MAX, 4, vec![]).is_err());
    }

    #[test]
    fn four_quarter_turns_are_none() {
        let frame = Frame::from_rgb(2, 3, (0..18).collect()).unwrap();
        let turn = |frame: &Frame, degrees: f64| frame.clone().oriented(Orientation::clockwise(degrees));
        let turned = turn(&frame, 90.0);
        assert_eq!((turned.width(), turned.height()), (3, 2));
        // Clockwise: the lower left pixel comes to the upper left.
        assert_eq!(turned.rgb()[..3], frame.rgb()[12..15]);
        assert_eq!(turn(&turned, 90.0), turn(&frame, 180.0));
        assert_eq!(turn(&turned, 270.0), frame);
    }
}
