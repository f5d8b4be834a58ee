//! Agreement between two label sequences: confusion matrix, F1, accuracy, Cohen's kappa.

use serde::{Deserialize, Serialize};

use crate::expression::{CLASS_COUNT, Expression};

/// Counts of (truth, prediction) pairs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ConfusionMatrix {
    /// `counts[truth][prediction]`.
    pub counts: [[u64; CLASS_COUNT]; CLASS_COUNT],
}

/// Precision, recall and F1 of one class.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ClassReport {
    /// Class name.
    pub class: &'static str,
    /// True positives over all predicted as this class; 0 when none was.
    pub precision: f64,
    /// True positives over all that truly are this class; 0 when none is.
    pub recall: f64,
    /// Harmonic mean of both (paper, eq. 7); 0 when both are 0.
    pub f1: f64,
    /// Frames that truly are of this class.
    pub support: u64,
    /// Neither true nor predicted anywhere.
    pub absent: bool,
}

/// All figures of one comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Unweighted mean of the eight F1 (paper, eq. 8); absent classes count as 0 (ABAW protocol).
    pub macro_f1: f64,
    /// Share of equal labels.
    pub accuracy: f64,
    /// Cohen's kappa.
    pub kappa: f64,
    /// Compared frames.
    pub frames: u64,
    /// One entry a class, in index order.
    pub classes: Vec<ClassReport>,
    /// Names of the classes that neither side holds.
    pub absent: Vec<&'static str>,
    /// Counts behind the figures.
    pub confusion: ConfusionMatrix,
}

impl ConfusionMatrix {
    /// Counts pairs of (truth, prediction).
    pub fn from_pairs(pairs: impl IntoIterator<Item = (Expression, Expression)>) -> Self {
        let mut matrix = Self::default();
        for (truth, prediction) in pairs {
            matrix.add(truth, prediction);
        }
        matrix
    }

    /// Counts one pair.
    pub fn add(&mut self, truth: Expression, prediction: Expression) {
        self.counts[truth.index()][prediction.index()] += 1;
    }

    /// Counts the pairs of `other` too.
    pub fn add_all(&mut self, other: &Self) {
        for (own, other) in self
            .counts
            .iter_mut()
            .flatten()
            .zip(other.counts.iter().flatten())
        {
            *own = own.saturating_add(*other);
        }
    }

    /// All figures. Divisions by zero count as 0.
    #[must_use]
    pub fn report(&self) -> Report {
        let ratio = |part: u64, whole: u64| {
            if whole == 0 {
                0.0
            } else {
                part as f64 / whole as f64
            }
        };
        let total: u64 = self.counts.iter().flatten().sum();
        let hits: u64 = (0..CLASS_COUNT).map(|class| self.counts[class][class]).sum();
        let mut by_chance = 0.0;
        let classes: Vec<ClassReport> = Expression::ALL
            .into_iter()
            .map(|class| {
                let index = class.index();
                let support: u64 = self.counts[index].iter().sum();
                let predicted: u64 = self.counts.iter().map(|row| row[index]).sum();
                by_chance += ratio(support, total) * ratio(predicted, total);
                let hit = self.counts[index][index];
                ClassReport {
                    class: class.name(),
                    precision: ratio(hit, predicted),
                    recall: ratio(hit, support),
                    f1: ratio(2 * hit, support + predicted),
                    support,
                    absent: support + predicted == 0,
                }
            })
            .collect();
        let accuracy = ratio(hits, total);
        // Both sides constant and equal: full agreement, though kappa's formula gives 0/0.
        let kappa = if by_chance < 1.0 {
            (accuracy - by_chance) / (1.0 - by_chance)
        } else {
            1.0
        };
        Report {
            macro_f1: classes.iter().map(|class| class.f1).sum::<f64>() / CLASS_COUNT as f64,
            accuracy,
            kappa: if total == 0 { 0.0 } else { kappa },
            frames: total,
            absent: classes.iter().filter(|c| c.absent).map(|c| c.class).collect(),
            classes,
            confusion: self.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_agree_with_scikit_learn() {
        // sklearn 1.7: f1_score(t, p, labels=range(8), average='macro', zero_division=0),
        // accuracy_score, cohen_kappa_score of these two lists.
        let truth = [0, 0, 1, 1, 2, 2, 3, 4, 4, 4, 5, 6];
        let prediction = [0, 1, 1, 1, 2, 0, 3, 4, 4, 5, 5, 4];
        let pairs = truth
            .into_iter()
            .zip(prediction)
            .filter_map(|(t, p)| Some((Expression::from_index(t)?, Expression::from_index(p)?)));
        let report = ConfusionMatrix::from_pairs(pairs).report();
        assert!((report.macro_f1 - 0.537_5).abs() < 1e-9, "{}", report.macro_f1);
        assert!((report.accuracy - 8.0 / 12.0).abs() < 1e-12);
        assert!((report.kappa - 0.600_000).abs() < 1e-6, "{}", report.kappa);
        assert_eq!(report.absent, ["Other"]);
    }
}
