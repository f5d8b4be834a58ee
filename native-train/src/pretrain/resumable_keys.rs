//! What a run of stage 1 may have otherwise when it is taken up again.

/// Keys that may have another value when a run is taken up again: what is said and kept, what has moved (the checkpoint holds what
/// the start has become), and what is lowered where memory is short.
pub(super) const RESUMABLE_KEYS: &[&str] = &[
    "run",
    "note",
    "data.cache_mib",
    "data.origin",
    "model.start",
    "training.batch",
    "training.checkpoint_minutes",
    "semi_supervised.recompute_teacher",
    "semi_supervised.unlabelled_ratio",
];
