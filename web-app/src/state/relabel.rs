//! How far the rows that are shown are behind the results.

/// What is to be computed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Relabel {
    /// New results are there.
    pub rows: bool,
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
        !self.rows && !self.labels && !self.running
    }
}
