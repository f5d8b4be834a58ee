//! What a person is mixed from: origin, age, build, tone.

use rand_chacha::ChaCha8Rng;

use crate::synth::random::Draw as _;

/// Origins that MakeHuman has targets for, with the range of skin tone (0 light, 1 dark) of each.
const ORIGINS: [(&str, [f32; 2]); 3] = [
    ("african", [0.55, 1.0]),
    ("asian", [0.12, 0.5]),
    ("caucasian", [0.0, 0.35]),
];

/// Traits that the macro targets are mixed by.
#[derive(Debug, Clone, Copy)]
pub struct Traits {
    /// Weights of african, asian, caucasian; sum 1.
    pub origin: [f32; 3],
    /// 0 female, 1 male.
    pub male: f32,
    /// Weights of child, young, old; sum 1.
    pub age: [f32; 3],
    /// -1 thin to 1 heavy.
    pub weight: f32,
    /// 0 light to 1 dark.
    pub tone: f32,
}

impl Traits {
    /// Draws a person's.
    #[must_use]
    pub fn draw(random: &mut ChaCha8Rng) -> Self {
        let main = random.pick(ORIGINS.len());
        let mixed = if random.chance(0.3) {
            random.between(0.1, 0.5)
        } else {
            0.0
        };
        let other = random.pick(ORIGINS.len());
        let mut origin = [0.0; 3];
        origin[main] += 1.0 - mixed;
        origin[other] += mixed;
        let tone = origin
            .iter()
            .zip(ORIGINS)
            .map(|(share, (_, [low, high]))| share * random.between(low, high))
            .sum();
        let male = f32::from(u8::from(random.chance(0.5)));
        let age = match random.weighted(&[0.08, 0.5, 0.42]) {
            0 => {
                let child = random.between(0.4, 0.9);
                [child, 1.0 - child, 0.0]
            }
            1 => [0.0, 1.0, 0.0],
            _ => {
                let old = random.between(0.15, 0.95);
                [0.0, 1.0 - old, old]
            }
        };
        Self {
            origin,
            male: (male + random.spread(0.12)).clamp(0.0, 1.0),
            age,
            weight: random.spread(0.4).clamp(-0.8, 0.9),
            tone,
        }
    }
}
