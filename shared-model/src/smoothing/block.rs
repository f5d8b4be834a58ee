//! Votes of consecutive blocks.

use std::ops::Range;

use super::way::{Decision, SmoothingWay};

/// Most frequent label of each consecutive block, given to the whole block.
pub(super) const BLOCK: SmoothingWay = SmoothingWay {
    name: "block",
    title: "Blocks",
    hint: "One label for each block of frames.",
    uses_window: true,
    decision: Decision::MostFrequent,
    voters,
};

fn voters(place: usize, count: usize, window: usize) -> Range<usize> {
    let start = place - place % window;
    start..start.saturating_add(window).min(count)
}
