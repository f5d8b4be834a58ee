//! How many pictures of each class there are, where a label may be shared between classes.

use std::fmt;

use serde::{Serialize, Serializer};
use shared_model::expression::{CLASS_COUNT, Expression};

use crate::datasets::label_distribution::LabelDistribution;

/// The sum of the labels' shares of each class: a number of pictures where no label is shared.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct ClassSums([f64; CLASS_COUNT]);

/// One class' sum, to a hundredth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ClassSum(f64);

impl ClassSums {
    pub(super) fn of(targets: impl Iterator<Item = LabelDistribution>) -> Self {
        let mut sums = Self::default();
        for target in targets {
            for (sum, share) in sums.0.iter_mut().zip(target.probabilities()) {
                *sum += f64::from(*share);
            }
        }
        sums
    }

    pub(super) fn of_class(&self, class: Expression) -> ClassSum {
        ClassSum(self.0.get(class.index()).copied().unwrap_or(0.0))
    }
}

impl ClassSum {
    pub(super) fn is_zero(self) -> bool {
        self.0 == 0.0
    }

    fn rounded(self) -> f64 {
        (self.0 * 100.0).round() / 100.0
    }
}

impl Serialize for ClassSums {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(Expression::ALL.map(|class| self.of_class(class)))
    }
}

impl Serialize for ClassSum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let sum = self.rounded();
        // A number of pictures reads as one.
        if sum.fract() == 0.0 {
            serializer.serialize_u64(sum as u64)
        } else {
            serializer.serialize_f64(sum)
        }
    }
}

impl fmt::Display for ClassSum {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rounded().fmt(formatter)
    }
}
