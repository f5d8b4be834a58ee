//! Expressions as recipes of action units (EMFACS: Ekman and Friesen 1983; Du, Tao and Martinez 2014).

use rand_chacha::ChaCha8Rng;
use shared_model::expression::Expression;

use crate::synth::expression_style::Actions;
use crate::synth::face_unit::{ActionUnit as A, FaceUnit, UnitWeights};
use crate::synth::random::Draw as _;

/// Action units of one way to show a class, with the weight of each.
pub type Recipe = &'static [(A, f32)];

const NEUTRAL: &[Recipe] = &[&[]];
const ANGER: &[Recipe] = &[
    &[
        (A::BrowLowerer, 1.0),
        (A::UpperLidRaiser, 0.5),
        (A::LidTightener, 0.6),
        (A::LipTightener, 0.8),
    ],
    &[
        (A::BrowLowerer, 0.9),
        (A::LidTightener, 0.7),
        (A::LipPressor, 0.9),
        (A::ChinRaiser, 0.4),
    ],
    &[
        (A::BrowLowerer, 1.0),
        (A::UpperLidRaiser, 0.6),
        (A::UpperLipRaiser, 0.6),
        (A::LipsPart, 0.9),
        (A::LowerLipDepressor, 0.5),
    ],
    &[
        (A::BrowLowerer, 0.8),
        (A::LidTightener, 0.9),
        (A::LipTightener, 0.9),
        (A::ChinRaiser, 0.6),
    ],
];
const DISGUST: &[Recipe] = &[
    &[
        (A::NoseWrinkler, 1.0),
        (A::LipCornerDepressor, 0.6),
        (A::LowerLipDepressor, 0.6),
    ],
    &[
        (A::NoseWrinkler, 0.9),
        (A::UpperLipRaiser, 0.8),
        (A::ChinRaiser, 0.6),
    ],
    &[
        (A::UpperLipRaiser, 1.0),
        (A::NoseWrinkler, 0.5),
        (A::LipsPart, 0.7),
        (A::LidTightener, 0.4),
    ],
    &[
        (A::NoseWrinkler, 1.0),
        (A::BrowLowerer, 0.4),
        (A::LidTightener, 0.6),
        (A::UpperLipRaiser, 0.5),
    ],
];
const FEAR: &[Recipe] = &[
    &[
        (A::InnerBrowRaiser, 0.9),
        (A::OuterBrowRaiser, 0.5),
        (A::BrowLowerer, 0.5),
        (A::UpperLidRaiser, 1.0),
        (A::LipStretcher, 0.9),
        (A::JawDrop, 0.5),
    ],
    &[
        (A::InnerBrowRaiser, 0.9),
        (A::OuterBrowRaiser, 0.4),
        (A::BrowLowerer, 0.6),
        (A::UpperLidRaiser, 0.9),
        (A::LipStretcher, 0.8),
        (A::LipsPart, 0.9),
    ],
    &[
        (A::InnerBrowRaiser, 0.7),
        (A::BrowLowerer, 0.6),
        (A::UpperLidRaiser, 1.0),
        (A::LipStretcher, 0.9),
    ],
];
const HAPPINESS: &[Recipe] = &[
    &[(A::CheekRaiser, 0.8), (A::LipCornerPuller, 0.9)],
    &[
        (A::CheekRaiser, 0.9),
        (A::LipCornerPuller, 1.0),
        (A::LipsPart, 1.0),
    ],
    &[(A::LipCornerPuller, 0.8)],
    &[
        (A::CheekRaiser, 1.0),
        (A::LipCornerPuller, 1.0),
        (A::JawDrop, 0.7),
        (A::UpperLipRaiser, 0.2),
    ],
];
const SADNESS: &[Recipe] = &[
    &[
        (A::InnerBrowRaiser, 1.0),
        (A::BrowLowerer, 0.45),
        (A::LipCornerDepressor, 0.9),
    ],
    &[
        (A::InnerBrowRaiser, 0.8),
        (A::LipCornerDepressor, 0.8),
        (A::ChinRaiser, 0.7),
    ],
    &[
        (A::InnerBrowRaiser, 0.9),
        (A::BrowLowerer, 0.4),
        (A::LipCornerDepressor, 0.7),
        (A::EyesClosed, 0.35),
    ],
    &[
        (A::InnerBrowRaiser, 0.5),
        (A::LipCornerDepressor, 1.0),
        (A::EyesClosed, 0.25),
    ],
];
const SURPRISE: &[Recipe] = &[
    &[
        (A::InnerBrowRaiser, 1.0),
        (A::OuterBrowRaiser, 1.0),
        (A::UpperLidRaiser, 0.8),
        (A::JawDrop, 0.9),
    ],
    &[
        (A::InnerBrowRaiser, 0.9),
        (A::OuterBrowRaiser, 0.9),
        (A::UpperLidRaiser, 0.9),
        (A::MouthStretch, 0.7),
    ],
    &[
        (A::InnerBrowRaiser, 0.8),
        (A::OuterBrowRaiser, 1.0),
        (A::JawDrop, 0.6),
    ],
    &[
        (A::InnerBrowRaiser, 0.9),
        (A::OuterBrowRaiser, 0.9),
        (A::UpperLidRaiser, 0.7),
        (A::LipsPart, 0.6),
    ],
];
const OTHER: &[Recipe] = &[
    // Talking: two shapes of the mouth.
    &[(A::LipFunneler, 0.6), (A::JawDrop, 0.4)],
    &[(A::LipsPart, 0.7), (A::JawDrop, 0.5), (A::LowerLipDepressor, 0.3)],
    // Pucker, blow.
    &[(A::LipPucker, 1.0)],
    &[(A::CheekPuff, 0.9), (A::LipPressor, 0.4)],
    // Wink, one-sided smile: see `one_sided`.
    &[(A::LipCornerPuller, 0.35)],
    &[(A::Dimpler, 1.0)],
    // Yawn.
    &[
        (A::MouthStretch, 1.0),
        (A::EyesClosed, 0.8),
        (A::BrowLowerer, 0.3),
    ],
    // Lip suck, squint.
    &[(A::LipSuck, 1.0)],
    &[
        (A::LidTightener, 1.0),
        (A::BrowLowerer, 0.3),
        (A::LipCornerPuller, 0.2),
        (A::LipsPart, 0.3),
    ],
];
const WINK: usize = 4;
const SMIRK: usize = 5;

/// The ways to show a class.
#[must_use]
pub const fn recipes(class: Expression) -> &'static [Recipe] {
    match class {
        Expression::Neutral => NEUTRAL,
        Expression::Anger => ANGER,
        Expression::Disgust => DISGUST,
        Expression::Fear => FEAR,
        Expression::Happiness => HAPPINESS,
        Expression::Sadness => SADNESS,
        Expression::Surprise => SURPRISE,
        Expression::Other => OTHER,
    }
}

/// One showing of a class: action units at full strength, and what only one side does.
#[derive(Debug, Clone)]
pub struct Showing {
    pub class: Expression,
    pub actions: Actions,
    /// Face units beside the action units, at full strength.
    pub extra: UnitWeights,
    /// Added to the person's own asymmetry.
    pub asymmetry: f32,
}

impl Showing {
    /// Draws a way to show `class`; a person's `habit` makes one of the ways likelier.
    #[must_use]
    pub fn draw(class: Expression, habit: usize, random: &mut ChaCha8Rng) -> Self {
        let ways = recipes(class);
        let way = if class != Expression::Other && random.chance(0.5) {
            habit % ways.len().max(1)
        } else {
            random.pick(ways.len())
        };
        let mut actions = [0.0; A::COUNT];
        for (unit, weight) in ways.get(way).copied().unwrap_or(&[]) {
            actions[*unit as usize] = (weight * (1.0 + random.spread(0.15))).clamp(0.0, 1.1);
            // Now and then a part of the recipe is hardly there.
            if random.chance(0.08) {
                actions[*unit as usize] *= 0.3;
            }
        }
        let mut showing = Self {
            class,
            actions,
            extra: [0.0; FaceUnit::ALL.len()],
            asymmetry: random.spread(0.1),
        };
        if class == Expression::Other {
            showing.one_sided(way, random);
        }
        showing
    }

    fn one_sided(&mut self, way: usize, random: &mut ChaCha8Rng) {
        let left = random.chance(0.5);
        let sign = if left { 1.0 } else { -1.0 };
        if way == WINK {
            let eye = if left {
                FaceUnit::EyeBlinkLeft
            } else {
                FaceUnit::EyeBlinkRight
            };
            let cheek = if left {
                FaceUnit::CheekSquintLeft
            } else {
                FaceUnit::CheekSquintRight
            };
            self.extra[eye as usize] = 1.0;
            self.extra[cheek as usize] = 0.6;
            self.asymmetry = 0.6 * sign;
        } else if way == SMIRK {
            self.asymmetry = 0.7 * sign;
        } else if random.chance(0.15) {
            let jaw = if left {
                FaceUnit::JawLeft
            } else {
                FaceUnit::JawRight
            };
            self.extra[jaw as usize] = random.between(0.3, 0.9);
        }
    }
}

/// Adds `part` times the actions of `from`, keeping the stronger where both act.
pub fn blend(actions: &mut Actions, from: &Actions, part: f32) {
    for (to, from) in actions.iter_mut().zip(from) {
        *to = to.max(from * part);
    }
}

/// Turns the eyes: `left` towards the person's left, `up` upwards, each -1 to 1.
pub fn turn_eyes(weights: &mut UnitWeights, left: f32, up: f32) {
    use FaceUnit as U;
    let mut put = |unit: FaceUnit, value: f32| weights[unit as usize] = value.clamp(0.0, 1.0);
    put(U::EyeLookOutLeft, left);
    put(U::EyeLookInRight, left);
    put(U::EyeLookInLeft, -left);
    put(U::EyeLookOutRight, -left);
    put(U::EyeLookUpLeft, up);
    put(U::EyeLookUpRight, up);
    put(U::EyeLookDownLeft, -up);
    put(U::EyeLookDownRight, -up);
}
