//! `mien ablate` with a tiny network on pictures and videos made here.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

use std::path::Path;

use crate::common::{mien, mien_fails, mien_ok, stderr, write_paired_pictures, write_videos};
use native_train::ablate::row::Row;
use native_train::ablate::start;
use native_train::datasets::source_kind::SourceKind;
use native_train::run_config::{Mode, RunConfig};
use serde_json::Value;

const ABLATE: [&str; 5] = ["ablate", "--config", "c.toml", "--device", "cpu"];
const RESUME: [&str; 6] = ["ablate", "--config", "c.toml", "--device", "cpu", "--resume"];

fn write_config(folder: &Path) {
    write_config_with(folder, "");
}

fn write_config_with(folder: &Path, start: &str) {
    write_paired_pictures(folder);
    write_videos(folder);
    let affwild2 = |role: &str, set: &str| {
        format!(
            "[[data.source]]\nkind = \"affwild2\"\nuse = \"{role}\"\npictures = \"crops\"\nannotations = \"{set}\"\n"
        )
    };
    let text = format!(
        "mode = \"semi-supervised\"\nrun = \"run\"\n[ablate]\nseeds = [3, 5]\n{start}[data]\nlabelled = \"labelled.csv\"\n\
         unlabelled = \"pool.csv\"\nquota = 9\n{}classes = [\"Other\"]\n{}every = 9\n\
         [model]\ninput_size = 32\nblocks = [1, 1, 1, 1]\nwidth = 4\n\
         [training]\nbatch = 4\nsteps = 3\nsteps_an_epoch = 2\nrate = 0.01\n\
         [refine]\nlayers = 1\nheads = 2\nd_model = 16\nd_ff = 16\nbatch = 2\nsteps = 4\nsteps_an_evaluation = 2\nwindow = 9\n",
        affwild2("labelled", "train"),
        affwild2("validation", "validation"),
    );
    std::fs::write(folder.join("c.toml"), text).unwrap();
}

fn row(folder: &Path, row: Row, seed: u64) -> Value {
    let path = row.folder(&folder.join("run"), seed).join("row.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn each_row_has_its_own_data_and_stages() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path());
    let whole = RunConfig::read(&folder.path().join("c.toml")).unwrap();
    let sources = |row: Row| -> Vec<(SourceKind, String)> {
        let config = row.config(&whole, 3);
        let sources = config.data.all_sources().into_iter();
        sources
            .map(|source| (source.kind, format!("{:?}", source.role)))
            .collect()
    };
    let (aff, csv) = (SourceKind::AFFWILD2, SourceKind::CSV);
    let named = |kind, role: &str| (kind, role.to_owned());
    assert_eq!(
        sources(Row::Baseline),
        [named(aff, "Labelled"), named(aff, "Validation")]
    );
    assert_eq!(
        sources(Row::Ssl),
        [
            named(csv, "Labelled"),
            named(aff, "Labelled"),
            named(aff, "Validation")
        ]
    );
    assert_eq!(sources(Row::SslFaces).len(), 4);
    let baseline = Row::Baseline.config(&whole, 3);
    assert_eq!(
        (baseline.mode, baseline.training.balanced, baseline.data.quota),
        (Mode::Supervised, false, 0)
    );
    assert!(
        baseline
            .data
            .sources
            .iter()
            .all(|source| source.classes.is_empty())
    );
    let ssl = Row::Ssl.config(&whole, 3);
    assert_eq!(
        (ssl.mode, ssl.training.balanced, ssl.data.quota),
        (Mode::SemiSupervised, true, 9)
    );
    assert_eq!(
        Row::Temporal.config(&whole, 3).refine().start,
        Some(Row::SslFaces.folder(&whole.run, 3).join("student.safetensors"))
    );
}

#[test]
fn five_rows_come_out_and_finished_ones_are_not_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_config(folder);
    let printed = mien_ok(folder, &ABLATE);
    for wanted in Row::ALL.map(|row| format!("| {} | {:.2} |", row.title(), row.of_paper())) {
        assert!(printed.contains(&wanted), "{wanted}: {printed}");
    }
    assert!(printed.contains("seed 3 | seed 5 |"), "{printed}");
    assert_eq!(
        std::fs::read_to_string(folder.join("run/table.md")).unwrap(),
        printed
    );
    let table: Value =
        serde_json::from_slice(&std::fs::read(folder.join("run/table.json")).unwrap()).unwrap();
    assert_eq!(table["rows"].as_array().unwrap().len(), 5);
    assert_eq!(
        std::fs::read_to_string(folder.join("run/table.csv"))
            .unwrap()
            .lines()
            .count(),
        11
    );
    for (row_index, one) in Row::ALL.into_iter().enumerate() {
        let found = row(folder, one, 5);
        // All annotated frames of the validation videos.
        assert_eq!(found["report"]["frames"], 118);
        let path = one.folder(&folder.join("run"), 5);
        assert!(path.join("confusion.png").is_file());
        RunConfig::read(&path.join("row.toml")).unwrap();
        let mean = table["rows"][row_index]["mean"].as_f64().unwrap();
        let both =
            50.0 * (found["macro_f1"].as_f64().unwrap() + row(folder, one, 3)["macro_f1"].as_f64().unwrap());
        assert!((mean - both).abs() < 1e-9);
    }
    let said = mien_fails(folder, 1, &ABLATE);
    assert!(said.contains("--resume"), "{said}");
    // A finished row is believed; an unfinished one is run and gives what it gave.
    let result = |one: Row| one.folder(&folder.join("run"), 3).join("row.json");
    let text = std::fs::read_to_string(result(Row::Baseline)).unwrap();
    let figure = row(folder, Row::Baseline, 3)["macro_f1"].to_string();
    std::fs::write(
        result(Row::Baseline),
        text.replace(
            &format!("\"macro_f1\": {figure},\n  \"report\""),
            "\"macro_f1\": 0.5,\n  \"report\"",
        ),
    )
    .unwrap();
    let before = row(folder, Row::Temporal, 3);
    std::fs::remove_file(result(Row::Temporal)).unwrap();
    let again = mien_ok(folder, &RESUME);
    assert!(again.contains("| 50.00 |"), "{again}");
    assert_eq!(row(folder, Row::Temporal, 3)["macro_f1"], before["macro_f1"]);
    // What stands on a row that is run anew is run anew too.
    let stamp = |one: Row| one.folder(&folder.join("run"), 3).join("stamp");
    for one in [Row::Ssl, Row::Temporal, Row::PostProcess] {
        std::fs::write(stamp(one), "").unwrap();
    }
    std::fs::remove_dir_all(Row::SslFaces.folder(&folder.join("run"), 3)).unwrap();
    mien_ok(folder, &RESUME);
    let is_old = |one: Row| stamp(one).exists();
    assert!(is_old(Row::Ssl) && !is_old(Row::Temporal) && !is_old(Row::PostProcess));
    assert_eq!(row(folder, Row::Temporal, 3)["macro_f1"], before["macro_f1"]);
    // The folder may have moved, as a run's may.
    std::fs::rename(folder.join("run"), folder.join("moved")).unwrap();
    let config = std::fs::read_to_string(folder.join("c.toml")).unwrap();
    let moved = config.replace(
        "run = \"run\"",
        &format!("run = \"{}\"", folder.join("moved").display()),
    );
    std::fs::write(folder.join("c.toml"), moved).unwrap();
    std::fs::remove_file(Row::PostProcess.folder(&folder.join("moved"), 3).join("row.json")).unwrap();
    let output = mien(folder, &RESUME);
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    assert_eq!(said.matches("finished before").count(), 9, "{said}");
    std::fs::rename(folder.join("moved"), folder.join("run")).unwrap();
    std::fs::write(folder.join("c.toml"), config).unwrap();
    // Another config is no continuation, and changes nothing.
    let original = std::fs::read(folder.join("run/config.original.toml")).unwrap();
    let config = std::fs::read_to_string(folder.join("c.toml")).unwrap();
    std::fs::write(folder.join("c.toml"), config.replace("quota = 9", "quota = 8")).unwrap();
    let said = mien_fails(folder, 1, &RESUME);
    assert!(said.contains("another config"), "{said}");
    assert_eq!(
        std::fs::read(folder.join("run/config.original.toml")).unwrap(),
        original
    );
}

#[test]
fn rows_with_ssl_start_from_a_run_on_labels_where_it_is_wished() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_config_with(folder, "start = { steps = 2, rate = 0.02 }\n");
    let whole = RunConfig::read(&folder.join("c.toml")).unwrap();
    let start = start::config(&whole.ablate.clone().unwrap().start.unwrap(), &whole, 3);
    assert_eq!(
        (start.mode, start.training.steps, start.training.rate),
        (Mode::Supervised, 2, 0.02)
    );
    // It learns from the labels of the rows that start from it, and these are else as they were.
    let ssl = Row::Ssl.config(&whole, 3);
    assert_eq!(start.data, ssl.data);
    assert_eq!(
        (start.model.start, Row::Baseline.config(&whole, 3).model.start),
        (None, None)
    );
    assert_eq!(ssl.model.start, Row::SslFaces.config(&whole, 3).model.start);
    assert_eq!((ssl.training.steps, ssl.training.rate), (3, 0.01));
    let printed = mien_ok(folder, &ABLATE);
    assert!(
        printed.contains("labelled pictures alone") && printed.contains("(seed 3: "),
        "{printed}"
    );
    let file = ssl.model.start.unwrap();
    let trained = std::fs::read(folder.join(&file)).unwrap();
    // A start that is there is believed too.
    mien_ok(folder, &RESUME);
    assert_eq!(std::fs::read(folder.join(&file)).unwrap(), trained);
}

#[test]
fn a_config_without_videos_is_refused_before_anything_is_begun() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    let text =
        "mode = \"semi-supervised\"\nrun = \"run\"\n[data]\nlabelled = \"l.csv\"\nunlabelled = \"u.csv\"\n";
    std::fs::write(folder.join("c.toml"), text).unwrap();
    let said = mien_fails(folder, 1, &ABLATE);
    assert!(said.contains("affwild2") && said.contains("labelled"), "{said}");
    assert!(!folder.join("run").exists());
}

#[test]
fn rows_without_data_of_their_own_are_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    write_config(folder);
    let config = std::fs::read_to_string(folder.join("c.toml")).unwrap();
    std::fs::write(
        folder.join("c.toml"),
        config.replace("unlabelled = \"pool.csv\"\n", ""),
    )
    .unwrap();
    let said = mien_fails(folder, 1, &ABLATE);
    assert!(
        said.contains("face-recognition data") && said.contains("unlabelled"),
        "{said}"
    );
    // Faces that no source reads.
    let elsewhere = config.replace(
        "seeds = [3, 5]\n",
        "seeds = [3, 5]\nsynthetic_folder = \"elsewhere\"\n",
    );
    std::fs::write(folder.join("c.toml"), elsewhere).unwrap();
    let said = mien_fails(folder, 1, &ABLATE);
    assert!(
        said.contains("synthetic_folder") && said.contains("elsewhere"),
        "{said}"
    );
    assert!(!folder.join("run").exists() && !folder.join("elsewhere").exists());
}

/// Rows of one's own on pictures, measured on the list of the pool.
fn write_own_rows(folder: &Path) -> String {
    write_paired_pictures(folder);
    // What cannot be read would end a measurement with an error.
    let pool = std::fs::read_to_string(folder.join("pool.csv")).unwrap();
    std::fs::write(folder.join("others.csv"), pool.replace("pool.csv,-1\n", "")).unwrap();
    let text = "mode = \"semi-supervised\"\nrun = \"run\"\n\
        [ablate]\nseeds = [3, 5]\nstart = { steps = 2, rate = 0.02 }\nmeasure = [\"others.csv\"]\n\
        [[ablate.row]]\nname = \"labels\"\ntitle = \"labels alone\"\nmode = \"supervised\"\nsources = [\"few\"]\n\
        [[ablate.row]]\nname = \"both\"\ntitle = \"teacher and student\"\nmode = \"semi-supervised\"\nsources = [\"few\"]\n\
        [[ablate.row]]\nname = \"fewer\"\ntitle = \"fewer, and the pool\"\nmode = \"semi-supervised\"\nsources = [\"few\", \"pool\"]\n\
        quota = 2\nsemi_supervised = { student_rate = 0.02 }\n\
        [data]\nquota = 0\nsplit_seed = 1\n\
        [[data.source]]\nname = \"few\"\nkind = \"csv\"\nuse = \"labelled\"\npath = \"labelled.csv\"\nquota = 4\n\
        [[data.source]]\nname = \"pool\"\nkind = \"csv\"\nuse = \"unlabelled\"\npath = \"pool.csv\"\n\
        [model]\ninput_size = 32\nblocks = [1, 1, 1, 1]\nwidth = 4\n\
        [training]\nbatch = 4\nsteps = 3\nsteps_an_epoch = 3\nrate = 0.01\n";
    std::fs::write(folder.join("c.toml"), text).unwrap();
    text.to_owned()
}

#[test]
fn rows_of_ones_own_are_measured_as_evaluate_measures_them() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_own_rows(folder);
    let printed = mien_ok(folder, &ABLATE);
    for wanted in [
        "| labels alone |",
        "| teacher and student |",
        "| teacher and student: its teacher |",
        "| fewer, and the pool |",
        "others: accuracy",
    ] {
        assert!(printed.contains(wanted), "{wanted}: {printed}");
    }
    assert_eq!(
        std::fs::read_to_string(folder.join("run/table.md")).unwrap(),
        printed
    );
    // Two seeds of five models, and the header.
    let csv = std::fs::read_to_string(folder.join("run/table.csv")).unwrap();
    assert_eq!(csv.lines().count(), 11, "{csv}");
    let config =
        |name: &str| RunConfig::read(&folder.join("run/seed-5").join(name).join("row.toml")).unwrap();
    // The control has the start, the labels and the steps of teacher and student.
    let (labels, both, fewer) = (config("labels"), config("both"), config("fewer"));
    assert_eq!(labels.model.start, both.model.start);
    assert_eq!(labels.training, both.training);
    assert_eq!(labels.data, both.data);
    // Fewer labels have a start of their own.
    assert_ne!(fewer.model.start, both.model.start);
    assert_eq!(fewer.data.sources[0].quota, Some(2));
    assert_eq!(
        (
            fewer.semi_supervised.student_rate,
            both.semi_supervised.student_rate
        ),
        (0.02, 1e-3)
    );
    let starts = ["labels", "both", "fewer"].map(|name| folder.join(format!("run/seed-5/start-{name}")));
    assert_eq!(starts.map(|start| start.is_dir()), [true, false, true]);
    // A row's figures are those of `mien evaluate`.
    let table: Value =
        serde_json::from_slice(&std::fs::read(folder.join("run/table.json")).unwrap()).unwrap();
    for (line, file) in [(0, "labels/student"), (2, "both/teacher"), (3, "fewer/student")] {
        let model = format!("run/seed-3/{file}.safetensors");
        let said = mien_ok(
            folder,
            &[
                "evaluate",
                "--model",
                &model,
                "--data",
                "others.csv",
                "--whole-frame",
                "--device",
                "cpu",
                "--json",
            ],
        );
        let said: Value = serde_json::from_str(&said).unwrap();
        let own = &table["lines"][line]["cells"][0]["by_seed"][0][1];
        assert_eq!(own["accuracy"], said["accuracy"], "{file}");
        assert_eq!(own["macro_f1"], said["macro_f1"], "{file}");
    }
    // Finished rows are not run again; one that is taken away is, and so are all rows where their start was.
    let stamp = |name: &str| folder.join("run/seed-3").join(name).join("stamp");
    for name in ["labels", "both", "fewer"] {
        std::fs::write(stamp(name), "").unwrap();
    }
    std::fs::remove_dir_all(folder.join("run/seed-3/start-labels")).unwrap();
    let again = mien_ok(folder, &RESUME);
    assert_eq!(again, printed);
    assert_eq!(
        ["labels", "both", "fewer"].map(|name| stamp(name).exists()),
        [false, false, true]
    );
    let said = mien_fails(folder, 1, &ABLATE);
    assert!(said.contains("--resume"), "{said}");
}

#[test]
fn rows_of_ones_own_that_mean_nothing_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let text = write_own_rows(folder);
    for (before, after, named) in [
        ("sources = [\"few\", \"pool\"]", "sources = [\"pol\"]", "`pol`"),
        (
            "sources = [\"few\", \"pool\"]",
            "sources = [\"pool\"]",
            "labelled",
        ),
        ("name = \"both\"", "name = \"labels\"", "two rows"),
        ("name = \"both\"", "name = \"../both\"", "../both"),
        ("measure = [\"others.csv\"]\n", "", "`ablate.measure`"),
        (
            "measure = [\"others.csv\"]\n",
            "measure = [\"none.csv\"]\n",
            "none.csv",
        ),
        ("name = \"pool\"", "name = \"few\"", "`few`"),
        ("quota = 2\n", "quota = 0\n", "`quota` is 0"),
        (
            "path = \"pool.csv\"\n",
            "path = \"pool.csv\"\nquota = 3\n",
            "`quota`",
        ),
    ] {
        assert!(text.contains(before), "{before}");
        std::fs::write(folder.join("c.toml"), text.replace(before, after)).unwrap();
        let said = mien_fails(folder, 1, &ABLATE);
        assert!(said.contains(named), "{named}: {said}");
        assert!(!folder.join("run").exists());
    }
}
