//! `cargo xtask bench`: speed, size and memory of the page, printed and never judged.

use crate::{browser_tests, paths, process, setup, web_build};
use anyhow::Result;
use clap::{Args, ValueEnum};
use std::process::Command;

/// What can be measured.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// A full ResNet-50 on the CPU, against onnxruntime-web
    Cpu,
    /// The same on WebGPU; on a software adapter it takes minutes
    Webgpu,
    /// Long tasks and frame times of the page
    Page,
    /// Memory for a 3-minute and a 30-minute video
    Memory,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Webgpu => "webgpu",
            Self::Page => "page",
            Self::Memory => "memory",
        }
    }
}

#[derive(Args)]
pub struct BenchOptions {
    /// What to measure; all of it if none is named
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// Measure the page as it is in web-app/dist, without building it
    #[arg(long)]
    no_build: bool,
}

/// Builds the page (which prints its sizes) and measures it in Chromium.
///
/// # Errors
/// When a tool is missing, a build fails, or the page cannot be measured.
pub fn run(options: &BenchOptions) -> Result<()> {
    setup::run(setup::Purpose::Bench)?;
    if !options.no_build {
        web_build::run()?;
    }
    let folder = paths::browser_tests()?;
    let onnx = paths::cache()?.join("bench-resnet50.onnx");
    let all = options.parts.is_empty();
    if (all || options.parts.contains(&Part::Cpu) || options.parts.contains(&Part::Webgpu)) && !onnx.is_file()
    {
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
        .args(options.parts.iter().map(|part| part.name()))
        .env("MIEN_DIST", paths::dist()?)
        .env("MIEN_CHROMIUM", browser_tests::chromium()?)
        .env("MIEN_ONNX", onnx);
    process::run(&mut command)
}
