//! How often a person decided about labels with the networks' own labels hidden, and how often with these in sight.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Decisions about labels since the review began, those that were taken back included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Value")]
pub struct Decisions {
    /// With what is predicted hidden.
    pub blind: u64,
    /// With what is predicted in sight.
    pub seeing: u64,
}

impl From<Value> for Decisions {
    /// Counts that are none, or that only newer pages know, cost nobody the labels beside them.
    fn from(value: Value) -> Self {
        let count = |name: &str| value.get(name).and_then(Value::as_u64).unwrap_or(0);
        Self {
            blind: count("blind"),
            seeing: count("seeing"),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_count_is_none_and_costs_nothing_else() {
        let read = |text: &str| serde_json::from_str::<Decisions>(text).unwrap();
        let own = Decisions { blind: 3, seeing: 1 };
        assert_eq!(read(&serde_json::to_string(&own).unwrap()), own);
        assert_eq!(
            read(r#"{"blind": -4, "seeing": "many", "later": {}}"#),
            Decisions::default()
        );
        for odd in ["null", "7", "[]", "{}"] {
            assert!(read(odd).is_empty(), "{odd}");
        }
        assert_eq!(read(r#"{"seeing": 2}"#), Decisions { blind: 0, seeing: 2 });
    }
}
