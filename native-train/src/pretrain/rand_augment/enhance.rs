//! Blends of a picture with a plainer one, as `PIL.ImageEnhance`.

use crate::pretrain::rand_augment::picture::Picture;

pub(super) fn brightness(picture: Picture, factor: f32) -> Picture {
    blended(picture, factor, |_| [0; 3])
}

pub(super) fn color(picture: Picture, factor: f32) -> Picture {
    blended(picture, factor, |pixel| [luma(pixel); 3])
}

pub(super) fn contrast(picture: Picture, factor: f32) -> Picture {
    let sum: f64 = picture.pixels.iter().map(|pixel| f64::from(luma(*pixel))).sum();
    let mean = (sum / picture.pixels.len().max(1) as f64 + 0.5) as u8;
    blended(picture, factor, |_| [mean; 3])
}

pub(super) fn sharpness(mut picture: Picture, factor: f32) -> Picture {
    let smooth = smoothed(&picture);
    for (pixel, plain) in picture.pixels.iter_mut().zip(smooth) {
        *pixel = blend(plain, *pixel, factor);
    }
    picture
}

fn blended(mut picture: Picture, factor: f32, plain: impl Fn([u8; 3]) -> [u8; 3]) -> Picture {
    for pixel in &mut picture.pixels {
        *pixel = blend(plain(*pixel), *pixel, factor);
    }
    picture
}

/// `plain` at factor 0, `pixel` at 1, and beyond.
fn blend(plain: [u8; 3], pixel: [u8; 3], factor: f32) -> [u8; 3] {
    std::array::from_fn(|channel| {
        let (from, to) = (f32::from(plain[channel]), f32::from(pixel[channel]));
        // Pillow cuts the fraction off; the cast does that and stays within a byte.
        (from + factor * (to - from)) as u8
    })
}

/// ITU-R BT.601 in Pillow's fixed point.
fn luma([red, green, blue]: [u8; 3]) -> u8 {
    ((u32::from(red) * 19_595 + u32::from(green) * 38_470 + u32::from(blue) * 7_471 + 0x8000) >> 16) as u8
}

/// 3x3 mean with the middle five times (`ImageFilter.SMOOTH`); the border stays.
fn smoothed(picture: &Picture) -> Vec<[u8; 3]> {
    let (width, height) = (picture.width, picture.height);
    let mut out = picture.pixels.clone();
    for y in 1..height.saturating_sub(1) {
        for x in 1..width.saturating_sub(1) {
            out[y * width + x] = std::array::from_fn(|channel| {
                let mut sum = 4 * u32::from(picture.pixels[y * width + x][channel]);
                for row in y - 1..=y + 1 {
                    for column in x - 1..=x + 1 {
                        sum += u32::from(picture.pixels[row * width + column][channel]);
                    }
                }
                (sum as f32 / 13.0 + 0.5) as u8
            });
        }
    }
    out
}
