//! Reviewed labels in the layout that training reads.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use shared_model::affwild2;
use shared_model::timeline::FrameRow;
use web_messages::FaceCut;

/// Folder of the annotations.
const ANNOTATIONS: &str = "annotations";
/// Folder of the crops, one folder a face in it.
const CROPS: &str = "cropped_aligned";

/// What training learns of one video.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TrainingSet {
    /// Texts by name: an annotation a face that was reviewed, and `labels-<video>.csv`
    /// (`path,label,video,frame,person`).
    pub texts: Vec<(String, String)>,
    /// The faces of reviewed frames, in the order of the frames, and the name that each picture gets.
    pub faces: Vec<FaceCut>,
}

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

/// What was reviewed of a video whose file name without its ending is `stem`.
#[must_use]
pub fn training_set(stem: &str, rows: &[FrameRow]) -> TrainingSet {
    let mut csv = String::from("path,label,video,frame,person\n");
    let mut set = TrainingSet::default();
    let names = names(stem, rows);
    for (track, name) in &names {
        let annotation = annotation(rows, Some(*track));
        set.texts.push((format!("{ANNOTATIONS}/{name}.txt"), annotation));
    }
    for row in rows {
        let (Some(label), Some(face)) = (row.reviewed, row.face_box) else {
            continue;
        };
        let Some(name) = row.track.and_then(|track| names.get(&track)) else {
            continue;
        };
        let path = format!("{CROPS}/{name}/{:05}.jpg", row.frame + 1);
        let fields = [path.as_str(), label.name(), stem, &row.frame.to_string(), name];
        csv.push_str(&fields.map(quoted).join(","));
        csv.push('\n');
        set.faces.push(FaceCut {
            frame: row.frame,
            time_s: row.time_s,
            face_box: face,
            path,
        });
    }
    set.texts.push((format!("labels-{stem}.csv"), csv));
    set
}

/// Names of the faces that were reviewed, by track. One alone has the video's; two are `_left` and `_right`, as in
/// Aff-Wild2, by where they mostly are; more are numbered.
fn names(stem: &str, rows: &[FrameRow]) -> BTreeMap<u32, String> {
    let tracks: BTreeSet<u32> = rows
        .iter()
        .filter(|row| row.reviewed.is_some())
        .filter_map(|row| row.track)
        .collect();
    let mut by_place: Vec<u32> = tracks.iter().copied().collect();
    by_place.sort_by(|a, b| mean_center(rows, *a).total_cmp(&mean_center(rows, *b)));
    let ending = |track: u32| match by_place.as_slice() {
        [_] => String::new(),
        [left, _] if *left == track => "_left".to_owned(),
        [_, _] => "_right".to_owned(),
        _ => format!("_face{}", u64::from(track) + 1),
    };
    tracks
        .into_iter()
        .map(|track| (track, format!("{stem}{}", ending(track))))
        .collect()
}

fn mean_center(rows: &[FrameRow], track: u32) -> f64 {
    let centers = rows
        .iter()
        .filter(|row| row.track == Some(track))
        .filter_map(|row| Some(f64::from(row.face_box?.center().0)));
    let (sum, count) = centers.fold((0.0, 0_u32), |(sum, count), x| (sum + x, count + 1));
    sum / f64::from(count.max(1))
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
    use shared_model::face_box::FaceBox;

    fn row(frame: usize, track: u32, reviewed: Option<Expression>) -> FrameRow {
        // The higher the number, the further left.
        let face_box = FaceBox {
            x: 500.0 - track as f32 * 50.0,
            y: 0.0,
            w: 20.0,
            h: 20.0,
            score: 1.0,
            roll_deg: 0.0,
        };
        FrameRow {
            track: Some(track),
            face_box: Some(face_box),
            raw: Some(Expression::Other),
            temporal: Some(Expression::Other),
            smoothed: Some(Expression::Other),
            reviewed,
            ..FrameRow::without_face(frame, frame as f64)
        }
    }

    fn text_names(set: &TrainingSet) -> Vec<&str> {
        set.texts.iter().map(|(name, _)| name.as_str()).collect()
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
        let set = training_set("a,b", &rows);
        assert_eq!(
            text_names(&set),
            [
                "annotations/a,b_right.txt",
                "annotations/a,b_left.txt",
                "labels-a,b.csv"
            ]
        );
        let read = |place: usize| affwild2::read(&set.texts[place].1).unwrap();
        assert_eq!(read(0), [None, Some(Expression::Anger), None]);
        assert_eq!(read(1), [fear, None, None]);
        let csv = &set.texts[2].1;
        assert_eq!(
            csv.lines().nth(2),
            Some("\"cropped_aligned/a,b_right/00002.jpg\",Anger,\"a,b\",1,\"a,b_right\"")
        );
        assert!(!csv.contains("Other"));
        let cuts: Vec<_> = set
            .faces
            .iter()
            .map(|cut| (cut.frame, cut.path.as_str()))
            .collect();
        assert_eq!(
            cuts,
            [
                (0, "cropped_aligned/a,b_left/00001.jpg"),
                (1, "cropped_aligned/a,b_right/00002.jpg")
            ]
        );
        assert_eq!(set.faces[0].face_box, rows[1].face_box.unwrap());
    }

    #[test]
    fn one_face_has_the_videos_name_and_three_are_numbered() {
        let sad = Some(Expression::Sadness);
        let one = training_set("v", &[row(0, 4, sad), row(0, 5, None)]);
        assert_eq!(text_names(&one), ["annotations/v.txt", "labels-v.csv"]);
        let three = training_set("v", &[row(0, 0, sad), row(0, 4, sad), row(0, 5, sad)]);
        assert_eq!(three.texts[2].0, "annotations/v_face6.txt");
    }

    #[test]
    fn a_label_without_a_face_is_annotated_and_has_no_picture() {
        let gap = FrameRow {
            track: None,
            face_box: None,
            ..row(1, 0, Some(Expression::Anger))
        };
        let set = training_set("v", &[row(0, 0, Some(Expression::Fear)), gap]);
        assert_eq!(
            affwild2::read(&set.texts[0].1).unwrap()[1],
            Some(Expression::Anger)
        );
        assert_eq!(set.faces.len(), 1);
    }
}
