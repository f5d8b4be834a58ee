//! `RandAugment` (Cubuk et al. 2020): a few operations drawn at random, each with a random magnitude.

mod enhance;
mod geometry;
mod histogram;
pub mod operation;
pub mod picture;

use rand::Rng;

use operation::{KINDS, Operation};
use picture::Picture;

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
