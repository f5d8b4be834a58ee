//! Smoothed labels in slices, in place: the network's output stays as it is.

use shared_model::smoothing::Smoothing;
use shared_model::timeline_rows::label_slice;

use crate::label_view::{LabelView, TrackView};
use crate::levels::Levels;
use crate::predicted_runs::PredictedRuns;

/// Gives the rows of a view their smoothed labels, a slice at a time.
#[derive(Debug)]
pub struct Smoother {
    smoothing: Smoothing,
    window: usize,
    /// The first row of the view that has no label yet; those before have theirs.
    first_row: usize,
    track: usize,
    /// Place in the track's series, once it is begun.
    position: Option<usize>,
    /// First frame of the track whose levels are made anew.
    frame: usize,
    levels: Levels,
    runs: PredictedRuns,
}

impl Smoother {
    /// For one way and window in frames.
    #[must_use]
    pub fn new(smoothing: Smoothing, window: usize) -> Self {
        Self::from_row(smoothing, window, 0)
    }

    /// For a view whose rows before `first_row` have their labels of the same way and window. All of it is to be done in one step.
    #[must_use]
    pub fn from_row(smoothing: Smoothing, window: usize, first_row: usize) -> Self {
        Self {
            smoothing,
            window: window.max(1),
            first_row,
            track: 0,
            position: None,
            frame: 0,
            levels: Levels::default(),
            runs: PredictedRuns::default(),
        }
    }

    /// Works on about `budget` rows (more where the window is longer); true when all is done.
    pub fn step(&mut self, view: &mut LabelView, budget: usize) -> bool {
        if view.is_unrelated {
            self.window = 1;
        }
        let Some(start) = self.position.or_else(|| self.begin(view)) else {
            return true;
        };
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
        self.position = Some(stop);
        if stop == count {
            let mut levels = std::mem::take(&mut self.levels);
            levels.build_upper(self.frame);
            track.levels = levels;
            track.runs = std::mem::take(&mut self.runs);
            self.track += 1;
            self.position = None;
        }
        self.track == tracks.len()
    }

    /// Begins the next track at the first row whose label may be another; what is known of those before stays. The place of that row
    /// in the series; `None` behind the last track.
    fn begin(&mut self, view: &mut LabelView) -> Option<usize> {
        let track = view.tracks.get_mut(self.track)?;
        let is_kept = |row: &u32| (*row as usize) < self.first_row;
        let kept = track.series.partition_point(is_kept);
        let earliest = self.smoothing.first_unsettled(kept, self.window);
        let rows = &view.rows;
        let frame_at = |series: &[u32], place: usize| {
            let row = series.get(place).and_then(|row| rows.get(*row as usize));
            row.map(|row| row.frame)
        };
        // Of a frame that shows somebody twice both rows are made.
        let is_same = |place: &usize| frame_at(&track.series, *place) == frame_at(&track.series, earliest);
        let start = (0..earliest).rev().take_while(is_same).last().unwrap_or(earliest);
        self.position = Some(start);
        self.frame = 0;
        if start == 0 {
            // What is shown stays until the new one is whole.
            self.levels = Levels::default();
            self.runs = PredictedRuns::default();
            return Some(0);
        }
        let TrackView {
            series, levels, runs, ..
        } = track;
        self.levels = std::mem::take(levels);
        self.runs = std::mem::take(runs);
        // Behind the rows that stay, not from those that come: frames between may have been this track's.
        let frame = frame_at(series, start - 1).map_or(0, |last| last + 1);
        self.frame = frame;
        self.runs.truncate(start, frame);
        let again = self.levels.truncate(frame);
        let before = series.get(..start).unwrap_or_default();
        let first =
            before.partition_point(|row| rows.get(*row as usize).is_some_and(|row| row.frame < again));
        for row in before.get(first..).unwrap_or_default() {
            if let Some(row) = rows.get(*row as usize).filter(|row| row.smoothed.is_some()) {
                self.levels.add(row);
            }
        }
        Some(start)
    }
}
