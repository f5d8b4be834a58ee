//! How labels before and after each step of the recogniser compare with the truth.

use serde::Serialize;
use shared_model::expression::Expression;
use shared_model::metrics::{ConfusionMatrix, Report};
use shared_model::smoothing::Smoothing;

use crate::evaluate::predicted_video::PredictedVideo;

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

impl Figures {
    /// Compares all videos.
    #[must_use]
    pub fn of(videos: &[PredictedVideo], smoothing: Smoothing, window: usize) -> Self {
        let has_temporal = videos.iter().any(PredictedVideo::has_temporal);
        Self {
            raw: compare(videos, PredictedVideo::raw),
            temporal: has_temporal.then(|| compare(videos, PredictedVideo::refined)),
            smoothed: compare(videos, |video| video.smoothed(smoothing, window)),
            smoothing,
            window,
        }
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
    let mut matrix = ConfusionMatrix::default();
    for video in videos {
        for (truth, predicted) in video.truth.iter().zip(labels(video)) {
            if let Some(truth) = truth {
                matrix.add(*truth, predicted.unwrap_or(WITHOUT_ANY_CROP));
            }
        }
    }
    matrix.report()
}
