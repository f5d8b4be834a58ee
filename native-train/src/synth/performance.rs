//! What a person does in a video: expressions with onset, apex and offset, speech, blinks, turns of
//! the head, changes of light.

use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use shared_model::expression::{CLASS_COUNT, Expression};

use crate::synth::expression_style::{Actions, ExpressionStyle};
use crate::synth::face_unit::{ActionUnit, FaceUnit, UnitWeights};
use crate::synth::pose::Pose;
use crate::synth::random::{Draw as _, Purpose, smoothstep, stream, value_noise};
use crate::synth::recipe::{Showing, blend, turn_eyes};
use crate::synth::stills::by_shares;

/// Shares of the classes among a split's segments: about as uneven as Aff-Wild2's (Kollias 2022).
pub const SEGMENT_SHARES: [f32; CLASS_COUNT] = [0.26, 0.07, 0.07, 0.07, 0.19, 0.12, 0.08, 0.14];
/// Length of a segment in seconds, about.
const SEGMENT_SECONDS: f32 = 2.0;
/// From this share of its apex on, an expression is what annotators label.
const VISIBLE: f32 = 0.3;
/// Share of the frames that nobody annotated (-1).
pub const UNANNOTATED: f32 = 0.03;

/// One expression in time.
#[derive(Debug, Clone)]
struct Segment {
    showing: Showing,
    /// Seconds at which it starts and ends.
    span: [f32; 2],
    onset: f32,
    offset: f32,
    intensity: f32,
}

/// A video's script.
#[derive(Debug, Clone)]
pub struct Performance {
    segments: Vec<Segment>,
    /// Speech from, to, in seconds.
    speech: Vec<[f32; 2]>,
    blinks: Vec<f32>,
    seed: u32,
    restlessness: f32,
    facing: Pose,
    flicker: f32,
}

/// A frame of a script.
#[derive(Debug, Clone)]
pub struct Moment {
    /// What annotators see.
    pub class: Expression,
    pub units: UnitWeights,
    pub pose: Pose,
    /// Factor on the light.
    pub light: f32,
}

/// The classes of each video's segments: every class appears in every split that has room for it,
/// in uneven shares.
#[must_use]
pub fn plan(videos: usize, seconds: usize, seed: u64, split: usize) -> Vec<Vec<Expression>> {
    let each = ((seconds as f32 / SEGMENT_SECONDS).round() as usize).max(1);
    let total = videos * each;
    let mut classes = by_shares(&SEGMENT_SHARES, total.saturating_sub(CLASS_COUNT));
    let missing = total.saturating_sub(classes.len());
    classes.extend(Expression::ALL.into_iter().cycle().take(missing));
    classes.shuffle(&mut stream(seed, Purpose::VideoPlan, split));
    classes.chunks(each).map(<[_]>::to_vec).collect()
}

impl Performance {
    /// Draws a script for these classes over `seconds`.
    #[must_use]
    pub fn draw(classes: &[Expression], seconds: f32, habit: usize, random: &mut ChaCha8Rng) -> Self {
        let each = seconds / classes.len().max(1) as f32;
        let segments = classes
            .iter()
            .enumerate()
            .map(|(index, class)| {
                let start = index as f32 * each + random.between(0.0, 0.15) * each;
                let end = (index + 1) as f32 * each - random.between(0.0, 0.1) * each;
                Segment {
                    showing: Showing::draw(*class, habit, random),
                    span: [start, end],
                    onset: random.between(0.15, 0.5),
                    offset: random.between(0.2, 0.6),
                    intensity: random.between(0.35, 1.0),
                }
            })
            .collect();
        let mut speech = Vec::new();
        let mut time = random.between(0.0, 3.0);
        while time < seconds {
            let end = time + random.between(0.6, 2.5);
            speech.push([time, end]);
            time = end + random.between(1.0, 5.0);
        }
        let mut blinks = Vec::new();
        let mut time = random.between(0.3, 3.0);
        while time < seconds {
            blinks.push(time);
            time += random.between(1.2, 5.0);
        }
        Self {
            segments,
            speech,
            blinks,
            seed: random.pick(1 << 20) as u32,
            restlessness: random.between(0.4, 1.3),
            facing: Pose {
                yaw: random.spread(0.18),
                pitch: random.spread(0.10),
                roll: random.spread(0.05),
            },
            flicker: random.between(0.02, 0.25),
        }
    }

    /// What is seen at `time` seconds.
    #[must_use]
    pub fn at(&self, time: f32, style: &ExpressionStyle) -> Moment {
        let mut actions: Actions = [0.0; ActionUnit::COUNT];
        let mut extra: UnitWeights = [0.0; FaceUnit::ALL.len()];
        let (mut class, mut strongest, mut asymmetry) = (Expression::Neutral, VISIBLE, 0.0);
        for segment in &self.segments {
            let share = segment.share(time);
            if share <= 0.0 {
                continue;
            }
            // The apex trembles.
            let part = share * segment.intensity * (1.0 + 0.12 * self.noise(time * 1.7, 40));
            blend(&mut actions, &segment.showing.actions, part);
            for (to, from) in extra.iter_mut().zip(segment.showing.extra) {
                *to = to.max(from * share);
            }
            if share > strongest {
                (class, strongest, asymmetry) =
                    (segment.showing.class, share, segment.showing.asymmetry * share);
            }
        }
        for (index, value) in actions.iter_mut().enumerate() {
            let drift = self.noise(time * 0.9, 100 + index as u32) - 0.45;
            *value = (*value + 0.22 * drift.max(0.0)).min(1.1);
        }
        self.speak(time, &mut actions);
        let mut units = style.face_units(&actions, asymmetry);
        for (to, from) in units.iter_mut().zip(extra) {
            *to = (*to + from).min(1.1);
        }
        let blink = self
            .blinks
            .iter()
            .map(|at| smoothstep(0.16, 0.03, (time - at).abs()))
            .fold(0.0, f32::max);
        for eye in [FaceUnit::EyeBlinkLeft, FaceUnit::EyeBlinkRight] {
            let weight = &mut units[eye as usize];
            *weight = weight.max(blink);
        }
        let pose = self.pose(time);
        turn_eyes(
            &mut units,
            (0.35 * self.noise(time * 0.7, 7) - 0.6 * pose.yaw).clamp(-0.8, 0.8),
            (0.25 * self.noise(time * 0.6, 8) + 0.5 * pose.pitch).clamp(-0.7, 0.6),
        );
        Moment {
            class,
            units,
            pose,
            light: 1.0 + self.flicker * self.noise(time * 0.4, 9),
        }
    }

    fn speak(&self, time: f32, actions: &mut Actions) {
        for [start, end] in &self.speech {
            let loud = smoothstep(*start, start + 0.2, time) * smoothstep(*end, end - 0.2, time);
            if loud <= 0.0 {
                continue;
            }
            let mut put = |unit: ActionUnit, value: f32| {
                let action = &mut actions[unit as usize];
                *action = action.max(loud * value);
            };
            put(
                ActionUnit::JawDrop,
                0.55 * (self.noise(time * 4.3, 1) + 0.35).max(0.0),
            );
            put(ActionUnit::LipFunneler, 0.6 * self.noise(time * 3.1, 2).max(0.0));
            put(ActionUnit::LipPressor, 0.6 * self.noise(time * 3.7, 3).max(0.0));
            put(
                ActionUnit::LipsPart,
                0.5 * (self.noise(time * 3.3, 4) + 0.3).max(0.0),
            );
        }
    }

    fn pose(&self, time: f32) -> Pose {
        let turn = |scale: f32, lane: u32| self.restlessness * scale * self.noise(time * 0.55, lane);
        Pose {
            yaw: self.facing.yaw + turn(0.35, 10),
            pitch: self.facing.pitch + turn(0.20, 11),
            roll: self.facing.roll + turn(0.12, 12),
        }
    }

    fn noise(&self, time: f32, lane: u32) -> f32 {
        value_noise(time, lane as f32 * 17.5, self.seed)
    }
}

impl Segment {
    /// Share of the apex at `time`: rises over the onset, falls over the offset.
    fn share(&self, time: f32) -> f32 {
        let [start, end] = self.span;
        smoothstep(start, start + self.onset, time) * smoothstep(end, end - self.offset, time)
    }
}
