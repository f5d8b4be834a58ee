//! Temporal labels of a live picture: the encoder over the latest clip, at every frame.

use std::collections::{BTreeMap, VecDeque};

use burn::tensor::Device;

use crate::conv_norm::ReadError;
use crate::expression::{ClassScores, softmax};
use crate::face_reader::SeenFace;
use crate::face_tracker::FaceTracker;
use crate::model_file::{ModelFile, ModelFileError};
use crate::temporal_encoder::TemporalEncoder;
use crate::timeline::{Prediction, TrackedFace};

/// Gives faces their tracks and, at once, the temporal probabilities of the clip that ends with the frame.
///
/// A frame is seen by one clip only, the one that ends with it: its label does not know what comes after, unlike that
/// of [`crate::film_predictor::FilmPredictor`]. Kept are the features of one clip a track.
#[derive(Debug)]
pub struct LiveRefiner {
    tracker: FaceTracker,
    encoder: Option<TemporalEncoder>,
    clip_length: usize,
    /// Frame number and feature of each track's latest faces.
    tracks: BTreeMap<u32, VecDeque<(usize, Vec<f32>)>>,
}

impl LiveRefiner {
    /// With the model's temporal encoder, if it has one.
    ///
    /// # Errors
    /// When the model's weights do not fit its architecture.
    pub fn new(model: &ModelFile, device: &Device) -> Result<Self, ModelFileError> {
        Ok(Self {
            tracker: FaceTracker::default(),
            encoder: TemporalEncoder::of_model(model, device)?,
            clip_length: model.metadata.clip_length,
            tracks: BTreeMap::new(),
        })
    }

    /// Takes the next frame (numbers ascend) and gives it with all that is known of it.
    ///
    /// # Errors
    /// When the device cannot be read.
    pub async fn push(
        &mut self,
        frame: usize,
        time_s: f64,
        faces: Vec<SeenFace>,
    ) -> Result<Prediction, ReadError> {
        let inputs: Vec<_> = faces.iter().map(SeenFace::tracker_input).collect();
        let ids = self.tracker.assign(frame, &inputs);
        let oldest = (frame + 1).saturating_sub(self.clip_length);
        self.tracks
            .retain(|_, latest| latest.back().is_some_and(|(seen, _)| *seen >= oldest));
        let mut tracked = Vec::with_capacity(faces.len());
        for (face, track) in faces.into_iter().zip(ids) {
            let latest = self.tracks.entry(track).or_default();
            latest.push_back((frame, face.feature));
            while latest.front().is_some_and(|(seen, _)| *seen < oldest) {
                latest.pop_front();
            }
            tracked.push(TrackedFace {
                track,
                face_box: face.face_box,
                raw: softmax(&face.logits),
                temporal: self.latest_clip(track).await?,
            });
        }
        Ok(Prediction::Seen {
            frame,
            time_s,
            faces: tracked,
        })
    }

    /// Probabilities of the track's latest frame, from the clip that ends with it.
    async fn latest_clip(&self, track: u32) -> Result<Option<ClassScores>, ReadError> {
        let (Some(encoder), Some(latest)) = (&self.encoder, self.tracks.get(&track)) else {
            return Ok(None);
        };
        let (Some((first, _)), Some((last, _))) = (latest.front(), latest.back()) else {
            return Ok(None);
        };
        let mut clip: Vec<Option<&[f32]>> = vec![None; last + 1 - first];
        for (frame, feature) in latest {
            if let Some(place) = clip.get_mut(frame - first) {
                *place = Some(feature);
            }
        }
        let probabilities = encoder.clip_probabilities(&clip, self.clip_length).await?;
        Ok(probabilities.last().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backbone::BackboneShape;
    use crate::expression::CLASS_COUNT;
    use crate::face_box::FaceBox;
    use crate::model_file::{ModelMetadata, TemporalShape};
    use crate::temporal_encoder::TEMPORAL_PREFIX;
    use crate::track_refiner::TrackRefiner;

    #[test]
    fn the_first_clip_ends_as_the_whole_video_does() {
        let device = Device::flex();
        let backbone = BackboneShape::bottleneck([1; 4], 1);
        let temporal = TemporalShape {
            layers: 1,
            heads: 2,
            d_model: 16,
            d_ff: 16,
            positions: true,
        };
        let weights = temporal
            .init(backbone.feature_len(), 0.0, &device)
            .save(TEMPORAL_PREFIX);
        let metadata = ModelMetadata {
            backbone,
            temporal: Some(temporal),
            ..ModelMetadata::default()
        };
        let model = ModelFile {
            metadata,
            weights: weights.unwrap(),
        };
        let face = |frame: usize| SeenFace {
            face_box: FaceBox::whole(50, 50),
            logits: [0.0; CLASS_COUNT],
            feature: (0..32)
                .map(|i| ((frame * 31 + i * 17) % 29) as f32 / 29.0)
                .collect(),
            look: None,
        };
        // A video of up to one clip has one clip: its last frame knows no future, as a live one.
        for count in [1, 7, 64] {
            let mut live = LiveRefiner::new(&model, &device).unwrap();
            let mut whole = TrackRefiner::new(&model, &device).unwrap();
            let mut found = None;
            let mut all = Vec::new();
            for frame in 0..count {
                let faces = if frame % 5 == 3 { vec![] } else { vec![face(frame)] };
                found = Some(pollster::block_on(live.push(frame, 0.0, faces.clone())).unwrap());
                all.extend(pollster::block_on(whole.push(frame, 0.0, faces)).unwrap());
            }
            all.extend(pollster::block_on(whole.finish()).unwrap());
            let expected = all.iter().rev().find_map(|prediction| match prediction {
                Prediction::Refined { frame, temporal, .. } if *frame == count - 1 => Some(*temporal),
                _ => None,
            });
            let Some(Prediction::Seen { faces, .. }) = found else {
                panic!("no frame was given");
            };
            let found = faces.first().and_then(|face| face.temporal);
            match (found, expected) {
                (Some(found), Some(expected)) => {
                    for (a, b) in found.iter().zip(expected) {
                        assert!((a - b).abs() < 1e-5, "{count} frames: {found:?} {expected:?}");
                    }
                }
                (None, None) => assert_eq!((count - 1) % 5, 3),
                other => panic!("{count} frames: {other:?}"),
            }
        }
    }
}
