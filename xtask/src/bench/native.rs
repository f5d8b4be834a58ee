//! The program beside onnxruntime and PyTorch, in turns, and the sample film through it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::figures::Figure;
use crate::{cargo_call, paths, process};

/// Runs of each, as the goals ask for.
const ROUNDS: usize = 3;
const FILM: &str = "www/sample/six-expressions.mp4";
const MODEL: &str = "www/models/demo.safetensors";

/// Builds the program and measures it on the processor; adds each figure as it is there.
///
/// # Errors
/// When it cannot be built or run, or a peer is not there.
pub fn measure(found: &mut Vec<Figure>) -> Result<()> {
    // As the tests build it: with other packages its dependencies would have other features, and be built again.
    let mut build = cargo_call::cargo()?;
    build
        .args(["build", "--release"])
        .args(cargo_call::native_packages()?);
    process::run(&mut build)?;
    let program = paths::target_dir()?.join("release/mien");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut threads = vec![1, cores];
    threads.dedup();
    for count in threads {
        found.push(forward(&program, count)?);
    }
    found.extend(training(&program, cores)?);
    found.push(film(&program)?);
    Ok(())
}

/// A full ResNet-50 at 224 beside onnxruntime.
fn forward(program: &Path, threads: usize) -> Result<Figure> {
    let mut figure = Figure {
        what: format!("program, ResNet-50 at 224, batch 1, {threads} threads"),
        unit: "ms".to_owned(),
        ours: Vec::new(),
        peer: String::new(),
        theirs: Vec::new(),
        more_is_better: false,
    };
    for _ in 0..ROUNDS {
        let said = bench(
            program,
            threads,
            &["--forward", "--batch", "1"],
            "bench_inference.py",
        )?;
        figure.ours.push(number(&said, "/ms")?);
        figure.theirs.push(number(&said, "/beside/ms")?);
        figure.peer = peer(&said);
    }
    Ok(figure)
}

/// A supervised step and a step of teacher and student beside PyTorch's.
fn training(program: &Path, threads: usize) -> Result<Vec<Figure>> {
    let steps = [
        ("training step", "training_images_a_second"),
        ("teacher and student's step", "stage1_images_a_second"),
    ];
    let mut figures = steps.map(|(what, _)| Figure {
        what: format!("program, {what}, ResNet-50 at 224, batch 8, {threads} threads"),
        unit: "pictures/s".to_owned(),
        ours: Vec::new(),
        peer: String::new(),
        theirs: Vec::new(),
        more_is_better: true,
    });
    for _ in 0..ROUNDS {
        let said = bench(program, threads, &["--batch", "8"], "bench_training.py")?;
        for (figure, (_, name)) in figures.iter_mut().zip(steps) {
            figure.ours.push(number(&said, &format!("/{name}"))?);
            figure.theirs.push(number(&said, &format!("/beside/{name}"))?);
            figure.peer = peer(&said);
        }
    }
    Ok(figures.into())
}

/// What `mien bench` says with a script of the golden checks beside it.
fn bench(program: &Path, threads: usize, words: &[&str], script: &str) -> Result<Value> {
    let mut command = Command::new(program);
    command
        .current_dir(paths::repository()?)
        .env("RAYON_NUM_THREADS", threads.to_string())
        .args(["bench", "--device", "cpu", "--json"])
        .args(words)
        .arg("--beside")
        .arg(paths::golden_checks()?.join(script))
        .arg("--python")
        .arg(paths::python_env()?.join("bin/python"));
    println!("  $ {}", process::shown(&command));
    let output = command
        .output()
        .with_context(|| format!("`{}` does not start", process::shown(&command)))?;
    ensure!(
        output.status.success(),
        "`{}` failed ({}): {}",
        process::shown(&command),
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    serde_json::from_slice(&output.stdout)
        .with_context(|| format!("what `{}` says", process::shown(&command)))
}

fn number(said: &Value, place: &str) -> Result<f64> {
    let value = said.pointer(place).and_then(Value::as_f64);
    value.with_context(|| format!("`mien bench --json` says no {place}"))
}

fn peer(said: &Value) -> String {
    let name = said.pointer("/beside/program").and_then(Value::as_str);
    name.unwrap_or_default().to_owned()
}

/// The sample film, decoding included, from the start of the program to its end.
fn film(program: &Path) -> Result<Figure> {
    let folder = paths::target_dir()?.join("bench-film");
    let table = folder.join("six-expressions.csv");
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        process::run(
            Command::new(program)
                .current_dir(paths::repository()?)
                .args(["analyze", FILM, "--model", MODEL, "--device", "cpu", "--out"])
                .arg(&folder),
        )?;
        let seconds = begin.elapsed().as_secs_f64();
        let text =
            fs::read_to_string(&table).with_context(|| format!("{} cannot be read", table.display()))?;
        // One face per frame, below the head.
        let frames = text.lines().count().saturating_sub(1);
        rates.push(frames as f64 / seconds);
    }
    Ok(Figure {
        what: "program, the sample film (480x360, one face), `demo`, decoding included".to_owned(),
        unit: "frames/s".to_owned(),
        ours: rates,
        peer: String::new(),
        theirs: Vec::new(),
        more_is_better: true,
    })
}
