//! How often a person decided about labels with the networks' own labels hidden, and how often with these in sight.

use serde::{Deserialize, Serialize};

/// Decisions about labels since the review began, those that were taken back included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Decisions {
    /// With what is predicted hidden.
    #[serde(default)]
    pub blind: u64,
    /// With what is predicted in sight.
    #[serde(default)]
    pub seeing: u64,
}

impl Decisions {
    /// Counts one more.
    pub fn note(&mut self, is_blind: bool) {
        let count = if is_blind {
            &mut self.blind
        } else {
            &mut self.seeing
        };
        *count = count.saturating_add(1);
    }

    /// The more of each: two counts of one review, of which one may have gone on.
    #[must_use]
    pub fn most(self, other: Self) -> Self {
        Self {
            blind: self.blind.max(other.blind),
            seeing: self.seeing.max(other.seeing),
        }
    }

    /// Whether none is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.blind == 0 && self.seeing == 0
    }
}
