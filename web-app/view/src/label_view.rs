//! The rows of one analysis, sorted for drawing and looking up.

use shared_model::timeline::{FrameRow, span_of};
use shared_model::timeline_rows::FrameRows;

use crate::levels::Levels;
use crate::predicted_runs::PredictedRuns;

/// One track's rows, in frame order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TrackView {
    /// Number of the track.
    pub track: u32,
    /// Indices into [`LabelView::rows`], ascending; frames without a face that belong to the track are in.
    pub series: Vec<u32>,
    /// Coarser copies for drawing when many frames share a pixel.
    pub levels: Levels,
    /// Runs of equal smoothed label, with their doubt.
    pub runs: PredictedRuns,
}

/// The same rows as [`Timeline::rows`](shared_model::timeline::Timeline::rows), with what drawing needs beside them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LabelView {
    /// One row a frame and face, and one for each frame without a face.
    pub rows: Vec<FrameRow>,
    /// Start of each frame in seconds.
    pub times: Vec<f64>,
    /// Tracks by number.
    pub tracks: Vec<TrackView>,
    /// Whether the frames have nothing to do with one another, see [`Timeline::is_unrelated`](shared_model::timeline::Timeline::is_unrelated).
    pub is_unrelated: bool,
}

impl From<FrameRows> for LabelView {
    /// Without labels: [`Smoother`](crate::smoother::Smoother) gives them, and what drawing needs.
    fn from(found: FrameRows) -> Self {
        let track_of = |(track, series)| TrackView {
            track,
            series,
            ..TrackView::default()
        };
        Self {
            rows: found.rows,
            times: found.times,
            tracks: found.series.into_iter().map(track_of).collect(),
            is_unrelated: found.is_unrelated,
        }
    }
}

impl LabelView {
    /// Takes the rows out, to be gone on with; the tracks stay, without their rows. See [`LabelView::put_back`].
    #[must_use]
    pub(crate) fn take_rows(&mut self) -> FrameRows {
        let series_of = |track: &mut TrackView| (track.track, std::mem::take(&mut track.series));
        FrameRows {
            rows: std::mem::take(&mut self.rows),
            times: std::mem::take(&mut self.times),
            series: self.tracks.iter_mut().map(series_of).collect(),
            is_unrelated: self.is_unrelated,
        }
    }

    /// Puts rows back that have grown; tracks that were there keep what drawing needs of them.
    pub(crate) fn put_back(&mut self, found: FrameRows) {
        let before = std::mem::replace(self, Self::from(found));
        for old in before.tracks {
            if let Some(track) = self.tracks.iter_mut().find(|track| track.track == old.track) {
                track.levels = old.levels;
                track.runs = old.runs;
            }
        }
    }

    /// Frames.
    #[must_use]
    pub fn frame_count(&self) -> usize {
        self.times.len()
    }

    /// The frame that is shown at `time_s`, `None` without frames.
    #[must_use]
    pub fn frame_at(&self, time_s: f64) -> Option<usize> {
        // Players round presentation times to microseconds or worse.
        let after = self.times.partition_point(|start| *start <= time_s + 0.002);
        (!self.times.is_empty()).then(|| after.saturating_sub(1))
    }

    /// Start and end of a frame in seconds. The last one lasts as long as the one before it, a single one a second.
    #[must_use]
    pub fn span_of(&self, frame: usize) -> (f64, f64) {
        span_of(&self.times, frame)
    }

    /// End of the last frame in seconds, 0 without frames.
    #[must_use]
    pub fn end_s(&self) -> f64 {
        self.times
            .len()
            .checked_sub(1)
            .map_or(0.0, |last| self.span_of(last).1)
    }

    /// Time of the first frame on the media's own clock in seconds, 0 where that is not known.
    #[must_use]
    pub fn start_s(&self) -> f64 {
        self.rows.first().map_or(0.0, |row| row.shown_s() - row.time_s)
    }

    /// A time inside the frame, where a player that rounds still shows it.
    #[must_use]
    pub fn middle_of(&self, frame: usize) -> f64 {
        let (start, end) = self.span_of(frame);
        start + (end - start).min(0.04) / 2.0
    }

    /// Rows of a frame.
    #[must_use]
    pub fn rows_of(&self, frame: usize) -> &[FrameRow] {
        let start = self.rows.partition_point(|row| row.frame < frame);
        let end = self.rows.partition_point(|row| row.frame <= frame);
        self.rows.get(start..end).unwrap_or_default()
    }

    /// A track's row in a frame; also rows without a face that belong to it.
    #[must_use]
    pub fn row_of(&self, track: &TrackView, frame: usize) -> Option<&FrameRow> {
        let place = track.series.partition_point(|row| self.frame_of(*row) < frame);
        let row = self.rows.get(*track.series.get(place)? as usize)?;
        (row.frame == frame).then_some(row)
    }

    /// Frame of a row; past the end where there is no such row.
    #[must_use]
    pub fn frame_of(&self, row: u32) -> usize {
        self.rows.get(row as usize).map_or(usize::MAX, |row| row.frame)
    }
}
