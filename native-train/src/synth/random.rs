//! Seeded random numbers: one stream a thing, so that nothing depends on the order of work.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// What a stream of random numbers is for.
#[derive(Debug, Clone, Copy)]
#[repr(u64)]
pub enum Purpose {
    Identity = 1,
    LabelledPicture,
    LabelledPlan,
    PoolPicture,
    PoolPlan,
    Video,
    VideoFrame,
    VideoPlan,
    Scene,
}

/// The stream for one thing: the same numbers for the same seed, purpose and index.
#[must_use]
pub fn stream(seed: u64, purpose: Purpose, index: usize) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(((purpose as u64) << 48) | index as u64);
    random
}

/// Draws that the scene's parts share.
pub trait Draw {
    /// Uniform from `low` to `high`.
    fn between(&mut self, low: f32, high: f32) -> f32;
    /// True with this probability.
    fn chance(&mut self, probability: f32) -> bool;
    /// Normal with this standard deviation, cut off at three of it.
    fn spread(&mut self, deviation: f32) -> f32;
    /// An index below `count` (0 for an empty range).
    fn pick(&mut self, count: usize) -> usize;
    /// An index with probability in proportion to its weight.
    fn weighted(&mut self, weights: &[f32]) -> usize;
}

impl Draw for ChaCha8Rng {
    fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.random::<f32>()
    }

    fn chance(&mut self, probability: f32) -> bool {
        self.random::<f32>() < probability
    }

    fn spread(&mut self, deviation: f32) -> f32 {
        // Box and Muller (1958); 1 - u keeps the logarithm finite.
        let radius = (-2.0 * (1.0 - self.random::<f32>()).ln()).sqrt();
        let angle = std::f32::consts::TAU * self.random::<f32>();
        (radius * angle.cos()).clamp(-3.0, 3.0) * deviation
    }

    fn pick(&mut self, count: usize) -> usize {
        if count < 2 { 0 } else { self.random_range(0..count) }
    }

    fn weighted(&mut self, weights: &[f32]) -> usize {
        let mut left = self.random::<f32>() * weights.iter().sum::<f32>();
        for (index, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return index;
            }
        }
        weights.len().saturating_sub(1)
    }
}

/// Smooth noise over the plane, -1 to 1: random values on the integers, interpolated.
#[must_use]
pub fn value_noise(x: f32, y: f32, seed: u32) -> f32 {
    let (cell_x, cell_y) = (x.floor(), y.floor());
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let (u, v) = (ease(x - cell_x), ease(y - cell_y));
    let (i, j) = (cell_x as i32, cell_y as i32);
    let at = |dx: i32, dy: i32| hash(i.wrapping_add(dx), j.wrapping_add(dy), seed);
    let top = at(0, 0) + (at(1, 0) - at(0, 0)) * u;
    let bottom = at(0, 1) + (at(1, 1) - at(0, 1)) * u;
    top + (bottom - top) * v
}

/// Three octaves of [`value_noise`], about -1 to 1.
#[must_use]
pub fn fractal_noise(x: f32, y: f32, seed: u32) -> f32 {
    (value_noise(x, y, seed)
        + 0.5 * value_noise(2.0 * x, 2.0 * y, seed ^ 0x51)
        + 0.25 * value_noise(4.0 * x, 4.0 * y, seed ^ 0xA7))
        / 1.75
}

/// A random value from -1 to 1 for a cell of the plane.
#[must_use]
pub fn hash(x: i32, y: i32, seed: u32) -> f32 {
    let mut h = x.cast_unsigned().wrapping_mul(0x9E37_79B1)
        ^ y.cast_unsigned().wrapping_mul(0x85EB_CA77)
        ^ seed.wrapping_mul(0xC2B2_AE3D);
    h ^= h >> 15;
    h = h.wrapping_mul(0x2C1B_3C6D);
    h ^= h >> 12;
    h = h.wrapping_mul(0x297A_2D39);
    h ^= h >> 15;
    h as f32 / (u32::MAX as f32) * 2.0 - 1.0
}

/// 0 below `low`, 1 above `high`, smooth between; the other way round where `low > high`.
#[must_use]
pub fn smoothstep(low: f32, high: f32, x: f32) -> f32 {
    let t = ((x - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}
