//! Set-up in steps: each says what it does, is skipped when done, and says what to do when it fails.

mod apt;
mod done;
mod node_packages;
mod python;
mod second_ffmpeg;
mod wasm_target;
mod wasm_tools;

pub use second_ffmpeg::VARIABLE as SECOND_FFMPEG_VARIABLE;

use crate::wasm_toolchain::WasmToolchain;
use anyhow::{Result, bail};
use clap::ValueEnum;
use done::Done;
use std::path::PathBuf;

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Purpose {
    /// Build and serve the page
    Demo,
    /// Run all tests
    Test,
    /// Measure
    Bench,
}

type Step = (&'static str, fn() -> Result<Done>);

/// Does all steps, also after one has failed, so that one run shows all that is missing.
///
/// # Errors
/// When a step failed.
pub fn run(purpose: Purpose) -> Result<()> {
    let mut steps: Vec<Step> = vec![
        ("C compiler", apt::c_compiler),
        ("wasm target", wasm_target::ensure),
        ("wasm-bindgen", wasm_tools::wasm_bindgen),
        ("trunk", wasm_tools::trunk),
        ("wasm-opt", apt::wasm_opt),
    ];
    if purpose != Purpose::Demo {
        steps.extend([
            ("ffmpeg", apt::ffmpeg as fn() -> Result<Done>),
            ("Chromium", apt::chromium),
            ("Node.js", apt::node),
            (
                "npm packages of the browser tests",
                if purpose == Purpose::Bench {
                    node_packages::for_bench
                } else {
                    node_packages::for_tests
                },
            ),
            ("Python of the golden checks", python::ensure),
        ]);
    }
    if purpose == Purpose::Test {
        // Comes through that Python.
        steps.push(("second ffmpeg", second_ffmpeg::ensure));
    }
    let mut failed = Vec::new();
    for (name, step) in steps {
        match step() {
            Ok(Done::Already(what)) => println!("set-up: {name}: there ({what})"),
            Ok(Done::Now(what)) => println!("set-up: {name}: installed ({what})"),
            Ok(Done::NotNeeded) => println!("set-up: {name}: not needed"),
            Err(error) => {
                eprintln!("set-up: {name}: FAILED: {error:#}");
                failed.push(name);
            }
        }
    }
    if !failed.is_empty() {
        bail!(
            "set-up is incomplete: {}; what to do stands above",
            failed.join(", ")
        );
    }
    Ok(())
}

/// The second ffmpeg of the tests of videos, once set-up has run.
///
/// # Errors
/// When there is none.
pub fn second_ffmpeg() -> Result<PathBuf> {
    second_ffmpeg::find()
}

/// The toolchain that builds for wasm, once set-up has run.
///
/// # Errors
/// When there is none.
pub fn wasm_toolchain() -> Result<WasmToolchain> {
    wasm_target::find()
}
