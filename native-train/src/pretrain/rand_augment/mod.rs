//! `RandAugment` (Cubuk et al. 2020): a few operations drawn at random, each with a random magnitude.

mod enhance;
mod geometry;
mod histogram;
pub mod operation;

use rand::Rng;
use shared_model::frame::Frame;

use operation::{KINDS, Operation};

/// An RGB picture in bytes, rows from the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// `width * height` colours.
    pub pixels: Vec<[u8; 3]>,
}

impl Picture {
    /// The frame's pixels.
    #[must_use]
    pub fn of_frame(frame: &Frame) -> Self {
        let pixels = frame.rgb().as_chunks::<3>().0.to_vec();
        Self {
            width: frame.width(),
            height: frame.height(),
            pixels,
        }
    }
}

/// Applies `count` operations, each drawn anew with a whole magnitude from 0 to `most`.
pub fn rand_augment(mut picture: Picture, count: usize, most: u32, random: &mut impl Rng) -> Picture {
    for _ in 0..count {
        let kind = KINDS[random.random_range(0..KINDS.len())];
        let magnitude = random.random_range(0..=most);
        let operation = Operation::random(kind, magnitude, picture.width.min(picture.height), random);
        picture = operation.apply(picture);
    }
    picture
}
