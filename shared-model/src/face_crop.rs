//! From a face box to the network's input: square with margin, upright if asked for, resized, centre crop, normalised.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::face_box::FaceBox;
use crate::frame::{Frame, luma};
use crate::framing::{Alignment, Framing};

/// Side of a face that is kept as a picture (paper, 4.2: resized to 256x256).
pub const PICTURE_SIDE: usize = 256;

/// ImageNet's channel means, torchvision's default.
pub const DEFAULT_MEAN: [f32; 3] = [0.485, 0.456, 0.406];
/// ImageNet's channel standard deviations, torchvision's default.
pub const DEFAULT_STD: [f32; 3] = [0.229, 0.224, 0.225];

/// Resizing failed inside the library.
#[derive(Debug, Error)]
#[error("resizing a {from_width}x{from_height} picture to {to_width}x{to_height} failed: {reason}")]
pub struct ResizeError {
    from_width: usize,
    from_height: usize,
    to_width: usize,
    to_height: usize,
    reason: String,
}

/// Which colours the network sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InputColour {
    /// Those of the picture.
    #[default]
    Rgb,
    /// None: all three channels hold the picture's luma ([`luma`]). What is learned from grey photographs then holds for those
    /// in colour too.
    Grey,
}

/// How a face becomes the network's input.
#[derive(Debug, Clone, PartialEq)]
pub struct InputSpec {
    /// Side of the network's square input in pixels (224 for the full model).
    pub size: usize,
    /// Channel means of RGB scaled to 0..1.
    pub mean: [f32; 3],
    /// Channel standard deviations of RGB scaled to 0..1.
    pub std: [f32; 3],
    /// Whether colour is kept.
    pub colour: InputColour,
}

impl InputSpec {
    /// Side to which the square face is resized before the crop: 256 for 224, in proportion else
    /// (paper, 4.2: resized to 256x256, cropped to 224x224).
    #[must_use]
    pub fn resized(&self) -> usize {
        (self.size * 256).div_ceil(224)
    }

    /// The normalised input of the face in `face_box`, `[3, size, size]` in channel-first order.
    ///
    /// # Errors
    /// When the resize library refuses.
    pub fn tensor(
        &self,
        frame: &Frame,
        face_box: &FaceBox,
        framing: &Framing,
    ) -> Result<Vec<f32>, ResizeError> {
        let side = self.resized();
        let square = square_crop(frame, face_box, framing);
        let resized = resize(&square, side, side)?;
        Ok(self.normalise_center(&resized))
    }

    /// The normalised input of a whole picture that is one face already (a cropped dataset).
    ///
    /// # Errors
    /// When the resize library refuses.
    pub fn whole_tensor(&self, frame: &Frame) -> Result<Vec<f32>, ResizeError> {
        let side = self.resized();
        Ok(self.normalise_center(&resize(frame, side, side)?))
    }

    /// Centre crop of a `resized() x resized()` picture, normalised, `[3, size, size]`.
    #[must_use]
    pub fn normalise_center(&self, picture: &Frame) -> Vec<f32> {
        let left = picture.width().saturating_sub(self.size) / 2;
        let top = picture.height().saturating_sub(self.size) / 2;
        self.normalise_at(picture, left, top)
    }

    /// Crop of `size x size` at (`left`, `top`), normalised, `[3, size, size]`. Outside the picture
    /// the nearest pixel is taken.
    #[must_use]
    pub fn normalise_at(&self, picture: &Frame, left: usize, top: usize) -> Vec<f32> {
        let mut out = Vec::with_capacity(3 * self.size * self.size);
        for channel in 0..3 {
            let scale = 1.0 / (255.0 * self.std[channel]);
            let shift = self.mean[channel] / self.std[channel];
            for y in 0..self.size {
                let row = (top + y).min(picture.height() - 1) * picture.width();
                for x in 0..self.size {
                    let column = (left + x).min(picture.width() - 1);
                    let pixel = pixel_at(picture, row + column);
                    let value = match self.colour {
                        InputColour::Rgb => pixel[channel],
                        InputColour::Grey => luma(pixel),
                    };
                    out.push(f32::from(value) * scale - shift);
                }
            }
        }
        out
    }
}

/// The square around a face with the framing's margin, in the frame's own scale; where it leaves the frame the border pixels are
/// repeated. With [`Alignment::Upright`] it is turned by the box's roll about the box's centre.
#[must_use]
pub fn square_crop(frame: &Frame, face_box: &FaceBox, framing: &Framing) -> Frame {
    // A box far larger than the frame adds nothing but repeated borders.
    let limit = 2.0 * frame.width().max(frame.height()) as f32;
    let side = (face_box.w.max(face_box.h) * framing.margin as f32)
        .round()
        .clamp(1.0, limit) as i64;
    let rgb = match framing.alignment {
        Alignment::Upright if face_box.roll_deg != 0.0 => turned_square(frame, face_box, side),
        _ => level_square(frame, face_box, side),
    };
    Frame::from_rgb(side as usize, side as usize, rgb).unwrap_or_else(|_| frame.clone())
}

/// Whole pixels of the frame.
fn level_square(frame: &Frame, face_box: &FaceBox, side: i64) -> Vec<u8> {
    let (center_x, center_y) = face_box.center();
    let left = (center_x - side as f32 / 2.0).round() as i64;
    let top = (center_y - side as f32 / 2.0).round() as i64;
    let (width, height) = (frame.width() as i64, frame.height() as i64);
    // Columns of the square that lie left of the frame, and the frame's columns in it.
    let before = (-left).clamp(0, side) as usize;
    let inside = left.clamp(0, width)..(left + side).clamp(0, width);
    let bytes = 3 * inside.start as usize..3 * inside.end as usize;
    let mut rgb = Vec::with_capacity((3 * side * side) as usize);
    for y in top..top + side {
        let line = y.clamp(0, height - 1) as usize * frame.width();
        let row = &frame.rgb()[3 * line..3 * (line + frame.width())];
        let end = rgb.len() + 3 * side as usize;
        for _ in 0..before {
            rgb.extend_from_slice(&row[..3]);
        }
        rgb.extend_from_slice(&row[bytes.clone()]);
        while rgb.len() < end {
            rgb.extend_from_slice(&row[row.len() - 3..]);
        }
    }
    rgb
}

/// Between the pixels of the frame, which are as large as those of the square: bilinear interpolation needs no more than the four
/// around each place. Whole numbers of 1/65536 pixel, so that every machine gets the same bytes.
fn turned_square(frame: &Frame, face_box: &FaceBox, side: i64) -> Vec<u8> {
    const ONE: f64 = 65536.0;
    let (sin, cos) = libm::sincos(f64::from(face_box.roll_deg).to_radians());
    let [sin, cos] = [sin, cos].map(|value| (value * ONE).round() as i64);
    let (center_x, center_y) = face_box.center();
    // Places of pixels are those of their centres.
    let [center_x, center_y] = [center_x, center_y].map(|at| ((f64::from(at) - 0.5) * ONE).round() as i64);
    let mut rgb = Vec::with_capacity((3 * side * side) as usize);
    for row in 0..side {
        // Twice the way from the square's middle.
        let down = 2 * row + 1 - side;
        for column in 0..side {
            let right = 2 * column + 1 - side;
            let x = center_x + (right * cos - down * sin) / 2;
            let y = center_y + (right * sin + down * cos) / 2;
            rgb.extend_from_slice(&between_pixels(frame, x, y));
        }
    }
    rgb
}

/// The colour at a place in 1/65536 pixel, interpolated in steps of 1/256.
fn between_pixels(frame: &Frame, x: i64, y: i64) -> [u8; 3] {
    let ((left, x_part), (top, y_part)) =
        ((x >> 16, (x >> 8 & 255) as u32), (y >> 16, (y >> 8 & 255) as u32));
    let [a, b] = [left, left + 1].map(|x| pixel(frame, x, top));
    let [c, d] = [left, left + 1].map(|x| pixel(frame, x, top + 1));
    std::array::from_fn(|channel| {
        let line =
            |p: [u8; 3], q: [u8; 3]| u32::from(p[channel]) * (256 - x_part) + u32::from(q[channel]) * x_part;
        ((line(a, b) * (256 - y_part) + line(c, d) * y_part + 32768) >> 16) as u8
    })
}

/// The pixel there; outside of the frame the nearest one.
fn pixel(frame: &Frame, x: i64, y: i64) -> [u8; 3] {
    let (width, height) = (frame.width() as i64, frame.height() as i64);
    pixel_at(
        frame,
        (y.clamp(0, height - 1) * width + x.clamp(0, width - 1)) as usize,
    )
}

/// The pixel at a place that lies in the frame, counted along its rows.
fn pixel_at(frame: &Frame, place: usize) -> [u8; 3] {
    let rgb = frame.rgb();
    [rgb[3 * place], rgb[3 * place + 1], rgb[3 * place + 2]]
}

/// The face in `face_box` as a picture to train with, framed as [`InputSpec::tensor`] frames it: at most
/// [`PICTURE_SIDE`] wide, and not enlarged.
///
/// # Errors
/// When the resize library refuses.
pub fn face_picture(frame: &Frame, face_box: &FaceBox, framing: &Framing) -> Result<Frame, ResizeError> {
    let square = square_crop(frame, face_box, framing);
    let side = square.width().min(PICTURE_SIDE);
    resize(&square, side, side)
}

/// Resizes with antialiased bilinear interpolation (the same integer arithmetic on every target).
///
/// # Errors
/// When the library refuses the sizes.
pub fn resize(frame: &Frame, width: usize, height: usize) -> Result<Frame, ResizeError> {
    if (frame.width(), frame.height()) == (width, height) {
        return Ok(frame.clone());
    }
    let fail = |reason: String| ResizeError {
        from_width: frame.width(),
        from_height: frame.height(),
        to_width: width,
        to_height: height,
        reason,
    };
    let source = ImageRef::new(
        frame.width() as u32,
        frame.height() as u32,
        frame.rgb(),
        PixelType::U8x3,
    )
    .map_err(|error| fail(error.to_string()))?;
    let mut target = Image::new(width as u32, height as u32, PixelType::U8x3);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    Resizer::new()
        .resize(&source, &mut target, &options)
        .map_err(|error| fail(error.to_string()))?;
    Frame::from_rgb(width, height, target.into_vec()).map_err(|error| fail(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framing::DetectorKind;
    use crate::orientation::Orientation;

    fn gradient(width: usize, height: usize) -> Frame {
        let rgb = (0..width * height)
            .flat_map(|i| {
                [
                    (i % width * 255 / width) as u8,
                    (i / width * 255 / height) as u8,
                    7,
                ]
            })
            .collect();
        Frame::from_rgb(width, height, rgb).unwrap()
    }

    #[test]
    fn full_model_resizes_to_256() {
        let spec = InputSpec {
            size: 224,
            mean: DEFAULT_MEAN,
            std: DEFAULT_STD,
            colour: InputColour::Rgb,
        };
        assert_eq!(spec.resized(), 256);
    }

    fn face(x: f32, y: f32, side: f32, roll_deg: f32) -> FaceBox {
        FaceBox {
            x,
            y,
            w: side,
            h: side,
            score: 1.0,
            roll_deg,
        }
    }

    #[test]
    fn crops_repeat_the_border_and_tiny_frames_work() {
        let frame = gradient(40, 30);
        let crop = square_crop(&frame, &face(-10.0, -10.0, 20.0, 0.0), &Framing::default());
        assert_eq!((crop.width(), crop.height()), (26, 26));
        assert_eq!(crop.rgb()[..3], frame.rgb()[..3]);
        let spec = InputSpec {
            size: 64,
            mean: DEFAULT_MEAN,
            std: DEFAULT_STD,
            colour: InputColour::Rgb,
        };
        let one = Frame::from_rgb(1, 1, vec![255, 0, 0]).unwrap();
        let input = spec
            .tensor(&one, &FaceBox::whole(1, 1), &Framing::default())
            .unwrap();
        assert_eq!(input.len(), 3 * 64 * 64);
        assert!((input[0] - (1.0 - DEFAULT_MEAN[0]) / DEFAULT_STD[0]).abs() < 1e-5);
    }

    #[test]
    fn a_network_without_colour_sees_the_luma_in_all_channels() {
        let frame = gradient(40, 30);
        let grey: Vec<u8> = frame
            .rgb()
            .chunks(3)
            .flat_map(|p| [luma([p[0], p[1], p[2]]); 3])
            .collect();
        let grey = Frame::from_rgb(40, 30, grey).unwrap();
        let spec = |colour| InputSpec {
            size: 32,
            mean: DEFAULT_MEAN,
            std: DEFAULT_STD,
            colour,
        };
        let see = |frame: &Frame, colour| spec(colour).normalise_at(frame, 2, 3);
        assert_eq!(see(&frame, InputColour::Grey), see(&grey, InputColour::Rgb));
        assert_eq!(see(&grey, InputColour::Grey), see(&grey, InputColour::Rgb));
        assert_ne!(see(&frame, InputColour::Grey), see(&frame, InputColour::Rgb));
    }

    fn upright() -> Framing {
        Framing {
            detector: DetectorKind::YuNet,
            margin: 1.0,
            alignment: Alignment::Upright,
        }
    }

    #[test]
    fn quarter_turns_are_those_of_the_frame() {
        let noise = (0..24 * 24 * 3)
            .map(|i: usize| (i * i * 31 % 251) as u8)
            .collect();
        let frame = Frame::from_rgb(24, 24, noise).unwrap();
        for (roll_deg, turns) in [(90.0, 270.0), (180.0, 180.0), (-180.0, 180.0), (-90.0, 90.0)] {
            let crop = square_crop(&frame, &face(0.0, 0.0, 24.0, roll_deg), &upright());
            let turned = frame.clone().oriented(Orientation::clockwise(turns));
            assert_eq!(crop, turned, "{roll_deg}");
        }
        // Level faces are cut as without alignment.
        let level = face(3.2, 4.1, 11.0, 0.0);
        let plain = Framing {
            alignment: Alignment::None,
            ..upright()
        };
        assert_eq!(
            square_crop(&frame, &level, &upright()),
            square_crop(&frame, &level, &plain)
        );
    }

    #[test]
    fn a_tilted_line_comes_out_level() {
        // A bright line through the middle that falls by 30 degrees.
        let (sin, cos) = 30.0_f32.to_radians().sin_cos();
        let rgb = (0..100 * 100)
            .flat_map(|i| {
                let (x, y) = ((i % 100) as f32 - 49.5, (i / 100) as f32 - 49.5);
                let across = (y * cos - x * sin).abs();
                [if across < 3.0 { 255 } else { 0 }; 3]
            })
            .collect();
        let frame = Frame::from_rgb(100, 100, rgb).unwrap();
        let crop = square_crop(&frame, &face(25.0, 25.0, 50.0, 30.0), &upright());
        let row = |y: usize| crop.rgb().iter().skip(3 * 50 * y).take(150);
        assert!(row(25).all(|value| *value == 255), "the line is level");
        assert!(
            row(18).chain(row(32)).all(|value| *value == 0),
            "and nothing else is there"
        );
    }
}
