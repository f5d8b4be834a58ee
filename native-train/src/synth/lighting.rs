//! Light: a sun or lamp, a filler, and what comes from all around.

use glam::Vec3;
use rand_chacha::ChaCha8Rng;

use crate::synth::random::Draw as _;

/// Light from one direction.
#[derive(Debug, Clone, Copy)]
pub struct Lamp {
    /// Unit vector towards the lamp; x to the picture's right, y up, z to the camera.
    pub towards: Vec3,
    /// Linear intensity.
    pub color: Vec3,
}

/// All light of a scene.
#[derive(Debug, Clone)]
pub struct Lighting {
    pub lamps: [Lamp; 2],
    /// From above and from below.
    pub sky: Vec3,
    pub ground: Vec3,
}

impl Lighting {
    /// Draws a light; `harshness` 0 is a studio, 1 anything from a window at night to a low sun.
    #[must_use]
    pub fn draw(random: &mut ChaCha8Rng, harshness: f32) -> Self {
        let angle = random.spread(0.45 + 0.45 * harshness);
        let height = random.between(0.1 - 0.4 * harshness, 0.9);
        let key = random.between(0.45, 0.85 + 0.3 * harshness);
        let warm = random.spread(0.10 + 0.08 * harshness);
        let tint = |amount: f32| Vec3::new(1.0 + amount, 1.0, 1.0 - amount);
        let fill = random.between(0.05, 0.35) * (1.0 - 0.5 * harshness);
        let around = random.between(0.28, 0.5) * (1.0 - 0.4 * harshness);
        let cool = random.spread(0.06);
        Self {
            lamps: [
                Lamp {
                    towards: Vec3::new(angle.sin(), height, angle.cos()).normalize_or(Vec3::Z),
                    color: tint(warm) * key,
                },
                Lamp {
                    towards: Vec3::new(
                        -angle.signum() * random.between(0.3, 1.0),
                        random.between(-0.1, 0.4),
                        0.7,
                    )
                    .normalize_or(Vec3::Z),
                    color: tint(cool) * fill,
                },
            ],
            sky: tint(cool) * around,
            ground: tint(warm) * around * random.between(0.35, 0.8),
        }
    }

    /// The same light, brighter or darker.
    #[must_use]
    pub fn scaled(&self, factor: f32) -> Self {
        Self {
            lamps: self.lamps.map(|lamp| Lamp {
                color: lamp.color * factor,
                ..lamp
            }),
            sky: self.sky * factor,
            ground: self.ground * factor,
        }
    }

    /// Light that a matt surface gives back. `wrap` lets it reach around the edge, as in skin;
    /// `open` is the share of the surroundings that the point sees.
    #[must_use]
    pub fn diffuse(&self, normal: Vec3, wrap: Vec3, open: f32) -> Vec3 {
        let up = normal.y * 0.5 + 0.5;
        let mut light = self.ground.lerp(self.sky, up) * open;
        for lamp in &self.lamps {
            let cosine = normal.dot(lamp.towards);
            let lit = (Vec3::splat(cosine) + wrap) / (Vec3::ONE + wrap);
            light += lamp.color * lit.max(Vec3::ZERO) * (0.35 + 0.65 * open);
        }
        light
    }

    /// Highlights after Blinn and Phong, seen from the front.
    #[must_use]
    pub fn highlight(&self, normal: Vec3, sharpness: f32) -> Vec3 {
        self.lamps
            .iter()
            .map(|lamp| {
                let half = (lamp.towards + Vec3::Z).normalize_or(Vec3::Z);
                lamp.color * normal.dot(half).max(0.0).powf(sharpness)
            })
            .sum()
    }
}
