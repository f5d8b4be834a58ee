//! The loop over a run's steps, with a training of one weight.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

use std::path::Path;

use crate::common::random_model;
use anyhow::{Result, bail};
use native_train::run_config::course::Course;
use native_train::training_run::checkpoint::{Checkpoint, path_in};
use native_train::training_run::interruption::Interruption;
use native_train::training_run::run_folder::RunFolder;
use native_train::training_run::run_loop::{Evaluated, Saved, StepFigures, Trainee, TrainingRun};
use serde_json::{Map, Value, json};
use shared_model::expression::Expression;
use shared_model::metrics::ConfusionMatrix;
use shared_model::model_file::Weight;

/// What goes wrong in which step, counted from 1.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    Loss(u64),
    /// The step whose update spoils the weight; its loss is still finite.
    Weight(u64),
    MemoryAtRead(u64),
    MemoryAsPanic(u64),
}

struct Toy {
    weight: f32,
    waiting: Vec<StepFigures>,
    fault: Fault,
}

impl Trainee for Toy {
    type Batch = f32;

    fn step(&mut self, at: u64, batch: f32) -> Result<()> {
        let step = at + 1;
        // As wgpu does when memory is short.
        assert!(
            self.fault != Fault::MemoryAsPanic(step),
            "wgpu error: Out of Memory"
        );
        self.weight += batch;
        let loss = if self.fault == Fault::Loss(step) {
            f64::NAN
        } else {
            1.0
        };
        if self.fault == Fault::Weight(step) {
            self.weight = f32::INFINITY;
        }
        self.waiting.push(StepFigures {
            step,
            pictures: 1,
            figures: vec![("loss", Some(loss)), ("unknown", None)],
            scaling: None,
        });
        Ok(())
    }

    fn look(&mut self) -> Result<Vec<StepFigures>> {
        let waiting = std::mem::take(&mut self.waiting);
        if let Fault::MemoryAtRead(step) = self.fault
            && waiting.iter().any(|one| one.step == step)
        {
            bail!("the device failed: out of device memory allocating 4294967296 bytes\n<backtrace>");
        }
        Ok(waiting)
    }

    fn save(&self) -> Result<Saved> {
        let weight = Weight {
            shape: vec![1],
            values: vec![self.weight],
        };
        Ok(Saved {
            network: [("weight".to_owned(), weight)].into(),
            ..Saved::default()
        })
    }

    fn evaluate(&mut self, step: u64) -> Result<Vec<Evaluated>> {
        // Better with every step.
        let right = (0..step).map(|_| (Expression::Fear, Expression::Fear));
        let pairs = right.chain([(Expression::Fear, Expression::Anger)]);
        Ok(vec![Evaluated {
            model: "toy",
            report: ConfusionMatrix::from_pairs(pairs).report(),
            log: Map::from_iter([("held_back".to_owned(), json!({"accuracy": 0.5}))]),
            file: random_model(false),
        }])
    }

    fn batch_in_words(&self) -> String {
        "1 number".to_owned()
    }

    fn keys_of_memory(&self) -> &'static str {
        "`toy.batch`"
    }

    fn keys_of_rates(&self) -> &'static str {
        "`toy.rate`"
    }
}

/// [`train_on`] batches that can all be made.
fn train(path: &Path, fault: Fault) -> (Option<String>, Option<(u64, f32)>) {
    train_on(path, fault, |step| Ok(step as f32))
}

/// 12 steps with an evaluation after each fourth; the error, and the weight in the last checkpoint.
fn train_on(
    path: &Path,
    fault: Fault,
    make: impl Fn(u64) -> Result<f32> + Send,
) -> (Option<String>, Option<(u64, f32)>) {
    let folder = RunFolder::open(path).unwrap();
    let course = Course {
        steps: 12,
        steps_an_epoch: 4,
        checkpoint_minutes: 10.0,
        patience: None,
    };
    let found = folder.checkpoint(true).unwrap();
    let mut toy = Toy {
        weight: found
            .as_ref()
            .map_or(0.0, |found| found.network["weight"].values[0]),
        waiting: Vec::new(),
        fault,
    };
    let mut run = TrainingRun::open(&folder, course, json!({"seed": 1}), found.as_ref(), &[]).unwrap();
    let outcome = run.train(&mut toy, make, &Interruption::default());
    let kept = Checkpoint::read(&path_in(path)).ok();
    let kept = kept.map(|kept| (kept.state.step, kept.network["weight"].values[0]));
    (outcome.err().map(|error| format!("{error:#}")), kept)
}

#[test]
fn a_value_that_is_not_finite_ends_the_run_before_it_is_written() {
    for (fault, step) in [
        (Fault::Loss(7), "the loss of step 7 is NaN"),
        (Fault::Weight(8), "diverged in step 8"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (error, kept) = train(folder.path(), fault);
        let error = error.unwrap();
        for part in [step, "smaller `toy.rate`", "checkpoint of step 4", "--resume"] {
            assert!(error.contains(part), "`{part}`: {error}");
        }
        assert_eq!(kept, Some((4, 6.0)));
        // The log has no line of a step that has no number.
        let log = std::fs::read_to_string(folder.path().join("log.jsonl")).unwrap();
        assert!(!log.contains("NaN") && log.lines().count() > 0, "{log}");
        // And the run goes on from there once the cause is gone.
        assert_eq!(train(folder.path(), Fault::None), (None, Some((12, 66.0))));
    }
}

#[test]
fn want_of_memory_names_the_step_and_what_to_lower_and_loses_nothing() {
    for fault in [Fault::MemoryAtRead(6), Fault::MemoryAsPanic(6)] {
        let folder = tempfile::tempdir().unwrap();
        let (error, kept) = train(folder.path(), fault);
        let error = error.unwrap();
        for part in [
            "1 number",
            "lower `toy.batch`",
            "checkpoint of step 4",
            "--resume",
        ] {
            assert!(error.contains(part), "`{part}`: {error}");
        }
        assert_eq!(kept, Some((4, 6.0)));
        assert_eq!(train(folder.path(), Fault::None), (None, Some((12, 66.0))));
    }
    // The first step asks for the most: it is looked at by itself.
    let folder = tempfile::tempdir().unwrap();
    let (error, kept) = train(folder.path(), Fault::MemoryAtRead(1));
    let error = error.unwrap();
    assert!(
        error.contains("up to 1 ") && error.contains("no checkpoint yet"),
        "{error}"
    );
    assert_eq!(kept, None);
}

#[test]
fn data_that_fail_lose_no_step() {
    let error: fn(u64) -> Result<f32> = |_| bail!("the picture a.png is gone");
    #[allow(clippy::panic, reason = "as a decoder may")]
    let panic: fn(u64) -> Result<f32> = |_| panic!("the picture a.png is gone");
    for fails in [error, panic] {
        let folder = tempfile::tempdir().unwrap();
        let make = move |step| if step < 6 { Ok(step as f32) } else { fails(step) };
        let (error, kept) = train_on(folder.path(), Fault::None, make);
        let error = error.unwrap();
        for part in ["a.png is gone", "step 7", "checkpoint of step 6"] {
            assert!(error.contains(part), "`{part}`: {error}");
        }
        assert_eq!(kept, Some((6, 15.0)));
        assert_eq!(train(folder.path(), Fault::None), (None, Some((12, 66.0))));
    }
}

#[test]
fn the_log_has_each_step_once_and_the_best_figures_are_remembered() {
    let folder = tempfile::tempdir().unwrap();
    assert!(train(folder.path(), Fault::Loss(11)).0.is_some());
    assert_eq!(train(folder.path(), Fault::None).0, None);
    let log = std::fs::read_to_string(folder.path().join("log.jsonl")).unwrap();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let steps = |key: &str| -> Vec<u64> {
        let with = lines.iter().filter(|line| line.get(key).is_some());
        with.map(|line| line["step"].as_u64().unwrap()).collect()
    };
    assert_eq!(steps("loss"), (1..=12).collect::<Vec<_>>());
    assert_eq!(steps("held_back"), [4, 8, 12]);
    assert_eq!(lines[0]["unknown"], Value::Null);
    let kept = Checkpoint::read(&path_in(folder.path())).unwrap();
    // F1 of one class of eight: 12 right, one missed.
    assert!((kept.state.best["toy"] - 24.0 / 25.0 / 8.0).abs() < 1e-12);
    assert!(folder.path().join("toy.safetensors").is_file());
}
