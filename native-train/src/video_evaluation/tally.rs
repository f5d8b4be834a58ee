//! What an evaluation counts: figures follow from it, and those of several machines add up.

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use shared_model::smoothing::Smoothing;

use crate::video_evaluation::figures::LabelCounts;
use crate::video_evaluation::predicted_video::PredictedVideo;
use crate::video_evaluation::smoothing_sweep::SweepCounts;

/// Counts over some of the videos.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// Pairs of labels.
    pub labels: LabelCounts,
    /// Videos.
    pub videos: usize,
    /// Frames of all videos.
    pub frames: usize,
    /// Frames without a readable crop: their probabilities are interpolated.
    pub frames_without_crop: usize,
    /// Frames of videos that have no crop at all: taken for `Neutral`.
    pub frames_of_videos_without_crop: usize,
    /// Crops that could not be read.
    pub unreadable_crops: usize,
    /// Frames that are not annotated.
    pub unannotated_frames: usize,
    /// Pairs of labels for each way of smoothing over many windows, where that was asked for.
    pub sweep: Option<SweepCounts>,
}

impl Tally {
    /// Counts over `videos`.
    #[must_use]
    pub fn of(videos: &[PredictedVideo], smoothing: Smoothing, window: usize, sweep: bool) -> Self {
        let sum = |count: &dyn Fn(&PredictedVideo) -> usize| videos.iter().map(count).sum();
        Self {
            labels: LabelCounts::of(videos, smoothing, window),
            videos: videos.len(),
            frames: sum(&|video| video.truth.len()),
            frames_without_crop: sum(&PredictedVideo::frames_without_crop),
            frames_of_videos_without_crop: sum(&|v| if v.has_no_crop() { v.truth.len() } else { 0 }),
            unreadable_crops: sum(&|video| video.unreadable.len()),
            unannotated_frames: sum(&|video| video.truth.iter().filter(|label| label.is_none()).count()),
            sweep: sweep.then(|| SweepCounts::of(videos)),
        }
    }

    /// Adds the counts over other videos.
    ///
    /// # Errors
    /// When those were smoothed or swept otherwise.
    pub fn add(&mut self, other: &Self) -> Result<()> {
        self.labels.add(&other.labels)?;
        match (&mut self.sweep, &other.sweep) {
            (Some(own), Some(other)) => own.add(other)?,
            (own, other) => ensure!(
                own.is_some() == other.is_some(),
                "only one of two shares compares the ways of smoothing"
            ),
        }
        for (own, other) in [
            (&mut self.videos, other.videos),
            (&mut self.frames, other.frames),
            (&mut self.frames_without_crop, other.frames_without_crop),
            (
                &mut self.frames_of_videos_without_crop,
                other.frames_of_videos_without_crop,
            ),
            (&mut self.unreadable_crops, other.unreadable_crops),
            (&mut self.unannotated_frames, other.unannotated_frames),
        ] {
            *own = own.saturating_add(other);
        }
        Ok(())
    }
}
