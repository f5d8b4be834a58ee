//! How labels before and after each step of the recogniser compare with the truth.

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use shared_model::expression::Expression;
use shared_model::metrics::{ConfusionMatrix, Report};
use shared_model::smoothing::Smoothing;

use crate::video_evaluation::predicted_video::PredictedVideo;

/// What is predicted where a video has no crop at all: the commonest expression.
pub const WITHOUT_ANY_CROP: Expression = Expression::Neutral;

/// The comparisons over all videos together. Every annotated frame counts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Labels of the per-frame head.
    pub raw: Report,
    /// Labels of the temporal encoder, `None` if the model has none.
    pub temporal: Option<Report>,
    /// Labels after smoothing.
    pub smoothed: Report,
    /// The smoothing of `smoothed`.
    pub smoothing: Smoothing,
    /// Its window in frames.
    pub window: usize,
}

/// The pairs of truth and label behind [`Figures`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelCounts {
    raw: ConfusionMatrix,
    /// The temporal encoder's labels, the head's where it did not speak.
    refined: ConfusionMatrix,
    has_temporal: bool,
    smoothed: ConfusionMatrix,
    smoothing: Smoothing,
    window: usize,
}

impl LabelCounts {
    /// Counts over `videos`.
    #[must_use]
    pub fn of(videos: &[PredictedVideo], smoothing: Smoothing, window: usize) -> Self {
        Self {
            raw: count(videos, PredictedVideo::raw),
            refined: count(videos, PredictedVideo::refined),
            has_temporal: videos.iter().any(PredictedVideo::has_temporal),
            smoothed: count(videos, |video| video.smoothed(smoothing, window)),
            smoothing,
            window,
        }
    }

    /// Adds the counts over other videos.
    ///
    /// # Errors
    /// When those were smoothed otherwise.
    pub fn add(&mut self, other: &Self) -> Result<()> {
        ensure!(
            (self.smoothing, self.window) == (other.smoothing, other.window),
            "labels that were smoothed in different ways do not add up"
        );
        self.raw.add_all(&other.raw);
        self.refined.add_all(&other.refined);
        self.smoothed.add_all(&other.smoothed);
        self.has_temporal |= other.has_temporal;
        Ok(())
    }

    /// What follows from the counts.
    #[must_use]
    pub fn figures(&self) -> Figures {
        Figures {
            raw: self.raw.report(),
            temporal: self.has_temporal.then(|| self.refined.report()),
            smoothed: self.smoothed.report(),
            smoothing: self.smoothing,
            window: self.window,
        }
    }
}

impl Figures {
    /// Compares all videos.
    #[must_use]
    pub fn of(videos: &[PredictedVideo], smoothing: Smoothing, window: usize) -> Self {
        LabelCounts::of(videos, smoothing, window).figures()
    }

    /// The labels before smoothing: the temporal encoder's, else the head's.
    #[must_use]
    pub fn refined(&self) -> &Report {
        self.temporal.as_ref().unwrap_or(&self.raw)
    }
}

/// The comparison of one kind of labels with the truth.
pub fn compare(
    videos: &[PredictedVideo],
    labels: impl Fn(&PredictedVideo) -> Vec<Option<Expression>>,
) -> Report {
    count(videos, labels).report()
}

/// Pairs of truth and label over all annotated frames.
pub fn count(
    videos: &[PredictedVideo],
    labels: impl Fn(&PredictedVideo) -> Vec<Option<Expression>>,
) -> ConfusionMatrix {
    let mut matrix = ConfusionMatrix::default();
    for video in videos {
        for (truth, predicted) in video.truth.iter().zip(labels(video)) {
            if let Some(truth) = truth {
                matrix.add(*truth, predicted.unwrap_or(WITHOUT_ANY_CROP));
            }
        }
    }
    matrix
}
