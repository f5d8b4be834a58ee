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
    /// How many truly are of this class: frames, or pictures.
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
    /// Unweighted mean of the recall of the classes that the truth holds (also called balanced accuracy, or UAR).
    pub mean_recall: f64,
    /// Unweighted mean of the F1 of the classes that the truth holds.
    pub mean_f1_of_present_classes: f64,
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
    /// By true class, what nothing was predicted for; each counts as wrong. Left out where there is none.
    #[serde(skip_serializing_if = "is_zero")]
    pub missed: [u64; CLASS_COUNT],
}

// serde's `skip_serializing_if` hands a reference.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this signature")]
fn is_zero(missed: &[u64; CLASS_COUNT]) -> bool {
    missed.iter().all(|count| *count == 0)
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
        self.report_with_misses([0; CLASS_COUNT])
    }

    /// As [`ConfusionMatrix::report`], where nothing was predicted for `missed` more of each true class: each is wrong,
    /// and no class is predicted by it.
    #[must_use]
    pub fn report_with_misses(&self, missed: [u64; CLASS_COUNT]) -> Report {
        let ratio = |part: u64, whole: u64| {
            if whole == 0 {
                0.0
            } else {
                part as f64 / whole as f64
            }
        };
        let total: u64 = self.counts.iter().flatten().chain(&missed).sum();
        let hits: u64 = (0..CLASS_COUNT).map(|class| self.counts[class][class]).sum();
        let mut by_chance = 0.0;
        let classes: Vec<ClassReport> = Expression::ALL
            .into_iter()
            .map(|class| {
                let index = class.index();
                let support: u64 = self.counts[index].iter().sum::<u64>() + missed[index];
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
        let present = || classes.iter().filter(|class| class.support > 0);
        let mean_of_present = |figure: fn(&ClassReport) -> f64| {
            // A sum of nothing is -0.
            (present().map(figure).sum::<f64>() + 0.0) / present().count().max(1) as f64
        };
        Report {
            macro_f1: classes.iter().map(|class| class.f1).sum::<f64>() / CLASS_COUNT as f64,
            mean_recall: mean_of_present(|class| class.recall),
            mean_f1_of_present_classes: mean_of_present(|class| class.f1),
            accuracy,
            kappa: if total == 0 { 0.0 } else { kappa },
            frames: total,
            absent: classes.iter().filter(|c| c.absent).map(|c| c.class).collect(),
            classes,
            confusion: self.clone(),
            missed,
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
        // sklearn 1.9: balanced_accuracy_score(t, p), f1_score(t, p, labels=range(7), average='macro').
        assert!(
            (report.mean_recall - 0.666666666667).abs() < 1e-9,
            "{}",
            report.mean_recall
        );
        assert!((report.mean_f1_of_present_classes - 0.537_5 * 8.0 / 7.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_missed_is_wrong_and_of_no_predicted_class() {
        // sklearn 1.9 with a ninth label: t = [0, 0, 0, 4, 4, 6], p = [0, 8, 4, 4, 4, 8], over labels=range(8).
        let mut matrix = ConfusionMatrix::default();
        for (truth, prediction) in [(0, 0), (0, 4), (4, 4), (4, 4)] {
            let class = |index| Expression::from_index(index).unwrap();
            matrix.add(class(truth), class(prediction));
        }
        let report = matrix.report_with_misses([1, 0, 0, 0, 0, 0, 1, 0]);
        let recall: Vec<f64> = report.classes.iter().map(|class| class.recall).collect();
        assert!(
            (recall[0] - 1.0 / 3.0).abs() < 1e-12 && recall[4] == 1.0 && recall[6] == 0.0,
            "{recall:?}"
        );
        assert!((report.accuracy - 0.5).abs() < 1e-12);
        assert!((report.mean_recall - 4.0 / 9.0).abs() < 1e-12);
        assert!(
            (report.macro_f1 - 0.162500000000).abs() < 1e-9,
            "{}",
            report.macro_f1
        );
        assert!((report.kappa - 0.333333333333).abs() < 1e-9, "{}", report.kappa);
        assert_eq!(report.frames, 6);
        assert!(
            !report.absent.contains(&"Surprise"),
            "it is there, and never found"
        );
    }
}
