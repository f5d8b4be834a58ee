//! How a network learns.

use serde::{Deserialize, Serialize};

/// Ways of training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Labelled pictures only.
    Supervised,
    /// Teacher and student, on labelled and unlabelled pictures (paper, 3.3).
    SemiSupervised,
}
