//! Whether probabilities are as often right as they say.

use serde::Serialize;

/// Bins of equal width from 0 to 1 (Guo et al. 2017, "On Calibration of Modern Neural Networks", section 2).
pub const CALIBRATION_BINS: usize = 15;

/// Answers whose probability lies in one bin: above `from` up to `to`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CalibrationBin {
    /// Where the bin begins; it holds no answer that lies exactly there.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// Answers.
    pub count: u64,
    /// Mean probability of the answers; 0 where there is none.
    pub confidence: f64,
    /// Share of them that is right; 0 where there is none.
    pub accuracy: f64,
}

/// How probability and share of right answers differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// Expected calibration error: the mean distance of accuracy and confidence over the bins, weighted by their counts.
    /// `None` without any answer.
    pub ece: Option<f64>,
    /// The bins from 0 to 1.
    pub bins: Vec<CalibrationBin>,
}

impl Calibration {
    /// Of answers, each with the probability of the class that was answered, 0 to 1, and whether it was right.
    #[must_use]
    pub fn of(answers: impl IntoIterator<Item = (f32, bool)>) -> Self {
        let mut sums = [(0_u64, 0.0_f64, 0_u64); CALIBRATION_BINS];
        let edge = |bin: usize| bin as f64 / CALIBRATION_BINS as f64;
        for (probability, right) in answers {
            let probability = f64::from(probability);
            let bin = (0..CALIBRATION_BINS - 1).find(|bin| probability <= edge(bin + 1));
            let (count, confidence, hits) = &mut sums[bin.unwrap_or(CALIBRATION_BINS - 1)];
            *count += 1;
            *confidence += probability;
            *hits += u64::from(right);
        }
        let bins: Vec<CalibrationBin> = (0..)
            .zip(sums)
            .map(|(bin, (count, confidence, hits))| CalibrationBin {
                from: edge(bin),
                to: edge(bin + 1),
                count,
                confidence: confidence / count.max(1) as f64,
                accuracy: hits as f64 / count.max(1) as f64,
            })
            .collect();
        let total: u64 = bins.iter().map(|bin| bin.count).sum();
        let gap = |bin: &CalibrationBin| bin.count as f64 * (bin.accuracy - bin.confidence).abs();
        let ece = (total > 0).then(|| bins.iter().map(gap).sum::<f64>() / total as f64);
        Self { ece, bins }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_are_as_often_right_as_they_say_have_no_error() {
        let even = Calibration::of([(0.75, true), (0.75, true), (0.75, true), (0.75, false)]);
        assert_eq!(even.ece, Some(0.0));
        let sure_and_wrong = Calibration::of([(1.0, false); 3]);
        assert_eq!(sure_and_wrong.ece, Some(1.0));
        assert_eq!(
            sure_and_wrong.bins.last().map(|bin| bin.count),
            Some(3),
            "1 is in the last bin"
        );
        assert_eq!(Calibration::of([]).ece, None);
    }

    #[test]
    fn errors_of_opposite_sign_add_up_across_bins_and_cancel_within_one() {
        // 0.5 * |1 - 0.9| + 0.5 * |0 - 0.3|; both in one bin: |0.5 - 0.6|.
        let apart = Calibration::of([(0.9, true), (0.3, false)]);
        assert!((apart.ece.unwrap() - 0.2).abs() < 1e-7, "{:?}", apart.ece);
        let together = Calibration::of([(0.61, true), (0.65, false)]);
        assert!((together.ece.unwrap() - 0.13).abs() < 1e-7, "{:?}", together.ece);
    }
}
