//! What a person looks like beside the shape: colours, brows, beard, hair.

use glam::Vec3;
use rand_chacha::ChaCha8Rng;

use crate::synth::random::Draw as _;
use crate::synth::traits::Traits;

/// Skin in sRGB (0 to 1) from light to dark.
const TONES: [Vec3; 5] = [
    Vec3::new(0.93, 0.77, 0.69),
    Vec3::new(0.86, 0.67, 0.56),
    Vec3::new(0.74, 0.53, 0.41),
    Vec3::new(0.54, 0.36, 0.27),
    Vec3::new(0.33, 0.21, 0.16),
];
const HAIR: [Vec3; 6] = [
    Vec3::new(0.07, 0.06, 0.06),
    Vec3::new(0.16, 0.10, 0.07),
    Vec3::new(0.30, 0.19, 0.11),
    Vec3::new(0.55, 0.40, 0.23),
    Vec3::new(0.45, 0.20, 0.10),
    Vec3::new(0.70, 0.69, 0.68),
];
const IRIS: [Vec3; 5] = [
    Vec3::new(0.22, 0.13, 0.07),
    Vec3::new(0.38, 0.24, 0.12),
    Vec3::new(0.36, 0.40, 0.24),
    Vec3::new(0.32, 0.47, 0.58),
    Vec3::new(0.45, 0.50, 0.52),
];

/// Hair on the scalp.
#[derive(Debug, Clone)]
pub struct Hair {
    pub color: Vec3,
    /// Decimetres above the scalp.
    pub thickness: f32,
    /// Moves the hairline back (+) or down the forehead (-), in texture units.
    pub recession: f32,
    /// 0 smooth to 1 shaggy.
    pub roughness: f32,
    pub seed: u32,
}

/// Eyebrows, painted on the skin so that they move with it.
#[derive(Debug, Clone)]
pub struct Brows {
    pub color: Vec3,
    /// Half the thickness at the inner end, in texture units.
    pub half_thickness: f32,
    /// How high the middle rises above the ends, in texture units.
    pub arch: f32,
    /// 0 invisible to 1 solid.
    pub density: f32,
}

/// Everything that is painted.
#[derive(Debug, Clone)]
pub struct Look {
    pub skin: Vec3,
    /// Strength of red on cheeks, nose and ears.
    pub redness: f32,
    /// Strength of blotches and pores.
    pub mottling: f32,
    pub freckles: f32,
    pub lips: Vec3,
    pub brows: Brows,
    /// Strength of the beard's shadow, 0 for none; above 0.6 it is a beard.
    pub beard: f32,
    /// Dark line at the eyelids.
    pub eyeliner: f32,
    /// Depth of folds, from age.
    pub wrinkles: f32,
    pub iris: Vec3,
    pub sclera: Vec3,
    pub hair: Hair,
    pub clothes: Vec3,
    pub teeth: Vec3,
    /// Glossiness of the skin.
    pub gloss: f32,
    pub seed: u32,
    /// A number from 0 to 1 that picks among skin textures, where there are any.
    pub texture: f32,
}

impl Brows {
    fn draw(hair_color: Vec3, grey: bool, grown_man: bool, random: &mut ChaCha8Rng) -> Self {
        Self {
            color: if grey { hair_color * 0.6 } else { hair_color * 0.7 },
            half_thickness: if grown_man {
                random.between(0.0030, 0.0050)
            } else {
                random.between(0.0020, 0.0038)
            },
            arch: random.between(0.001, 0.005),
            density: random.between(0.55, 0.95) * if grey { 0.75 } else { 1.0 },
        }
    }
}

impl Hair {
    /// `receded` by age comes on top of what is drawn.
    fn draw(color: Vec3, bald: bool, receded: f32, random: &mut ChaCha8Rng) -> Self {
        Self {
            color,
            thickness: if bald { 0.0 } else { random.between(0.05, 0.32) },
            recession: if bald {
                0.06
            } else {
                random.between(-0.012, 0.008) + receded
            },
            roughness: random.between(0.1, 1.0),
            seed: random.pick(1 << 20) as u32,
        }
    }
}

impl Look {
    /// Draws the look of a person with these traits.
    #[must_use]
    pub fn draw(traits: &Traits, random: &mut ChaCha8Rng) -> Self {
        let tone = (traits.tone + random.spread(0.05)).clamp(0.0, 1.0);
        let skin = along(&TONES, tone) * Vec3::new(1.0, 1.0 + random.spread(0.02), 1.0 + random.spread(0.03));
        let old = traits.age[2];
        let dark = tone > 0.45 || traits.origin[1] > 0.6;
        let grey = old > 0.5 && random.chance(old);
        let hair_color = if grey {
            HAIR[5] * random.between(0.6, 1.1)
        } else if dark {
            HAIR[random.weighted(&[0.7, 0.3])]
        } else {
            HAIR[random.weighted(&[0.1, 0.25, 0.3, 0.25, 0.1])]
        };
        let made_up = traits.male < 0.5 && traits.age[0] < 0.3 && random.chance(0.45);
        let red_lips = skin * Vec3::new(0.88, 0.62, 0.62);
        let lips = if made_up {
            red_lips.lerp(Vec3::new(0.65, 0.12, 0.18), random.between(0.1, 0.8))
        } else {
            red_lips.lerp(skin, random.between(0.0, 0.35))
        };
        let grown_man = traits.male > 0.6 && traits.age[0] < 0.3;
        let beard = if grown_man {
            [0.0, random.between(0.1, 0.35), random.between(0.6, 1.0)][random.weighted(&[0.4, 0.4, 0.2])]
        } else {
            0.0
        };
        let iris = if dark {
            IRIS[random.pick(2)]
        } else {
            IRIS[random.pick(5)]
        };
        let bald = grown_man && random.chance(0.12 + 0.2 * old);
        Self {
            skin,
            redness: random.between(0.2, 1.0) * (1.0 - 0.6 * tone),
            mottling: random.between(0.3, 1.0) + 0.4 * old,
            freckles: if tone < 0.4 && random.chance(0.2) {
                random.between(0.3, 1.0)
            } else {
                0.0
            },
            lips,
            brows: Brows::draw(hair_color, grey, grown_man, random),
            beard,
            eyeliner: if made_up {
                random.between(0.6, 1.0)
            } else {
                random.between(0.2, 0.5)
            },
            wrinkles: (0.15 + old + random.spread(0.1)).clamp(0.05, 1.1),
            iris: iris * random.between(0.8, 1.2),
            sclera: Vec3::new(0.90, 0.88, 0.86) * random.between(0.88, 1.0),
            hair: Hair::draw(
                hair_color,
                bald,
                if grown_man { 0.012 * old } else { 0.0 },
                random,
            ),
            clothes: Vec3::new(
                random.between(0.05, 0.9),
                random.between(0.05, 0.9),
                random.between(0.05, 0.9),
            ),
            teeth: Vec3::new(0.90, 0.87, 0.80) * random.between(0.85, 1.0),
            gloss: random.between(0.05, 0.5),
            seed: random.pick(1 << 20) as u32,
            texture: random.between(0.0, 1.0),
        }
    }
}

/// The colour at `t` (0 to 1) along evenly spaced colours.
fn along(colors: &[Vec3], t: f32) -> Vec3 {
    let last = colors.len().saturating_sub(1);
    let place = t.clamp(0.0, 1.0) * last as f32;
    let low = place.floor() as usize;
    let from = colors.get(low).copied().unwrap_or(Vec3::ONE);
    let to = colors.get(low + 1).copied().unwrap_or(from);
    from.lerp(to, place - low as f32)
}
