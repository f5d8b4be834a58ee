//! Reviewed labels in the layouts that training reads.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use shared_model::affwild2;
use shared_model::timeline::FrameRow;

/// Aff-Wild2's annotation of one face: its reviewed label in each frame, -1 where nobody reviewed it. Computed labels
/// are never in it: a model is not to learn from itself unseen.
#[must_use]
pub fn annotation(rows: &[FrameRow], track: Option<u32>) -> String {
    let mut text = format!("{}\n", affwild2::HEADER);
    let frames = rows.last().map_or(0, |row| row.frame + 1);
    let mut labels = vec![-1_i32; frames];
    for row in rows
        .iter()
        .filter(|row| row.track.is_none() || row.track == track)
    {
        if let (Some(place), Some(label)) = (labels.get_mut(row.frame), row.reviewed) {
            *place = i32::try_from(label.index()).unwrap_or(-1);
        }
    }
    for label in labels {
        let _ = writeln!(text, "{label}");
    }
    text
}

/// The files of one video by name: an annotation a face that was reviewed, and `labels.csv`
/// (`path,label,video,frame,person`) whose paths are those of `crops`.
#[must_use]
pub fn files(stem: &str, rows: &[FrameRow]) -> Vec<(String, String)> {
    let tracks: BTreeSet<u32> = rows
        .iter()
        .filter(|row| row.reviewed.is_some())
        .filter_map(|row| row.track)
        .collect();
    let is_alone = tracks.len() == 1;
    let mut csv = String::from("path,label,video,frame,person\n");
    let mut files = Vec::new();
    for track in &tracks {
        let name = if is_alone {
            stem.to_owned()
        } else {
            format!("{stem}_face{}", u64::from(*track) + 1)
        };
        files.push((format!("annotations/{name}.txt"), annotation(rows, Some(*track))));
        for row in rows.iter().filter(|row| row.track == Some(*track)) {
            if let Some(label) = row.reviewed {
                let path = format!("crops/{name}/{:05}.jpg", row.frame + 1);
                let fields = [path.as_str(), label.name(), stem, &row.frame.to_string(), &name];
                csv.push_str(&fields.map(quoted).join(","));
                csv.push('\n');
            }
        }
    }
    files.push((format!("labels-{stem}.csv"), csv));
    files
}

fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::expression::Expression;

    fn row(frame: usize, track: u32, reviewed: Option<Expression>) -> FrameRow {
        FrameRow {
            frame,
            time_s: frame as f64,
            track: Some(track),
            face_box: None,
            probabilities: None,
            raw: Some(Expression::Other),
            temporal: Some(Expression::Other),
            smoothed: Some(Expression::Other),
            reviewed,
        }
    }

    #[test]
    fn only_reviewed_labels_are_taught_each_face_by_itself() {
        let fear = Some(Expression::Fear);
        let rows = [
            row(0, 0, None),
            row(0, 2, fear),
            row(1, 0, Some(Expression::Anger)),
            row(1, 2, None),
            row(2, 5, None),
        ];
        let found = files("a,b", &rows);
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "annotations/a,b_face1.txt",
                "annotations/a,b_face3.txt",
                "labels-a,b.csv"
            ]
        );
        let read = |place: usize| affwild2::read(&found[place].1).unwrap();
        assert_eq!(read(0), [None, Some(Expression::Anger), None]);
        assert_eq!(read(1), [fear, None, None]);
        assert_eq!(
            found[2].1.lines().nth(1),
            Some("\"crops/a,b_face1/00002.jpg\",Anger,\"a,b\",1,\"a,b_face1\"")
        );
        assert!(!found[2].1.contains("Other"));
    }
}
