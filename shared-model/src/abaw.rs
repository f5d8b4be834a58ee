//! The submission of the ABAW competition's expression track: one predicted class a frame, of one or more videos.

use std::fmt::Write as _;

use crate::affwild2;
use crate::timeline::FrameRow;

/// The submission as text, and how many frames have no label of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The file.
    pub text: String,
    /// Frames without any label (no face in the whole video), written as Neutral, since every frame needs a class.
    pub without_label: usize,
}

/// Writes the reviewed, else smoothed label of the face with the lowest number in each frame. `videos`: each one's
/// name without its ending and its rows in frame order.
#[must_use]
pub fn write<'a>(videos: impl IntoIterator<Item = (&'a str, &'a [FrameRow])>) -> Submission {
    let mut text = format!("image_location,{}\n", affwild2::HEADER);
    let mut without_label = 0;
    for (video, rows) in videos {
        let mut last = None;
        for row in rows {
            if last == Some(row.frame) {
                continue;
            }
            last = Some(row.frame);
            let label = row.reviewed.or(row.smoothed);
            without_label += usize::from(label.is_none());
            let class = label.map_or(0, crate::expression::Expression::index);
            let _ = writeln!(text, "{video}/{:05}.jpg,{class}", row.frame + 1);
        }
    }
    Submission { text, without_label }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::Expression;

    #[test]
    fn every_frame_has_one_line_and_gaps_are_counted() {
        let row = |frame, track, smoothed| FrameRow {
            track,
            smoothed,
            ..FrameRow::without_face(frame, 0.0)
        };
        let rows = [
            row(0, Some(0), Some(Expression::Fear)),
            row(0, Some(1), Some(Expression::Other)),
            row(1, None, None),
        ];
        let found = write([("clip", &rows[..])]);
        let header = "image_location,Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other";
        assert_eq!(
            found.text,
            format!("{header}\nclip/00001.jpg,3\nclip/00002.jpg,0\n")
        );
        assert_eq!(found.without_label, 1);
    }
}
