//! `mien evaluate` on labelled pictures.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::common::{
    ffmpeg, mien, mien_fails, mien_ok, random_model, stderr, write_paired_pictures, write_random_model,
    write_videos,
};
use serde_json::Value;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

const MODEL: [&str; 4] = ["--model", "model.safetensors", "--device", "cpu"];

/// `mien evaluate` on pictures.
fn evaluate_data(folder: &Path, data: &str, more: &[&str]) -> String {
    mien_ok(
        folder,
        &[&["evaluate", "--data", data], &MODEL[..], more].concat(),
    )
}

/// A table's rows by column name.
fn rows(path: &Path) -> Vec<Vec<(String, String)>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let row = |record: csv::StringRecord| {
        names
            .iter()
            .cloned()
            .zip(record.iter().map(str::to_owned))
            .collect()
    };
    reader.records().map(|record| row(record.unwrap())).collect()
}

fn cell<'a>(row: &'a [(String, String)], name: &str) -> &'a str {
    &row.iter().find(|(column, _)| column == name).unwrap().1
}

fn numbers(row: &[(String, String)], names: &[&str]) -> Vec<f64> {
    let number = |name: &&str| cell(row, name).parse().unwrap_or(f64::NAN);
    names.iter().map(number).collect()
}

/// Pictures with rendered faces (and of people, where clips are at hand), one with two faces, one without any; their list
/// is `faces.csv`.
fn write_faces(folder: &Path) -> Vec<String> {
    let synth = [
        "synth",
        "--out",
        "faces",
        "--images",
        "8",
        "--unlabelled",
        "0",
        "--videos",
        "0",
    ];
    mien_ok(
        folder,
        &[&synth[..], &["--size", "128", "--framing", "220"]].concat(),
    );
    let mut names: Vec<String> = (0..8)
        .map(|number| format!("faces/labelled/{number:06}.jpg"))
        .collect();
    let [left, right] = [0, 1].map(|number| image::open(folder.join(&names[number])).unwrap().into_rgb8());
    let mut two = image::RgbImage::from_pixel(256, 128, image::Rgb([90; 3]));
    image::imageops::replace(&mut two, &left, 0, 0);
    image::imageops::replace(
        &mut two,
        &image::imageops::resize(&right, 64, 64, image::imageops::FilterType::Triangle),
        160,
        32,
    );
    two.save(folder.join("two.png")).unwrap();
    image::RgbImage::from_pixel(80, 60, image::Rgb([120, 130, 140]))
        .save(folder.join("none.png"))
        .unwrap();
    names.extend(["two.png".to_owned(), "none.png".to_owned()]);
    let clips = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/clips");
    match std::fs::read_dir(&clips) {
        Err(error) => println!("skipped people: {}: {error}", clips.display()),
        Ok(files) => {
            let mut clips: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
            clips.retain(|path| path.extension().is_some_and(|ending| ending == "mp4"));
            clips.sort();
            for (number, clip) in clips.iter().take(3).enumerate() {
                let name = format!("person{number}.png");
                if ffmpeg(folder, &format!("-ss 1 -i {} -frames:v 1 {name}", clip.display())) {
                    names.push(name);
                }
            }
        }
    }
    let list: String = (0..)
        .zip(&names)
        .map(|(number, name): (usize, _)| format!("{name},{}\n", number % 8))
        .collect();
    std::fs::write(folder.join("faces.csv"), format!("path,label\n{list}")).unwrap();
    names
}

#[test]
fn pictures_are_seen_as_analyze_sees_each_of_them_and_one_without_a_face_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let names = write_faces(folder);
    // Without a temporal encoder `analyze` writes the head's probabilities.
    std::fs::write(
        folder.join("model.safetensors"),
        random_model(false).to_bytes().unwrap(),
    )
    .unwrap();
    let said = json(&evaluate_data(folder, "faces.csv", &["--json", "--out", "out"]));
    let ours = rows(&folder.join("out/pictures.csv"));
    assert_eq!(ours.len(), names.len());
    let inputs: Vec<&str> = names.iter().map(String::as_str).collect();
    mien_ok(
        folder,
        &[&["analyze", "--out", "theirs"], &MODEL[..], &inputs].concat(),
    );
    let columns = [
        "x",
        "y",
        "w",
        "h",
        "p_neutral",
        "p_anger",
        "p_disgust",
        "p_fear",
        "p_happiness",
        "p_sadness",
        "p_surprise",
        "p_other",
    ];
    let (mut without, mut hits, mut most_faces) = (0, 0, 0);
    for (name, row) in names.iter().zip(&ours) {
        let stem = Path::new(name).file_stem().unwrap().to_str().unwrap();
        let mut theirs = rows(&folder.join(format!("theirs/{stem}.csv")));
        theirs.retain(|row| !cell(row, "track").is_empty());
        assert_eq!(cell(row, "faces"), theirs.len().to_string(), "{name}");
        most_faces = most_faces.max(theirs.len());
        // Of several the largest: they are all near the middle.
        let area = |row: &Vec<(String, String)>| numbers(row, &["w", "h"]).iter().product::<f64>();
        let Some(meant) = theirs.iter().max_by(|a, b| area(a).total_cmp(&area(b))) else {
            without += 1;
            assert_eq!(
                (cell(row, "predicted"), cell(row, "p_neutral")),
                ("", ""),
                "{name}"
            );
            continue;
        };
        for (column, (a, b)) in (0..).zip(numbers(row, &columns).iter().zip(numbers(meant, &columns))) {
            // Batches of another size add up in another order; boxes are written with two digits.
            let limit = if column < 4 { 0.02 } else { 2e-5 };
            assert!((a - b).abs() < limit, "{name}: {a} {b}");
        }
        assert_eq!(cell(row, "predicted"), cell(meant, "raw"), "{name}");
        hits += usize::from(cell(row, "predicted") == cell(row, "label"));
    }
    assert!(most_faces >= 2, "two faces are found in two.png");
    assert!(without >= 1 && without < names.len(), "{without}");
    let count = names.len();
    assert_eq!(
        (&said["without_face"], &said["pictures"]),
        (&without.into(), &count.into())
    );
    assert_eq!(said["found_faces"]["pictures"], count - without);
    let close = |value: &Value, right: f64| (value.as_f64().unwrap() - right).abs() < 1e-12;
    assert!(close(&said["accuracy"], hits as f64 / count as f64));
    assert!(close(
        &said["found_faces"]["accuracy"],
        hits as f64 / (count - without) as f64
    ));
    let missed: u64 = said["missed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|count| count.as_u64().unwrap())
        .sum();
    assert_eq!(missed, without as u64);
    // The head alone is measured: an encoder changes nothing.
    write_random_model(folder);
    evaluate_data(folder, "faces.csv", &["--out", "temporal"]);
    let read = |path: &str| std::fs::read(folder.join(path)).unwrap();
    assert!(read("out/pictures.csv") == read("temporal/pictures.csv"));
    for ending in ["svg", "png"] {
        assert!(folder.join(format!("out/confusion-head.{ending}")).is_file());
    }
    assert!(
        String::from_utf8(read("out/confusion-head.svg"))
            .unwrap()
            .contains("no face")
    );
    assert_eq!(
        json(&String::from_utf8(read("out/evaluation.json")).unwrap()),
        said
    );
}

#[test]
fn whole_pictures_are_all_faces_and_the_text_says_what_was_measured() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_random_model(folder);
    write_paired_pictures(folder);
    let of = |data: &str, more: &[&str]| evaluate_data(folder, data, &[&["--whole-frame"], more].concat());
    let said = json(&of("labelled.csv", &["--json", "--out", "out"]));
    assert_eq!((&said["pictures"], &said["persons"]), (&36.into(), &12.into()));
    assert_eq!(
        (&said["without_face"], &said["whole_frame"]),
        (&0.into(), &true.into())
    );
    assert_eq!(
        said["present"],
        serde_json::json!(["Neutral", "Happiness", "Surprise"])
    );
    assert_eq!(
        (&said["intervals"]["units"], &said["intervals"]["resampled"]),
        (&12.into(), &"persons".into())
    );
    let [low, high] = [0, 1].map(|end| said["intervals"]["accuracy"][end].as_f64().unwrap());
    let accuracy = said["accuracy"].as_f64().unwrap();
    assert!(
        low <= accuracy && accuracy <= high && high <= 1.0,
        "{low} {accuracy} {high}"
    );
    // The table is a list of labelled pictures itself.
    std::fs::copy(folder.join("out/pictures.csv"), folder.join("again.csv")).unwrap();
    assert_eq!(
        json(&of("again.csv", &["--json"]))["confusion"],
        said["confusion"]
    );
    // Folders of classes hold the same pictures; nobody is known.
    for row in rows(&folder.join("labelled.csv")) {
        let class = folder.join("classes").join(cell(&row, "label"));
        std::fs::create_dir_all(&class).unwrap();
        std::fs::copy(folder.join(cell(&row, "path")), class.join(cell(&row, "path"))).unwrap();
    }
    let folders = json(&of("classes", &["--json"]));
    assert_eq!(
        (&folders["confusion"], &folders["ece"]),
        (&said["confusion"], &said["ece"])
    );
    assert_eq!(
        (&folders["persons"], &folders["intervals"]["resampled"]),
        (&Value::Null, &"pictures".into())
    );
    let text = of("labelled.csv", &["--grey"]);
    for word in [
        "36 pictures of 12 persons, made grey (csv labelled.csv); each taken whole",
        "mean recall (3 classes there)",
        "ECE of the head (15 bins)",
        "1000 samples of 12 persons",
        "pictures",
        "Happine",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
    // Colour is gone before anything else.
    let grey = json(&of("labelled.csv", &["--grey", "--json"]));
    for entry in std::fs::read_dir(folder.join("classes")).unwrap() {
        for file in std::fs::read_dir(entry.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let mean = |image::Rgb([r, g, b]): image::Rgb<u8>| {
                let luma = 0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b);
                image::Rgb([luma.round() as u8; 3])
            };
            let picture = image::open(&path).unwrap().into_rgb8();
            let changed = image::RgbImage::from_fn(40, 40, |x, y| mean(*picture.get_pixel(x, y)));
            changed.save(&path).unwrap();
        }
    }
    let made = json(&of("classes", &["--json"]));
    assert_ne!(said["ece"], grey["ece"]);
    assert!((made["ece"].as_f64().unwrap() - grey["ece"].as_f64().unwrap()).abs() < 1e-3);
}

#[test]
fn what_cannot_be_read_or_has_no_label_is_left_out_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_random_model(folder);
    write_paired_pictures(folder);
    std::fs::write(
        folder.join("list.csv"),
        "path,label\n0-0.png,0\n0-4.png,-1\nlist.csv,4\ngone.png,4\n0-6.png,6\n",
    )
    .unwrap();
    let given = ["evaluate", "--data", "list.csv", "--whole-frame", "--json"];
    let output = mien(folder, &[&given, &MODEL[..]].concat());
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for word in [
        "gone.png",
        "list.csv cannot be read",
        "2 of 4 pictures could not be read",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
    let found = json(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(
        (&found["pictures"], &found["unreadable"], &found["without_label"]),
        (&2.into(), &2.into(), &1.into())
    );
    let ends_with =
        |status, more: &[&str]| mien_fails(folder, status, &[&["evaluate"], &MODEL[..], more].concat());
    let fails = |more: &[&str]| ends_with(1, more);
    let said = ends_with(2, &["--data", "list.csv", "--sweep"]);
    assert!(
        said.contains("`--sweep` compares ways of smoothing videos"),
        "{said}"
    );
    let said = ends_with(2, &["--data", "list.csv", "--shard", "0/2", "--out", "o"]);
    assert!(said.contains("`--shard` shares videos"), "{said}");
    // All of them are no share.
    let said = fails(&["--data", "nowhere.csv", "--shard", "0/1"]);
    assert!(said.contains("nowhere.csv"), "{said}");
    let said = fails(&["--data", "nowhere.csv"]);
    assert!(said.contains("nowhere.csv"), "{said}");
    std::fs::create_dir_all(folder.join("other/smile")).unwrap();
    let said = fails(&["--data", "other"]);
    assert!(
        said.contains("one folder of pictures a class") && said.contains("named after no class"),
        "{said}"
    );
    std::fs::write(folder.join("none.csv"), "path,label\ngone.png,4\n").unwrap();
    let said = fails(&["--data", "none.csv"]);
    assert!(said.contains("none of 1 pictures can be read"), "{said}");
    assert!(!folder.join("o").exists());
}

#[test]
fn a_config_names_the_pictures_of_persons_that_are_held_back_or_of_validation_sources() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_random_model(folder);
    write_paired_pictures(folder);
    let config = |more: &str| {
        // Neither source is there, and neither is needed.
        let text = format!(
            "mode = \"supervised\"\nrun = \"r\"\nseed = 3\n[data]\nlabelled = \"labelled.csv\"\nunlabelled = \"gone\"\n\
             held_back = 0.4\n{more}"
        );
        std::fs::write(folder.join("c.toml"), text).unwrap();
    };
    config("[[data.source]]\nkind = \"csv\"\nuse = \"labelled\"\npath = \"gone.csv\"\nheld_back = 0.0\n");
    let of = |more: &[&str]| {
        json(&evaluate_data(
            folder,
            "c.toml",
            &[&["--whole-frame", "--json"], more].concat(),
        ))
    };
    let said = of(&["--out", "out"]);
    let measured = rows(&folder.join("out/pictures.csv"));
    let persons: BTreeSet<&str> = measured.iter().map(|row| cell(row, "person")).collect();
    assert!(persons.len() > 1 && persons.len() < 12, "{persons:?}");
    assert_eq!(said["persons"], persons.len());
    assert_eq!(
        measured.len(),
        3 * persons.len(),
        "all pictures of a person are on one side"
    );
    // Nobody that a run learns from is among them: `data` tells of the run's own split.
    config("");
    std::fs::create_dir(folder.join("gone")).unwrap();
    std::fs::copy(folder.join("0-0.png"), folder.join("gone/a.png")).unwrap();
    let split = json(&mien_ok(folder, &["data", "--config", "c.toml", "--json"]));
    let supports: Vec<&Value> = said["classes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|class| &class["support"])
        .collect();
    let held_back: Vec<&Value> = split["sampling"]["held_back"]
        .as_array()
        .unwrap()
        .iter()
        .collect();
    assert_eq!(held_back, supports);
    // A validation source takes their place.
    std::fs::write(folder.join("v.csv"), "path,label\n1-0.png,0\n1-4.png,Happiness\n").unwrap();
    let validation = "[[data.source]]\nkind = \"csv\"\nuse = \"validation\"\npath = \"v.csv\"\n";
    config(validation);
    assert_eq!(of(&[])["pictures"], 2);
    // Videos beside it: both are measured, and pictures stand apart.
    write_videos(folder);
    config(&format!(
        "{validation}[[data.source]]\nkind = \"affwild2\"\nuse = \"validation\"\npictures = \"crops\"\nannotations = \
         \"validation\"\n[[data.source]]\nkind = \"affwild2\"\nuse = \"labelled\"\npictures = \"crops\"\nannotations = \"train\"\n"
    ));
    let both = of(&["--out", "both"]);
    assert_eq!(
        (&both["videos"], &both["pictures"]["pictures"]),
        (&2.into(), &2.into())
    );
    for name in [
        "pictures.csv",
        "confusion-head.svg",
        "confusion-smoothed.svg",
        "predictions/d.csv",
    ] {
        assert!(folder.join("both").join(name).is_file(), "{name}");
    }
    let text = evaluate_data(folder, "c.toml", &["--whole-frame"]);
    assert!(
        text.contains("smoothed labels") && text.contains("2 pictures"),
        "{text}"
    );
}
