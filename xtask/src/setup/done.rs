//! How a step of the set-up ends.

/// How a step came to be fulfilled.
pub enum Done {
    Already(String),
    Now(String),
    /// The repository has nothing that would need it.
    NotNeeded,
}
