//! What becomes of a review: whether it is kept, and whether it can be changed.

/// What the person is told about the storage.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Keeping {
    /// Nothing to keep, or no video to keep it with.
    #[default]
    Nowhere,
    /// What was kept is being looked for.
    Opening,
    /// Another tab reviews the same video.
    OtherTab,
    /// All is kept.
    Kept,
    /// On its way.
    Writing,
    /// It cannot be kept: why.
    Failed,
}

impl Keeping {
    /// Whether labels can be changed.
    #[must_use]
    pub fn allows_edits(&self) -> bool {
        !matches!(self, Self::Opening | Self::OtherTab)
    }
}
