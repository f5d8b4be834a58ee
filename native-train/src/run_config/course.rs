//! How long a training is.

/// How long a run is, and where it stops to look around.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Course {
    /// Steps in all.
    pub steps: u64,
    /// Steps between two evaluations; each is followed by a checkpoint.
    pub steps_an_epoch: u64,
    /// Most minutes between two checkpoints.
    pub checkpoint_minutes: f64,
    /// Evaluations in a row without a better model after which the run ends before its last step.
    pub patience: Option<u64>,
}
