//! Videos in Aff-Wild2's layout: crops, annotations with gaps, frames without a crop; and a few
//! whole scenes as mp4.

use anyhow::Result;
use glam::{Vec2, Vec3};
use rand_chacha::ChaCha8Rng;
use shared_model::affwild2::HEADER;
use shared_model::expression::Expression;
use shared_model::frame::Frame;

use crate::synth::background::Background;
use crate::synth::camera_effects::CameraEffects;
use crate::synth::lighting::Lighting;
use crate::synth::model::Model;
use crate::synth::performance::{Moment, Performance, UNANNOTATED};
use crate::synth::pose::Camera;
use crate::synth::random::{Draw as _, Purpose, stream, value_noise};
use crate::synth::shading::linear;
use crate::synth::stills::crop_camera;
use crate::synth::studio::{Shot, Studio};

/// Share of the frames whose crop is missing, as in Aff-Wild2's training set.
pub const MISSING_CROPS: f32 = 0.02;
/// How bad the videos' cameras are, 0 to 1.
const WEAR: f32 = 0.6;
/// Size of whole frames in pixels.
pub const SCENE: [usize; 2] = [480, 360];
/// Height of the face in whole frames, of the frame's.
const SCENE_FACE: f32 = 0.40;

/// A video ready to be drawn, frame by frame in any order.
#[derive(Debug)]
pub struct Video {
    pub name: String,
    pub model: Model,
    pub labels: Vec<Option<Expression>>,
    /// Whether a frame's crop is left out.
    pub missing: Vec<bool>,
    performance: Performance,
    lighting: Lighting,
    background: Background,
    effects: CameraEffects,
    camera: Camera,
    fps: usize,
    framing: f32,
    seed: u64,
    number: usize,
}

impl Video {
    /// The video with this number; `person` is unique among all people.
    #[must_use]
    pub fn new(studio: &Studio, plan: VideoPlan<'_>, seed: u64) -> Self {
        let mut random = stream(seed, Purpose::Video, plan.number);
        let model = studio.person(plan.person);
        let count = plan.seconds * plan.fps;
        let performance = Performance::draw(
            plan.classes,
            plan.seconds as f32,
            model.identity.style.habit,
            &mut random,
        );
        let mut labels: Vec<Option<Expression>> = (0..count)
            .map(|frame| {
                Some(
                    performance
                        .at(frame as f32 / plan.fps as f32, &model.identity.style)
                        .class,
                )
            })
            .collect();
        leave_out_labels(&mut labels, &mut random);
        let missing = (0..count).map(|_| random.chance(MISSING_CROPS)).collect();
        Self {
            name: plan.name,
            model,
            labels,
            missing,
            performance,
            lighting: Lighting::draw(&mut random, WEAR),
            background: Background::draw(&mut random, WEAR),
            effects: CameraEffects::draw(&mut random, WEAR),
            camera: crop_camera(plan.size, plan.framing, &mut random),
            fps: plan.fps,
            framing: plan.framing,
            seed,
            number: plan.number,
        }
    }

    /// The crop of a frame, as recorded.
    ///
    /// # Errors
    /// When the picture's size is refused.
    pub fn crop(&self, studio: &Studio, frame: usize) -> Result<Frame> {
        let mut random = self.frame_random(frame);
        // The detector's box is never quite still.
        let side = self.camera.width as f32;
        let camera = Camera {
            center: self.camera.center + Vec2::new(random.spread(0.010), random.spread(0.010)) * side,
            face_height: self.camera.face_height * (1.0 + random.spread(0.012)),
            ..self.camera
        };
        let moment = self.moment(frame);
        let lighting = self.lighting.scaled(moment.light);
        let shot = Shot {
            units: &moment.units,
            pose: moment.pose,
            camera,
            lighting: &lighting,
            background: &self.background,
        };
        self.effects
            .record(&studio.draw(&self.model, &shot)?, &mut random)
    }

    /// The whole frame: the face moves about in a larger scene.
    ///
    /// # Errors
    /// When the picture's size is refused.
    pub fn scene(&self, studio: &Studio, frame: usize) -> Result<Frame> {
        let mut random = self.frame_random(frame);
        let [width, height] = SCENE;
        let time = frame as f32 / self.fps as f32;
        let lane = self.number as f32 * 3.0;
        let sway = Vec2::new(
            value_noise(time * 0.3, lane, 81),
            value_noise(time * 0.3, lane, 82),
        );
        let camera = Camera {
            width,
            height,
            distance: 12.0,
            face_height: SCENE_FACE * height as f32,
            center: Vec2::new(0.5 * width as f32, 0.60 * height as f32) + sway * Vec2::new(30.0, 12.0),
        };
        let moment = self.moment(frame);
        let lighting = self.lighting.scaled(moment.light);
        let cloth = linear(self.model.identity.look.clothes) * lighting.diffuse(Vec3::Z, Vec3::ZERO, 0.8);
        let background = self
            .background
            .with_body(camera.center / height as f32, SCENE_FACE, cloth);
        // Blur is meant for a picture that the face fills.
        let effects = CameraEffects {
            blur: self.effects.blur * camera.face_height * self.framing / width as f32,
            ..self.effects.clone()
        };
        let shot = Shot {
            units: &moment.units,
            pose: moment.pose,
            camera,
            lighting: &lighting,
            background: &background,
        };
        effects.record(&studio.draw(&self.model, &shot)?, &mut random)
    }

    /// The annotation file.
    #[must_use]
    pub fn annotation(&self) -> String {
        let mut text = String::from(HEADER);
        text.push('\n');
        for label in &self.labels {
            match label {
                Some(class) => text.push_str(&class.index().to_string()),
                None => text.push_str("-1"),
            }
            text.push('\n');
        }
        text
    }

    /// JPEG quality of the crops.
    #[must_use]
    pub const fn quality(&self) -> u8 {
        self.effects.quality
    }

    /// What is seen in a frame.
    #[must_use]
    pub fn moment(&self, frame: usize) -> Moment {
        self.performance
            .at(frame as f32 / self.fps as f32, &self.model.identity.style)
    }

    fn frame_random(&self, frame: usize) -> ChaCha8Rng {
        stream(self.seed, Purpose::VideoFrame, (self.number << 24) | frame)
    }
}

/// What a video is made from.
#[derive(Debug)]
pub struct VideoPlan<'a> {
    pub name: String,
    /// Unique among all videos.
    pub number: usize,
    /// Unique among all people.
    pub person: usize,
    pub classes: &'a [Expression],
    pub seconds: usize,
    pub fps: usize,
    pub size: usize,
    /// Side of a face picture in heights of the face.
    pub framing: f32,
}

/// Marks short runs of frames as not annotated.
fn leave_out_labels(labels: &mut [Option<Expression>], random: &mut ChaCha8Rng) {
    const RUN: usize = 4;
    for run in labels.chunks_mut(RUN) {
        if random.chance(UNANNOTATED) {
            run.fill(None);
        }
    }
}
