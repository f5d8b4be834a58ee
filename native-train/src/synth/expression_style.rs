//! How a person moves: habits that blur the line between classes.

use rand_chacha::ChaCha8Rng;

use crate::synth::face_unit::{ActionUnit, FaceUnit, UnitWeights, side};
use crate::synth::random::Draw as _;

/// Activation of each action unit, 0 to 1, by its index.
pub type Actions = [f32; ActionUnit::COUNT];

/// A person's habits.
#[derive(Debug, Clone)]
pub struct ExpressionStyle {
    /// Factor on each action unit.
    gain: Actions,
    /// The face at rest: some people look stern or amused without feeling so.
    resting: Actions,
    /// Preference for the left half (+) or the right (-).
    lopsided: f32,
    /// Which variant of a recipe comes to this person first.
    pub habit: usize,
}

impl ExpressionStyle {
    /// Draws a person's habits.
    #[must_use]
    pub fn draw(random: &mut ChaCha8Rng) -> Self {
        use ActionUnit as A;
        let mut gain = [0.0; ActionUnit::COUNT];
        for value in &mut gain {
            *value = (1.0 + random.spread(0.18)).max(0.5);
        }
        let mut resting = [0.0; ActionUnit::COUNT];
        for unit in [
            A::BrowLowerer,
            A::LipCornerDepressor,
            A::LipCornerPuller,
            A::InnerBrowRaiser,
            A::LidTightener,
        ] {
            if random.chance(0.3) {
                resting[unit as usize] = random.between(0.03, 0.2);
            }
        }
        Self {
            gain,
            resting,
            lopsided: random.spread(0.12),
            habit: random.pick(12),
        }
    }

    /// The face units that this person shows for these actions, with `asymmetry` of the moment added
    /// to the person's own.
    #[must_use]
    pub fn face_units(&self, actions: &Actions, asymmetry: f32) -> UnitWeights {
        let mut weights = [0.0; FaceUnit::ALL.len()];
        for unit in ActionUnit::ALL {
            let index = unit as usize;
            let strength =
                (actions[index] * self.gain[index] + self.resting[index] * (1.0 - actions[index])).max(0.0);
            if strength == 0.0 {
                continue;
            }
            for (face_unit, share) in unit.face_units() {
                let tilt = 1.0 + side(*face_unit) * (self.lopsided + asymmetry);
                let weight = &mut weights[*face_unit as usize];
                *weight = (*weight + strength * share * tilt.clamp(0.3, 1.7)).min(1.15);
            }
        }
        weights
    }
}
