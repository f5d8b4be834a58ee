//! Runs of equal computed labels of one track, with how doubtful they are.

use std::ops::Range;

use shared_model::expression::Expression;
use shared_model::timeline::FrameRow;

use crate::levels::margin;

/// Consecutive frames of equal smoothed label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PredictedRun {
    /// First frame.
    pub start: usize,
    /// The frame after the last.
    pub end: usize,
    /// Smoothed label.
    pub label: Expression,
}

/// The runs of one track by start, and the sums by which the doubt of any stretch is found at once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PredictedRuns {
    runs: Vec<PredictedRun>,
    /// Sum of the rows' doubts up to each row of the track's series, that row included.
    doubts: Vec<f64>,
}

impl PredictedRuns {
    /// Takes the next row of the track, in frame order.
    pub fn add(&mut self, row: &FrameRow) {
        match self.runs.last_mut() {
            Some(run) if row.smoothed == Some(run.label) && run.end == row.frame => {
                run.end += 1;
                self.add_doubt(row);
            }
            _ => self.add_apart(row),
        }
    }

    /// Takes the next row of the track as a run of its own.
    pub fn add_apart(&mut self, row: &FrameRow) {
        self.add_doubt(row);
        if let Some(label) = row.smoothed {
            self.runs.push(PredictedRun {
                start: row.frame,
                end: row.frame + 1,
                label,
            });
        }
    }

    /// Forgets the rows of the track from a place in its series on, which is that of a frame.
    pub fn truncate(&mut self, place: usize, frame: usize) {
        self.doubts.truncate(place);
        let kept = self.runs.partition_point(|run| run.start < frame);
        self.runs.truncate(kept);
        if let Some(last) = self.runs.last_mut() {
            last.end = last.end.min(frame);
        }
    }

    fn add_doubt(&mut self, row: &FrameRow) {
        let sum = self.doubts.last().copied().unwrap_or(0.0);
        self.doubts.push(sum + doubt_of(row));
    }

    /// The runs.
    #[must_use]
    pub fn runs(&self) -> &[PredictedRun] {
        &self.runs
    }

    /// Mean doubt of the rows at these places of the track's series; 0 for none.
    #[must_use]
    pub fn doubt(&self, places: Range<usize>) -> f64 {
        let upto = |place: usize| {
            place
                .checked_sub(1)
                .and_then(|last| self.doubts.get(last))
                .copied()
                .unwrap_or(0.0)
        };
        let count = places.end.saturating_sub(places.start);
        if count == 0 {
            return 0.0;
        }
        (upto(places.end) - upto(places.start)) / count as f64
    }
}

/// How doubtful a frame is, 0 to 1: the mean of 1 - margin (best less second best probability) and of the
/// disagreement among the labels of the frame, of the clip and of the window (0 all the same, 1 all different).
fn doubt_of(row: &FrameRow) -> f64 {
    let Some(probabilities) = &row.probabilities else {
        return 0.0;
    };
    let labels: Vec<Expression> = [row.raw, row.temporal, row.smoothed]
        .into_iter()
        .flatten()
        .collect();
    let mut distinct = labels.clone();
    distinct.sort_unstable();
    distinct.dedup();
    let disagreement = match labels.len() {
        0 | 1 => 0.0,
        count => (distinct.len() - 1) as f64 / (count - 1) as f64,
    };
    f64::midpoint(1.0 - f64::from(margin(probabilities)), disagreement)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(frame: usize, best: f32, raw: usize, smoothed: usize) -> FrameRow {
        let mut probabilities = [0.0; 8];
        probabilities[raw] = best;
        probabilities[(raw + 1) % 8] = 1.0 - best;
        FrameRow {
            track: Some(0),
            probabilities: Some(probabilities),
            raw: Expression::from_index(raw),
            temporal: Expression::from_index(raw),
            smoothed: Expression::from_index(smoothed),
            ..FrameRow::without_face(frame, frame as f64)
        }
    }

    #[test]
    fn doubt_is_small_margin_and_disagreement() {
        let mut runs = PredictedRuns::default();
        runs.add(&row(0, 1.0, 4, 4));
        runs.add(&row(1, 0.75, 4, 4));
        runs.add(&row(2, 0.75, 4, 1));
        runs.add(&row(9, 0.75, 4, 1));
        assert!((runs.doubt(0..1)).abs() < 1e-9);
        // Margin 0.5.
        assert!((runs.doubt(1..2) - 0.25).abs() < 1e-6);
        // Two labels among three.
        assert!((runs.doubt(2..3) - 0.5).abs() < 1e-6);
        assert!((runs.doubt(1..3) - 0.375).abs() < 1e-6);
        let found: Vec<_> = runs.runs().iter().map(|run| (run.start, run.end)).collect();
        assert_eq!(found, [(0, 2), (2, 3), (9, 10)]);
    }
}
