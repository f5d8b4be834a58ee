//! Runs of equal labels of a track: what subtitles and annotation tiers are made of.

use std::collections::BTreeMap;

use crate::expression::Expression;
use crate::timeline::FrameRow;

/// Consecutive frames of one track with the same label.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabelRun {
    /// First frame's time in seconds on the media's own clock, as players and ELAN count.
    pub start_s: f64,
    /// Time of the frame after the last, in seconds.
    pub end_s: f64,
    /// Whose face.
    pub track: u32,
    /// The label of its frames.
    pub label: Expression,
}

/// The runs of the labels that count (reviewed, else smoothed) by start, then by track. `end_s` is the video's end in seconds after its
/// first frame.
#[must_use]
pub fn label_runs(rows: &[FrameRow], end_s: f64) -> Vec<LabelRun> {
    lane_runs(rows, end_s, |row| row.reviewed.or(row.smoothed))
}

/// As [`label_runs`], of the labels that `label_of` gives.
#[must_use]
pub fn lane_runs(
    rows: &[FrameRow],
    end_s: f64,
    label_of: impl Fn(&FrameRow) -> Option<Expression>,
) -> Vec<LabelRun> {
    let mut runs: Vec<LabelRun> = Vec::new();
    // Start, label and last frame of the run that is open.
    let mut open: BTreeMap<u32, (f64, Expression, usize)> = BTreeMap::new();
    // Times of the frames that follow, to end runs at.
    let mut times: BTreeMap<usize, f64> = BTreeMap::new();
    for row in rows {
        times.entry(row.frame).or_insert_with(|| row.shown_s());
    }
    let start_s = rows.first().map_or(0.0, |row| row.shown_s() - row.time_s);
    let end_s = end_s + start_s;
    let after = |frame: usize| {
        times
            .range(frame + 1..)
            .next()
            .map_or(end_s, |(_, time_s)| *time_s)
    };
    let run = |track, (start_s, label, last): (f64, Expression, usize)| LabelRun {
        start_s,
        end_s: after(last),
        track,
        label,
    };
    for row in rows {
        let (Some(track), Some(label)) = (row.track, label_of(row)) else {
            continue;
        };
        match open.get_mut(&track) {
            Some((_, same, last)) if *same == label && row.frame <= *last + 1 => *last = row.frame,
            _ => {
                if let Some(ended) = open.insert(track, (row.shown_s(), label, row.frame)) {
                    runs.push(run(track, ended));
                }
            }
        }
    }
    runs.extend(open.into_iter().map(|(track, still_open)| run(track, still_open)));
    runs.sort_by(|a, b| a.start_s.total_cmp(&b.start_s).then(a.track.cmp(&b.track)));
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_stand_on_the_media_clock_to_their_last_end() {
        let row = |frame: usize| FrameRow {
            track: Some(0),
            smoothed: Some(Expression::Fear),
            media_s: Some(frame as f64 * 0.25 + 0.5),
            ..FrameRow::without_face(frame, frame as f64 * 0.25)
        };
        let runs = label_runs(&[row(0), row(1)], 0.5);
        assert_eq!((runs[0].start_s, runs[0].end_s), (0.5, 1.0));
    }

    #[test]
    fn a_run_ends_with_the_next_frame_also_where_the_face_was_lost() {
        let row = |frame: usize, track, label| FrameRow {
            track,
            smoothed: Some(label),
            ..FrameRow::without_face(frame, frame as f64 * 0.5)
        };
        let rows = [
            row(0, Some(3), Expression::Fear),
            row(1, Some(3), Expression::Fear),
            row(2, None, Expression::Fear),
            row(3, None, Expression::Fear),
            row(4, Some(3), Expression::Fear),
            row(5, Some(3), Expression::Anger),
        ];
        let found: Vec<_> = label_runs(&rows, 3.0)
            .iter()
            .map(|run| (run.start_s, run.end_s, run.label))
            .collect();
        assert_eq!(
            found,
            [
                (0.0, 1.0, Expression::Fear),
                (2.0, 2.5, Expression::Fear),
                (2.5, 3.0, Expression::Anger)
            ]
        );
    }
}
