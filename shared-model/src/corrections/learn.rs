//! From reviewed videos to a model whose heads have learned from them, and to figures of how it does on what it has not seen.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use burn::tensor::Device;
use serde_json::{Value, json};
use thiserror::Error;

use super::linear_head::{Example, LinearHead};
use super::{Agreement, Correction, LearningReport, Measured, Part};
use crate::backbone::BACKBONE_PREFIX;
use crate::conv_norm::ReadError;
use crate::expression::Expression;
use crate::face_reader::SeenFace;
use crate::face_tracker::FaceTracker;
use crate::film_predictor::FilmPredictor;
use crate::metrics::ConfusionMatrix;
use crate::model_file::{ModelFile, ModelFileError};
use crate::people::People;
use crate::smoothing::Smoothing;
use crate::temperature::tempered;
use crate::temporal_encoder::{TEMPORAL_PREFIX, TemporalEncoder};
use crate::timeline::Timeline;

/// Parts that are left out one by one; more are put together to so many.
const MOST_PARTS: usize = 10;
/// How far a face must lie where the person saw it, as intersection over union.
const SAME_FACE: f32 = 0.5;
/// How far a frame's time may be from the one that the person saw, in seconds: half a frame of 25 per second.
const SAME_TIME_S: f64 = 0.02;
/// Examples that a head learns from; of more, as many are taken at even distances.
const MOST_EXAMPLES: usize = 4000;

/// Where a model's header says that it has learned from corrections.
const CORRECTIONS: &str = "corrections";

/// A video with what a person said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct CorrectedVideo {
    /// Time in seconds and faces of each frame, in their order.
    pub frames: Vec<(f64, Vec<SeenFace>)>,
    /// The person's labels.
    pub corrections: Vec<Correction>,
    /// How labels are smoothed.
    pub smoothing: Smoothing,
    /// Window in frames.
    pub window: usize,
}

/// A model that has learned.
#[derive(Debug, Clone, PartialEq)]
pub struct Learned {
    /// The model.
    pub model: ModelFile,
    /// What it learned from, and how it does.
    pub report: LearningReport,
}

/// Why nothing can be learned.
#[derive(Debug, Error)]
pub enum LearnError {
    /// Nothing to learn from.
    #[error("no reviewed label belongs to a face that is found in these videos")]
    NothingReviewed,
    /// The model has no heads.
    #[error("the model has no per-frame head")]
    NoHead,
    #[error(transparent)]
    Model(#[from] ModelFileError),
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// The last layers of both heads.
#[derive(Debug, Clone)]
struct Heads {
    frame: LinearHead,
    temporal: Option<LinearHead>,
}

/// A reviewed face with what the heads are given of it.
struct Known {
    /// Which part it belongs to.
    part: usize,
    video: usize,
    correction: Correction,
    /// Place of the face in its frame.
    face: usize,
    /// Long segments are many frames that look alike: a segment counts as the root of its length.
    share: f32,
    /// What the temporal head is given, once for each clip that covers the frame.
    hidden: Vec<Vec<f32>>,
}

/// Learns from all videos. Between its steps `pause` is told how far it is, 0 to 1: whoever runs it may stop it there.
///
/// # Errors
/// Where there is nothing to learn from, and where the model cannot compute.
pub async fn learn(
    model: &ModelFile,
    videos: &[CorrectedVideo],
    mut pause: impl AsyncFnMut(f64),
) -> Result<Learned, LearnError> {
    let heads = Heads::of(model)?;
    // Of the weights the encoder's are enough to go through a video again.
    let mut temporal = model.clone();
    temporal
        .weights
        .retain(|name, _| name.starts_with(TEMPORAL_PREFIX));
    let (mut known, mut people) = (Vec::new(), Vec::new());
    for (place, video) in videos.iter().enumerate() {
        let (found, theirs) = known_faces(&temporal, place, video).await?;
        known.extend(found);
        people.push(theirs);
    }
    if known.is_empty() {
        return Err(LearnError::NothingReviewed);
    }
    let has_learned_before = model.metadata.training.get(CORRECTIONS).is_some();
    let parts = number_parts(&mut known).filter(|_| !has_learned_before);
    let steps = parts.map_or(1, |(_, count)| count + 1) as f64;
    let learning = Learning {
        model: &temporal,
        heads: &heads,
        videos,
        known: &known,
        people: &people,
    };
    let mut measured = None;
    if let Some((part, count)) = parts {
        let mut after = ConfusionMatrix::default();
        pause(0.0).await;
        let before = learning.measured(None, |_| true).await?;
        for left_out in 0..count {
            let done = left_out as f64;
            let is_out = |known: &Known| known.part == left_out;
            let mut on_the_way = async |part: f64| pause((done + part) / steps).await;
            let fitted = learning.fitted(|known| !is_out(known), &mut on_the_way).await;
            after.add_all(&learning.measured(Some(&fitted), is_out).await?);
        }
        measured = Some(Measured {
            part,
            parts: count,
            before: Agreement::of(&before.report()),
            after: Agreement::of(&after.report()),
        });
    }
    let mut on_the_way = async |part: f64| pause((steps - 1.0 + part) / steps).await;
    let fitted = learning.fitted(|_| true, &mut on_the_way).await;
    let report = LearningReport {
        frames: known.len(),
        videos: distinct(&known, |known| (known.video, 0)),
        people: distinct(&known, |known| (known.video, known.correction.person)),
        measured,
        has_learned_before,
    };
    Ok(Learned {
        model: with_heads(model, &fitted, &report),
        report,
    })
}

fn distinct(known: &[Known], of: impl Fn(&Known) -> (usize, u32)) -> usize {
    known.iter().map(of).collect::<BTreeSet<_>>().len()
}

impl Heads {
    fn of(model: &ModelFile) -> Result<Self, LearnError> {
        Ok(Self {
            frame: LinearHead::of(&model.weights, &frame_head(model)).ok_or(LearnError::NoHead)?,
            temporal: LinearHead::of(&model.weights, &temporal_head()),
        })
    }
}

fn frame_head(model: &ModelFile) -> String {
    format!("{BACKBONE_PREFIX}{}", model.metadata.backbone.layers().head.name)
}

fn temporal_head() -> String {
    format!("{TEMPORAL_PREFIX}head")
}

/// The model with other heads, and with a word on where they come from.
fn with_heads(model: &ModelFile, heads: &Heads, report: &LearningReport) -> ModelFile {
    let mut learned = model.clone();
    heads.frame.put_into(&mut learned.weights, &frame_head(model));
    if let Some(head) = &heads.temporal {
        head.put_into(&mut learned.weights, &temporal_head());
    }
    let training = &mut learned.metadata.training;
    if !training.is_object() {
        *training = json!({});
    }
    if let Value::Object(fields) = training {
        let note = fields.get("note").and_then(Value::as_str).unwrap_or_default();
        let note = format!(
            "Its heads have learned from {} reviewed frames of {} videos. {note}",
            report.frames, report.videos
        );
        fields.insert("note".to_owned(), Value::String(note.trim_end().to_owned()));
        fields.insert(CORRECTIONS.to_owned(), json!(report));
    }
    learned
}

/// Numbers the parts that are left out one by one: videos, or the people of a single one. `None` where there is but one.
fn number_parts(known: &mut [Known]) -> Option<(Part, usize)> {
    let videos = distinct(known, |known| (known.video, 0));
    let part = if videos > 1 { Part::Video } else { Part::Person };
    let of = |known: &Known| match part {
        Part::Video => (known.video, 0),
        Part::Person => (known.video, known.correction.person),
    };
    let all: Vec<_> = known
        .iter()
        .map(of)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    for known in known.iter_mut() {
        let place = all.binary_search(&of(known)).unwrap_or(0);
        known.part = place % MOST_PARTS;
    }
    (all.len() > 1).then(|| (part, all.len().min(MOST_PARTS)))
}

/// The reviewed faces of a video, with what the heads are given of them, and who they are in this reading.
async fn known_faces(
    model: &ModelFile,
    place: usize,
    video: &CorrectedVideo,
) -> Result<(Vec<Known>, People), LearnError> {
    let mut tracker = FaceTracker::default();
    let tracks: Vec<Vec<u32>> = video
        .frames
        .iter()
        .enumerate()
        .map(|(number, (_, faces))| {
            let inputs: Vec<_> = faces.iter().map(SeenFace::tracker_input).collect();
            tracker.assign(number, &inputs)
        })
        .collect();
    let mut taken = HashSet::new();
    // Two people who were seen at one place are told apart no more: the first has the face.
    let mut found_again = |correction: &Correction| {
        let frame = frame_at(video, correction.time_s)?;
        let (_, faces) = video.frames.get(frame)?;
        let overlaps = faces.iter().map(|face| face.face_box.iou(&correction.face_box));
        let (face, overlap) = overlaps.enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
        (overlap >= SAME_FACE && taken.insert((frame, face))).then_some((frame, face))
    };
    let mut corrections = video.corrections.clone();
    corrections.sort_by_key(|correction| (correction.person, correction.frame));
    corrections.dedup_by_key(|correction| (correction.person, correction.frame));
    let mut known = Vec::new();
    let is_one = |one: &Correction, next: &Correction| {
        one.person == next.person && one.label == next.label && next.frame == one.frame + 1
    };
    for segment in corrections.chunk_by(is_one) {
        let share = 1.0 / (segment.len() as f32).sqrt();
        known.extend(segment.iter().filter_map(|correction| {
            let (frame, face) = found_again(correction)?;
            Some(Known {
                part: 0,
                video: place,
                correction: Correction { frame, ..*correction },
                face,
                share,
                hidden: Vec::new(),
            })
        }));
    }
    if let Some(encoder) = TemporalEncoder::of_model(model, &Device::flex())? {
        let length = model.metadata.clip_length;
        add_hidden(&encoder, length, video, &tracks, &mut known).await?;
    }
    let people = people_of(&tracks, &known);
    Ok((known, people))
}

/// The frame of a video at this time, by number.
fn frame_at(video: &CorrectedVideo, time_s: f64) -> Option<usize> {
    let after = video.frames.partition_point(|(at_s, _)| *at_s < time_s);
    let near = after.saturating_sub(1)..(after + 1).min(video.frames.len());
    let distance = |frame: &usize| {
        let at_s = video.frames.get(*frame).map_or(f64::INFINITY, |(at_s, _)| *at_s);
        (at_s - time_s).abs()
    };
    let nearest = near.min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
    (distance(&nearest) <= SAME_TIME_S).then_some(nearest)
}

/// Who the tracks are, as far as it was said: a track is a person from the first word on that says so, and before, until another track is said
/// to be the same person: nobody has two faces.
fn people_of(tracks: &[Vec<u32>], known: &[Known]) -> People {
    let mut said: BTreeMap<(usize, u32), u32> = BTreeMap::new();
    for known in known {
        let frame = known.correction.frame;
        if let Some(track) = tracks.get(frame).and_then(|tracks| tracks.get(known.face)) {
            said.insert((frame, *track), row_of(known.correction.person));
        }
    }
    let mut people = People::default();
    let (mut person_of, mut track_of) = (BTreeMap::new(), BTreeMap::new());
    for ((frame, track), person) in said {
        let before = person_of.insert(track, person);
        if before == Some(person) {
            continue;
        }
        let other = track_of.insert(person, track).filter(|other| *other != track);
        if let Some(other) = other.filter(|other| person_of.get(other) == Some(&person)) {
            people.assign(other, frame, other);
            person_of.remove(&other);
        }
        let is_first_word = before.is_none() && other.is_none();
        people.assign(track, if is_first_word { 0 } else { frame }, person);
    }
    people
}

/// The number of a person among the rows of another reading, whose own tracks count from 0.
fn row_of(person: u32) -> u32 {
    (u32::MAX - 1).saturating_sub(person)
}

/// Runs the encoder over the clips that hold reviewed faces, as [`FilmPredictor`] lays them.
async fn add_hidden(
    encoder: &TemporalEncoder,
    length: usize,
    video: &CorrectedVideo,
    tracks: &[Vec<u32>],
    known: &mut [Known],
) -> Result<(), LearnError> {
    // Frame and place of each track's faces.
    let mut faces: BTreeMap<u32, BTreeMap<usize, usize>> = BTreeMap::new();
    for (frame, ids) in tracks.iter().enumerate() {
        for (place, track) in ids.iter().enumerate() {
            faces.entry(*track).or_default().insert(frame, place);
        }
    }
    let mut wanted: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for (place, known) in known.iter().enumerate() {
        wanted.insert((known.correction.frame, known.face), place);
    }
    for seen in faces.values() {
        let (Some((first, _)), Some((last, _))) = (seen.first_key_value(), seen.last_key_value()) else {
            continue;
        };
        for start in clip_starts(last - first + 1, length) {
            let frames = first + start..(first + start + length).min(last + 1);
            let places: Vec<Option<usize>> = frames
                .clone()
                .map(|frame| wanted.get(&(frame, *seen.get(&frame)?)).copied())
                .collect();
            if places.iter().all(Option::is_none) {
                continue;
            }
            let clip: Vec<Option<&[f32]>> = frames
                .map(|frame| feature_of(video, frame, *seen.get(&frame)?))
                .collect();
            let hidden = encoder.clip_hidden(&clip, length).await?;
            for (place, hidden) in places.into_iter().zip(hidden) {
                if let Some(known) = place.and_then(|place| known.get_mut(place)) {
                    known.hidden.push(hidden);
                }
            }
        }
    }
    Ok(())
}

fn feature_of(video: &CorrectedVideo, frame: usize, place: usize) -> Option<&[f32]> {
    let (_, faces) = video.frames.get(frame)?;
    faces.get(place).map(|face| face.feature.as_slice())
}

/// Where the clips of a track of so many frames begin: half a clip apart, the last one moved back to the track's end.
fn clip_starts(frames: usize, length: usize) -> Vec<usize> {
    let stride = (length / 2).max(1);
    let mut starts: Vec<usize> = (0..)
        .step_by(stride)
        .take_while(|start| start + length <= frames)
        .collect();
    let covered = starts.last().map_or(0, |last| last + length);
    if covered < frames {
        starts.push(frames.saturating_sub(length));
    }
    starts
}

/// What is learned from, and what is learned.
struct Learning<'a> {
    /// Metadata and the encoder's weights.
    model: &'a ModelFile,
    heads: &'a Heads,
    videos: &'a [CorrectedVideo],
    known: &'a [Known],
    /// Who is who in each video, by [`row_of`].
    people: &'a [People],
}

impl Learning<'_> {
    /// Heads that have learned from some of what is known; `pause` is told how far it is, 0 to 1.
    async fn fitted(&self, is_learned: impl Fn(&Known) -> bool, pause: &mut impl AsyncFnMut(f64)) -> Heads {
        let learned: Vec<&Known> = self.known.iter().filter(|known| is_learned(known)).collect();
        let example = |known: &Known, feature| Example {
            feature,
            label: known.correction.label,
            share: known.share,
        };
        let frames: Vec<Example<'_>> = learned
            .iter()
            .filter_map(|known| {
                let video = self.videos.get(known.video)?;
                Some(example(
                    known,
                    feature_of(video, known.correction.frame, known.face)?,
                ))
            })
            .collect();
        let clips: Vec<Example<'_>> = learned
            .iter()
            .flat_map(|known| {
                known
                    .hidden
                    .iter()
                    .map(|hidden| example(known, hidden.as_slice()))
            })
            .collect();
        let temperatures = self.model.metadata.temperatures;
        let half = async |part: f64| pause(part / 2.0).await;
        let frame = fitted(&self.heads.frame, frames, temperatures.frame, half).await;
        let Some(head) = &self.heads.temporal else {
            return Heads {
                frame,
                temporal: None,
            };
        };
        let half = async |part: f64| pause(0.5 + part / 2.0).await;
        let temporal = Some(fitted(head, clips, temperatures.temporal, half).await);
        Heads { frame, temporal }
    }

    /// The smoothed labels of some of the known faces against the person's; `heads` in the place of the model's.
    async fn measured(
        &self,
        heads: Option<&Heads>,
        is_measured: impl Fn(&Known) -> bool,
    ) -> Result<ConfusionMatrix, LearnError> {
        let mut found = ConfusionMatrix::default();
        for (place, video) in self.videos.iter().enumerate() {
            let known = self
                .known
                .iter()
                .filter(|known| known.video == place && is_measured(known));
            let wanted: HashMap<(usize, u32), Expression> = known
                .map(|known| {
                    (
                        (known.correction.frame, row_of(known.correction.person)),
                        known.correction.label,
                    )
                })
                .collect();
            let Some(people) = self.people.get(place).filter(|_| !wanted.is_empty()) else {
                continue;
            };
            let timeline = self.timeline(video, heads).await?;
            for row in timeline.rows_of_people(people, video.smoothing, video.window) {
                let wanted = row.track.and_then(|person| wanted.get(&(row.frame, person)));
                if let (Some(truth), Some(smoothed), true) = (wanted, row.smoothed, row.face_box.is_some()) {
                    found.add(*truth, smoothed);
                }
            }
        }
        Ok(found)
    }

    /// What the app would say of a video.
    async fn timeline(&self, video: &CorrectedVideo, heads: Option<&Heads>) -> Result<Timeline, LearnError> {
        let mut model = self.model.clone();
        if let Some(head) = heads.and_then(|heads| heads.temporal.as_ref()) {
            head.put_into(&mut model.weights, &temporal_head());
        }
        let temperature = model.metadata.temperatures.frame;
        let mut predictor = FilmPredictor::new(&model, &Device::flex())?;
        let mut timeline = Timeline::new();
        for (time_s, faces) in &video.frames {
            let mut faces = faces.clone();
            if let Some(heads) = heads {
                for face in &mut faces {
                    face.logits = tempered(&heads.frame.logits(&face.feature), temperature);
                }
            }
            timeline.extend(predictor.take(*time_s, faces).await?);
        }
        timeline.extend(predictor.finish().await?);
        Ok(timeline)
    }
}

/// A head that has learned from the examples.
async fn fitted(
    head: &LinearHead,
    examples: Vec<Example<'_>>,
    temperature: f64,
    mut pause: impl AsyncFnMut(f64),
) -> LinearHead {
    let examples = thinned(examples);
    let mut fit = head.fit(&examples, temperature);
    while fit.step() {
        pause(fit.done()).await;
    }
    fit.into_head()
}

fn thinned(examples: Vec<Example<'_>>) -> Vec<Example<'_>> {
    let step = examples.len().div_ceil(MOST_EXAMPLES).max(1);
    examples.into_iter().step_by(step).collect()
}

#[cfg(test)]
mod tests;
