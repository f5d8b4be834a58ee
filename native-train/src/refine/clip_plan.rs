//! Which frames of which videos a step learns from.

use rand::seq::SliceRandom as _;
use shared_model::expression::{CLASS_COUNT, Expression};

use crate::backbone_features::video_features::VideoFeatures;
use crate::random_stream::Stream;
use crate::refine::clip_batch::ClipBatch;

/// Clips of all videos, cut as the recogniser cuts them: from frames 0, `stride`, 2 `stride`, ...,
/// the last one moved back so that it ends with the video; a video shorter than a clip is padded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClipPlan {
    /// Video and first frame of each clip.
    clips: Vec<(usize, usize)>,
    length: usize,
    seed: u64,
}

impl ClipPlan {
    /// Clips of `length` frames. Those in which no frame has a face and a label are left out.
    #[must_use]
    pub fn new(videos: &[VideoFeatures], length: usize, stride: usize, seed: u64) -> Self {
        let mut clips = Vec::new();
        for (number, video) in videos.iter().enumerate() {
            let starts = starts(video.len(), length, stride).into_iter();
            let teaches =
                |start: &usize| (*start..start + length).any(|frame| video.learnable(frame).is_some());
            clips.extend(starts.filter(teaches).map(|start| (number, start)));
        }
        Self { clips, length, seed }
    }

    /// Number of clips.
    #[must_use]
    pub fn len(&self) -> usize {
        self.clips.len()
    }

    /// Whether there is nothing to learn from.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.clips.is_empty()
    }

    /// The `size` clips of a step: every clip comes once a round, in an order that follows from seed
    /// and round.
    #[must_use]
    pub fn batch(&self, videos: &[VideoFeatures], step: u64, size: usize) -> ClipBatch {
        let mut batch = ClipBatch {
            frames: self.length,
            ..ClipBatch::default()
        };
        let count = self.clips.len().max(1) as u64;
        let mut order: Option<(u64, Vec<usize>)> = None;
        for position in step * size as u64..(step + 1) * size as u64 {
            let round = position / count;
            if order.as_ref().is_none_or(|(of, _)| *of != round) {
                let mut places: Vec<usize> = (0..self.clips.len()).collect();
                places.shuffle(&mut Stream::ClipOrder { round }.random(self.seed));
                order = Some((round, places));
            }
            let place = order
                .as_ref()
                .and_then(|(_, places)| places.get((position % count) as usize));
            let clip = place.and_then(|place| self.clips.get(*place));
            if let Some((video, start)) = clip
                && let Some(video) = videos.get(*video)
            {
                self.put(video, *start, &mut batch);
            }
        }
        batch
    }

    fn put(&self, video: &VideoFeatures, start: usize, batch: &mut ClipBatch) {
        batch.clips += 1;
        for frame in start..start + self.length {
            let feature = video.feature(frame);
            batch.missing.push(feature.is_none());
            match feature {
                Some(feature) => batch.features.extend(feature.iter().map(|value| value.to_f32())),
                None => batch.features.extend(std::iter::repeat_n(0.0, video.feature_len)),
            }
            batch.labels.push(video.labels.get(frame).copied().flatten());
        }
    }
}

fn starts(count: usize, length: usize, stride: usize) -> Vec<usize> {
    let mut starts: Vec<usize> = (0..)
        .step_by(stride.max(1))
        .take_while(|start| start + length <= count)
        .collect();
    if starts.last().is_none_or(|last| last + length < count) && count > 0 {
        starts.push(count.saturating_sub(length));
    }
    starts
}

/// Inverse frequencies of the classes among the frames that can be learned from, with a mean of 1
/// over these frames; 1 for a class without a frame.
#[must_use]
pub fn inverse_frequencies(videos: &[VideoFeatures]) -> [f32; CLASS_COUNT] {
    let mut counts = [0_u64; CLASS_COUNT];
    for video in videos {
        for label in (0..video.len()).filter_map(|frame| video.learnable(frame)) {
            counts[label.index()] += 1;
        }
    }
    let whole: u64 = counts.iter().sum();
    let present = counts.iter().filter(|count| **count > 0).count();
    Expression::ALL.map(|class| match counts[class.index()] {
        0 => 1.0,
        count => whole as f32 / (present as f32 * count as f32),
    })
}
