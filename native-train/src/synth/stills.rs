//! Stills: the labelled ones, and the unlabelled "face recognition" pool with its other cameras.

use anyhow::Result;
use glam::Vec2;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use shared_model::expression::{CLASS_COUNT, Expression};

use crate::synth::background::Background;
use crate::synth::camera_effects::{CameraEffects, Obstacle, jpeg};
use crate::synth::expression_style::Actions;
use crate::synth::face_unit::{ActionUnit, UnitWeights};
use crate::synth::lighting::Lighting;
use crate::synth::model::Model;
use crate::synth::pose::{Camera, Pose};
use crate::synth::random::{Draw as _, Purpose, stream};
use crate::synth::recipe::{Showing, blend, turn_eyes};
use crate::synth::spec::SynthSpec;
use crate::synth::studio::{Shot, Studio};

/// The framing of a detector's box with margin, which has the face in its middle.
const DETECTED: f32 = 1.18;
/// Shares of the classes in the unlabelled pool: people who pose for photographs.
pub const POOL_SHARES: [f32; CLASS_COUNT] = [0.46, 0.04, 0.03, 0.03, 0.30, 0.04, 0.05, 0.05];

/// Where a still belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    Labelled,
    Unlabelled,
}

/// A still to be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedStill {
    pub index: usize,
    pub class: Expression,
    /// Number of the person within the pool.
    pub person: usize,
}

/// Which class and person each still of a pool shows: labelled classes are balanced, the pool's are
/// not; every person appears several times.
#[must_use]
pub fn plan(pool: Pool, count: usize, seed: u64) -> Vec<PlannedStill> {
    let (purpose, shares, a_person) = match pool {
        Pool::Labelled => (Purpose::LabelledPlan, [1.0; CLASS_COUNT], 5),
        Pool::Unlabelled => (Purpose::PoolPlan, POOL_SHARES, 6),
    };
    let mut random = stream(seed, purpose, 0);
    let mut classes = by_shares(&shares, count);
    classes.shuffle(&mut random);
    let people = count.div_ceil(a_person);
    classes
        .into_iter()
        .enumerate()
        .map(|(index, class)| PlannedStill {
            index,
            class,
            person: index % people.max(1),
        })
        .collect()
}

/// `count` classes in proportion to `shares`, by largest remainder, in index order.
#[must_use]
pub fn by_shares(shares: &[f32; CLASS_COUNT], count: usize) -> Vec<Expression> {
    let total: f32 = shares.iter().sum();
    let exact = shares.map(|share| share / total * count as f32);
    let mut counts = exact.map(|value| value.floor() as usize);
    let mut order: Vec<usize> = (0..CLASS_COUNT).collect();
    order.sort_by(|a, b| {
        let left = |i: &usize| exact.get(*i).map_or(0.0, |value| value.fract());
        left(b).total_cmp(&left(a))
    });
    let missing = count.saturating_sub(counts.iter().sum());
    for index in order.into_iter().cycle().take(missing) {
        if let Some(value) = counts.get_mut(index) {
            *value += 1;
        }
    }
    Expression::ALL
        .into_iter()
        .zip(counts)
        .flat_map(|(class, count)| std::iter::repeat_n(class, count))
        .collect()
}

/// Draws a still; its JPEG bytes.
///
/// # Errors
/// When the picture's size is refused.
pub fn render(
    studio: &Studio,
    model: &Model,
    pool: Pool,
    still: &PlannedStill,
    spec: &SynthSpec,
) -> Result<Vec<u8>> {
    let SynthSpec { size, seed, .. } = *spec;
    let (purpose, wear) = match pool {
        Pool::Labelled => (Purpose::LabelledPicture, 0.35),
        Pool::Unlabelled => (Purpose::PoolPicture, 0.9),
    };
    let mut random = stream(seed, purpose, still.index);
    let pose = Pose {
        yaw: random.spread(if pool == Pool::Labelled { 0.21 } else { 0.34 }),
        pitch: random.spread(0.13),
        roll: random.spread(0.08),
    };
    let units = still_units(model, still.class, pool, pose, &mut random);
    let camera = crop_camera(size, spec.face_share(), &mut random);
    let lighting = Lighting::draw(&mut random, wear);
    let background = Background::draw(&mut random, wear);
    let mut effects = CameraEffects::draw(&mut random, wear);
    if random.chance(0.08) {
        effects.obstacle = Some(Obstacle::draw(&mut random));
    }
    let shot = Shot {
        units: &units,
        pose,
        camera,
        lighting: &lighting,
        background: &background,
    };
    let frame = studio.draw(model, &shot)?;
    jpeg(&effects.record(&frame, &mut random)?, effects.quality)
}

/// A camera that frames the face as a detector's crop does, not quite steadily: the picture's side is
/// `framing` heights of the face. The chin stays where it is, so a closer look loses hair, not the mouth.
pub fn crop_camera(size: usize, framing: f32, random: &mut ChaCha8Rng) -> Camera {
    let side = size as f32;
    Camera {
        width: size,
        height: size,
        distance: random.between(5.0, 16.0),
        face_height: side / (framing * random.between(0.9, 1.12)),
        center: Vec2::new(
            side * (0.5 + random.spread(0.02)),
            side * (0.5 + 0.5 / DETECTED - 0.5 / framing + random.spread(0.02)),
        ),
    }
}

fn still_units(
    model: &Model,
    class: Expression,
    pool: Pool,
    pose: Pose,
    random: &mut ChaCha8Rng,
) -> UnitWeights {
    let style = &model.identity.style;
    let showing = Showing::draw(class, style.habit, random);
    // From a hint to the whole; photographs of the pool are fainter.
    let full = random.between(0.0, 1.0).max(random.between(0.0, 0.8));
    let intensity = match pool {
        Pool::Labelled => 0.45 + 0.75 * full,
        Pool::Unlabelled => 0.35 + 0.8 * full * full,
    };
    let mut actions: Actions = [0.0; ActionUnit::COUNT];
    blend(&mut actions, &showing.actions, intensity);
    if class != Expression::Neutral && random.chance(0.22) {
        // A second emotion shows through.
        let other = Expression::ALL[random.pick(CLASS_COUNT)];
        let second = Showing::draw(other, style.habit, random);
        blend(
            &mut actions,
            &second.actions,
            intensity * random.between(0.2, 0.5),
        );
    }
    let noise = if class == Expression::Neutral { 0.14 } else { 0.07 };
    for value in &mut actions {
        if random.chance(0.2) {
            *value = (*value + random.between(0.0, noise)).min(1.1);
        }
    }
    if class == Expression::Neutral && random.chance(0.15) {
        actions[ActionUnit::LipsPart as usize] = random.between(0.1, 0.6);
    }
    let mut units = style.face_units(&actions, showing.asymmetry);
    for (unit, extra) in units.iter_mut().zip(showing.extra) {
        *unit = (*unit + extra * intensity.max(0.75)).min(1.1);
    }
    let left = (random.spread(0.13) - 0.7 * pose.yaw).clamp(-0.8, 0.8);
    let up = (random.spread(0.1) + 0.6 * pose.pitch - if class == Expression::Sadness { 0.15 } else { 0.0 })
        .clamp(-0.7, 0.6);
    turn_eyes(&mut units, left, up);
    units
}
