//! Smoothed labels in slices, in place: the network's output stays as it is.

use shared_model::expression::ClassScores;
use shared_model::smoothing::Smoothing;

use crate::label_view::LabelView;
use crate::levels::Levels;
use crate::predicted_runs::PredictedRuns;

/// Gives all rows of a view their smoothed labels, a slice at a time.
#[derive(Debug)]
pub struct Smoother {
    smoothing: Smoothing,
    window: usize,
    track: usize,
    position: usize,
    levels: Levels,
    runs: PredictedRuns,
}

impl Smoother {
    /// For one way and window in frames.
    #[must_use]
    pub fn new(smoothing: Smoothing, window: usize) -> Self {
        Self {
            smoothing,
            window: window.max(1),
            track: 0,
            position: 0,
            levels: Levels::default(),
            runs: PredictedRuns::default(),
        }
    }

    /// Works on about `budget` rows (more where the window is longer); true when all is done.
    pub fn step(&mut self, view: &mut LabelView, budget: usize) -> bool {
        if view.is_unrelated {
            self.window = 1;
        }
        let LabelView {
            rows,
            tracks,
            is_unrelated,
            ..
        } = view;
        let Some(track) = tracks.get_mut(self.track) else {
            return true;
        };
        let count = track.series.len();
        let start = self.position.min(count);
        // A whole window at a time at least: the margins are computed again for each slice.
        let stop = start.saturating_add(budget.max(self.window)).min(count);
        let (from, to) = self.reach(start, stop, count);
        let probabilities: Vec<ClassScores> = track
            .series
            .get(from..to)
            .unwrap_or_default()
            .iter()
            .filter_map(|index| rows.get(*index as usize)?.probabilities)
            .collect();
        let labels = self.smoothing.apply(&probabilities, self.window);
        // A track has probabilities in all its rows or in none.
        let kept = labels.into_iter().skip(start - from);
        let slice = track.series.get(start..stop).unwrap_or_default();
        for (index, label) in slice.iter().zip(kept) {
            if let Some(row) = rows.get_mut(*index as usize) {
                row.smoothed = Some(label);
                self.levels.add(row);
                if *is_unrelated {
                    self.runs.add_apart(row);
                } else {
                    self.runs.add(row);
                }
            }
        }
        self.position = stop;
        if stop == count {
            let mut levels = std::mem::take(&mut self.levels);
            levels.build_upper();
            track.levels = levels;
            track.runs = std::mem::take(&mut self.runs);
            self.track += 1;
            self.position = 0;
        }
        self.track == tracks.len()
    }

    /// The rows that labels `start..stop` depend on.
    fn reach(&self, start: usize, stop: usize, count: usize) -> (usize, usize) {
        let window = self.window;
        match self.smoothing {
            Smoothing::None => (start, stop),
            Smoothing::Block => (
                start - start % window,
                stop.div_ceil(window).saturating_mul(window).min(count),
            ),
            Smoothing::Sliding | Smoothing::Mean => (
                start.saturating_sub(window / 2),
                stop.saturating_add(window.div_ceil(2)).min(count),
            ),
        }
    }
}
