//! From faces a frame to tracks and temporal probabilities, in bounded memory.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use burn::tensor::Device;

use crate::conv_norm::ReadError;
use crate::expression::{CLASS_COUNT, ClassScores, softmax};
use crate::face_reader::SeenFace;
use crate::face_tracker::FaceTracker;
use crate::model_file::{ModelFile, ModelFileError};
use crate::resume::ResumePoint;
use crate::temporal_encoder::TemporalEncoder;
use crate::timeline::{Prediction, TimelineFrame, TrackedFace};

/// Least overlap (IoU) of a face that is seen again.
const SAME_FACE: f32 = 0.5;

/// Gives faces their tracks and runs the temporal encoder over each track's clips.
///
/// A track's clips begin at its frames 0, 32, 64, ... (half a clip apart, unless another stride is
/// set) and the last one is moved back so that it ends with the track; a track shorter than a clip is padded. Frames of the track
/// in which the face was not seen are masked, as padding is. Where clips overlap their
/// probabilities are averaged. Only the frames that an unfinished clip covers are kept.
///
/// Of frames that are unrelated ([`TrackRefiner::with_unrelated_frames`]) none shares a track or a clip with another.
#[derive(Debug)]
pub struct TrackRefiner {
    tracker: FaceTracker,
    encoder: Option<TemporalEncoder>,
    clip_length: usize,
    stride: usize,
    is_unrelated: bool,
    tracks: BTreeMap<u32, TrackClips>,
}

/// The part of a track that clips to come still need.
#[derive(Debug)]
struct TrackClips {
    /// Frame number of the track's first frame.
    first_frame: usize,
    /// Place in the track (frames since its first) of `recent[0]`.
    base: usize,
    /// Feature and gathered probabilities of the latest frames; `None` where no face was.
    recent: VecDeque<Option<RecentFace>>,
    /// Where the next clip begins, in the track.
    next_clip: usize,
    /// Where the frames begin that were not given out yet, in the track.
    next_out: usize,
}

#[derive(Debug)]
struct RecentFace {
    feature: Vec<f32>,
    sum: ClassScores,
    clips: u32,
}

impl TrackRefiner {
    /// With the model's temporal encoder, if it has one.
    ///
    /// # Errors
    /// When the model's weights do not fit its architecture.
    pub fn new(model: &ModelFile, device: &Device) -> Result<Self, ModelFileError> {
        let encoder = TemporalEncoder::of_model(model, device)?;
        Ok(Self {
            tracker: FaceTracker::default(),
            encoder,
            clip_length: model.metadata.clip_length,
            stride: (model.metadata.clip_length / 2).max(1),
            is_unrelated: false,
            tracks: BTreeMap::new(),
        })
    }

    /// With clips `stride` frames apart, cut to 1 up to a clip's length, so that no frame is left
    /// out. To be set before the first frame.
    #[must_use]
    pub fn with_stride(mut self, stride: usize) -> Self {
        self.stride = stride.clamp(1, self.clip_length);
        self
    }

    /// For pictures that have nothing to do with one another: each face gets a track of its own, numbered on from picture to
    /// picture, and the temporal encoder, which was made for a face over time, is left out. To be set before the first frame;
    /// the timeline has to know it as well ([`crate::timeline::Timeline::set_unrelated`]).
    #[must_use]
    pub fn with_unrelated_frames(mut self) -> Self {
        self.is_unrelated = true;
        self.encoder = None;
        self
    }

    /// Goes on where a video was left: the next frame is `point.from`. To be called before the first frame, with the stride set.
    pub fn resume(&mut self, point: &ResumePoint) {
        self.tracker = point.tracker.clone();
        if self.encoder.is_none() {
            return;
        }
        for begun in &point.begun {
            let seen = (begun.last_frame + 1).saturating_sub(begun.first_frame);
            let clips = TrackClips {
                first_frame: begun.first_frame,
                base: seen,
                recent: VecDeque::new(),
                // Clips that begin before are done: nothing waits for them.
                next_clip: point
                    .from
                    .saturating_sub(begun.first_frame)
                    .next_multiple_of(self.stride),
                next_out: seen,
            };
            self.tracks.insert(begun.track, clips);
        }
    }

    /// Takes a frame that is read again: its faces stay those that are known, `faces` give their features.
    ///
    /// # Errors
    /// When the device cannot be read.
    pub async fn push_known(
        &mut self,
        frame: usize,
        known: &TimelineFrame,
        faces: Vec<SeenFace>,
    ) -> Result<Vec<Prediction>, ReadError> {
        self.tracker
            .follow(frame, &known.faces, |face| mate(face, &faces)?.look.as_ref());
        let mut out = Vec::new();
        if self.encoder.is_none() {
            return Ok(out);
        }
        let features = known.faces.iter().filter_map(|face| {
            let feature = mate(face, &faces)?.feature.clone();
            Some((face.track, feature))
        });
        let features: Vec<_> = features.collect();
        self.take_features(frame, features, &mut out).await?;
        Ok(out)
    }

    /// Takes the next frame (numbers ascend) and says what is known now.
    ///
    /// # Errors
    /// When the device cannot be read.
    pub async fn push(
        &mut self,
        frame: usize,
        time_s: f64,
        faces: Vec<SeenFace>,
    ) -> Result<Vec<Prediction>, ReadError> {
        let inputs: Vec<_> = faces.iter().map(SeenFace::tracker_input).collect();
        let ids = if self.is_unrelated {
            self.tracker.assign_anew(frame, &inputs)
        } else {
            self.tracker.assign(frame, &inputs)
        };
        let tracked = faces
            .iter()
            .zip(&ids)
            .map(|(face, track)| TrackedFace {
                track: *track,
                face_box: face.face_box,
                raw: softmax(&face.logits),
                temporal: None,
            })
            .collect();
        let mut out = vec![Prediction::Seen {
            frame,
            time_s,
            faces: tracked,
        }];
        if self.encoder.is_none() {
            return Ok(out);
        }
        let features = ids.into_iter().zip(faces.into_iter().map(|face| face.feature));
        self.take_features(frame, features, &mut out).await?;
        Ok(out)
    }

    /// Adds the features of a frame to their tracks, runs the clips that have become full, and ends tracks that were not seen for too long.
    async fn take_features(
        &mut self,
        frame: usize,
        features: impl IntoIterator<Item = (u32, Vec<f32>)>,
        out: &mut Vec<Prediction>,
    ) -> Result<(), ReadError> {
        for (track, feature) in features {
            let clips = self.tracks.entry(track).or_insert_with(|| TrackClips::new(frame));
            clips.add(frame, feature);
            self.run_full_clips(track, out).await?;
        }
        let max_gap = self.tracker.max_gap();
        let ended: Vec<u32> = self
            .tracks
            .iter()
            .filter(|(_, clips)| frame > clips.last_frame() + max_gap)
            .map(|(track, _)| *track)
            .collect();
        for track in ended {
            self.finish_track(track, out).await?;
        }
        Ok(())
    }

    /// Ends all tracks and gives what was still open.
    ///
    /// # Errors
    /// When the device cannot be read.
    pub async fn finish(&mut self) -> Result<Vec<Prediction>, ReadError> {
        let mut out = Vec::new();
        let open: Vec<u32> = self.tracks.keys().copied().collect();
        for track in open {
            self.finish_track(track, &mut out).await?;
        }
        Ok(out)
    }

    async fn run_full_clips(&mut self, track: u32, out: &mut Vec<Prediction>) -> Result<(), ReadError> {
        let length = self.clip_length;
        while let Some(clips) = self.tracks.get(&track)
            && clips.len() >= clips.next_clip + length
        {
            let start = clips.next_clip;
            self.run_clip(track, start).await?;
            if let Some(clips) = self.tracks.get_mut(&track) {
                clips.next_clip = start + self.stride;
                // The last clip may reach back a whole clip from the track's end, wherever that
                // will be: at least to the end of what is there now less a clip.
                let safe = (clips.len() + 1).saturating_sub(length).min(clips.next_clip);
                clips.give_out(track, safe, out);
            }
        }
        Ok(())
    }

    async fn finish_track(&mut self, track: u32, out: &mut Vec<Prediction>) -> Result<(), ReadError> {
        let Some(clips) = self.tracks.get(&track) else {
            return Ok(());
        };
        let end = clips.len();
        // Frames behind the last whole clip need one more.
        let covered = if clips.next_clip == 0 {
            0
        } else {
            clips.next_clip - self.stride + self.clip_length
        };
        if covered < end {
            self.run_clip(track, end.saturating_sub(self.clip_length)).await?;
        }
        if let Some(mut clips) = self.tracks.remove(&track) {
            clips.give_out(track, end, out);
        }
        Ok(())
    }

    /// Runs one clip and adds its probabilities to the frames it covers.
    async fn run_clip(&mut self, track: u32, start: usize) -> Result<(), ReadError> {
        let (Some(encoder), Some(clips)) = (&self.encoder, self.tracks.get_mut(&track)) else {
            return Ok(());
        };
        let clip: Vec<_> = (start..start + self.clip_length)
            .map(|place| clips.feature(place))
            .collect();
        let probabilities = encoder.clip_probabilities(&clip, self.clip_length).await?;
        for (offset, probabilities) in probabilities.into_iter().enumerate() {
            if let Some(face) = clips.face_mut(start + offset) {
                for (sum, p) in face.sum.iter_mut().zip(probabilities) {
                    *sum += p;
                }
                face.clips += 1;
            }
        }
        Ok(())
    }
}

/// The face that is seen where a known one was. The same decoder and device see the same faces; a face that others do not see
/// counts as hidden.
fn mate<'a>(known: &TrackedFace, faces: &'a [SeenFace]) -> Option<&'a SeenFace> {
    let overlap = |seen: &&SeenFace| seen.face_box.iou(&known.face_box);
    let mate = faces.iter().max_by(|a, b| overlap(a).total_cmp(&overlap(b)))?;
    (overlap(&mate) >= SAME_FACE).then_some(mate)
}

impl TrackClips {
    fn new(first_frame: usize) -> Self {
        Self {
            first_frame,
            base: 0,
            recent: VecDeque::new(),
            next_clip: 0,
            next_out: 0,
        }
    }

    /// Frames of the track so far, gaps included.
    fn len(&self) -> usize {
        self.base + self.recent.len()
    }

    fn last_frame(&self) -> usize {
        (self.first_frame + self.len()).saturating_sub(1)
    }

    fn add(&mut self, frame: usize, feature: Vec<f32>) {
        while self.first_frame + self.len() < frame {
            self.recent.push_back(None);
        }
        self.recent.push_back(Some(RecentFace {
            feature,
            sum: [0.0; CLASS_COUNT],
            clips: 0,
        }));
    }

    fn feature(&self, place: usize) -> Option<&[f32]> {
        let face = self.recent.get(place.checked_sub(self.base)?)?.as_ref()?;
        Some(&face.feature)
    }

    fn face_mut(&mut self, place: usize) -> Option<&mut RecentFace> {
        self.recent.get_mut(place.checked_sub(self.base)?)?.as_mut()
    }

    /// Gives out the frames before `end` (a place in the track), whose probabilities are final.
    fn give_out(&mut self, track: u32, end: usize, out: &mut Vec<Prediction>) {
        while self.base < end {
            let Some(entry) = self.recent.pop_front() else {
                break;
            };
            let frame = self.first_frame + self.base;
            self.base += 1;
            self.next_out = self.base;
            if let Some(face) = entry
                && face.clips > 0
            {
                let temporal = face.sum.map(|sum| sum / face.clips as f32);
                out.push(Prediction::Refined {
                    frame,
                    track,
                    temporal,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backbone::BackboneShape;
    use crate::film_predictor::FilmPredictor;
    use burn::tensor::{Bool, Tensor, TensorData};

    use crate::expression::Expression;
    use crate::face_box::FaceBox;
    use crate::model_file::{ModelMetadata, TemporalShape};
    use crate::temporal_encoder::TEMPORAL_PREFIX;
    use crate::timeline::Timeline;

    fn model(device: &Device) -> ModelFile {
        let backbone = BackboneShape::bottleneck([1, 1, 1, 1], 1);
        let temporal = TemporalShape {
            layers: 1,
            heads: 2,
            d_model: 16,
            d_ff: 16,
            positions: true,
        };
        let weights = temporal
            .init(backbone.feature_len(), 0.0, device)
            .save(TEMPORAL_PREFIX)
            .unwrap();
        let metadata = ModelMetadata {
            backbone,
            temporal: Some(temporal),
            ..ModelMetadata::default()
        };
        ModelFile { metadata, weights }
    }

    fn face(frame: usize) -> SeenFace {
        let feature = (0..32)
            .map(|i| ((frame * 31 + i * 17) % 29) as f32 / 29.0)
            .collect();
        SeenFace {
            face_box: FaceBox::whole(50, 50),
            logits: [0.0; CLASS_COUNT],
            feature,
            look: None,
        }
    }

    /// Temporal probabilities of a video by the definition: all clips at once, averaged.
    fn expected(
        model: &ModelFile,
        seen: &[bool],
        stride: usize,
        device: &Device,
    ) -> Vec<Option<ClassScores>> {
        let count = seen.len();
        let shape = model.metadata.temporal.clone().unwrap();
        let encoder = shape
            .init(32, 0.0, device)
            .load(&model.weights, TEMPORAL_PREFIX, device)
            .unwrap();
        let mut starts: Vec<usize> = (0..).step_by(stride).take_while(|s| s + 64 <= count).collect();
        if starts.last().is_none_or(|s| s + 64 < count) {
            starts.push(count.saturating_sub(64));
        }
        let mut sums = vec![([0.0_f32; CLASS_COUNT], 0); count];
        for start in starts {
            let mut features = vec![0.0; 64 * 32];
            let mut missing = vec![true; 64];
            for frame in start..(start + 64).min(count) {
                if seen[frame] {
                    features[(frame - start) * 32..][..32].copy_from_slice(&face(frame).feature);
                    missing[frame - start] = false;
                }
            }
            let logits = encoder.forward(
                Tensor::from_data(TensorData::new(features, [1, 64, 32]), device),
                Tensor::<2, Bool>::from_data(TensorData::new(missing, [1, 64]), device),
            );
            let values = logits.into_data().try_into_vec::<f32>().unwrap();
            for frame in start..(start + 64).min(count) {
                let row = &values[(frame - start) * 8..][..8];
                let p = softmax(&std::array::from_fn(|c| row[c]));
                sums[frame].0.iter_mut().zip(p).for_each(|(s, p)| *s += p);
                sums[frame].1 += 1;
            }
        }
        sums.iter()
            .zip(seen)
            .map(|((s, n), seen)| seen.then(|| s.map(|v| v / *n as f32)))
            .collect()
    }

    #[test]
    fn streamed_clips_are_the_clips_of_the_whole_video_in_bounded_memory() {
        let device = Device::flex();
        let model = model(&device);
        let counts = [1, 5, 63, 64, 65, 95, 96, 97, 128, 200].map(|count| (count, 32));
        for (count, stride) in counts.into_iter().chain([(150, 7), (150, 64), (70, 1)]) {
            let seen: Vec<bool> = (0..count)
                .map(|f| f == 0 || f == count - 1 || f % 7 != 3)
                .collect();
            let mut refiner = TrackRefiner::new(&model, &device).unwrap().with_stride(stride);
            let mut found = vec![None; count];
            let mut out = Vec::new();
            for (frame, seen) in seen.iter().enumerate() {
                let faces = if *seen { vec![face(frame)] } else { vec![] };
                out.extend(pollster::block_on(refiner.push(frame, 0.0, faces)).unwrap());
                assert!(refiner.tracks.values().all(|t| t.recent.len() <= 64 + stride));
            }
            out.extend(pollster::block_on(refiner.finish()).unwrap());
            for prediction in out {
                if let Prediction::Refined { frame, temporal, .. } = prediction {
                    assert!(
                        found[frame].replace(temporal).is_none(),
                        "frame {frame} given twice"
                    );
                }
            }
            for (frame, (a, b)) in found
                .iter()
                .zip(expected(&model, &seen, stride, &device))
                .enumerate()
            {
                match (a, b) {
                    (Some(a), Some(b)) => {
                        let worst = a.iter().zip(b).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max);
                        assert!(worst < 1e-5, "{count} frames, frame {frame}: {worst}");
                        assert_eq!(Expression::argmax(a), Expression::argmax(&b));
                    }
                    (None, None) => {}
                    other => panic!("{count} frames, frame {frame}: {other:?}"),
                }
            }
        }
    }

    /// Two people who move; one is hidden for short and for long, another comes late.
    fn faces_of(frame: usize) -> Vec<SeenFace> {
        let at = |x: f32, salt: usize| SeenFace {
            face_box: FaceBox {
                x: x + (frame % 11) as f32,
                ..FaceBox::whole(50, 50)
            },
            ..face(frame * 3 + salt)
        };
        let is_hidden = (40..49).contains(&frame) || (150..190).contains(&frame) || frame % 23 == 5;
        let mut faces = Vec::new();
        if frame > 30 && frame % 17 != 2 {
            faces.push(at(400.0, 1));
        }
        if !is_hidden {
            faces.push(at(10.0, 2));
        }
        faces
    }

    /// Whatever was kept when it stopped, the end is the same to the bit.
    #[test]
    fn a_video_that_is_gone_on_with_ends_as_one_that_was_never_left() {
        const COUNT: usize = 260;
        let device = Device::flex();
        let model = model(&device);
        for (stride, step) in [(32, 2), (7, 19), (64, 13)] {
            let predictor = || {
                FilmPredictor::new(&model, &device)
                    .unwrap()
                    .with_clip_stride(stride)
            };
            let mut whole = predictor();
            let mut timeline = Timeline::new();
            let mut kept = Vec::new();
            for frame in 0..COUNT {
                let time_s = frame as f64 / 25.0;
                timeline.extend(pollster::block_on(whole.take(time_s, faces_of(frame))).unwrap());
                kept.push(timeline.frames().to_vec());
            }
            timeline.extend(pollster::block_on(whole.finish()).unwrap());
            for (cut, mut frames) in kept.into_iter().enumerate().step_by(step) {
                if cut % 3 == 1 {
                    // A chunk that was not written again since its clips were done.
                    let faces = frames
                        .iter_mut()
                        .skip(cut / 2)
                        .take(40)
                        .flat_map(|frame| &mut frame.faces);
                    faces.for_each(|face| face.temporal = None);
                }
                let point = ResumePoint::of(&frames, Some(64)).unwrap();
                let read_again = frames.len() - point.from;
                assert!(cut % 3 == 1 || read_again < 3 * 64, "{read_again} at {cut}");
                let from = point.from;
                let mut predictor = predictor().resumed(point);
                assert_eq!(predictor.frames_done(), frames.len());
                let mut again = Timeline::of_frames(frames);
                for frame in from..COUNT {
                    assert_eq!(predictor.next_frame(), frame);
                    assert_eq!(predictor.is_behind_what_is_known(), frame < cut + 1);
                    // The times of frames that are read again are those that were known.
                    let time_s = frame as f64 / 25.0;
                    again.extend(pollster::block_on(predictor.take(time_s, faces_of(frame))).unwrap());
                }
                again.extend(pollster::block_on(predictor.finish()).unwrap());
                assert!(again == timeline, "stride {stride}, left after frame {cut}");
            }
        }
    }
}
