//! WebVTT subtitles: one cue a run of equal labels and track.

use std::fmt::Write as _;

use crate::label_runs::label_runs;
use crate::timeline::FrameRow;

/// Writes the reviewed, else smoothed labels as cues. `end_s` is the video's end in seconds.
#[must_use]
pub fn write(rows: &[FrameRow], end_s: f64) -> String {
    let cues = label_runs(rows, end_s);
    let many = cues.iter().any(|cue| cue.track != 0);
    let mut out = String::from("WEBVTT\n");
    for cue in cues {
        let end_s = cue.end_s.max(cue.start_s + 0.001);
        let _ = write!(out, "\n{} --> {}\n", timestamp(cue.start_s), timestamp(end_s));
        if many {
            let _ = write!(out, "Face {}: ", cue.track + 1);
        }
        let _ = writeln!(out, "{}", cue.label.name());
    }
    out
}

fn timestamp(seconds: f64) -> String {
    let millis = (seconds.max(0.0) * 1000.0).round() as u64;
    let (s, ms) = (millis / 1000, millis % 1000);
    format!("{:02}:{:02}:{:02}.{ms:03}", s / 3600, s / 60 % 60, s % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::Expression;

    #[test]
    fn equal_labels_join_into_one_cue() {
        let row = |frame: usize, label| FrameRow {
            track: Some(0),
            smoothed: Some(label),
            ..FrameRow::without_face(frame, frame as f64 * 0.5)
        };
        let rows = [
            row(0, Expression::Fear),
            row(1, Expression::Fear),
            row(2, Expression::Anger),
        ];
        assert_eq!(
            write(&rows, 3661.5),
            "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nFear\n\n00:00:01.000 --> 01:01:01.500\nAnger\n"
        );
    }
}
