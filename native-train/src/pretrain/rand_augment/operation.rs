//! The operations, computed as Pillow computes them, and their ranges.

use rand::Rng;

use crate::pretrain::rand_augment::picture::Picture;
use crate::pretrain::rand_augment::{enhance, geometry, histogram};

/// The magnitude at which an operation is strongest.
pub const TOP_MAGNITUDE: f32 = 10.0;
/// Largest change of the four enhancements' factor from 1, either way.
const MOST_ENHANCED: f32 = 0.9;
/// Bits that posterising takes away at most.
const MOST_BITS: f32 = 4.0;
/// Largest rotation either way in degrees.
const MOST_DEGREES: f32 = 30.0;
/// Largest side of the covered square as a share of the picture's.
const MOST_COVERED: f32 = 0.5;

/// Names of the operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    AutoContrast,
    Brightness,
    Color,
    Contrast,
    Equalize,
    Invert,
    Posterize,
    Sharpness,
    Solarize,
    Rotate,
    Cover,
}

/// All operations.
pub const KINDS: [Kind; 11] = [
    Kind::AutoContrast,
    Kind::Brightness,
    Kind::Color,
    Kind::Contrast,
    Kind::Equalize,
    Kind::Invert,
    Kind::Posterize,
    Kind::Sharpness,
    Kind::Solarize,
    Kind::Rotate,
    Kind::Cover,
];

/// An operation with its strength in its own unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Operation {
    /// Stretches each channel to the full range (`ImageOps.autocontrast`).
    AutoContrast,
    /// Towards black (`ImageEnhance.Brightness`); 1 changes nothing, as for the next two.
    Brightness(f32),
    /// Towards grey (`ImageEnhance.Color`).
    Color(f32),
    /// Towards the mean luma (`ImageEnhance.Contrast`).
    Contrast(f32),
    /// Flattens each channel's histogram (`ImageOps.equalize`).
    Equalize,
    /// The negative (`ImageOps.invert`).
    Invert,
    /// Bits that are kept of each byte, 1 to 8 (`ImageOps.posterize`).
    Posterize(u32),
    /// Towards a smoothed picture (`ImageEnhance.Sharpness`); 1 changes nothing.
    Sharpness(f32),
    /// Inverts the values from this one on; 256 changes nothing (`ImageOps.solarize`).
    Solarize(u32),
    /// Degrees counter-clockwise about the middle, bilinear; corners become grey (`Image.rotate`).
    Rotate(f32),
    /// Paints a square grey.
    Cover {
        /// Left edge in pixels.
        left: usize,
        /// Top edge in pixels.
        top: usize,
        /// Side in pixels; 0 changes nothing.
        side: usize,
    },
}

impl Operation {
    /// The operation at a magnitude from 0 (no change, where the operation has a strength) to 10, for a
    /// picture of this side; its direction and place are drawn.
    pub fn random(kind: Kind, magnitude: u32, side: usize, random: &mut impl Rng) -> Self {
        let part = (magnitude as f32 / TOP_MAGNITUDE).min(1.0);
        let mut either_way = |most: f32| {
            if random.random::<bool>() {
                part * most
            } else {
                -part * most
            }
        };
        match kind {
            Kind::AutoContrast => Self::AutoContrast,
            Kind::Brightness => Self::Brightness(1.0 + either_way(MOST_ENHANCED)),
            Kind::Color => Self::Color(1.0 + either_way(MOST_ENHANCED)),
            Kind::Contrast => Self::Contrast(1.0 + either_way(MOST_ENHANCED)),
            Kind::Equalize => Self::Equalize,
            Kind::Invert => Self::Invert,
            Kind::Posterize => Self::Posterize(8 - (part * MOST_BITS).round() as u32),
            Kind::Sharpness => Self::Sharpness(1.0 + either_way(MOST_ENHANCED)),
            Kind::Solarize => Self::Solarize(256 - (part * 256.0).round() as u32),
            Kind::Rotate => Self::Rotate(either_way(MOST_DEGREES)),
            Kind::Cover => {
                let covered = (part * MOST_COVERED * side as f32).round() as usize;
                let slack = side.saturating_sub(covered);
                Self::Cover {
                    left: random.random_range(0..=slack),
                    top: random.random_range(0..=slack),
                    side: covered,
                }
            }
        }
    }

    /// The changed picture.
    #[must_use]
    pub fn apply(self, picture: Picture) -> Picture {
        match self {
            Self::AutoContrast => histogram::auto_contrast(picture),
            Self::Equalize => histogram::equalize(picture),
            Self::Invert => each_byte(picture, |value| 255 - value),
            Self::Posterize(bits) => {
                let kept = (0xff00_u32 >> bits.min(8)) as u8;
                each_byte(picture, |value| value & kept)
            }
            Self::Solarize(from) => each_byte(picture, |value| {
                if u32::from(value) < from {
                    value
                } else {
                    255 - value
                }
            }),
            Self::Brightness(factor) => enhance::brightness(picture, factor),
            Self::Color(factor) => enhance::color(picture, factor),
            Self::Contrast(factor) => enhance::contrast(picture, factor),
            Self::Sharpness(factor) => enhance::sharpness(picture, factor),
            Self::Rotate(degrees) => geometry::rotate(&picture, degrees),
            Self::Cover { left, top, side } => geometry::cover(picture, left, top, side),
        }
    }
}

fn each_byte(mut picture: Picture, change: impl Fn(u8) -> u8) -> Picture {
    for value in picture.pixels.iter_mut().flatten() {
        *value = change(*value);
    }
    picture
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random_stream::random_of;

    fn noise() -> Picture {
        let mut random = random_of(1, 2);
        Picture {
            width: 20,
            height: 20,
            pixels: (0..400).map(|_| random.random()).collect(),
        }
    }

    #[test]
    fn magnitude_0_changes_nothing_and_10_does() {
        let without_strength = [Kind::AutoContrast, Kind::Equalize, Kind::Invert];
        for kind in KINDS.into_iter().filter(|kind| !without_strength.contains(kind)) {
            let mut random = random_of(5, 0);
            let still = Operation::random(kind, 0, 20, &mut random).apply(noise());
            assert_eq!(still, noise(), "{kind:?}");
            let changed = Operation::random(kind, 10, 20, &mut random).apply(noise());
            assert_ne!(changed, noise(), "{kind:?}");
        }
    }

    #[test]
    fn inverting_twice_is_nothing_and_so_is_solarising_from_0() {
        let inverted = Operation::Invert.apply(noise());
        assert_eq!(Operation::Solarize(0).apply(noise()), inverted);
        assert_eq!(Operation::Invert.apply(inverted), noise());
    }
}
