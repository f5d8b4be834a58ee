//! Agreement between two annotators, or an annotator and a machine, over units of time.

use std::collections::BTreeMap;

use crate::expression::{CLASS_COUNT, Expression};
use crate::metrics::ConfusionMatrix;

/// What two sides say about one frame of one face.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabelPair {
    /// Whose face.
    pub track: u32,
    /// Frame number.
    pub frame: usize,
    /// Start of the frame in seconds.
    pub time_s: f64,
    /// One side, which counts as the truth.
    pub truth: Option<Expression>,
    /// The other side.
    pub other: Option<Expression>,
}

/// What counts once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Unit {
    /// Every frame: long segments weigh more than short ones, and neighbours are hardly independent.
    Frame,
    /// Every stretch of a face in which neither side changes, however long it is. Frames that one side leaves out part
    /// stretches.
    Stretch,
    /// Every window of so many seconds of a face, counted from the video's start; each side gives it the label it gave
    /// most of the window's frames, ties going to the lower class index. Frames that one side leaves out do not count.
    Window(f64),
}

/// Counts of what both sides say about each unit. The pairs of each track must be in frame order.
#[must_use]
pub fn count(pairs: impl IntoIterator<Item = LabelPair>, unit: Unit) -> ConfusionMatrix {
    match unit {
        Unit::Frame => {
            ConfusionMatrix::from_pairs(pairs.into_iter().filter_map(|pair| pair.truth.zip(pair.other)))
        }
        Unit::Stretch => count_stretches(pairs),
        Unit::Window(seconds) => count_windows(pairs, seconds.max(1e-3)),
    }
}

fn count_stretches(pairs: impl IntoIterator<Item = LabelPair>) -> ConfusionMatrix {
    let mut matrix = ConfusionMatrix::default();
    // What each track's next frame would have to say to belong to the stretch before it.
    let mut goes_on: BTreeMap<u32, (usize, Option<(Expression, Expression)>)> = BTreeMap::new();
    for pair in pairs {
        let labels = pair.truth.zip(pair.other);
        let before = goes_on.insert(pair.track, (pair.frame + 1, labels));
        if let Some((truth, other)) = labels
            && before != Some((pair.frame, labels))
        {
            matrix.add(truth, other);
        }
    }
    matrix
}

fn count_windows(pairs: impl IntoIterator<Item = LabelPair>, seconds: f64) -> ConfusionMatrix {
    /// Votes of both sides.
    type Votes = [[u32; CLASS_COUNT]; 2];
    let mut windows: BTreeMap<(u32, u64), Votes> = BTreeMap::new();
    for pair in pairs {
        let Some((truth, other)) = pair.truth.zip(pair.other) else {
            continue;
        };
        // Times are rounded to microseconds in files: a frame at the edge belongs to the window that begins there.
        let window = ((pair.time_s + 1e-6) / seconds).max(0.0) as u64;
        let votes = windows.entry((pair.track, window)).or_default();
        for (side, label) in votes.iter_mut().zip([truth, other]) {
            if let Some(vote) = side.get_mut(label.index()) {
                *vote += 1;
            }
        }
    }
    let label = |votes: &[u32; CLASS_COUNT]| Expression::argmax(&votes.map(|vote| vote as f32));
    ConfusionMatrix::from_pairs(
        windows
            .values()
            .map(|[truth, other]| (label(truth), label(other))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(truth: &[i32], other: &[i32]) -> Vec<LabelPair> {
        let class = |label: i32| usize::try_from(label).ok().and_then(Expression::from_index);
        truth
            .iter()
            .zip(other)
            .enumerate()
            .map(|(frame, (truth, other))| LabelPair {
                track: 0,
                frame,
                time_s: frame as f64 / 4.0,
                truth: class(*truth),
                other: class(*other),
            })
            .collect()
    }

    #[test]
    fn units_of_one_frame_are_frames() {
        let found = pairs(&[0, 1, 4, 4, 2, -1, 0], &[0, 4, 4, 1, 2, 3, 0]);
        let frames = count(found.clone(), Unit::Frame);
        assert_eq!(count(found, Unit::Window(0.25)), frames);
    }

    #[test]
    fn a_stretch_counts_once_and_gaps_part_it() {
        let found = pairs(&[0, 0, 0, 4, 4, -1, 4], &[0, 0, 1, 4, 4, 4, 4]);
        // (0, 0), (0, 1), (4, 4), and (4, 4) again behind the gap.
        let report = count(found, Unit::Stretch).report();
        assert_eq!(report.frames, 4);
        // sklearn: cohen_kappa_score([0, 0, 4, 4], [0, 1, 4, 4]) = 0.6.
        assert!((report.kappa - 0.6).abs() < 1e-12, "{}", report.kappa);
    }

    #[test]
    fn windows_take_the_most_frequent_label_of_each_side() {
        // One second is four frames.
        let found = pairs(&[0, 0, 4, 4, 1, 1, 1, 2, 3], &[4, 4, 4, 0, 1, 2, 2, 2, 3]);
        let matrix = count(found, Unit::Window(1.0));
        let expected = ConfusionMatrix::from_pairs([
            (Expression::Neutral, Expression::Happiness),
            (Expression::Anger, Expression::Disgust),
            (Expression::Fear, Expression::Fear),
        ]);
        assert_eq!(matrix, expected);
    }

    #[test]
    fn tracks_do_not_mix() {
        let mut found = pairs(&[0, 0, 4], &[0, 0, 4]);
        let mut second = pairs(&[1, 1, 4], &[1, 2, 4]);
        second.iter_mut().for_each(|pair| pair.track = 1);
        let apart = [&found, &second].map(|side| count(side.clone(), Unit::Stretch).report().frames);
        found.extend(second);
        found.sort_by_key(|pair| pair.frame);
        assert_eq!(
            count(found, Unit::Stretch).report().frames,
            apart.iter().sum::<u64>()
        );
    }
}
