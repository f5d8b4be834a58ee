//! `mien data`: what it finds in a config's sources.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

use std::path::Path;

use crate::common::dataset_files::{affwild2_video, jpeg, ms1mv2, write};
use crate::common::{mien_fails, mien_ok};
use serde_json::Value;

const SOURCES: &str = "[data]\nlabelled = \"list.csv\"\nquota = 4\n\
    [[data.source]]\nkind = \"affwild2\"\nuse = \"validation\"\npictures = \"crops\"\nannotations = \"annotations\"\n\
    [[data.source]]\nkind = \"ms1mv2\"\nuse = \"unlabelled\"\npath = \"train.rec\"\nevery = 3\n";

fn config(data: &str) -> String {
    format!("mode = \"semi-supervised\"\nrun = \"run\"\n{data}[model]\ninput_size = 32\n")
}

fn write_data(folder: &Path) {
    let mut list = "path,label\n".to_owned();
    for number in 0..8 {
        write(&folder.join(format!("{number}.jpg")), jpeg([number * 20, 40, 90]));
        list.push_str(&format!(
            "{number}.jpg,{}\n",
            if number < 6 { "Happy" } else { "2" }
        ));
    }
    list.push_str("gone.jpg,0\nlist.csv,0\n");
    write(&folder.join("list.csv"), list);
    affwild2_video(folder, "v", &[7, 6], &[1, 2]);
    let mut records: Vec<_> = (0..9).map(|n| jpeg([n * 8, 40, n * 8])).collect();
    records[3] = b"no JPEG".to_vec();
    ms1mv2(folder, &records);
    write(&folder.join("c.toml"), config(SOURCES));
}

#[test]
fn it_counts_classes_missing_files_and_unreadable_pictures() {
    let folder = tempfile::tempdir().unwrap();
    write_data(folder.path());
    let printed = mien_ok(
        folder.path(),
        &["data", "--config", "c.toml", "--json", "--out", "sheet"],
    );
    let report: Value = serde_json::from_str(&printed).unwrap();
    let source = |number: usize| &report["sources"][number];
    assert_eq!(source(0)["classes"], serde_json::json!([2, 0, 2, 0, 6, 0, 0, 0]));
    assert_eq!(source(0)["findings"]["missing files"]["count"], 1);
    assert_eq!(source(0)["findings"]["unreadable pictures"]["count"], 1);
    assert_eq!(source(1)["classes"], serde_json::json!([0, 0, 0, 0, 0, 0, 1, 1]));
    assert_eq!(
        (&source(2)["pictures"], &source(2)["without_label"]),
        (&3.into(), &3.into())
    );
    let unreadable = &source(2)["findings"]["unreadable pictures"];
    assert_eq!(unreadable["count"], 1);
    assert!(unreadable["examples"][0].as_str().unwrap().contains("train.rec"));
    let sampling = &report["sampling"];
    assert_eq!(sampling["before"], serde_json::json!([2, 0, 2, 0, 6, 0, 0, 0]));
    assert_eq!(sampling["training"], serde_json::json!([2, 0, 2, 0, 4, 0, 0, 0]));
    assert_eq!(sampling["held_back"], serde_json::json!([0, 0, 0, 0, 0, 0, 1, 1]));
    assert_eq!(
        sampling["with_replacement"],
        serde_json::json!(["Neutral", "Disgust"])
    );
    assert_eq!(sampling["unlabelled"], 5);
    // In words as well, and every augmentation as a picture that the page shows.
    let words = mien_ok(folder.path(), &["data", "--config", "c.toml", "--sample", "2"]);
    assert!(
        words.contains("opened 2 pictures") && words.contains("drawn with replacement: Neutral, Disgust")
    );
    assert!(
        words.contains("cannot be learned: Anger, Fear, Sadness, Surprise, Other"),
        "{words}"
    );
    let page = std::fs::read_to_string(folder.path().join("sheet/contact-sheet.html")).unwrap();
    let mut drawn = 0;
    for name in ["labelled", "weak", "strong", "equalize", "rotate", "cover"] {
        let path = format!("augmentations/{name}.png");
        assert!(page.contains(&path), "{name}");
        let picture = image::open(folder.path().join("sheet").join(&path)).unwrap();
        // Two classes, four of the pool.
        assert!(picture.width() > 6 * 32 && picture.height() > 4 * 32);
        drawn += 1;
    }
    assert_eq!(page.matches("<img").count(), drawn + 9);
}

#[test]
fn bad_tables_are_named_with_the_nearest_key_or_value() {
    let folder = tempfile::tempdir().unwrap();
    write_data(folder.path());
    let says = |from: &str, to: &str, expected: &[&str]| {
        assert!(SOURCES.contains(from));
        write(
            &folder.path().join("c.toml"),
            config(&SOURCES.replacen(from, to, 1)),
        );
        let said = mien_fails(folder.path(), 1, &["data", "--config", "c.toml"]);
        for part in expected {
            assert!(said.contains(part), "{said}");
        }
    };
    says("every = 3", "evry = 3", &["did you mean `every`", "line "]);
    says("quota = 4", "qouta = 4", &["did you mean `quota`"]);
    says("\"ms1mv2\"", "\"ms1m\"", &["did you mean `ms1mv2`"]);
    says("\"validation\"", "\"validate\"", &["did you mean `validation`"]);
    says(
        "annotations = \"annotations\"\n",
        "",
        &["[[data.source]]` 1 (affwild2", "`annotations` is missing"],
    );
    says(
        "every = 3",
        "pictures = \"x\"",
        &["`pictures` means nothing for this kind"],
    );
    says("every = 3", "every = 0", &["`every` is 0"]);
    says("path = \"train.rec\"", "path = \"gone.rec\"", &["gone.rec"]);
    says(
        "annotations = \"annotations\"\n",
        "annotations = \"annotations\"\nclasses = [\"Othr\"]\n",
        &["`Othr`", "did you mean `Other`"],
    );
    says(
        "labelled = \"list.csv\"\n",
        "",
        &["there are no labelled pictures"],
    );
    says(
        "pictures = \"crops\"\nannotations = \"annotations\"",
        "pictures = \"crops\"\nannotations = \"crops\"",
        &["there is no annotation (.txt) in crops"],
    );
}

#[test]
fn shared_labels_are_counted_by_their_shares() {
    let folder = tempfile::tempdir().unwrap();
    let columns = "share_neutral,share_anger,share_disgust,share_fear,share_happiness,share_sadness,share_surprise,share_other";
    let mut list = format!("path,{columns}\n");
    for (number, shares) in [
        "0.5,0,0,0,0.25,0,0.25,0",
        "0,0,0,0.5,0,0,0.5,0",
        "0,0,0,0,0,0,0,1",
        "0,0,0,0,0.9,0.1,0,0",
    ]
    .iter()
    .enumerate()
    {
        write(&folder.path().join(format!("{number}.jpg")), jpeg([40; 3]));
        list.push_str(&format!("{number}.jpg,{shares}\n"));
    }
    write(&folder.path().join("list.csv"), list);
    write(
        &folder.path().join("valid.csv"),
        "path,label\n0.jpg,0\n".replace("0.jpg", "v.jpg"),
    );
    write(&folder.path().join("v.jpg"), jpeg([60; 3]));
    let table = "[data]\nlabelled = \"list.csv\"\nquota = 0\n\
                 [[data.source]]\nkind = \"csv\"\nuse = \"validation\"\npath = \"valid.csv\"\n";
    write(&folder.path().join("c.toml"), config(table));
    let printed = mien_ok(
        folder.path(),
        &["data", "--config", "c.toml", "--json", "--out", "sheet"],
    );
    let report: Value = serde_json::from_str(&printed).unwrap();
    let source = &report["sources"][0];
    let sums = serde_json::json!([0.5, 0, 0, 0.5, 1.15, 0.1, 0.75, 1]);
    assert_eq!(source["classes"], sums);
    assert_eq!(
        (&source["shared_labels"], &source["without_single_class"]),
        (&3.into(), &1.into())
    );
    assert_eq!(source["without_label"], 0);
    assert_eq!(report["sampling"]["training"], sums);
    assert_eq!(
        report["sampling"]["before"],
        serde_json::json!([1, 0, 0, 1, 1, 0, 0, 1])
    );
    assert_eq!(
        report["sampling"]["held_back"],
        serde_json::json!([1, 0, 0, 0, 0, 0, 0, 0])
    );
    assert_eq!(
        report["sampling"]["empty"],
        serde_json::json!(["Anger", "Disgust"])
    );
    let words = mien_ok(folder.path(), &["data", "--config", "c.toml"]);
    assert!(
        words.contains("Happiness 1.15") && words.contains("by their shares: 3"),
        "{words}"
    );
    // The sheet shows a picture for each class that is the most probable one somewhere.
    let sheet = image::open(folder.path().join("sheet/augmentations/plain.png")).unwrap();
    assert_eq!(sheet.width(), 4 * 36 + 4);
}
