//! `cargo xtask bench`: speed, size and memory of the page and the program beside their peers, printed and never judged.

mod figures;
mod native;

use crate::{browser_tests, packing, paths, process, setup, web_build, webgpu_pack};
use anyhow::{Context as _, Result, ensure};
use clap::{Args, ValueEnum};
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::Command;

/// What can be measured.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// A full ResNet-50 on the CPU, against onnxruntime-web
    Cpu,
    /// The sample film through the whole page on the CPU, beside face-api
    Film,
    /// Three networks on WebGPU, against onnxruntime-web and PyTorch's values; on a software adapter the smallest alone
    Webgpu,
    /// Long tasks and frame times of the page
    Page,
    /// Frame times of the timeline over an hour of four faces
    Timeline,
    /// Memory for a 3-minute and a 30-minute video
    Memory,
    /// A first visit: first paint, bytes, time to the sample's timeline
    Visit,
    /// The program: a full ResNet-50 against onnxruntime, steps of training against PyTorch, the sample film
    Native,
}

impl Part {
    /// Its name for the script.
    fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Film => "film",
            Self::Webgpu => "webgpu",
            Self::Page => "page",
            Self::Timeline => "timeline",
            Self::Memory => "memory",
            Self::Visit => "visit",
            Self::Native => "native",
        }
    }
}

/// Adapters that the WebGPU part can be told to take.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AdapterChoice {
    /// A real one, else Chromium's software adapter
    Auto,
    /// A real one
    Real,
    /// Chromium's software adapter
    Swiftshader,
}

#[derive(Args)]
pub struct BenchOptions {
    /// What to measure; all of it if none is named
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// Measure the page as it is in web-app/dist, without building it
    #[arg(long)]
    no_build: bool,
    /// Add no lines to docs/bench-history.csv
    #[arg(long)]
    no_history: bool,
    /// The browser; else the one on the PATH
    #[arg(long, value_name = "PATH")]
    chromium: Option<PathBuf>,
    /// The adapter of the part `webgpu`
    #[arg(long, value_enum, default_value = "auto")]
    adapter: AdapterChoice,
    /// With the part `webgpu` alone: put all that it needs into a folder, for a machine without a toolchain, and do not run it
    #[arg(long, value_name = "DIR")]
    pack: Option<PathBuf>,
}

/// Builds the page (which prints its sizes) and measures it in Chromium.
///
/// # Errors
/// When a tool is missing, a build fails, or the page cannot be measured.
pub fn run(options: &BenchOptions) -> Result<()> {
    ensure!(
        options.pack.is_none() || options.parts == [Part::Webgpu],
        "`--pack` is for the part `webgpu` alone: `cargo xtask bench webgpu --pack DIR`"
    );
    setup::run(setup::Purpose::Bench)?;
    if !options.no_build {
        web_build::run()?;
    }
    if let Some(folder) = &options.pack {
        webgpu_pack::make(folder)?;
        println!(
            "packed: copy {} and run `node run.mjs --chromium PATH` in it",
            folder.display()
        );
        return Ok(());
    }
    let is_wanted = |part: Part| options.parts.is_empty() || options.parts.contains(&part);
    let all = [
        Part::Cpu,
        Part::Film,
        Part::Page,
        Part::Timeline,
        Part::Memory,
        Part::Visit,
    ];
    let others: Vec<&str> = all
        .into_iter()
        .filter(|part| is_wanted(*part))
        .map(Part::name)
        .collect();
    let mut found = if options.parts.is_empty() {
        sizes()?
    } else {
        Vec::new()
    };
    let measured = measure(options, &others, &is_wanted, &mut found);
    // What was measured before something failed is shown and kept all the same.
    if !found.is_empty() {
        println!("\n{}", figures::table(&found));
        if !options.no_history {
            figures::keep(&paths::repository()?.join(figures::HISTORY), &found)?;
            println!("added to {}", figures::HISTORY);
        }
    }
    measured
}

fn measure(
    options: &BenchOptions,
    others: &[&str],
    is_wanted: &impl Fn(Part) -> bool,
    found: &mut Vec<figures::Figure>,
) -> Result<()> {
    if !others.is_empty() {
        run_others(options, others, found)?;
    }
    if is_wanted(Part::Native) {
        native::measure(found)?;
    }
    if is_wanted(Part::Webgpu) {
        run_webgpu(options)?;
    }
    Ok(())
}

/// What a browser loads of the engine and of the page's own code, packed.
fn sizes() -> Result<Vec<figures::Figure>> {
    let dist = paths::dist()?;
    let mut found = Vec::new();
    for name in [
        "engine/web_engine_bg.wasm",
        "engine/web_engine_plain_bg.wasm",
        "web-app_bg.wasm",
    ] {
        let packed = packing::packed_path(&dist.join(name));
        let bytes = fs::metadata(&packed).with_context(|| format!("{} cannot be read", packed.display()))?;
        found.push(figures::Figure {
            what: format!("page, size of {name} in brotli"),
            unit: "MB".to_owned(),
            ours: vec![bytes.len() as f64 / 1e6],
            peer: String::new(),
            theirs: Vec::new(),
            more_is_better: false,
        });
    }
    Ok(found)
}

fn run_others(options: &BenchOptions, parts: &[&str], found: &mut Vec<figures::Figure>) -> Result<()> {
    let folder = paths::browser_tests()?;
    let onnx = paths::cache()?.join("bench-resnet50.onnx");
    if parts.contains(&Part::Cpu.name()) && !onnx.is_file() {
        process::run(
            Command::new(paths::python_env()?.join("bin/python"))
                .arg(folder.join("bench/resnet50_onnx.py"))
                .arg(&onnx),
        )?;
    }
    // The scripts add a line to it for each figure.
    let written = paths::target_dir()?.join("bench-figures.jsonl");
    if let Err(error) = fs::remove_file(&written)
        && error.kind() != ErrorKind::NotFound
    {
        return Err(error).with_context(|| format!("{} cannot be removed", written.display()));
    }
    let mut command = Command::new("node");
    command
        .current_dir(&folder)
        .arg("bench/run.mjs")
        .args(parts)
        .env("MIEN_DIST", paths::dist()?)
        .env("MIEN_CHROMIUM", options.chromium()?)
        .env("MIEN_FIGURES", &written)
        .env("MIEN_ONNX", onnx);
    let ran = process::run(&mut command);
    found.extend(figures::read(&written)?);
    ran
}

/// As on a machine that the pack was copied to.
fn run_webgpu(options: &BenchOptions) -> Result<()> {
    let folder = paths::target_dir()?.join("webgpu-benchmark");
    webgpu_pack::make(&folder)?;
    let adapter = options.adapter.to_possible_value();
    let mut command = Command::new("node");
    command
        .current_dir(&folder)
        .args([
            "run.mjs",
            "--adapter",
            adapter.as_ref().map_or("auto", |value| value.get_name()),
        ])
        .arg("--chromium")
        .arg(options.chromium()?);
    process::run(&mut command)
}

impl BenchOptions {
    fn chromium(&self) -> Result<PathBuf> {
        self.chromium.clone().map_or_else(browser_tests::chromium, Ok)
    }
}
