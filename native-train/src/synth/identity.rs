//! A person who does not exist: the shape of the head, its colours, and how it moves.

use std::collections::BTreeMap;

use glam::Vec3;
use rand_chacha::ChaCha8Rng;

use crate::synth::expression_style::ExpressionStyle;
use crate::synth::hair::grow_hair;
use crate::synth::head::{Head, add};
use crate::synth::look::Look;
use crate::synth::random::{Draw as _, Purpose, stream};

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

/// A person.
#[derive(Debug, Clone)]
pub struct Identity {
    /// One position a vertex, at rest.
    pub shape: Vec<Vec3>,
    pub look: Look,
    pub style: ExpressionStyle,
}

impl Identity {
    /// The person with this number under this seed.
    #[must_use]
    pub fn new(head: &Head, seed: u64, number: usize) -> Self {
        let mut random = stream(seed, Purpose::Identity, number);
        let traits = Traits::draw(&mut random);
        let mut shape = head.rest.clone();
        let weights = shape_weights(head, &traits, &mut random);
        for target in &head.shapes {
            if let Some(weight) = weights.get(target.name.as_str()) {
                add(&mut shape, target, *weight);
            }
        }
        let look = Look::draw(&traits, &mut random);
        grow_hair(head, &mut shape, &look.hair);
        Self {
            shape,
            look,
            style: ExpressionStyle::draw(&mut random),
        }
    }
}

impl Traits {
    fn draw(random: &mut ChaCha8Rng) -> Self {
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

/// Weight of every shape target that this person has.
fn shape_weights<'a>(head: &'a Head, traits: &Traits, random: &mut ChaCha8Rng) -> BTreeMap<&'a str, f32> {
    let mut weights = BTreeMap::new();
    for target in &head.shapes {
        let name = target.name.as_str();
        if let Some(rest) = name.strip_prefix("macro/") {
            weights.insert(name, macro_weight(rest, traits));
        }
    }
    let details: Vec<&str> = head
        .shapes
        .iter()
        .map(|target| target.name.as_str())
        .filter(|name| {
            name.starts_with("shape/") && !name.starts_with("shape/r-") && !name.contains("ear-shape-pointed")
        })
        .collect();
    for name in details {
        let asymmetric = name.starts_with("shape/asym");
        let rare =
            asymmetric || name.contains("-trans-") || name.contains("eye-scale") || name.contains("push");
        if !random.chance(if rare { 0.12 } else { 0.25 }) {
            continue;
        }
        let weight = random.spread(0.3).abs().min(0.65);
        weights.insert(name, weight);
        if let Some(rest) = name.strip_prefix("shape/l-") {
            let twin = format!("shape/r-{rest}");
            if let Some(target) = head.shapes.iter().find(|target| target.name == twin) {
                weights.insert(&target.name, weight * random.between(0.85, 1.0));
            }
        }
    }
    weights
}

/// MakeHuman's rule: the product of the shares that the target's name lists.
fn macro_weight(name: &str, traits: &Traits) -> f32 {
    let share = |word: &str| match word {
        "african" => traits.origin[0],
        "asian" => traits.origin[1],
        "caucasian" => traits.origin[2],
        "female" => 1.0 - traits.male,
        "male" => traits.male,
        "child" => traits.age[0],
        "young" => traits.age[1],
        "old" => traits.age[2],
        "maxweight" => traits.weight.max(0.0),
        "minweight" => (-traits.weight).max(0.0),
        _ => 1.0,
    };
    name.split('-').map(share).product()
}
