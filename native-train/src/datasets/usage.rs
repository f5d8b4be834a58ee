//! The parts that a dataset comes in.

use serde::{Deserialize, Serialize};

/// A part of a dataset, under the names that FER2013's `Usage` has for them too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Usage {
    /// To learn from.
    #[serde(alias = "Training")]
    Train,
    /// To choose by.
    #[serde(alias = "PublicTest")]
    Valid,
    /// To measure on.
    #[serde(alias = "PrivateTest")]
    Test,
}

impl Usage {
    /// Reads FER2013's name.
    #[must_use]
    pub fn of_fer2013(name: &str) -> Option<Self> {
        Some(match name.trim() {
            "Training" => Self::Train,
            "PublicTest" => Self::Valid,
            "PrivateTest" => Self::Test,
            _ => return None,
        })
    }

    /// As a config writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Valid => "valid",
            Self::Test => "test",
        }
    }
}
