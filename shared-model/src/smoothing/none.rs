//! No smoothing.

use super::way::{Decision, SmoothingWay};

/// The labels as they are.
pub(super) const NONE: SmoothingWay = SmoothingWay {
    name: "none",
    title: "None",
    hint: "The labels as they come.",
    uses_window: false,
    decision: Decision::MostFrequent,
    voters: |place, _, _| place..place + 1,
};
