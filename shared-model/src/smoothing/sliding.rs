//! Votes around each frame (paper, 3.5).

use super::way::{Decision, SmoothingWay, centred};

/// Most frequent label in a window centred on each frame.
pub(super) const SLIDING: SmoothingWay = SmoothingWay {
    name: "sliding",
    title: "Sliding window",
    hint: "The most frequent label around each frame.",
    uses_window: true,
    decision: Decision::MostFrequent,
    voters: centred,
};
