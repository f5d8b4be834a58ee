//! Random changes to training pictures: the labelled set's of the method, with random greyscale.

use rand::Rng;
use shared_model::face_crop::{InputColour, InputSpec};
use shared_model::frame::Frame;

use crate::pretrain::rand_augment::picture::Picture;
use crate::pretrain::rand_augment::rand_augment;
use crate::run_config::augmentation_config::AugmentationConfig;
use crate::run_config::semi_supervised_config::StrongConfig;

/// Share of the picture that an erased rectangle covers, and its ratio of height to width (Zhong et
/// al. 2020, defaults of torchvision's `RandomErasing`).
const ERASED_AREA: (f32, f32) = (0.02, 0.33);
const ERASED_RATIO: (f32, f32) = (0.3, 3.3);

/// Luma weights of ITU-R BT.601, as torchvision's and Pillow's greyscale.
const LUMA: [f32; 3] = [0.299, 0.587, 0.114];

/// One picture as the network's input `[3, size, size]`, changed at random: crop, mirroring and
/// rotation in one resampling, then brightness, contrast, saturation, greyscale, and erasing.
///
/// `face` is the square face at [`InputSpec::resized`].
pub fn augmented(
    face: &Frame,
    input: &InputSpec,
    config: &AugmentationConfig,
    random: &mut impl Rng,
) -> Vec<f32> {
    let mut pixels = Pose::random(face, input.size, config, random).resampled(face, input.size);
    jitter(&mut pixels, config.jitter, random);
    if random.random::<f32>() < config.greyscale {
        grey(&mut pixels);
    }
    let mut out = normalised(&pixels, input);
    if random.random::<f32>() < config.erase {
        erase(&mut out, input.size, random);
    }
    out
}

/// The strong view: crop and mirroring, then `RandAugment` on bytes; normalised `[3, size, size]`.
pub fn strong(face: &Frame, input: &InputSpec, config: &StrongConfig, random: &mut impl Rng) -> Vec<f32> {
    let upright = AugmentationConfig {
        flip: config.flip,
        ..AugmentationConfig::NONE
    };
    let cropped = Pose::random(face, input.size, &upright, random).resampled(face, input.size);
    let picture = Picture {
        width: input.size,
        height: input.size,
        pixels: cropped
            .iter()
            .map(|pixel| pixel.map(|value| (value * 255.0).round() as u8))
            .collect(),
    };
    let changed = rand_augment(picture, config.operations, config.magnitude, random);
    let pixels: Vec<[f32; 3]> = changed
        .pixels
        .iter()
        .map(|pixel| pixel.map(|value| f32::from(value) / 255.0))
        .collect();
    normalised(&pixels, input)
}

/// The centre crop as inference takes it, with its colour taken away when `greyscale` is set.
#[must_use]
pub fn plain(face: &Frame, input: &InputSpec, greyscale: bool) -> Vec<f32> {
    let mut out = input.normalise_center(face);
    if greyscale {
        let plane = input.size * input.size;
        for place in 0..plane {
            let value = |channel: usize| {
                let normalised = out.get(channel * plane + place).copied().unwrap_or(0.0);
                normalised * input.std[channel] + input.mean[channel]
            };
            let luma: f32 = (0..3).map(|channel| LUMA[channel] * value(channel)).sum();
            for channel in 0..3 {
                if let Some(pixel) = out.get_mut(channel * plane + place) {
                    *pixel = (luma - input.mean[channel]) / input.std[channel];
                }
            }
        }
    }
    out
}

/// Where the network's square lies in the face.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pose {
    /// Left and top edge of the crop in pixels.
    left: f32,
    top: f32,
    mirrored: bool,
    /// Clockwise turn of the picture in radians.
    angle: f32,
    /// Side of what is cut out, as a multiple of the network's.
    scale: f32,
}

impl Pose {
    fn random(face: &Frame, size: usize, config: &AugmentationConfig, random: &mut impl Rng) -> Self {
        let slack = |side: usize| side.saturating_sub(size) as f32;
        let mut pose = Self {
            left: random.random_range(0.0..=1.0) * slack(face.width()),
            top: random.random_range(0.0..=1.0) * slack(face.height()),
            mirrored: random.random::<f32>() < config.flip,
            angle: random.random_range(-1.0..=1.0) * config.rotation.to_radians(),
            scale: 1.0,
        };
        // Nothing is drawn for what is off, so that runs without it see what they always saw.
        if config.zoom > 0.0 {
            // As often larger as smaller, by the same factor.
            pose.scale = (1.0 + config.zoom).powf(random.random_range(-1.0..=1.0));
        }
        if config.shift > 0.0 {
            let reach = config.shift * size as f32;
            pose.left += random.random_range(-1.0..=1.0) * reach;
            pose.top += random.random_range(-1.0..=1.0) * reach;
        }
        pose
    }

    /// RGB from 0 to 1, `size * size` pixels.
    fn resampled(&self, face: &Frame, size: usize) -> Vec<[f32; 3]> {
        let (sin, cos) = self.angle.sin_cos();
        let middle = size as f32 / 2.0;
        let mut pixels = Vec::with_capacity(size * size);
        for y in 0..size {
            for x in 0..size {
                let (mut dx, dy) = (
                    self.scale * (x as f32 + 0.5 - middle),
                    self.scale * (y as f32 + 0.5 - middle),
                );
                if self.mirrored {
                    dx = -dx;
                }
                let from_x = self.left + middle + cos * dx + sin * dy;
                let from_y = self.top + middle - sin * dx + cos * dy;
                pixels.push(bilinear(face, from_x - 0.5, from_y - 0.5));
            }
        }
        pixels
    }
}

/// The colour at a place between pixels; outside the picture the border's.
fn bilinear(face: &Frame, x: f32, y: f32) -> [f32; 3] {
    let (right_most, bottom_most) = (face.width() - 1, face.height() - 1);
    let x = x.clamp(0.0, right_most as f32);
    let y = y.clamp(0.0, bottom_most as f32);
    let (left, top) = (x as usize, y as usize);
    let (right, bottom) = ((left + 1).min(right_most), (top + 1).min(bottom_most));
    let (part_x, part_y) = (x - left as f32, y - top as f32);
    let rgb = face.rgb();
    std::array::from_fn(|channel| {
        let at = |x: usize, y: usize| f32::from(rgb[3 * (y * face.width() + x) + channel]);
        let upper = at(left, top) * (1.0 - part_x) + at(right, top) * part_x;
        let lower = at(left, bottom) * (1.0 - part_x) + at(right, bottom) * part_x;
        (upper * (1.0 - part_y) + lower * part_y) / 255.0
    })
}

/// Brightness, contrast and saturation, each by a factor around 1, in this order.
fn jitter(pixels: &mut [[f32; 3]], range: f32, random: &mut impl Rng) {
    let mut factor = || 1.0 + random.random_range(-1.0..=1.0) * range;
    let (brightness, contrast, saturation) = (factor(), factor(), factor());
    let count = pixels.len().max(1) as f32;
    let mean = brightness * pixels.iter().map(luma).sum::<f32>() / count;
    for pixel in pixels {
        for value in &mut *pixel {
            *value = ((*value * brightness - mean) * contrast + mean).clamp(0.0, 1.0);
        }
        let grey = luma(pixel);
        for value in pixel {
            *value = ((*value - grey) * saturation + grey).clamp(0.0, 1.0);
        }
    }
}

fn luma(pixel: &[f32; 3]) -> f32 {
    pixel.iter().zip(LUMA).map(|(value, weight)| value * weight).sum()
}

fn grey(pixels: &mut [[f32; 3]]) {
    for pixel in pixels {
        *pixel = [luma(pixel); 3];
    }
}

fn normalised(pixels: &[[f32; 3]], input: &InputSpec) -> Vec<f32> {
    let mut out = Vec::with_capacity(3 * pixels.len());
    for channel in 0..3 {
        let (mean, std) = (input.mean[channel], input.std[channel]);
        out.extend(pixels.iter().map(|pixel| {
            let value = match input.colour {
                InputColour::Rgb => pixel[channel],
                InputColour::Grey => luma(pixel),
            };
            (value - mean) / std
        }));
    }
    out
}

/// Fills a rectangle with noise of the normalised picture's own spread.
fn erase(picture: &mut [f32], size: usize, random: &mut impl Rng) {
    let side = size as f32;
    let area = random.random_range(ERASED_AREA.0..=ERASED_AREA.1) * side * side;
    let ratio = random
        .random_range(ERASED_RATIO.0.ln()..=ERASED_RATIO.1.ln())
        .exp();
    let extent = |length: f32| (length.round() as usize).clamp(1, size);
    let (height, width) = (extent((area * ratio).sqrt()), extent((area / ratio).sqrt()));
    let top = random.random_range(0..=size - height);
    let left = random.random_range(0..=size - width);
    for plane in picture.chunks_exact_mut(size * size) {
        for row in plane.chunks_exact_mut(size).skip(top).take(height) {
            for value in row.iter_mut().skip(left).take(width) {
                *value = random.random_range(-1.7..=1.7);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random_stream::random_of;
    use shared_model::face_crop::{DEFAULT_MEAN, DEFAULT_STD};
    use shared_model::orientation::Orientation;

    const NOTHING: AugmentationConfig = AugmentationConfig::NONE;

    fn input(size: usize) -> InputSpec {
        InputSpec {
            size,
            mean: DEFAULT_MEAN,
            std: DEFAULT_STD,
            colour: InputColour::Rgb,
        }
    }

    fn face(side: usize) -> Frame {
        let rgb = (0..side * side * 3).map(|i| (i * 37 % 251) as u8).collect();
        Frame::from_rgb(side, side, rgb).unwrap()
    }

    fn worst(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn without_changes_and_slack_it_is_what_inference_sees() {
        let (face, input) = (face(32), input(32));
        let changed = augmented(&face, &input, &NOTHING, &mut random_of(1, 1));
        assert!(worst(&changed, &plain(&face, &input, false)) < 1e-5);
    }

    #[test]
    fn zoom_and_shift_move_the_place_that_a_pixel_comes_from() {
        // The brightness is the column: 2 for each pixel.
        let rgb = (0..96 * 96)
            .flat_map(|place| [(2 * (place % 96)) as u8; 3])
            .collect();
        let (face, input) = (Frame::from_rgb(96, 96, rgb).unwrap(), input(64));
        let column = |picture: &[f32], x: usize| {
            let value = picture[32 * 64 + x] * DEFAULT_STD[0] + DEFAULT_MEAN[0];
            value * 255.0 / 2.0
        };
        let (zoomed, shifted) = (
            AugmentationConfig { zoom: 0.2, ..NOTHING },
            AugmentationConfig {
                shift: 0.1,
                ..NOTHING
            },
        );
        let (mut scales, mut moves) = (Vec::new(), Vec::new());
        for stream in 0..200 {
            // From column 24 to 40 of the crop: within the picture, whatever is drawn.
            let picture = augmented(&face, &input, &zoomed, &mut random_of(4, stream));
            scales.push((column(&picture, 40) - column(&picture, 24)) / 16.0);
            let picture = augmented(&face, &input, &shifted, &mut random_of(4, stream));
            // Without the option: the same place in what the crop has to spare.
            let straight = augmented(&face, &input, &NOTHING, &mut random_of(4, stream));
            moves.push(column(&picture, 32) - column(&straight, 32));
        }
        let span = |values: &[f32]| {
            values.iter().fold((f32::MAX, f32::MIN), |(least, most), value| {
                (least.min(*value), most.max(*value))
            })
        };
        let (least, most) = span(&scales);
        assert!(
            (1.0 / 1.2 - 0.01..0.87).contains(&least) && (1.16..1.21).contains(&most),
            "{least} {most}"
        );
        let (least, most) = span(&moves);
        assert!(
            (-6.5..-5.5).contains(&least) && (5.5..6.5).contains(&most),
            "{least} {most}"
        );
    }

    #[test]
    fn mirroring_turns_rows_around() {
        let (face, input) = (face(32), input(32));
        let config = AugmentationConfig { flip: 1.0, ..NOTHING };
        let mirrored = augmented(&face, &input, &config, &mut random_of(1, 1));
        let straight = plain(&face, &input, false);
        let back: Vec<f32> = mirrored
            .chunks(32)
            .flat_map(|row| row.iter().rev().copied())
            .collect();
        assert!(worst(&back, &straight) < 1e-5);
    }

    #[test]
    fn a_quarter_turn_is_the_frame_turned() {
        let (face, input) = (face(32), input(32));
        let quarter = Pose {
            left: 0.0,
            top: 0.0,
            mirrored: false,
            angle: std::f32::consts::FRAC_PI_2,
            scale: 1.0,
        };
        let turned = normalised(&quarter.resampled(&face, 32), &input);
        assert!(
            worst(
                &turned,
                &plain(&face.oriented(Orientation::clockwise(90.0)), &input, false)
            ) < 1e-3
        );
    }

    #[test]
    fn greyscale_makes_the_channels_equal_in_both_ways() {
        let (face, input) = (face(36), input(32));
        let config = AugmentationConfig {
            greyscale: 1.0,
            ..NOTHING
        };
        for picture in [
            augmented(&face, &input, &config, &mut random_of(3, 0)),
            plain(&face, &input, true),
        ] {
            let plane = 32 * 32;
            for place in 0..plane {
                let value = |c: usize| picture[c * plane + place] * DEFAULT_STD[c] + DEFAULT_MEAN[c];
                assert!((value(0) - value(1)).abs() < 1e-5 && (value(1) - value(2)).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn erasing_changes_a_rectangle_only() {
        let (face, input) = (face(32), input(32));
        let config = AugmentationConfig {
            erase: 1.0,
            ..NOTHING
        };
        let straight = plain(&face, &input, false);
        for stream in 0..20 {
            let erased = augmented(&face, &input, &config, &mut random_of(9, stream));
            let changed: Vec<usize> = (0..32 * 32)
                .filter(|i| (erased[*i] - straight[*i]).abs() > 1e-4)
                .collect();
            let rows = || changed.iter().map(|i| i / 32);
            let columns = || changed.iter().map(|i| i % 32);
            let height = rows().max().unwrap() - rows().min().unwrap() + 1;
            let width = columns().max().unwrap() - columns().min().unwrap() + 1;
            assert!(height * width <= 32 * 32 * 2 / 5, "{height}x{width}");
            assert!(changed.len() * 10 >= height * width * 9);
        }
    }
}
