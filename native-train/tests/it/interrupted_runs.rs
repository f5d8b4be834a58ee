//! Runs of the real program that are killed, interrupted, or out of room, and go on.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::common::{mien, mien_fails, mien_ok, stderr, write_paired_pictures};
use native_train::training_run::checkpoint::{Checkpoint, best_path_in, path_in};
use native_train::written_files::RECORD;
use serde_json::Value;
use shared_model::model_file::ModelFile;

const RUN: [&str; 5] = ["pretrain", "--config", "c.toml", "--device", "cpu"];
const RESUME: [&str; 6] = ["pretrain", "--config", "c.toml", "--device", "cpu", "--resume"];
const STEPS: u64 = 9;

/// A checkpoint after each step, so that a kill meets many.
fn write_config(folder: &Path, mode: &str, more: &str) {
    let text = format!(
        "mode = \"{mode}\"\nrun = \"run\"\nseed = 3\n[data]\nlabelled = \"labelled.csv\"\nunlabelled = \"pool.csv\"\n\
         held_back = 0.3\n[model]\ninput_size = 32\nblocks = [1, 1, 1, 1]\nwidth = 4\n\
         [training]\nbatch = 6\nsteps = {STEPS}\nsteps_an_epoch = 4\ncheckpoint_minutes = 0.0\nrate = 0.05\n{more}"
    );
    std::fs::write(folder.join("c.toml"), text).unwrap();
}

const SEMI_SUPERVISED: &str = "[semi_supervised]\nstudent_rate = 0.05\nema = 0.9\nbaseline = 0.9\n";
const TEMPORAL: &str = "[temporal]\nlayers = 1\nheads = 2\nd_model = 16\nd_ff = 16\nbatch = 4\nsteps = 12\nrate = 1e-3\nviews = 2\n";

fn new_folder(mode: &str, more: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_paired_pictures(folder.path());
    write_config(folder.path(), mode, more);
    folder
}

fn spawn(folder: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_mien"))
        .current_dir(folder)
        .args(RESUME)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until `when` holds or the process ends; true when it still ran.
fn wait(child: &mut Child, when: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    while !when() {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "nothing happens");
        std::thread::sleep(Duration::from_micros(200));
    }
    true
}

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args([name, &id]).status().unwrap();
    assert!(sent.success());
}

fn log_lines(folder: &Path) -> usize {
    std::fs::read_to_string(folder.join("run/log.jsonl")).map_or(0, |log| log.lines().count())
}

fn is_writing(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder.join("run")) else {
        return false;
    };
    entries
        .flatten()
        .any(|entry| entry.file_name().to_string_lossy().starts_with(".mien-"))
}

/// Steps of the log's lines that hold `key`.
fn steps_with(folder: &Path, key: &str) -> Vec<u64> {
    let log = std::fs::read_to_string(folder.join("run/log.jsonl")).unwrap();
    let lines = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .filter(|line| line.get(key).is_some())
        .map(|line| line["step"].as_u64().unwrap())
        .collect()
}

fn assert_same_files(one: &Path, other: &Path, names: &[&str]) {
    for name in names {
        let bytes = |folder: &Path| std::fs::read(folder.join("run").join(name)).unwrap();
        assert!(bytes(one) == bytes(other), "{name} is another");
    }
}

/// Kills a run again and again, each time at another moment, and compares its end with that of one
/// that was left alone.
fn killed_runs_end_alike(mode: &str, more: &str, term: &str, files: &[&str]) {
    let (whole, broken) = (new_folder(mode, more), new_folder(mode, more));
    mien_ok(whole.path(), &RUN);
    let folder = broken.path();
    let moments: [&dyn Fn() -> bool; 8] = [
        &|| folder.join("run").exists(),
        &|| folder.join("run/run.json").exists(),
        &|| is_writing(folder),
        &|| log_lines(folder) >= 2,
        &|| log_lines(folder) >= 4 && is_writing(folder),
        &|| log_lines(folder) >= 7 && is_writing(folder),
        &|| log_lines(folder) >= STEPS as usize,
        // With the lines of three evaluations: in the temporal stage, where there is one.
        &|| log_lines(folder) >= STEPS as usize + 3,
    ];
    let mut killed = 0;
    for moment in moments {
        let mut child = spawn(folder);
        if wait(&mut child, moment) {
            child.kill().unwrap();
            killed += 1;
        }
        child.wait().unwrap();
    }
    assert!(killed >= 5, "only {killed} of them were killed before their end");
    mien_ok(folder, &RESUME);
    assert_same_files(whole.path(), folder, files);
    assert_eq!(steps_with(folder, term), (1..=STEPS).collect::<Vec<_>>());
    assert!(!is_writing(folder), "a file that is not whole was left");
}

#[test]
fn a_killed_supervised_run_with_a_temporal_stage_ends_to_the_bit_as_one_left_alone() {
    let files = [
        "student.safetensors",
        "checkpoint.safetensors",
        "checkpoint-best.safetensors",
        "model.safetensors",
    ];
    killed_runs_end_alike("supervised", TEMPORAL, "loss", &files);
}

#[test]
fn a_killed_semi_supervised_run_ends_to_the_bit_as_one_left_alone() {
    let files = [
        "student.safetensors",
        "teacher.safetensors",
        "checkpoint.safetensors",
        "checkpoint-best.safetensors",
    ];
    killed_runs_end_alike("semi-supervised", SEMI_SUPERVISED, "L_s", &files);
}

#[test]
fn the_best_checkpoint_is_that_of_the_best_evaluation_and_a_run_goes_on_from_it() {
    // With this seed the last evaluation is not the best.
    let folder = new_folder("semi-supervised", SEMI_SUPERVISED);
    mien_ok(folder.path(), &RUN);
    let run = folder.path().join("run");
    let log = std::fs::read_to_string(run.join("log.jsonl")).unwrap();
    let lines = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let evaluated: Vec<(u64, f64)> = lines
        .filter_map(|line| {
            let figure = line.get("student")?.get("macro_f1_of_8_classes")?.as_f64()?;
            Some((line["step"].as_u64()?, figure))
        })
        .collect();
    let highest = evaluated.iter().map(|(_, figure)| *figure).fold(0.0, f64::max);
    println!("{evaluated:?}");
    let (best_path, last_path) = (best_path_in(&run), path_in(&run));
    let best = Checkpoint::read(&best_path).unwrap();
    assert!(evaluated.len() == 3 && evaluated.contains(&(best.state.step, highest)));
    assert!(best.state.step < STEPS);
    // The log has four digits.
    assert!((best.state.best["student"] - highest).abs() < 1e-4);
    let model = ModelFile::from_bytes(&std::fs::read(run.join("student.safetensors")).unwrap()).unwrap();
    for (name, weight) in &model.weights {
        // What is evaluated is the student's moving average.
        let name = name.replace("backbone.", "average.");
        assert!(best.network[&name] == *weight, "{name}");
    }
    let (end, best_bytes) = (
        std::fs::read(&last_path).unwrap(),
        std::fs::read(&best_path).unwrap(),
    );
    std::fs::copy(&best_path, &last_path).unwrap();
    mien_ok(folder.path(), &RESUME);
    assert!(std::fs::read(&last_path).unwrap() == end);
    assert!(std::fs::read(&best_path).unwrap() == best_bytes);
    assert_eq!(steps_with(folder.path(), "L_s"), (1..=STEPS).collect::<Vec<_>>());
}

#[test]
fn a_wish_to_end_leaves_a_checkpoint_and_status_130() {
    let cases = [
        ("supervised", "", "-INT"),
        ("semi-supervised", SEMI_SUPERVISED, "-TERM"),
    ];
    for (mode, more, wish) in cases {
        let (whole, broken) = (new_folder(mode, more), new_folder(mode, more));
        mien_ok(whole.path(), &RUN);
        let folder = broken.path();
        let mut child = spawn(folder);
        assert!(wait(&mut child, || log_lines(folder) >= 2));
        signal(&child, wish);
        let output: Output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{mode}: {}", stderr(&output));
        assert!(
            stderr(&output).contains("`--resume` goes on"),
            "{}",
            stderr(&output)
        );
        mien_ok(folder, &RESUME);
        assert_same_files(
            whole.path(),
            folder,
            &["student.safetensors", "checkpoint.safetensors"],
        );
    }
}

/// Runs the program with a limit on the size of files, in KiB: a write beyond fails as on a full disk.
fn with_limit(folder: &Path, kib: u64) -> Output {
    // POSIX counts in blocks of 512 bytes. The signal would kill; ignored, the write fails.
    let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", 2 * kib);
    Command::new("sh")
        .current_dir(folder)
        .args(["-c", &script, env!("CARGO_BIN_EXE_mien")])
        .args(RESUME)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn a_full_disk_keeps_the_last_checkpoint_and_says_what_is_needed() {
    for (mode, more) in [("supervised", ""), ("semi-supervised", SEMI_SUPERVISED)] {
        let (whole, broken) = (new_folder(mode, more), new_folder(mode, more));
        mien_ok(whole.path(), &RUN);
        let folder = broken.path();
        let mut child = spawn(folder);
        assert!(wait(&mut child, || log_lines(folder) >= 3));
        child.kill().unwrap();
        child.wait().unwrap();
        let checkpoint = folder.join("run/checkpoint.safetensors");
        let before = std::fs::read(&checkpoint).unwrap();
        let output = with_limit(folder, before.len() as u64 / 1024 / 2);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(before.len() < 1 << 20);
        let needed = format!("{} KiB are needed", before.len().div_ceil(1 << 10));
        for part in [
            "checkpoint.safetensors cannot be written",
            &needed,
            "are kept",
            "--resume",
        ] {
            assert!(said.contains(part), "`{part}`: {said}");
        }
        assert!(before == std::fs::read(&checkpoint).unwrap());
        assert!(!is_writing(folder), "half a file was left");
        mien_ok(folder, &RESUME);
        assert_same_files(
            whole.path(),
            folder,
            &["student.safetensors", "checkpoint.safetensors"],
        );
    }
}

/// What a run's folder says of the run.
fn described(folder: &Path) -> Vec<String> {
    let names = ["config.toml", "config.original.toml", "run.json", "log.jsonl"];
    let read = |name| std::fs::read_to_string(folder.join("run").join(name)).unwrap();
    names.map(read).to_vec()
}

#[test]
fn a_damaged_checkpoint_says_what_can_take_its_place_and_changes_nothing() {
    let folder = new_folder("supervised", "");
    mien_ok(folder.path(), &RUN);
    let (last, best) = (
        path_in(&folder.path().join("run")),
        best_path_in(&folder.path().join("run")),
    );
    let whole = std::fs::read(&last).unwrap();
    let model = std::fs::read(folder.path().join("run/student.safetensors")).unwrap();
    let before = described(folder.path());
    for bytes in [&whole[..whole.len() / 2], &whole[..100], &[], &model] {
        std::fs::write(&last, bytes).unwrap();
        let said = mien_fails(folder.path(), 1, &RESUME);
        for part in [
            "checkpoint.safetensors cannot be read",
            "checkpoint-best.safetensors over it",
        ] {
            assert!(said.contains(part), "`{part}`: {said}");
        }
        assert!(before == described(folder.path()));
    }
    std::fs::copy(&best, &last).unwrap();
    mien_ok(folder.path(), &RESUME);
    assert!(std::fs::read(&last).unwrap() == whole);
}

#[test]
fn a_checkpoint_of_another_architecture_or_config_is_named() {
    let folder = new_folder("supervised", "");
    mien_ok(folder.path(), &RUN);
    let config = std::fs::read_to_string(folder.path().join("c.toml")).unwrap();
    let says = |from: &str, to: &str, parts: &[&str]| {
        std::fs::write(folder.path().join("c.toml"), config.replace(from, to)).unwrap();
        let before = described(folder.path());
        let said = mien_fails(folder.path(), 1, &RESUME);
        for part in parts {
            assert!(said.contains(part), "`{part}`: {said}");
        }
        // The folder still says what its run was begun with.
        assert!(before == described(folder.path()), "{from}");
    };
    says(
        "width = 4",
        "width = 8",
        &["`model.width` is 8, before it was 4", "another `run` folder"],
    );
    says(
        "blocks = [1, 1, 1, 1]",
        "blocks = [1, 2, 1, 1]",
        &["`model.blocks` is [1,2,1,1], before it was [1,1,1,1]"],
    );
    says(
        "mode = \"supervised\"",
        "mode = \"semi-supervised\"",
        &["`mode` is \"semi-supervised\", before it was \"supervised\""],
    );
    // What is lowered where memory is short may change.
    std::fs::write(
        folder.path().join("c.toml"),
        config.replace("batch = 6", "batch = 4"),
    )
    .unwrap();
    let output = mien(folder.path(), &RESUME);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("`training.batch` is 4, before it was 6"),
        "{}",
        stderr(&output)
    );
    // Another architecture to start from.
    let start = config
        .replace("width = 4", "width = 8\nstart = \"run/student.safetensors\"")
        .replace("run = \"run\"", "run = \"second\"");
    std::fs::write(folder.path().join("c.toml"), start).unwrap();
    let said = mien_fails(folder.path(), 1, &RUN);
    for part in ["student.safetensors", "expected [8", "[4"] {
        assert!(said.contains(part), "`{part}`: {said}");
    }
    // Before any picture is looked at, and without a folder.
    assert!(!said.contains("evaluation:"), "{said}");
    assert!(!folder.path().join("second").exists());
}

#[test]
fn a_run_that_is_taken_up_again_does_not_look_for_its_faces_anew() {
    let folder = new_folder("supervised", "");
    mien_ok(folder.path(), &RUN);
    let looks = ["looks-training.json", "looks-evaluation.json"];
    let read = |name: &str| std::fs::read(folder.path().join("run").join(name)).unwrap();
    let first = looks.map(read);
    let output = mien(folder.path(), &RESUME);
    assert!(output.status.success(), "{}", stderr(&output));
    for name in looks {
        assert!(
            stderr(&output).contains(&format!("{name}: ")),
            "{}",
            stderr(&output)
        );
    }
    assert_eq!(looks.map(read), first);
}

#[test]
fn a_run_that_is_killed_while_it_looks_at_its_pictures_begins_again() {
    let folder = new_folder("supervised", "");
    let run = folder.path().join("run");
    let mut child = spawn(folder.path());
    assert!(wait(&mut child, || run.join("looks-training.json").exists()));
    child.kill().unwrap();
    child.wait().unwrap();
    // Also where the kill came late: nothing but the first look is there.
    for entry in std::fs::read_dir(&run).unwrap() {
        let path = entry.unwrap().path();
        if !path.ends_with("looks-training.json") && !path.ends_with(RECORD) {
            std::fs::remove_file(path).unwrap();
        }
    }
    let output = mien(folder.path(), &RUN);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("looks-training.json: "));
}

#[test]
fn a_run_folder_says_what_was_run() {
    let folder = new_folder("supervised", "");
    mien_ok(folder.path(), &RUN);
    let run = folder.path().join("run");
    let read = |name: &str| std::fs::read_to_string(run.join(name)).unwrap();
    assert_eq!(
        read("config.original.toml"),
        std::fs::read_to_string(folder.path().join("c.toml")).unwrap()
    );
    // Every default is written out, and the file is one that a run can be begun with.
    let resolved = read("config.toml");
    for key in [
        "momentum = 0.9",
        "temperature = 1.0",
        "flip = 0.5",
        "student_view = \"weak\"",
    ] {
        assert!(resolved.contains(key), "`{key}`: {resolved}");
    }
    std::fs::write(
        folder.path().join("c.toml"),
        resolved.replace("run = \"run\"", "run = \"again\""),
    )
    .unwrap();
    mien_ok(folder.path(), &RUN);
    assert!(
        std::fs::read(run.join("student.safetensors")).unwrap()
            == std::fs::read(folder.path().join("again/student.safetensors")).unwrap()
    );
    let about: Value = serde_json::from_str(&read("run.json")).unwrap();
    assert_eq!(about["seed"], 3);
    let start = &about["starts"][0];
    // The folder lies in no repository.
    assert_eq!((&start["step"], &start["commit"]), (&0.into(), &"unknown".into()));
    assert!(start["unix_time"].as_f64().unwrap() > 1.7e9);
}
