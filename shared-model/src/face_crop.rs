//! From a face box to the network's input: square with margin, resized, centre crop, normalised.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use thiserror::Error;

use crate::face_box::FaceBox;
use crate::frame::Frame;

/// Side of the square crop in units of the box's longer side.
pub const CROP_MARGIN: f32 = 1.3;

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

/// How a face becomes the network's input.
#[derive(Debug, Clone, PartialEq)]
pub struct InputSpec {
    /// Side of the network's square input in pixels (224 for the full model).
    pub size: usize,
    /// Channel means of RGB scaled to 0..1.
    pub mean: [f32; 3],
    /// Channel standard deviations of RGB scaled to 0..1.
    pub std: [f32; 3],
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
    pub fn tensor(&self, frame: &Frame, face_box: &FaceBox) -> Result<Vec<f32>, ResizeError> {
        let side = self.resized();
        let square = square_crop(frame, face_box);
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
                    let value = picture.rgb()[3 * (row + column) + channel];
                    out.push(f32::from(value) * scale - shift);
                }
            }
        }
        out
    }
}

/// The square around a face with [`CROP_MARGIN`], in whole pixels; where it leaves the frame the
/// border pixels are repeated.
#[must_use]
pub fn square_crop(frame: &Frame, face_box: &FaceBox) -> Frame {
    let (width, height) = (frame.width() as i64, frame.height() as i64);
    // A box far larger than the frame adds nothing but repeated borders.
    let limit = 2.0 * frame.width().max(frame.height()) as f32;
    let side = (face_box.w.max(face_box.h) * CROP_MARGIN)
        .round()
        .clamp(1.0, limit) as i64;
    let (center_x, center_y) = face_box.center();
    let left = (center_x - side as f32 / 2.0).round() as i64;
    let top = (center_y - side as f32 / 2.0).round() as i64;
    let mut rgb = Vec::with_capacity((3 * side * side) as usize);
    for y in top..top + side {
        let row = y.clamp(0, height - 1) * width;
        for x in left..left + side {
            let at = (3 * (row + x.clamp(0, width - 1))) as usize;
            rgb.extend_from_slice(&frame.rgb()[at..at + 3]);
        }
    }
    Frame::from_rgb(side as usize, side as usize, rgb).unwrap_or_else(|_| frame.clone())
}

/// The face in `face_box` as a picture to train with, framed as [`InputSpec::tensor`] frames it: at most
/// [`PICTURE_SIDE`] wide, and not enlarged.
///
/// # Errors
/// When the resize library refuses.
pub fn face_picture(frame: &Frame, face_box: &FaceBox) -> Result<Frame, ResizeError> {
    let square = square_crop(frame, face_box);
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
        };
        assert_eq!(spec.resized(), 256);
    }

    #[test]
    fn crops_repeat_the_border_and_tiny_frames_work() {
        let frame = gradient(40, 30);
        let face = FaceBox {
            x: -10.0,
            y: -10.0,
            w: 20.0,
            h: 20.0,
            score: 1.0,
        };
        let crop = square_crop(&frame, &face);
        assert_eq!((crop.width(), crop.height()), (26, 26));
        assert_eq!(crop.rgb()[..3], frame.rgb()[..3]);
        let spec = InputSpec {
            size: 64,
            mean: DEFAULT_MEAN,
            std: DEFAULT_STD,
        };
        let one = Frame::from_rgb(1, 1, vec![255, 0, 0]).unwrap();
        let input = spec.tensor(&one, &FaceBox::whole(1, 1)).unwrap();
        assert_eq!(input.len(), 3 * 64 * 64);
        assert!((input[0] - (1.0 - DEFAULT_MEAN[0]) / DEFAULT_STD[0]).abs() < 1e-5);
    }
}
