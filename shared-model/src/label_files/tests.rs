//! What each format says, and what is said of files that are wrong.

use super::*;
use crate::decisions::Decisions;
use crate::elan;
use crate::face_box::FaceBox;
use crate::project::PROJECT_VERSION;
use crate::remark::Remarks;
use crate::smoothing::Smoothing;
use crate::timeline::{Prediction, Timeline, TrackedFace};

/// 24 frames/s, whose times are no whole milliseconds.
fn timeline(classes: &[usize]) -> Timeline {
    let mut timeline = Timeline::new();
    for (frame, class) in classes.iter().enumerate() {
        timeline.push(Prediction::Seen {
            frame,
            time_s: frame as f64 / 24.0,
            faces: vec![TrackedFace {
                track: 0,
                face_box: FaceBox::whole(8, 8),
                raw: std::array::from_fn(|index| if index == *class { 0.93 } else { 0.01 }),
                temporal: None,
            }],
        });
    }
    timeline
}

fn times(count: usize) -> Vec<f64> {
    (0..count).map(|frame| frame as f64 / 24.0).collect()
}

fn said(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

fn indices(labels: &FrameLabels) -> Vec<Option<usize>> {
    labels.iter().map(|label| label.map(Expression::index)).collect()
}

#[test]
fn what_elan_export_writes_is_read_back_frame_by_frame() {
    let classes: Vec<usize> = (0..200).map(|frame| frame / 7 % 8).collect();
    let rows = timeline(&classes).rows(Smoothing::NONE, 1);
    // Words that read like expressions are none where they are remarks.
    let remarks = Remarks::default()
        .with_note(0, 3..9, "Fear")
        .with_unsure(0, 3..9, true)
        .with_event(7, "Anger");
    let text = elan::write("a.mp4", &rows, &remarks.timed(&times(200), 0.0), 200.0 / 24.0, 0);
    let LabelFile::Spans(spans) = read(&text).unwrap() else {
        panic!("an ELAN file holds spans");
    };
    let labels = spans.first_face(&times(200), 200.0 / 24.0);
    let expected: Vec<_> = classes.into_iter().map(Some).collect();
    assert_eq!(indices(&labels), expected);
    assert_eq!(spans.label_at(1, false, 1.0), None);
    assert!(spans.left_out.is_empty(), "{:?}", spans.left_out);
    // A person's own tier is not taken for one of the lanes, and the lanes alone are no labels.
    let LabelFile::Spans(renamed) = read(&text.replacen("\"Face 1\"", "\"Mine\"", 1)).unwrap() else {
        panic!("an ELAN file holds spans");
    };
    assert_eq!(indices(&renamed.first_face(&times(200), 200.0 / 24.0)), expected);
    let alone = text.replacen("\"Face 1\"", "\"Face 1 Reviewed\"", 1);
    assert!(said(&alone).contains("Face 1 Reviewed"), "{}", said(&alone));
}

#[test]
fn change_points_hold_until_the_next_one() {
    let text = "time label\n0 neutral\n0:00:00.25,4 # smiles\n0.5 -\n0.75\tSurprise\n";
    let LabelFile::Spans(spans) = read(text).unwrap() else {
        panic!("change points are spans");
    };
    let labels = indices(&spans.first_face(&times(24), 1.0));
    assert_eq!(labels[..6], [Some(0); 6]);
    assert_eq!(labels[6..12], [Some(4); 6]);
    assert_eq!(labels[12..18], [None; 6]);
    assert_eq!(labels[18..], [Some(6); 6]);
    assert!(said("0 neutral\n2 anger\n1 fear\n").contains("line 3"));
    assert!(said("0 neutral\n2 grumpy\n").contains("line 2: `2 grumpy`"));
    assert!(said("0 -\n2 -\n").contains("no frame is labelled"));
}

#[test]
fn reviewed_labels_of_a_project_count_alone() {
    let segment = |start, end| ReviewedSegment {
        track: 0,
        start,
        end,
        label: Expression::Fear,
        confirmed: true,
    };
    let project = Project {
        version: PROJECT_VERSION,
        video: "a.mp4".into(),
        fingerprint: None,
        model: "tiny".into(),
        smoothing: Smoothing::NONE,
        window: 1,
        reviewed: vec![segment(2, 4)],
        people: Default::default(),
        remarks: Remarks::default(),
        decisions: Decisions::default(),
        timeline: timeline(&[0; 6]),
    };
    let LabelFile::Table(rows) = read(&project.to_json().unwrap()).unwrap() else {
        panic!("a project holds rows");
    };
    let column = best_column(rows.iter().map(|named| &named.row));
    let labels: FrameLabels = rows.iter().map(|named| column(&named.row)).collect();
    assert_eq!(indices(&labels), [None, None, Some(3), Some(3), None, None]);
    let overlapping = Project {
        reviewed: vec![segment(2, 4), segment(3, 5)],
        ..project
    };
    let text = overlapping.to_json().unwrap();
    assert!(said(&text).contains("overlap"), "{}", said(&text));
    let newer = text.replacen("\"version\":2", "\"version\":9", 1);
    assert!(said(&newer).contains("version 9 is newer"));
}

/// An ELAN tier: its name, and start in ms, end in ms and value of each annotation.
type Tier<'a> = (&'a str, &'a [(u32, u32, &'a str)]);

fn eaf(tiers: &[Tier<'_>]) -> String {
    let (mut slots, mut body, mut number) = (String::new(), String::new(), 0);
    for (name, annotations) in tiers {
        body += &format!("<TIER TIER_ID=\"{name}\" LINGUISTIC_TYPE_REF=\"t\">");
        for (start, end, value) in *annotations {
            number += 1;
            slots += &format!(
                "<TIME_SLOT TIME_SLOT_ID=\"s{number}\" TIME_VALUE=\"{start}\"/><TIME_SLOT TIME_SLOT_ID=\"e{number}\" TIME_VALUE=\"{end}\"/>"
            );
            body += &format!(
                "<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID=\"a{number}\" TIME_SLOT_REF1=\"s{number}\" TIME_SLOT_REF2=\"e{number}\"><ANNOTATION_VALUE>{value}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>"
            );
        }
        body += "</TIER>";
    }
    format!(
        "<?xml version=\"1.0\"?><ANNOTATION_DOCUMENT><TIME_ORDER>{slots}</TIME_ORDER>{body}</ANNOTATION_DOCUMENT>"
    )
}

#[test]
fn tiers_of_other_things_are_left_out_and_named() {
    let gaze: &[(u32, u32, &str)] = &[(0, 900, "left")];
    let happy: &[(u32, u32, &str)] = &[(0, 500, "happy")];
    let LabelFile::Spans(spans) = read(&eaf(&[("gaze", gaze), ("expr", happy)])).unwrap() else {
        panic!("an ELAN file holds spans");
    };
    assert_eq!(spans.left_out, ["gaze"]);
    assert_eq!(spans.label_at(5, true, 0.3), Some(Expression::Happiness));
    let both = said(&eaf(&[("Face 1", happy), ("coder B", happy)]));
    assert!(both.contains("`coder B`") && both.contains("`Face 1`"), "{both}");
    let none = said(&eaf(&[("gaze", gaze), ("notes", gaze)]));
    assert!(none.contains("gaze, notes"), "{none}");
    assert!(said(&eaf(&[("Face 1", gaze)])).contains("`left`"));
}

#[test]
fn damaged_elan_files_name_the_place() {
    let overlapping = said(&eaf(&[("Face 1", &[(0, 500, "happy"), (400, 800, "sad")])]));
    assert!(overlapping.contains("overlap at 0.400 s"), "{overlapping}");
    assert!(said(&eaf(&[("Face 1", &[(500, 500, "happy")])])).contains("a1"));
    let lost = eaf(&[("Face 1", &[(0, 500, "happy")])]).replace("TIME_SLOT_ID=\"e1\"", "TIME_SLOT_ID=\"x\"");
    assert!(said(&lost).contains("`e1`"));
    assert!(said("<ANNOTATION_DOCUMENT><TIER>").contains("XML"));
    assert!(said("<html></html>").contains("`html`"));
}

#[test]
fn other_files_are_told_apart() {
    assert!(said("hello\nworld\n").contains("`hello`"));
    let missing = said("video,track,frame\nv,0,0\n");
    assert!(
        missing.contains("`time_s`") && missing.contains("`reviewed`"),
        "{missing}"
    );
    assert!(said("Anger,Neutral,Disgust,Fear,Happiness,Sadness,Surprise,Other\n0\n").contains("expected"));
}

#[test]
fn two_hundred_thousand_annotations_are_read() {
    let mut text = String::new();
    for point in 0..200_000 {
        text += &format!("{} {}\n", f64::from(point) * 0.04, point % 8);
    }
    let LabelFile::Spans(spans) = read(&text).unwrap() else {
        panic!("change points are spans");
    };
    assert_eq!(spans.count(), 200_000);
    assert_eq!(
        spans.label_at(0, true, 7999.97),
        Expression::from_index(199_999 % 8)
    );
}

#[test]
fn an_empty_file_is_called_empty() {
    for text in ["", "\u{feff}", "\n \n"] {
        assert_eq!(said(text), "the file is empty");
    }
}
