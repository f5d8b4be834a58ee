//! What stands in the folder of the results already: only what mien wrote, and nobody has changed since, is replaced.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

use crate::common::{CPU, image_file, mien, mien_fails, mien_ok, row_count, stderr, write_random_model};
use shared_model::expression::Expression;
use shared_model::frame_table;
use shared_model::project::Project;
use shared_model::reviewed_segment::ReviewedSegment;

#[test]
fn labels_that_a_person_reviewed_are_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let picture = image_file(folder.path(), "face.png", 64, 64);
    write_random_model(folder.path());
    let arguments = [
        &[
            "analyze",
            &picture,
            "--model",
            "model.safetensors",
            "--format",
            "json,csv",
        ][..],
        &CPU,
    ]
    .concat();
    mien_ok(folder.path(), &arguments);
    let path = folder.path().join("face.json");
    let mut project = Project::from_json(&std::fs::read_to_string(&path).unwrap()).unwrap();
    project.reviewed.push(ReviewedSegment {
        track: 0,
        start: 0,
        end: 1,
        label: Expression::Fear,
        confirmed: true,
    });
    let text = project.to_json().unwrap();
    std::fs::write(&path, &text).unwrap();
    let said = mien_fails(folder.path(), 1, &arguments);
    assert!(said.contains("face.json") && said.contains("reviewed"), "{said}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn results_that_are_replaced_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let picture = image_file(folder.path(), "face.png", 64, 64);
    write_random_model(folder.path());
    let arguments = [&["analyze", &picture, "--model", "model.safetensors"][..], &CPU].concat();
    let said = || stderr(&mien(folder.path(), &arguments));
    assert!(!said().contains("replaced"));
    let again = said();
    assert!(
        again.contains("face.csv was there already and was replaced"),
        "{again}"
    );
}

/// What `mien analyze` of one picture would write, and whether it is replaced.
const ALL_FORMATS: [(&str, &str); 5] = [
    ("face.csv", "csv"),
    ("face.json", "json"),
    ("face.txt", "affwild2"),
    ("face.vtt", "vtt"),
    ("face.eaf", "eaf"),
];

/// Arguments that write `formats` into the folder `out`, and more.
fn into_out<'a>(picture: &'a str, formats: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let given = [
        "analyze",
        picture,
        "--model",
        "model.safetensors",
        "--out",
        "out",
        "--format",
        formats,
    ];
    [&given[..], &CPU, more].concat()
}

#[test]
fn own_files_in_the_output_folder_are_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let picture = image_file(folder, "face.png", 64, 64);
    std::fs::create_dir(folder.join("out")).unwrap();
    for (name, _) in ALL_FORMATS {
        std::fs::write(folder.join("out").join(name), format!("a person's {name}")).unwrap();
    }
    // Refused before anything is done: there is no model yet.
    let formats = ALL_FORMATS.map(|(_, format)| format).join(",");
    let said = mien_fails(folder, 1, &into_out(&picture, &formats, &[]));
    for (name, _) in ALL_FORMATS {
        assert!(
            said.contains(&format!("out/{name} was not written by mien")),
            "{name} in {said}"
        );
        let text = std::fs::read_to_string(folder.join("out").join(name)).unwrap();
        assert_eq!(text, format!("a person's {name}"));
    }
    assert!(said.contains("--force") && said.contains("--out"), "{said}");
    assert_eq!(
        std::fs::read_dir(folder.join("out")).unwrap().count(),
        ALL_FORMATS.len()
    );
    write_random_model(folder);
    mien_ok(folder, &into_out(&picture, &formats, &["--force"]));
    assert_eq!(row_count(&folder.join("out/face.csv")), 1);
    // What mien wrote it replaces by itself, until somebody changes it.
    mien_ok(folder, &into_out(&picture, &formats, &[]));
    let cues = folder.join("out/face.vtt");
    let edited = format!("{}NOTE mine\n", std::fs::read_to_string(&cues).unwrap());
    std::fs::write(&cues, &edited).unwrap();
    let said = mien_fails(folder, 1, &into_out(&picture, &formats, &[]));
    assert!(
        said.contains("out/face.vtt was changed since") && !said.contains("face.csv"),
        "{said}"
    );
    assert_eq!(std::fs::read_to_string(&cues).unwrap(), edited);
    mien_ok(folder, &into_out(&picture, "csv,json", &[]));
}

#[test]
fn a_csv_with_reviewed_labels_is_replaced_with_force_only_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let picture = image_file(folder, "face.png", 64, 64);
    write_random_model(folder);
    mien_ok(folder, &into_out(&picture, "csv", &[]));
    let path = folder.join("out/face.csv");
    let bytes = std::fs::read(&path).unwrap();
    let mut rows = frame_table::read(&bytes[..]).unwrap();
    rows[0].row.reviewed = Some(Expression::Sadness);
    let reviewed = frame_table::to_string("face.png", &[rows[0].row.clone()]);
    std::fs::write(&path, &reviewed).unwrap();
    let said = mien_fails(folder, 1, &into_out(&picture, "csv", &[]));
    assert!(
        said.contains("face.csv holds labels that a person reviewed"),
        "{said}"
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), reviewed);
    mien_ok(folder, &into_out(&picture, "csv", &["--force"]));
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    assert_eq!(
        std::fs::read_to_string(folder.join("out/face.csv.bak")).unwrap(),
        reviewed
    );
}

#[test]
fn an_edit_is_kept_also_where_the_result_is_the_same_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let picture = image_file(folder, "face.png", 64, 64);
    write_random_model(folder);
    mien_ok(folder, &into_out(&picture, "csv", &[]));
    let path = folder.join("out/face.csv");
    let written = std::fs::read_to_string(&path).unwrap();
    let edited = written.replacen("face.png", "mine.png", 1);
    assert_ne!(edited, written);
    std::fs::write(&path, &edited).unwrap();
    mien_ok(folder, &into_out(&picture, "csv", &["--force"]));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), written);
    assert_eq!(
        std::fs::read_to_string(folder.join("out/face.csv.bak")).unwrap(),
        edited
    );
}

#[test]
fn a_share_that_is_killed_and_two_at_once_leave_a_folder_that_can_be_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_random_model(folder);
    let pictures: Vec<String> = (0..6)
        .map(|n| image_file(folder, &format!("{n}.png"), 40, 40))
        .collect();
    let start = |shard: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_mien"));
        command.current_dir(folder).arg("analyze").args(&pictures);
        command.args([
            "--model",
            "model.safetensors",
            "--out",
            "out",
            "--format",
            "csv,json,vtt",
        ]);
        command.args(CPU).args(["--shard", shard]);
        command
            .stderr(std::process::Stdio::null())
            .stdout(std::process::Stdio::null());
        command.spawn().unwrap()
    };
    // Killed as soon as the first, second, ... file is there.
    for count in 1..8 {
        let mut child = start("0/1");
        while child.try_wait().unwrap().is_none() {
            let entries = std::fs::read_dir(folder.join("out")).map(Iterator::count);
            if entries.is_ok_and(|entries| entries > count) {
                child.kill().unwrap();
            }
        }
    }
    let mut both = [start("0/2"), start("1/2")];
    assert!(both.iter_mut().all(|child| child.wait().unwrap().success()));
    assert!(
        start("0/1").wait().unwrap().success(),
        "all of it is known as mien's own"
    );
}
