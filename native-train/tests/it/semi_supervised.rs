//! `mien pretrain` with teacher and student, on small pictures made here.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

use std::path::Path;

use crate::common::{mien, mien_fails, mien_ok, stderr, write_paired_pictures as write_pictures};
use burn::tensor::Device;
use native_train::pretrain::read_data;
use native_train::run_config::RunConfig;
use native_train::training_run::checkpoint::{Checkpoint, path_in};
use native_train::training_run::interruption::{Interrupted, Interruption};
use serde_json::Value;
use shared_model::model_file::ModelFile;

fn config_text(steps: u64, more: &str) -> String {
    format!(
        "mode = \"semi-supervised\"\nrun = \"run\"\nseed = 3\n[data]\nlabelled = \"labelled.csv\"\nunlabelled = \"pool.csv\"\n\
         held_back = 0.3\n[model]\ninput_size = 32\nblocks = [1, 1, 1, 1]\nwidth = 4\n\
         [training]\nbatch = 6\nsteps = {steps}\nsteps_an_epoch = 4\nrate = 0.05\n[semi_supervised]\nstudent_rate = 0.05\n{more}"
    )
}

fn read_model(path: &Path) -> ModelFile {
    ModelFile::from_bytes(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_run_leaves_both_models_and_all_terms_of_each_step() {
    let folder = tempfile::tempdir().unwrap();
    write_pictures(folder.path());
    let more = "unlabelled_ratio = 3\nfinetune_steps = 2\nfinetune_rate = 0.01\n";
    std::fs::write(folder.path().join("c.toml"), config_text(12, more)).unwrap();
    let output = mien(
        folder.path(),
        &["pretrain", "--config", "c.toml", "--device", "cpu"],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(
        String::from_utf8(output.stdout.clone()).unwrap().trim(),
        "run/student.safetensors"
    );
    // Stripes are of three classes.
    let missing = "no training picture shows Anger, Disgust, Fear, Sadness, Other: that cannot be learned";
    assert!(stderr(&output).contains(missing), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("stands in for it"),
        "{}",
        stderr(&output)
    );
    for role in ["student", "teacher"] {
        let model = read_model(&folder.path().join(format!("run/{role}.safetensors")));
        model.check_weights().unwrap();
        assert_eq!(model.metadata.training["role"], role);
    }
    let log = std::fs::read_to_string(folder.path().join("run/log.jsonl")).unwrap();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let steps: Vec<&Value> = lines.iter().filter(|line| line.get("L_s").is_some()).collect();
    assert_eq!(
        steps
            .iter()
            .map(|line| line["step"].as_u64().unwrap())
            .collect::<Vec<_>>(),
        (1..=12).collect::<Vec<_>>()
    );
    for line in &steps {
        for term in [
            "L_s",
            "L_c",
            "L_f",
            "L_u",
            "f",
            "kept",
            "teacher_rate",
            "student_rate",
            "images_s",
        ] {
            assert!(line[term].as_f64().unwrap().is_finite(), "{term}: {line}");
        }
        // All but one picture have a known truth.
        assert!((0.0..=1.0).contains(&line["agreement"].as_f64().unwrap()));
    }
    assert_eq!(steps[0]["teacher_rate"], 0.05);
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.get("finetune_loss").is_some())
            .count(),
        2
    );
    assert_eq!(
        lines.iter().filter(|line| line.get("student").is_some()).count(),
        4
    );
    // The student can be used.
    let analyze = [
        "analyze",
        "0-0.png",
        "--model",
        "run/student.safetensors",
        "--device",
        "cpu",
        "--whole-frame",
    ];
    mien_ok(folder.path(), &analyze);
}

#[test]
fn a_resumed_run_ends_as_one_that_was_never_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    write_pictures(folder.path());
    let device = Device::flex();
    let more = "ema = 0.9\nbaseline = 0.9\nfinetune_steps = 2\n";
    let config = |run: &str| -> RunConfig {
        let path = folder.path().join("c.toml");
        std::fs::write(&path, config_text(5, more)).unwrap();
        let mut config = RunConfig::read(&path).unwrap();
        config.run = folder.path().join(run);
        config.data.labelled = Some(folder.path().join("labelled.csv"));
        config.data.unlabelled = Some(folder.path().join("pool.csv"));
        config
    };
    let run = |config: &RunConfig, resume: bool, interruption: &Interruption| {
        std::fs::create_dir_all(&config.run).unwrap();
        let data = read_data(config, &device).unwrap();
        native_train::pretrain::train(config, &data, resume, &device, interruption)
    };
    let (whole, broken) = (config("whole"), config("broken"));
    run(&whole, false, &Interruption::default()).unwrap();
    let interruption = Interruption::default();
    interruption.wish();
    for step in 1..7 {
        let error = run(&broken, step > 1, &interruption).unwrap_err();
        assert_eq!(
            error.downcast_ref::<Interrupted>().map(|i| i.step),
            Some(step),
            "{error:#}"
        );
    }
    run(&broken, true, &interruption).unwrap();
    let read = |config: &RunConfig| Checkpoint::read(&path_in(&config.run)).unwrap();
    let (a, b) = (read(&whole), read(&broken));
    assert_eq!((a.state.step, b.state.step), (7, 7));
    assert!(a.network.keys().any(|name| name.starts_with("average.")));
    assert!(a.optimiser.contains_key("baseline"));
    // To the bit.
    assert!(a.network == b.network && a.optimiser == b.optimiser);
}

#[test]
fn a_run_goes_on_when_its_start_has_moved() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_pictures(folder);
    std::fs::write(
        folder.join("start.safetensors"),
        crate::common::random_model(false).to_bytes().unwrap(),
    )
    .unwrap();
    let device = Device::flex();
    for mode in ["semi-supervised", "supervised"] {
        let config = |start: &str| -> RunConfig {
            let start = format!("width = 4\nstart = \"{}\"\n", folder.join(start).display());
            let text = config_text(3, "").replace("width = 4\n", &start);
            let text = text.replace("\"semi-supervised\"", &format!("\"{mode}\""));
            let text = if mode == "supervised" {
                let (text, _) = text.split_once("[semi_supervised]").unwrap();
                text.replace("unlabelled = \"pool.csv\"\n", "")
            } else {
                text
            };
            std::fs::write(folder.join("c.toml"), text).unwrap();
            let mut config = RunConfig::read(&folder.join("c.toml")).unwrap();
            config.run = folder.join(mode);
            config.data.labelled = Some(folder.join("labelled.csv"));
            config.data.unlabelled = config.data.unlabelled.map(|_| folder.join("pool.csv"));
            config
        };
        let interruption = Interruption::default();
        interruption.wish();
        let one_step = |start: &str, resume: bool| {
            let config = config(start);
            std::fs::create_dir_all(&config.run).unwrap();
            let data = read_data(&config, &device).unwrap();
            let error =
                native_train::pretrain::train(&config, &data, resume, &device, &interruption).unwrap_err();
            error
                .downcast_ref::<Interrupted>()
                .map(|i| i.step)
                .ok_or(format!("{error:#}"))
        };
        assert_eq!(one_step("start.safetensors", false), Ok(1));
        std::fs::rename(folder.join("start.safetensors"), folder.join("moved.safetensors")).unwrap();
        // Also where the config still names the old place.
        assert_eq!(one_step("start.safetensors", true), Ok(2));
        std::fs::rename(folder.join("moved.safetensors"), folder.join("start.safetensors")).unwrap();
        let moved = config("elsewhere.safetensors");
        let data = read_data(&moved, &device).unwrap();
        native_train::pretrain::train(&moved, &data, true, &device, &Interruption::default()).unwrap();
        assert_eq!(Checkpoint::read(&path_in(&moved.run)).unwrap().state.step, 3);
    }
}

#[test]
fn a_run_that_recomputes_the_teacher_ends_as_one_that_does_not() {
    let folder = tempfile::tempdir().unwrap();
    write_pictures(folder.path());
    let run = |name: &str, more: &str, resume: bool| -> Checkpoint {
        let text = config_text(5, more).replace("run = \"run\"", &format!("run = \"{name}\""));
        std::fs::write(folder.path().join("c.toml"), text).unwrap();
        let mut arguments = vec!["pretrain", "--config", "c.toml", "--device", "cpu"];
        arguments.extend(resume.then_some("--resume"));
        mien_ok(folder.path(), &arguments);
        Checkpoint::read(&path_in(&folder.path().join(name))).unwrap()
    };
    let kept = run("kept", "finetune_steps = 1\n", false);
    let again = run("again", "finetune_steps = 1\nrecompute_teacher = true\n", false);
    // To the bit, from the same random weights.
    assert!(kept.network == again.network && kept.optimiser == again.optimiser);
    // Where memory is short, a run may go on with it.
    let text = std::fs::read_to_string(folder.path().join("again/config.toml")).unwrap();
    assert!(text.contains("recompute_teacher = true"), "{text}");
    let resumed = run("kept", "finetune_steps = 1\nrecompute_teacher = true\n", true);
    assert!(resumed.network == kept.network);
}

#[test]
fn bad_configs_and_pools_are_named() {
    let folder = tempfile::tempdir().unwrap();
    write_pictures(folder.path());
    let says = |text: String, expected: &str| {
        std::fs::write(folder.path().join("c.toml"), text).unwrap();
        let said = mien_fails(
            folder.path(),
            1,
            &["pretrain", "--config", "c.toml", "--device", "cpu"],
        );
        assert!(said.contains(expected), "{said}");
    };
    says(
        config_text(4, "feedbak = \"dot-product\"\n"),
        "did you mean `feedback`",
    );
    says(config_text(4, "threshold = 1.5\n"), "semi_supervised.threshold");
    says(
        config_text(4, "").replace("unlabelled = \"pool.csv\"\n", ""),
        "data.unlabelled",
    );
    says(
        config_text(4, "").replace("pool.csv", "missing.csv"),
        "missing.csv",
    );
    says(
        config_text(4, "").replace("rate = 0.05", "rate = 1e38"),
        "training diverged",
    );
    std::fs::write(folder.path().join("pool.csv"), "path,label\n0-0.png,contempt\n").unwrap();
    std::fs::remove_dir_all(folder.path().join("run")).unwrap();
    says(config_text(4, ""), "`contempt` is no class");
}
