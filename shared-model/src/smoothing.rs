//! Post-processing of one track's per-frame probabilities into steady labels (paper, 3.5).

use serde::{Deserialize, Serialize};

use crate::expression::{CLASS_COUNT, ClassScores, Expression};

/// The paper's window in frames (paper, 4.2).
pub const DEFAULT_WINDOW: usize = 30;
/// Largest window in frames: an hour at 27 frames a second.
pub const MAX_WINDOW: usize = 100_000;

/// How labels are made steady.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Smoothing {
    /// Most frequent label in a window centred on each frame.
    #[default]
    Sliding,
    /// Most frequent label of each consecutive block, given to the whole block.
    Block,
    /// Largest mean probability in a window centred on each frame.
    Mean,
    /// The labels as they are.
    None,
}

impl Smoothing {
    /// All ways, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Sliding, Self::Block, Self::Mean, Self::None];

    /// Name in commands and files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sliding => "sliding",
            Self::Block => "block",
            Self::Mean => "mean",
            Self::None => "none",
        }
    }

    /// Reads [`Smoothing::name`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.name() == text)
    }

    /// Labels of consecutive frames of one track of one video.
    ///
    /// A centred window of even length `w` covers `i - w/2 .. i + w/2` (one more frame before than
    /// after) and is cut at the ends. Ties go to the label of higher summed probability in the
    /// window, then to the lower class index. A window of 0 counts as 1.
    #[must_use]
    pub fn apply(self, probabilities: &[ClassScores], window: usize) -> Vec<Expression> {
        let count = probabilities.len();
        let window = window.max(1);
        let mut sums = WindowSums::default();
        match self {
            Self::None => probabilities.iter().map(Expression::argmax).collect(),
            Self::Block => probabilities
                .chunks(window)
                .flat_map(|block| {
                    let mut sums = WindowSums::default();
                    block.iter().for_each(|p| sums.add(p));
                    std::iter::repeat_n(sums.most_frequent(), block.len())
                })
                .collect(),
            Self::Sliding | Self::Mean => {
                let (mut start, mut end) = (0, 0);
                (0..count)
                    .map(|center| {
                        let stop = (center + window.div_ceil(2)).min(count);
                        while end < stop {
                            sums.add(&probabilities[end]);
                            end += 1;
                        }
                        while start + window / 2 < center {
                            sums.remove(&probabilities[start]);
                            start += 1;
                        }
                        match self {
                            Self::Mean => sums.most_probable(),
                            _ => sums.most_frequent(),
                        }
                    })
                    .collect()
            }
        }
    }
}

/// Label counts and summed probabilities of the frames in a window. Probabilities are summed as
/// integers (2^-32 units), so that adding and removing frames leaves no rounding behind.
#[derive(Default)]
struct WindowSums {
    labels: [usize; CLASS_COUNT],
    probabilities: [i64; CLASS_COUNT],
}

impl WindowSums {
    fn add(&mut self, frame: &ClassScores) {
        self.labels[Expression::argmax(frame).index()] += 1;
        for (sum, p) in self.probabilities.iter_mut().zip(frame) {
            *sum += quantised(*p);
        }
    }

    fn remove(&mut self, frame: &ClassScores) {
        self.labels[Expression::argmax(frame).index()] -= 1;
        for (sum, p) in self.probabilities.iter_mut().zip(frame) {
            *sum -= quantised(*p);
        }
    }

    fn best(key: impl Fn(usize) -> (usize, i64)) -> Expression {
        let mut best = 0;
        for class in 1..CLASS_COUNT {
            if key(class) > key(best) {
                best = class;
            }
        }
        Expression::ALL[best]
    }

    fn most_frequent(&self) -> Expression {
        Self::best(|class| (self.labels[class], self.probabilities[class]))
    }

    fn most_probable(&self) -> Expression {
        Self::best(|class| (0, self.probabilities[class]))
    }
}

fn quantised(probability: f32) -> i64 {
    (f64::from(probability) * 4_294_967_296.0) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certain(class: usize) -> ClassScores {
        std::array::from_fn(|i| if i == class { 0.93 } else { 0.01 })
    }

    fn labels(way: Smoothing, classes: &[usize], window: usize) -> Vec<usize> {
        let probabilities: Vec<_> = classes.iter().map(|c| certain(*c)).collect();
        way.apply(&probabilities, window)
            .into_iter()
            .map(Expression::index)
            .collect()
    }

    #[test]
    fn block_gives_each_block_its_most_frequent_label() {
        assert_eq!(
            labels(Smoothing::Block, &[1, 1, 2, 3, 3, 1, 4], 3),
            [1, 1, 1, 3, 3, 3, 4]
        );
    }

    #[test]
    fn sliding_removes_a_single_outlier_and_even_windows_lean_back() {
        assert_eq!(labels(Smoothing::Sliding, &[1, 1, 5, 1, 1], 3), [1, 1, 1, 1, 1]);
        // Window 2 of frame i is frames i-1 and i.
        let mut frames = vec![certain(1), certain(1), certain(2), certain(2)];
        frames[1] = std::array::from_fn(|i| if i == 1 { 0.99 } else { 0.001 });
        let found: Vec<_> = Smoothing::Sliding
            .apply(&frames, 2)
            .iter()
            .map(|l| l.index())
            .collect();
        assert_eq!(found, [1, 1, 1, 2]);
    }

    #[test]
    fn ties_go_to_the_higher_probability_then_to_the_lower_class() {
        let mut strong = certain(6);
        strong[6] = 0.99;
        let found = Smoothing::Block.apply(&[certain(2), strong], 2);
        assert_eq!(found, [Expression::Surprise; 2]);
        assert_eq!(labels(Smoothing::Block, &[6, 2], 2), [2, 2]);
    }

    #[test]
    fn a_window_of_one_changes_nothing() {
        let classes = [0, 3, 3, 7, 1, 1, 6];
        for way in Smoothing::ALL {
            assert_eq!(labels(way, &classes, 1), classes);
        }
    }
}
