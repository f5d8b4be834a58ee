//! What a way of smoothing consists of.

use std::ops::Range;

/// One way of making labels steady. Commands, configs, the page's menu and its texts follow from these values.
#[derive(Debug)]
pub struct SmoothingWay {
    /// Name in commands and files: lower-case letters.
    pub name: &'static str,
    /// In the page's menu.
    pub title: &'static str,
    /// What it does, in a sentence.
    pub hint: &'static str,
    /// Whether the length of the window changes anything.
    pub uses_window: bool,
    /// How the frames that decide do so.
    pub decision: Decision,
    /// Which frames decide on the label of the one at `place` of a series of `count`, with a window of 1 frame or more: those
    /// around it. For later places neither end may lie before, and what lies in them must not depend on `count` but for being
    /// cut at it.
    pub voters: fn(place: usize, count: usize, window: usize) -> Range<usize>,
}

/// How frames decide on a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The most frequent label; of equally frequent ones the one of higher summed probability, then the lower class index.
    MostFrequent,
    /// The label of the highest summed probability; of equal ones the lower class index.
    MostProbable,
}

/// A window centred on each frame. One of even length `w` covers `i - w/2 .. i + w/2` (one more frame before than after); it is
/// cut at the ends.
pub(super) fn centred(place: usize, count: usize, window: usize) -> Range<usize> {
    place.saturating_sub(window / 2)..place.saturating_add(window.div_ceil(2)).min(count)
}
