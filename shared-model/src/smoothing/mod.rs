//! Post-processing of one track's per-frame probabilities into steady labels (paper, 3.5).

mod block;
mod mean;
mod none;
mod sliding;
mod way;

use std::fmt;
use std::ops::{Deref, Range};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::expression::{CLASS_COUNT, ClassScores, Expression};

pub use way::{Decision, SmoothingWay};

/// The paper's window in frames (paper, 4.2).
pub const DEFAULT_WINDOW: usize = 30;
/// Largest window in frames: an hour at 27 frames a second.
pub const MAX_WINDOW: usize = 100_000;

/// How labels are made steady: one of [`Smoothing::ALL`].
#[derive(Clone, Copy)]
pub struct Smoothing(&'static SmoothingWay);

impl Smoothing {
    /// Most frequent label in a window centred on each frame; the usual one.
    pub const SLIDING: Self = Self(&sliding::SLIDING);
    /// Most frequent label of each consecutive block, given to the whole block.
    pub const BLOCK: Self = Self(&block::BLOCK);
    /// Largest mean probability in a window centred on each frame.
    pub const MEAN: Self = Self(&mean::MEAN);
    /// The labels as they are.
    pub const NONE: Self = Self(&none::NONE);

    /// All ways, in the order in which they are offered. A new one is a file beside this one and a line here.
    pub const ALL: &'static [Self] = &[Self::SLIDING, Self::BLOCK, Self::MEAN, Self::NONE];

    /// Reads [`SmoothingWay::name`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|way| way.name == text)
    }

    /// Labels of consecutive frames of one track of one video. A window of 0 counts as 1.
    #[must_use]
    pub fn apply(self, probabilities: &[ClassScores], window: usize) -> Vec<Expression> {
        let (count, window) = (probabilities.len(), window.max(1));
        let mut sums = WindowSums::default();
        let mut inside = 0..0;
        let label = |place| {
            let Range { start, end } = (self.voters)(place, count, window);
            let more = probabilities.get(inside.end..end).unwrap_or_default();
            more.iter().for_each(|frame| sums.add(frame));
            let less = probabilities.get(inside.start..start).unwrap_or_default();
            less.iter().for_each(|frame| sums.remove(frame));
            inside = start..end;
            match self.decision {
                Decision::MostFrequent => sums.most_frequent(),
                Decision::MostProbable => sums.most_probable(),
            }
        };
        (0..count).map(label).collect()
    }

    /// Places of a series of `count` frames that have to be known for the labels of those in `slice`.
    #[must_use]
    pub fn reach(self, slice: Range<usize>, count: usize, window: usize) -> Range<usize> {
        let window = window.max(1);
        let Some(last) = slice.end.checked_sub(1).filter(|last| slice.start <= *last) else {
            return slice;
        };
        let voters = |place| (self.voters)(place, count, window);
        voters(slice.start).start..voters(last).end
    }
}

impl Smoothing {
    /// The first place of a series whose label rests on more than its first `count` frames, or would if the series went on:
    /// labels before it stay what they are, whatever follows.
    #[must_use]
    pub fn first_unsettled(self, count: usize, window: usize) -> usize {
        let window = window.max(1);
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = low + (high - low) / 2;
            if (self.voters)(middle, usize::MAX, window).end > count {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    }
}

impl Deref for Smoothing {
    type Target = SmoothingWay;

    fn deref(&self) -> &SmoothingWay {
        self.0
    }
}

impl Default for Smoothing {
    fn default() -> Self {
        Self::SLIDING
    }
}

impl PartialEq for Smoothing {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Smoothing {}

impl fmt::Debug for Smoothing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Smoothing({})", self.name)
    }
}

impl Serialize for Smoothing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

impl<'de> Deserialize<'de> for Smoothing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let known: Vec<String> = Self::ALL.iter().map(|way| format!("`{}`", way.name)).collect();
        let unknown = || {
            // As serde says it of an enum.
            let text = format!("unknown variant `{name}`, expected one of {}", known.join(", "));
            serde::de::Error::custom(text)
        };
        Self::parse(&name).ok_or_else(unknown)
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
            labels(Smoothing::BLOCK, &[1, 1, 2, 3, 3, 1, 4], 3),
            [1, 1, 1, 3, 3, 3, 4]
        );
    }

    #[test]
    fn sliding_removes_a_single_outlier_and_even_windows_lean_back() {
        assert_eq!(labels(Smoothing::SLIDING, &[1, 1, 5, 1, 1], 3), [1, 1, 1, 1, 1]);
        // Window 2 of frame i is frames i-1 and i.
        let mut frames = vec![certain(1), certain(1), certain(2), certain(2)];
        frames[1] = std::array::from_fn(|i| if i == 1 { 0.99 } else { 0.001 });
        let found: Vec<_> = Smoothing::SLIDING
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
        let found = Smoothing::BLOCK.apply(&[certain(2), strong], 2);
        assert_eq!(found, [Expression::Surprise; 2]);
        assert_eq!(labels(Smoothing::BLOCK, &[6, 2], 2), [2, 2]);
    }

    #[test]
    fn a_window_of_one_changes_nothing() {
        let classes = [0, 3, 3, 7, 1, 1, 6];
        for way in Smoothing::ALL.iter().copied() {
            assert_eq!(labels(way, &classes, 1), classes);
        }
    }

    /// By the definition, each frame for itself.
    fn expected(way: Smoothing, probabilities: &[ClassScores], window: usize) -> Vec<Expression> {
        let label = |place| {
            let mut sums = WindowSums::default();
            let voters = (way.voters)(place, probabilities.len(), window);
            assert!(voters.contains(&place), "{way:?}");
            probabilities[voters].iter().for_each(|frame| sums.add(frame));
            match way.decision {
                Decision::MostFrequent => sums.most_frequent(),
                Decision::MostProbable => sums.most_probable(),
            }
        };
        (0..probabilities.len()).map(label).collect()
    }

    #[test]
    fn every_way_gives_what_its_voters_decide_as_a_whole_and_in_slices() {
        let mut state = 7_u32;
        let mut dice = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 16
        };
        for way in Smoothing::ALL.iter().copied() {
            for _ in 0..40 {
                let count = dice() as usize % 90;
                let window = 1 + dice() as usize % 40;
                let frame = |_| {
                    let scores: [f32; CLASS_COUNT] = std::array::from_fn(|_| (1 + dice() % 9) as f32);
                    scores.map(|score| score / scores.iter().sum::<f32>())
                };
                let frames: Vec<ClassScores> = (0..count).map(frame).collect();
                let whole = way.apply(&frames, window);
                assert_eq!(
                    whole,
                    expected(way, &frames, window),
                    "{way:?}, {count}, {window}"
                );
                let start = dice() as usize % (count + 1);
                let end = start + dice() as usize % (count - start + 1);
                let reach = way.reach(start..end, count, window);
                let slice = way.apply(&frames[reach.clone()], window);
                let labels = &slice[start - reach.start..end - reach.start];
                assert_eq!(
                    labels,
                    &whole[start..end],
                    "{way:?}, {count}, {window}, {start}..{end}"
                );
                // What is settled stays, whatever comes.
                let settled = way.first_unsettled(end, window);
                assert_eq!(way.apply(&frames[..end], window)[..settled], whole[..settled]);
            }
        }
    }

    #[test]
    fn names_are_those_of_files_and_others_are_refused() {
        let kept: Vec<&str> = Smoothing::ALL.iter().map(|way| way.name).take(4).collect();
        assert_eq!(
            kept,
            ["sliding", "block", "mean", "none"],
            "files and configs have these names"
        );
        for way in Smoothing::ALL {
            let name = way.name;
            assert_eq!(serde_json::to_string(way).unwrap(), format!("\"{name}\""));
            assert_eq!(
                serde_json::from_str::<Smoothing>(&format!("\"{name}\"")).unwrap(),
                *way
            );
        }
        let error = serde_json::from_str::<Smoothing>("\"blok\"")
            .unwrap_err()
            .to_string();
        assert!(error.contains("`blok`") && error.contains("`block`"), "{error}");
    }
}
