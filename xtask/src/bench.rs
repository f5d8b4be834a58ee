//! `cargo xtask bench`: speed, size and memory of the page, printed and never judged.

use crate::{browser_tests, paths, process, setup, web_build, webgpu_pack};
use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
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
    /// Memory for a 3-minute and a 30-minute video
    Memory,
    /// A first visit: first paint, bytes, time to the sample's timeline
    Visit,
}

impl Part {
    /// Its name for the script.
    fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Film => "film",
            Self::Webgpu => "webgpu",
            Self::Page => "page",
            Self::Memory => "memory",
            Self::Visit => "visit",
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
    let all = [Part::Cpu, Part::Film, Part::Page, Part::Memory, Part::Visit];
    let others: Vec<&str> = all
        .into_iter()
        .filter(|part| is_wanted(*part))
        .map(Part::name)
        .collect();
    if !others.is_empty() {
        run_others(options, &others)?;
    }
    if is_wanted(Part::Webgpu) {
        run_webgpu(options)?;
    }
    Ok(())
}

fn run_others(options: &BenchOptions, parts: &[&str]) -> Result<()> {
    let folder = paths::browser_tests()?;
    let onnx = paths::cache()?.join("bench-resnet50.onnx");
    if parts.contains(&Part::Cpu.name()) && !onnx.is_file() {
        process::run(
            Command::new(paths::python_env()?.join("bin/python"))
                .arg(folder.join("bench/resnet50_onnx.py"))
                .arg(&onnx),
        )?;
    }
    let mut command = Command::new("node");
    command
        .current_dir(&folder)
        .arg("bench/run.mjs")
        .args(parts)
        .env("MIEN_DIST", paths::dist()?)
        .env("MIEN_CHROMIUM", options.chromium()?)
        .env("MIEN_ONNX", onnx);
    process::run(&mut command)
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
