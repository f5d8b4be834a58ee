//! WebVTT subtitles: one cue a run of equal labels and track.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::expression::Expression;
use crate::timeline::FrameRow;

/// Writes the reviewed, else smoothed labels as cues. `end_s` is the video's end in seconds.
#[must_use]
pub fn write(rows: &[FrameRow], end_s: f64) -> String {
    let mut cues: Vec<(f64, f64, u32, Expression)> = Vec::new();
    let mut open: BTreeMap<u32, (f64, Expression, usize)> = BTreeMap::new();
    let close = |cues: &mut Vec<_>, track, (start, label, _), end| {
        cues.push((start, end, track, label));
    };
    for row in rows {
        let (Some(track), Some(label)) = (row.track, row.reviewed.or(row.smoothed)) else {
            continue;
        };
        match open.get_mut(&track) {
            Some((_, same, last)) if *same == label && row.frame <= *last + 1 => *last = row.frame,
            _ => {
                if let Some(ended) = open.insert(track, (row.time_s, label, row.frame)) {
                    close(&mut cues, track, ended, row.time_s);
                }
            }
        }
    }
    for (track, still_open) in open {
        let end = rows
            .iter()
            .find(|row| row.frame > still_open.2)
            .map_or(end_s, |row| row.time_s);
        close(&mut cues, track, still_open, end);
    }
    cues.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.2.cmp(&b.2)));
    let many = cues.iter().any(|cue| cue.2 != 0);
    let mut out = String::from("WEBVTT\n");
    for (start, end, track, label) in cues {
        let end = end.max(start + 0.001);
        let _ = write!(out, "\n{} --> {}\n", timestamp(start), timestamp(end));
        if many {
            let _ = write!(out, "Face {}: ", track + 1);
        }
        let _ = writeln!(out, "{}", label.name());
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

    #[test]
    fn equal_labels_join_into_one_cue() {
        let row = |frame: usize, label| FrameRow {
            frame,
            time_s: frame as f64 * 0.5,
            track: Some(0),
            face_box: None,
            probabilities: None,
            raw: None,
            temporal: None,
            smoothed: Some(label),
            reviewed: None,
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
