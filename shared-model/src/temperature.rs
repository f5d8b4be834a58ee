//! How sure a head may be: the number that divides its logits.

use serde::{Deserialize, Serialize};

use crate::expression::{ClassScores, Expression};

/// Temperatures that make sense; a fit that would leave them has found no measure of the head's sureness.
const RANGE: std::ops::RangeInclusive<f64> = 0.05..=20.0;
/// Halvings of the search's range; what is left of it is far below what a probability shows.
const SEARCH_STEPS: usize = 60;

/// What the logits of a model's heads are divided by before the softmax (Guo et al. 2017, "On Calibration of Modern Neural
/// Networks", 4.2). It changes no label, only how sure a label is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Temperatures {
    /// Of the per-frame head.
    pub frame: f64,
    /// Of the temporal encoder's head.
    pub temporal: f64,
}

impl Default for Temperatures {
    /// Logits as they are: models whose file says nothing of it.
    fn default() -> Self {
        Self {
            frame: 1.0,
            temporal: 1.0,
        }
    }
}

impl Temperatures {
    /// Whether both are numbers to divide by.
    #[must_use]
    pub fn are_sane(&self) -> bool {
        RANGE.contains(&self.frame) && RANGE.contains(&self.temporal)
    }
}

/// The logits at this temperature.
#[must_use]
pub fn tempered(logits: &ClassScores, temperature: f64) -> ClassScores {
    // By 1 nothing changes, not even in the last bit: older models keep their answers.
    logits.map(|logit| logit / temperature as f32)
}

/// The temperature with which the right classes have the greatest likelihood; `None` without any answer, and where the
/// likelihood rises up to the range's end (all answers right, or none better than chance).
///
/// The mean negative log-likelihood is convex in 1 / temperature: it has one valley, also over the logarithm, in which a search by
/// golden section finds the bottom.
#[must_use]
pub fn fitted(answers: &[(ClassScores, Expression)]) -> Option<f64> {
    if answers.is_empty() {
        return None;
    }
    let loss = |log_inverse: f64| -> f64 {
        let inverse = log_inverse.exp();
        answers
            .iter()
            .map(|(logits, right)| surprise(logits, *right, inverse))
            .sum()
    };
    let ends = (-RANGE.end().ln(), -RANGE.start().ln());
    let part = (5.0_f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = ends;
    let (mut left, mut right) = (high - part * (high - low), low + part * (high - low));
    let (mut at_left, mut at_right) = (loss(left), loss(right));
    for _ in 0..SEARCH_STEPS {
        if at_left <= at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - part * (high - low);
            at_left = loss(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + part * (high - low);
            at_right = loss(right);
        }
    }
    let found = f64::midpoint(low, high);
    let is_inside = found - ends.0 > 1e-3 && ends.1 - found > 1e-3;
    is_inside.then(|| (-found).exp())
}

/// Negative log-likelihood of the right class with logits times `inverse`.
fn surprise(logits: &ClassScores, right: Expression, inverse: f64) -> f64 {
    let scaled = logits.map(|logit| f64::from(logit) * inverse);
    let top = scaled.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = scaled.iter().map(|value| (value - top).exp()).sum();
    let of_right = scaled.get(right.index()).copied().unwrap_or(f64::NEG_INFINITY);
    top + sum.ln() - of_right
}

/// The probability below which an answer is more often wrong than right: the one at which leaving out all answers below takes
/// away the most wrong answers beyond the right ones; 0 where leaving out any is a loss. `answers` are the probability of each
/// (0 to 1) and whether it was right.
#[must_use]
pub fn not_sure_below(answers: &[(f32, bool)]) -> f64 {
    let mut sorted = answers.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut gain, mut most, mut found) = (0_i64, 0, 0.0);
    for (place, (probability, is_right)) in sorted.iter().enumerate() {
        gain += if *is_right { -1 } else { 1 };
        // The next answer is the first that is not below.
        let next = sorted.get(place + 1).map_or(1.0, |answer| answer.0);
        if gain > most && next > *probability {
            (most, found) = (gain, f64::from(next));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::{CLASS_COUNT, softmax};

    /// Answers whose truths are drawn from the softmax of their logits, which then come multiplied by `too_sure`.
    fn drawn(too_sure: f32, count: usize) -> Vec<(ClassScores, Expression)> {
        // A linear congruential generator (Knuth, MMIX).
        let mut state = 7_u64;
        let mut uniform = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1_u64 << 24) as f32
        };
        (0..count)
            .map(|_| {
                let logits: ClassScores = std::array::from_fn(|_| 4.0 * uniform() - 2.0);
                let mark = uniform();
                let mut sum = 0.0;
                let class = softmax(&logits).iter().position(|p| {
                    sum += p;
                    mark < sum
                });
                (
                    logits.map(|logit| logit * too_sure),
                    Expression::ALL[class.unwrap_or(CLASS_COUNT - 1)],
                )
            })
            .collect()
    }

    #[test]
    fn the_temperature_that_made_answers_too_sure_is_found() {
        for too_sure in [0.5, 1.0, 3.0] {
            let found = fitted(&drawn(too_sure, 40_000)).unwrap();
            // The likelihood's own spread at this count.
            assert!(
                (found / f64::from(too_sure) - 1.0).abs() < 0.05,
                "{too_sure}: {found}"
            );
        }
    }

    #[test]
    fn no_temperature_stands_out_where_all_answers_are_right() {
        assert_eq!(fitted(&[]), None);
        let mut sure = [0.0; CLASS_COUNT];
        sure[0] = 1.0;
        assert_eq!(fitted(&[(sure, Expression::ALL[0])]), None);
        assert_eq!(fitted(&[(sure, Expression::ALL[1])]), None);
    }

    #[test]
    fn a_temperature_of_one_changes_no_bit() {
        let logits = [0.1, -3.7, 1e-20, 88.3, 1.0 / 3.0, 0.0, -0.0, 5.5];
        assert_eq!(tempered(&logits, 1.0).map(f32::to_bits), logits.map(f32::to_bits));
    }

    #[test]
    fn below_the_threshold_answers_are_mostly_wrong() {
        let answers = [
            (0.2, false),
            (0.3, true),
            (0.4, false),
            (0.45, false),
            (0.6, true),
            (0.7, false),
            (0.9, true),
        ];
        assert!((not_sure_below(&answers) - 0.6).abs() < 1e-6);
        assert_eq!(not_sure_below(&[(0.3, true), (0.9, true)]), 0.0);
        assert_eq!(
            not_sure_below(&[(0.3, false), (0.3, true), (0.3, true)]),
            0.0,
            "equal ones stand together"
        );
        assert_eq!(not_sure_below(&[(0.3, false)]), 1.0);
        assert_eq!(not_sure_below(&[]), 0.0);
    }
}
