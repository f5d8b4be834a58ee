//! WebVTT: subtitles with one cue per run of equal labels and track, and chapters with one cue per event.

use std::fmt::Write as _;

use crate::label_runs::label_runs;
use crate::remark::{RemarkKind, TimedRemark};
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

/// Writes the events as chapters, each from its own start to the next one's; events at one time share a chapter. `end_s` is the video's end in
/// seconds on the media's clock. Other remarks are left out.
#[must_use]
pub fn chapters(remarks: &[TimedRemark<'_>], end_s: f64) -> String {
    let mut chapters: Vec<(f64, String)> = Vec::new();
    for event in remarks
        .iter()
        .filter(|timed| timed.remark.kind == RemarkKind::Event)
    {
        let name = escaped(&event.remark.text);
        match chapters.last_mut() {
            Some((start_s, names)) if *start_s == event.start_s => {
                names.push_str("; ");
                names.push_str(&name);
            }
            _ => chapters.push((event.start_s, name)),
        }
    }
    let ends = chapters.iter().skip(1).map(|(start_s, _)| *start_s);
    let ends: Vec<f64> = ends.chain([end_s]).collect();
    let mut out = String::from("WEBVTT\n");
    for ((start_s, name), end_s) in chapters.iter().zip(ends) {
        let end_s = end_s.max(start_s + 0.001);
        let _ = write!(
            out,
            "\n{} --> {}\n{name}\n",
            timestamp(*start_s),
            timestamp(end_s)
        );
    }
    out
}

/// Marks that would be read as such.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
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
    use crate::remark::Remarks;

    #[test]
    fn each_event_is_a_chapter_to_the_next_one() {
        let remarks = Remarks::default()
            .with_event(2, "b & <i>")
            .with_event(0, "a --> z")
            .with_event(2, "c")
            .with_unsure(0, 0..2, true);
        let timed = remarks.timed(&[0.0, 0.5, 1.0], 60.0);
        assert_eq!(
            chapters(&timed, 61.5),
            "WEBVTT\n\n00:01:00.000 --> 00:01:01.000\na --&gt; z\n\n\
             00:01:01.000 --> 00:01:01.500\nb &amp; &lt;i&gt;; c\n"
        );
        assert_eq!(chapters(&[], 2.0), "WEBVTT\n");
    }

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
