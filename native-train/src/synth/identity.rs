//! A person who does not exist: the shape of the head, its colours, and how it moves.

use std::collections::BTreeMap;

use glam::Vec3;
use rand_chacha::ChaCha8Rng;

use crate::synth::expression_style::ExpressionStyle;
use crate::synth::hair::grow_hair;
use crate::synth::head::{Head, add};
use crate::synth::look::Look;
use crate::synth::random::{Draw as _, Purpose, stream};
use crate::synth::traits::Traits;

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
