//! `mien score` against figures of scikit-learn.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

use std::path::Path;

use crate::common::{mien_fails, mien_ok};
use shared_model::affwild2::HEADER;
use shared_model::expression::{CLASS_COUNT, Expression};
use shared_model::frame_table;
use shared_model::timeline::FrameRow;

const TRUTH: [usize; 60] = [
    3, 2, 4, 5, 0, 6, 1, 0, 0, 0, 4, 6, 1, 4, 5, 0, 3, 1, 0, 1, 4, 2, 0, 4, 0, 0, 0, 3, 3, 6, 0, 0, 0, 0, 1,
    1, 0, 0, 2, 4, 1, 5, 1, 0, 1, 4, 2, 0, 4, 4, 0, 0, 2, 0, 4, 2, 3, 3, 0, 3,
];
const PREDICTED: [usize; 60] = [
    4, 2, 4, 5, 1, 6, 0, 0, 4, 0, 4, 6, 1, 6, 5, 0, 1, 1, 0, 6, 4, 2, 0, 0, 0, 4, 0, 3, 1, 6, 1, 0, 7, 0, 4,
    1, 0, 0, 6, 4, 1, 7, 0, 0, 1, 6, 1, 0, 0, 4, 1, 7, 6, 0, 4, 2, 4, 3, 7, 7,
];

/// scikit-learn 1.7: `f1_score(average="macro", labels=range(8), zero_division=0)`, `accuracy_score`,
/// `cohen_kappa_score`, and the F1 and precision of the classes.
const MACRO_F1: f64 = 0.528_499_278_499_278_5;
const ACCURACY: f64 = 0.583_333_333_333_333_4;
const KAPPA: f64 = 0.488_578_247_528_124_7;
const F1: [f64; 8] = [
    0.7,
    0.5,
    0.666_666_67,
    0.444_444_44,
    0.571_428_57,
    0.8,
    0.545_454_55,
    0.0,
];
const PRECISION: [f64; 8] = [
    0.777_777_78,
    0.454_545_45,
    1.0,
    1.0,
    0.545_454_55,
    1.0,
    0.375,
    0.0,
];

fn annotation(path: &Path, labels: impl IntoIterator<Item = i32>) {
    let lines: Vec<String> = labels.into_iter().map(|label| label.to_string()).collect();
    std::fs::write(path, format!("{HEADER}\n{}\n", lines.join("\n"))).unwrap();
}

fn csv(path: &Path, video: &str, labels: &[usize]) {
    let rows: Vec<FrameRow> = labels
        .iter()
        .enumerate()
        .map(|(frame, label)| FrameRow {
            track: Some(0),
            probabilities: Some([1.0 / CLASS_COUNT as f32; CLASS_COUNT]),
            smoothed: Expression::from_index(*label),
            ..FrameRow::without_face(frame, frame as f64 / 25.0)
        })
        .collect();
    std::fs::write(path, frame_table::to_string(video, &rows)).unwrap();
}

fn assert_figures(json: &str) -> serde_json::Value {
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    let close = |found: &serde_json::Value, expected: f64| {
        assert!(
            (found.as_f64().unwrap() - expected).abs() < 1e-7,
            "{found} {expected}"
        );
    };
    close(&json["macro_f1"], MACRO_F1);
    close(&json["accuracy"], ACCURACY);
    close(&json["kappa"], KAPPA);
    for class in 0..CLASS_COUNT {
        close(&json["classes"][class]["f1"], F1[class]);
        close(&json["classes"][class]["precision"], PRECISION[class]);
    }
    assert_eq!(json["frames"], 60);
    json
}

#[test]
fn a_csv_against_an_annotation_with_gaps() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // Ten frames more, which nobody annotated.
    csv(
        &folder.join("p.csv"),
        "clip.mp4",
        &[&PREDICTED[..], &[3; 10]].concat(),
    );
    annotation(
        &folder.join("t.txt"),
        TRUTH.iter().map(|l| *l as i32).chain([-1; 10]),
    );
    let json = mien_ok(
        folder,
        &["score", "--predictions", "p.csv", "--truth", "t.txt", "--json"],
    );
    assert_eq!(assert_figures(&json)["unannotated_frames"], 10);
    let table = mien_ok(folder, &["score", "--predictions", "p.csv", "--truth", "t.txt"]);
    assert!(
        table.contains("macro F1   0.5285") && table.contains("Surprise"),
        "{table}"
    );
}

#[test]
fn folders_are_joined_by_the_videos_names() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for name in ["p", "t"] {
        std::fs::create_dir(folder.join(name)).unwrap();
    }
    csv(&folder.join("p/x.csv"), "one.mp4", &PREDICTED[..25]);
    annotation(
        &folder.join("p/two.txt"),
        PREDICTED[25..].iter().map(|l| *l as i32),
    );
    annotation(&folder.join("t/one.txt"), TRUTH[..25].iter().map(|l| *l as i32));
    annotation(&folder.join("t/two.txt"), TRUTH[25..].iter().map(|l| *l as i32));
    let json = mien_ok(folder, &["score", "--predictions", "p", "--truth", "t", "--json"]);
    assert_eq!(assert_figures(&json)["videos"], 2);
    std::fs::remove_file(folder.join("p/two.txt")).unwrap();
    let said = mien_fails(folder, 1, &["score", "--predictions", "p", "--truth", "t"]);
    assert!(said.contains("no predictions for two"), "{said}");
}

#[test]
fn different_numbers_of_frames_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    csv(&folder.join("p.csv"), "clip.mp4", &PREDICTED[..59]);
    annotation(&folder.join("t.txt"), TRUTH.iter().map(|l| *l as i32));
    let said = mien_fails(
        folder,
        1,
        &["score", "--predictions", "p.csv", "--truth", "t.txt"],
    );
    assert!(
        said.contains("59 predicted frames") && said.contains("60 frames in the truth"),
        "{said}"
    );
    std::fs::write(folder.join("bad.txt"), "cat,dog\n1\n").unwrap();
    let said = mien_fails(
        folder,
        1,
        &["score", "--predictions", "bad.txt", "--truth", "t.txt"],
    );
    assert!(said.contains("bad.txt"), "{said}");
}

#[test]
fn labels_by_time_are_laid_over_the_frames_of_the_csv() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    csv(&folder.join("p.csv"), "clip.mp4", &PREDICTED);
    // A change point a frame, at 25 frames/s; names and indices mean the same.
    let points: Vec<String> = TRUTH
        .iter()
        .enumerate()
        .map(|(frame, label)| format!("{:.2} {label}", frame as f64 / 25.0))
        .collect();
    std::fs::write(folder.join("t.txt"), points.join("\n")).unwrap();
    let arguments = ["score", "--predictions", "p.csv", "--truth", "t.txt", "--json"];
    assert_figures(&mien_ok(folder, &arguments));
    annotation(&folder.join("a.txt"), PREDICTED.iter().map(|l| *l as i32));
    let said = mien_fails(
        folder,
        1,
        &["score", "--predictions", "a.txt", "--truth", "t.txt"],
    );
    assert!(said.contains("labels by time"), "{said}");
}

/// A csv whose rows are those of two videos.
fn two_videos(path: &Path, names: [&str; 2]) {
    let of = |name: &str, labels: &[usize]| {
        csv(path, name, labels);
        std::fs::read_to_string(path).unwrap()
    };
    let (first, second) = (of(names[0], &PREDICTED[..25]), of(names[1], &PREDICTED[25..]));
    let (_, rows) = second.split_once('\n').unwrap();
    std::fs::write(path, format!("{first}{rows}")).unwrap();
}

#[test]
fn two_videos_of_one_name_are_an_error_and_numbers_are_no_endings() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::create_dir(folder.join("t")).unwrap();
    two_videos(&folder.join("p.csv"), ["talk.mp4", "talk.mov"]);
    annotation(&folder.join("t/talk.txt"), TRUTH[..25].iter().map(|l| *l as i32));
    let arguments = ["score", "--predictions", "p.csv", "--truth", "t", "--json"];
    let said = mien_fails(folder, 1, &arguments);
    assert!(said.contains("talk.mp4") && said.contains("talk.mov"), "{said}");
    std::fs::remove_file(folder.join("t/talk.txt")).unwrap();
    // Folders of pictures, as `analyze` names them.
    two_videos(&folder.join("p.csv"), ["session.1", "session.2"]);
    annotation(
        &folder.join("t/session.1.txt"),
        TRUTH[..25].iter().map(|l| *l as i32),
    );
    annotation(
        &folder.join("t/session.2.txt"),
        TRUTH[25..].iter().map(|l| *l as i32),
    );
    assert_eq!(assert_figures(&mien_ok(folder, &arguments))["videos"], 2);
}

#[test]
fn tables_as_pandas_and_excel_leave_them() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    csv(&folder.join("p.csv"), "clip.mp4", &PREDICTED);
    annotation(&folder.join("t.txt"), TRUTH.iter().map(|l| *l as i32));
    let text = std::fs::read_to_string(folder.join("p.csv")).unwrap();
    // What `DataFrame.to_csv(na_rep="NaN")` makes of it: a column with an empty cell holds fractions.
    let pandas: String = text
        .lines()
        .enumerate()
        .map(|(line, row)| {
            let cell = |(column, cell): (usize, &str)| match (line, column, cell) {
                (0, ..) => cell.to_owned(),
                (_, _, "") => "NaN".to_owned(),
                (_, 1 | 2 | 16..20, number) => format!("{number}.0"),
                _ => cell.to_owned(),
            };
            let cells: Vec<String> = row.split(',').enumerate().map(cell).collect();
            format!("{}\n", cells.join(","))
        })
        .collect();
    assert!(pandas.contains("clip.mp4,0.0,1.0,0.040000,NaN"), "{pandas}");
    // Excel where numbers have a decimal comma.
    let excel = format!(
        "\u{feff}sep=;\r\n{}",
        text.replace(',', ";").replace("0.", "0,").replace('\n', "\r\n")
    );
    let tabs: Vec<u8> = std::iter::once(0xFEFF)
        .chain(text.replace(',', "\t").encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let arguments = ["score", "--predictions", "x.csv", "--truth", "t.txt", "--json"];
    for bytes in [pandas.into_bytes(), excel.into_bytes(), tabs] {
        std::fs::write(folder.join("x.csv"), bytes).unwrap();
        assert_figures(&mien_ok(folder, &arguments));
    }
    // The truth out of a spreadsheet.
    let header = HEADER.replace(',', ";");
    let rows: Vec<String> = TRUTH.iter().map(|label| format!("{label},0;;;;;;;")).collect();
    std::fs::write(
        folder.join("t.txt"),
        format!("{header}\r\n{}\r\n", rows.join("\r\n")),
    )
    .unwrap();
    assert_figures(&mien_ok(folder, &arguments));
}
