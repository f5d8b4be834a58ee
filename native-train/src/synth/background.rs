//! What is behind the head: a wall, a window, blurred things.

use glam::{Vec2, Vec3};
use rand_chacha::ChaCha8Rng;

use crate::synth::random::{Draw as _, fractal_noise};

/// A blurred thing.
#[derive(Debug, Clone, Copy)]
struct Blob {
    center: Vec2,
    radius: Vec2,
    /// 1 hard edge, larger softer.
    softness: f32,
    color: Vec3,
}

/// A background. Places are in units of the picture's height.
#[derive(Debug, Clone)]
pub struct Background {
    top: Vec3,
    bottom: Vec3,
    blobs: Vec<Blob>,
    texture: f32,
    seed: u32,
}

impl Background {
    /// Draws a background; `busy` 0 is a plain wall, 1 a crowded room.
    #[must_use]
    pub fn draw(random: &mut ChaCha8Rng, busy: f32) -> Self {
        let color = |random: &mut ChaCha8Rng| {
            let grey = random.between(0.02, 0.7);
            Vec3::splat(grey)
                * Vec3::new(
                    random.between(0.7, 1.3),
                    random.between(0.7, 1.3),
                    random.between(0.7, 1.3),
                )
        };
        let count = (random.between(0.0, 8.0) * busy) as usize;
        let blobs = (0..count)
            .map(|_| Blob {
                center: Vec2::new(random.between(-0.1, 1.5), random.between(-0.1, 1.1)),
                radius: Vec2::new(random.between(0.04, 0.4), random.between(0.04, 0.5)),
                softness: random.between(0.1, 0.8),
                color: color(random),
            })
            .collect();
        let top = color(random);
        let bottom = top.lerp(color(random), random.between(0.0, 0.6));
        Self {
            top,
            bottom,
            blobs,
            texture: random.between(0.0, 0.25),
            seed: random.pick(1 << 20) as u32,
        }
    }

    /// Linear colour at a place.
    #[must_use]
    pub fn color(&self, at: Vec2) -> Vec3 {
        let mut color = self.top.lerp(self.bottom, at.y.clamp(0.0, 1.0));
        for blob in &self.blobs {
            let off = ((at - blob.center) / blob.radius).length();
            let cover = ((1.0 + blob.softness - off) / (2.0 * blob.softness)).clamp(0.0, 1.0);
            color = color.lerp(blob.color, cover);
        }
        if self.texture > 0.02 {
            color *= 1.0 + self.texture * fractal_noise(at.x * 6.0, at.y * 6.0, self.seed);
        }
        color
    }
}
