//! Smoothed labels in slices, in place: the network's output stays as it is.

use shared_model::smoothing::Smoothing;
use shared_model::timeline_rows::label_slice;

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
        label_slice(rows, &track.series, start..stop, self.smoothing, self.window);
        for index in track.series.get(start..stop).unwrap_or_default() {
            if let Some(row) = rows.get(*index as usize).filter(|row| row.smoothed.is_some()) {
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
}
