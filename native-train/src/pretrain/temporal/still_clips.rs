//! Clips put together from stills.
//!
//! A clip is a row of segments. A segment is one still of a class drawn at random; its frames are
//! drawn from augmented views of that still (moved, turned, mirrored, in other light), as a face
//! before a camera does not hold still. Segments fade into each other over a few frames. Some clips
//! have gaps in which no face was seen, and some end early.

use std::ops::RangeInclusive;

use anyhow::{Result, anyhow};
use burn::tensor::{Device, Tensor, TensorData};
use rand::Rng;
use rayon::prelude::*;
use shared_model::backbone::Backbone;
use shared_model::expression::{CLASS_COUNT, ClassScores, Expression};
use shared_model::face_crop::InputSpec;

use crate::pretrain::augmentation::{augmented, plain};
use crate::pretrain::face_store::FaceStore;
use crate::random_stream::Stream;
use crate::run_config::augmentation_config::AugmentationConfig;

/// Frames of a segment.
pub const SEGMENT_FRAMES: RangeInclusive<usize> = 8..=40;
/// Frames over which a segment fades in.
pub const FADE_FRAMES: usize = 4;
/// Chance that a frame shows another view than the one before.
const CHANGE_OF_VIEW: f32 = 0.3;
/// Chance that a clip has a gap, and the gap's frames.
const GAP: f32 = 0.3;
const GAP_FRAMES: RangeInclusive<usize> = 1..=10;
/// Chance that a clip ends early.
const SHORT: f32 = 0.2;
/// Pictures that go through the network together.
const PICTURES_A_BATCH: usize = 64;

/// A view of a still after the backbone.
#[derive(Debug, Clone)]
struct View {
    feature: Vec<f32>,
    logits: ClassScores,
}

/// Views of stills by class.
#[derive(Debug)]
pub struct StillFeatures {
    /// For each class with stills: its stills, each with its views.
    by_class: Vec<(Expression, Vec<Vec<View>>)>,
    feature_len: usize,
}

/// A frame of a clip.
#[derive(Debug, Clone)]
pub struct ClipFrame {
    /// The backbone's feature.
    pub feature: Vec<f32>,
    /// The per-frame head's logits.
    pub logits: ClassScores,
    /// The truth.
    pub label: Expression,
    /// Whether attention and loss must not look at it.
    pub missing: bool,
}

/// Frames that follow each other.
#[derive(Debug, Clone)]
pub struct Clip(Vec<ClipFrame>);

impl Clip {
    /// The frames.
    #[must_use]
    pub fn frames(&self) -> &[ClipFrame] {
        &self.0
    }

    /// Number of frames, missing ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no frame.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All features, one after the other; zeros where a frame is missing.
    pub fn features(&self) -> impl Iterator<Item = f32> + '_ {
        self.0.iter().flat_map(|frame| {
            let missing = frame.missing;
            frame
                .feature
                .iter()
                .map(move |value| if missing { 0.0 } else { *value })
        })
    }

    /// The truth; no frame is without.
    pub fn labels(&self) -> impl Iterator<Item = Option<Expression>> + '_ {
        self.0.iter().map(|frame| Some(frame.label))
    }

    /// Which frames are missing.
    pub fn missing(&self) -> impl Iterator<Item = bool> + '_ {
        self.0.iter().map(|frame| frame.missing)
    }
}

impl StillFeatures {
    /// Features of `views` views of each face: the plain one and augmented ones (nothing erased).
    ///
    /// # Errors
    /// When there is no face, one cannot be read, or the device fails.
    pub fn extract(
        network: &Backbone,
        store: &FaceStore,
        input: &InputSpec,
        augmentation: &AugmentationConfig,
        views: usize,
        seed: u64,
        device: &Device,
    ) -> Result<Self> {
        let gentle = AugmentationConfig {
            erase: 0.0,
            ..augmentation.clone()
        };
        let wanted: Vec<(usize, usize)> = (0..store.pictures().len())
            .flat_map(|place| (0..views).map(move |view| (place, view)))
            .collect();
        let mut seen = Vec::with_capacity(wanted.len());
        for batch in wanted.chunks(PICTURES_A_BATCH) {
            let inputs = batch
                .par_iter()
                .map(|(place, view)| {
                    let face = store.face(*place)?;
                    let stream = Stream::StillView {
                        place: *place as u64,
                        view: *view as u64,
                    };
                    Ok(if *view == 0 {
                        plain(&face, input, false)
                    } else {
                        augmented(&face, input, &gentle, &mut stream.random(seed))
                    })
                })
                .collect::<Result<Vec<_>>>()?;
            seen.extend(read_views(network, &inputs, input.size, device)?);
        }
        let feature_len = seen.first().map_or(0, |view| view.feature.len());
        anyhow::ensure!(feature_len > 0, "there is no still to make clips from");
        let mut by_class: Vec<(Expression, Vec<Vec<View>>)> = Expression::ALL
            .map(|class| (class, Vec::new()))
            .into_iter()
            .collect();
        for (picture, views) in store.pictures().iter().zip(seen.chunks(views)) {
            if let Some((_, stills)) = by_class.get_mut(picture.label.index()) {
                stills.push(views.to_vec());
            }
        }
        by_class.retain(|(_, stills)| !stills.is_empty());
        Ok(Self {
            by_class,
            feature_len,
        })
    }

    /// Values of a feature.
    #[must_use]
    pub fn feature_len(&self) -> usize {
        self.feature_len
    }

    /// A random clip of `length` frames.
    pub fn clip(&self, length: usize, random: &mut impl Rng) -> Clip {
        let mut frames: Vec<ClipFrame> = Vec::with_capacity(length);
        while frames.len() < length {
            let Some((label, still)) = self.draw(random) else {
                break;
            };
            let before = frames.last().cloned();
            let segment = random.random_range(SEGMENT_FRAMES).min(length - frames.len());
            let mut view = random.random_range(0..still.len());
            for frame in 0..segment {
                if random.random::<f32>() < CHANGE_OF_VIEW {
                    view = random.random_range(0..still.len());
                }
                let Some(shown) = still.get(view) else { break };
                frames.push(faded(before.as_ref(), shown, label, frame));
            }
        }
        hide_some(&mut frames, random);
        Clip(frames)
    }

    fn draw(&self, random: &mut impl Rng) -> Option<(Expression, &Vec<View>)> {
        let (label, stills) = self.by_class.get(random.random_range(0..self.by_class.len()))?;
        let still = stills.get(random.random_range(0..stills.len()))?;
        Some((*label, still))
    }
}

/// The frame at `place` of a segment that fades in from the frame before it. The label changes with
/// the greater part of the picture.
fn faded(before: Option<&ClipFrame>, shown: &View, label: Expression, place: usize) -> ClipFrame {
    let part = ((place + 1) as f32 / (FADE_FRAMES + 1) as f32).min(1.0);
    let Some(before) = before.filter(|_| part < 1.0) else {
        return ClipFrame {
            feature: shown.feature.clone(),
            logits: shown.logits,
            label,
            missing: false,
        };
    };
    let mix = |old: f32, new: f32| old * (1.0 - part) + new * part;
    ClipFrame {
        feature: before
            .feature
            .iter()
            .zip(&shown.feature)
            .map(|(a, b)| mix(*a, *b))
            .collect(),
        // The head is linear: its logits mix as the features do.
        logits: std::array::from_fn(|class| mix(before.logits[class], shown.logits[class])),
        label: if part < 0.5 { before.label } else { label },
        missing: false,
    }
}

/// Gaps, and the end of short clips. The first frame always stays.
fn hide_some(frames: &mut [ClipFrame], random: &mut impl Rng) {
    let length = frames.len();
    if length < 2 {
        return;
    }
    if random.random::<f32>() < GAP {
        let start = random.random_range(1..length);
        let gap = random.random_range(GAP_FRAMES);
        frames
            .iter_mut()
            .skip(start)
            .take(gap)
            .for_each(|frame| frame.missing = true);
    }
    if random.random::<f32>() < SHORT {
        let end = random.random_range(1..length);
        frames.iter_mut().skip(end).for_each(|frame| frame.missing = true);
    }
}

fn read_views(network: &Backbone, inputs: &[Vec<f32>], size: usize, device: &Device) -> Result<Vec<View>> {
    let count = inputs.len();
    let pictures = Tensor::from_data(TensorData::new(inputs.concat(), [count, 3, size, size]), device);
    let (features, logits) = network.forward(pictures);
    let values = Tensor::cat(vec![logits, features], 1)
        .try_into_vec_as::<f32>()
        .map_err(|error| anyhow!("the device failed: {error}"))?;
    let row = values.len() / count.max(1);
    Ok(values
        .chunks_exact(row.max(1))
        .map(|row| {
            let (logits, feature) = row.split_at(CLASS_COUNT.min(row.len()));
            View {
                feature: feature.to_vec(),
                logits: std::array::from_fn(|class| logits.get(class).copied().unwrap_or(0.0)),
            }
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random_stream::random_of;

    fn stills() -> StillFeatures {
        let views = |class: Expression| {
            (0..3)
                .map(|n| View {
                    feature: vec![class.index() as f32, n as f32],
                    logits: [0.0; CLASS_COUNT],
                })
                .collect::<Vec<_>>()
        };
        let by_class = [Expression::Anger, Expression::Happiness]
            .map(|class| (class, vec![views(class)]))
            .into_iter()
            .collect();
        StillFeatures {
            by_class,
            feature_len: 2,
        }
    }

    #[test]
    fn labels_go_with_the_features_and_the_first_frame_is_there() {
        for stream in 0..200 {
            let clip = stills().clip(64, &mut random_of(4, stream));
            assert_eq!(clip.len(), 64);
            assert!(!clip.frames()[0].missing);
            for frame in clip.frames() {
                // Anger is 1, happiness 4: what is nearer decides.
                let expected = if frame.feature[0] < 2.5 {
                    Expression::Anger
                } else {
                    Expression::Happiness
                };
                assert_eq!(frame.label, expected, "{}", frame.feature[0]);
            }
            assert!(
                clip.features()
                    .zip(clip.missing().flat_map(|m| [m, m]))
                    .all(|(value, m)| !m || value == 0.0)
            );
        }
    }

    #[test]
    fn gaps_and_short_clips_come_about_as_often_as_they_should() {
        let clips = (0..1000).map(|stream| stills().clip(64, &mut random_of(8, stream)));
        let hidden = clips.filter(|clip| clip.missing().any(|m| m)).count();
        // 1 - 0.7 * 0.8 = 0.44 of 1000, five standard deviations either way.
        assert!((362..=518).contains(&hidden), "{hidden}");
    }
}
