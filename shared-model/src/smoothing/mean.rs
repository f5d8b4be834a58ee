//! Mean probabilities around each frame.

use super::way::{Decision, SmoothingWay, centred};

/// Largest mean probability in a window centred on each frame.
pub(super) const MEAN: SmoothingWay = SmoothingWay {
    name: "mean",
    title: "Sliding mean",
    hint: "The largest mean probability around each frame.",
    uses_window: true,
    decision: Decision::MostProbable,
    voters: centred,
};
