//! How far the rows that are shown are behind the results.

use shared_model::smoothing::Smoothing;

/// What is to be computed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Relabel {
    /// All rows are to be made anew.
    pub rows: bool,
    /// The first frame that was added or refined since the rows were made.
    pub grown_from: Option<usize>,
    /// Way and window by which all labels that are shown were made.
    pub made_by: Option<(Smoothing, usize)>,
    /// Only the smoothing has changed.
    pub labels: bool,
    /// A computation runs.
    pub running: bool,
    /// Somebody waits for the end: no pauses.
    pub urgent: bool,
    /// Counts up when results are replaced, so that a computation under way is dropped.
    pub generation: u32,
}

impl Relabel {
    /// Whether what is shown is all that is known.
    #[must_use]
    pub fn is_idle(self) -> bool {
        !self.rows && self.grown_from.is_none() && !self.labels && !self.running
    }
}
