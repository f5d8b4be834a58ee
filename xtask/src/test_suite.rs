//! `cargo xtask test`: all parts or those that are named, one after the other, also after one has failed.

use crate::cargo_call::{self, ENGINE_PACKAGE, UI_PACKAGE};
use crate::test_count::{Outcome, TestCount};
use crate::wasm_toolchain::WASM_TARGET;
use crate::{browser_tests, paths, process, python_checks, setup, web_build};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::fs;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

/// What is tested.
#[derive(Args)]
pub struct TestOptions {
    /// Only the parts whose name holds this, after the set-up; may be given several times
    #[arg(long, value_name = "PART")]
    only: Vec<String>,
}

struct Part {
    name: &'static str,
    outcome: Outcome,
    took: Duration,
}

struct Suite {
    parts: Vec<Part>,
    /// Pieces of names; none takes all.
    only: Vec<String>,
    /// Parts that were not asked for.
    left_out: Vec<&'static str>,
}

/// Part that the others need.
const SET_UP: &str = "set-up";
/// Parts that run what other parts build.
const NEEDS: [(&str, &[&str]); 2] = [
    ("golden checks", &["native build"]),
    ("browser tests", &["native build", "web build"]),
];

impl Suite {
    fn part<T: Into<Outcome>>(&mut self, name: &'static str, run: impl FnOnce() -> Result<T>) {
        if !self.takes(name) {
            self.left_out.push(name);
            return;
        }
        println!("\n== {name}");
        let started = Instant::now();
        let outcome = match run() {
            Ok(outcome) => outcome.into(),
            Err(error) => {
                eprintln!("{name}: {error:#}");
                TestCount::FAILED.into()
            }
        };
        self.parts.push(Part {
            name,
            outcome,
            took: started.elapsed(),
        });
    }

    /// Whether the part was asked for, or one that was needs it.
    fn takes(&self, name: &str) -> bool {
        let is_named = |part: &str| self.only.iter().any(|piece| part.contains(piece));
        let is_needed = || {
            NEEDS
                .iter()
                .any(|(part, needed)| is_named(part) && needed.contains(&name))
        };
        self.only.is_empty() || name == SET_UP || is_named(name) || is_needed()
    }

    fn check(&mut self, name: &'static str, command: impl FnOnce() -> Result<Command>) {
        self.part(name, || {
            let outcome = process::run(&mut command()?);
            if let Err(error) = &outcome {
                eprintln!("{error:#}");
            }
            Ok(TestCount::of_check(outcome.is_ok()))
        });
    }
}

/// Runs what is asked for; fails without a word after the last line, which scripts read.
///
/// # Errors
/// When the workspace itself cannot be read, or no part has a name as asked for.
pub fn run(options: TestOptions) -> Result<ExitCode> {
    let mut suite = Suite {
        parts: Vec::new(),
        only: options.only,
        left_out: Vec::new(),
    };
    suite.part(SET_UP, || {
        setup::run(setup::Purpose::Test).map(|()| TestCount::PASSED)
    });
    suite.check("format", || {
        let mut command = cargo_call::cargo()?;
        command.args(["fmt", "--all", "--check"]);
        Ok(command)
    });
    native_parts(&mut suite);
    web_lints(&mut suite);
    if web_build::is_there()? {
        suite.part("web build", || web_build::run().map(|()| TestCount::PASSED));
    }
    if !python_checks::scripts()?.is_empty() {
        suite.part("golden checks", python_checks::run);
    }
    if browser_tests::are_there()? {
        suite.part("browser tests", browser_tests::run);
    }
    let sum = summarise(&suite.parts);
    let has_run = |piece: &&String| suite.parts.iter().any(|part| part.name.contains(piece.as_str()));
    if let Some(piece) = suite.only.iter().find(|piece| !has_run(piece)) {
        bail!(
            "no part's name holds `{piece}`: expected a piece of {}",
            suite.left_out.join(", ")
        );
    }
    Ok(if sum.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn native_parts(suite: &mut Suite) {
    suite.check("clippy, native", || {
        let mut command = cargo_call::cargo()?;
        command
            .arg("clippy")
            .args(cargo_call::native_packages()?)
            .args(["--all-targets", "--release"]);
        command.args(["--", "--deny", "warnings"]);
        Ok(command)
    });
    // The checks and the browser tests run the programs, which a test run need not have built.
    suite.check("native build", || {
        let mut command = cargo_call::cargo()?;
        command
            .args(["build", "--release"])
            .args(cargo_call::native_packages()?);
        Ok(command)
    });
    suite.part("unit and integration tests", || {
        let mut command = cargo_call::cargo()?;
        if cargo_call::has_nextest() {
            command.args([
                "nextest",
                "run",
                "--no-fail-fast",
                "--no-tests=pass",
                "--color=never",
            ]);
            // A pass a line would bury the failures.
            command.args(["--status-level=fail", "--final-status-level=fail"]);
        } else {
            command.args(["test", "--no-fail-fast", "--color=never", "--all-targets"]);
        }
        command.arg("--release").args(cargo_call::native_packages()?);
        // Without it the tests say what they skip; that it could not be had is counted at the set-up.
        if let Ok(program) = setup::second_ffmpeg() {
            command.env(setup::SECOND_FFMPEG_VARIABLE, program);
        }
        Ok(Outcome::of_cargo(&process::run_and_listen(&mut command)?))
    });
    suite.part("documentation examples", || {
        let mut command = cargo_call::cargo()?;
        command.args(["test", "--doc", "--no-fail-fast", "--color=never", "--release"]);
        command.args(cargo_call::native_packages()?);
        Ok(Outcome::of_cargo(&process::run_and_listen(&mut command)?))
    });
    suite.check("documentation links", || {
        let mut command = cargo_call::cargo()?;
        command.args(["doc", "--no-deps", "--document-private-items", "--release"]);
        command
            .args(cargo_call::native_packages()?)
            .env("RUSTDOCFLAGS", "--deny warnings");
        Ok(command)
    });
    if has_cuda_feature().unwrap_or(false) {
        suite.check("cuda type-check", || {
            let mut command = cargo_call::cargo()?;
            command.args([
                "check",
                "--release",
                "--package",
                "native-train",
                "--features",
                "cuda",
            ]);
            // Lets the build script of the CUDA compiler's bundle skip its download: types need no bundle.
            command.env("DOCS_RS", "1");
            Ok(command)
        });
    }
}

fn has_cuda_feature() -> Result<bool> {
    let manifest = paths::repository()?.join("native-train/Cargo.toml");
    let text = fs::read_to_string(&manifest).with_context(|| format!("reading {}", manifest.display()))?;
    Ok(text.lines().any(|line| line.trim_start().starts_with("cuda = [")))
}

fn web_lints(suite: &mut Suite) {
    // Each in the profile of its build, so that build scripts and macros are compiled once for both.
    for (name, package, profile) in [
        ("clippy, UI", UI_PACKAGE, "web"),
        ("clippy, engine", ENGINE_PACKAGE, "web"),
    ] {
        if cargo_call::has_package(package).unwrap_or(false) {
            suite.check(name, || {
                let toolchain = setup::wasm_toolchain()?;
                let mut command = cargo_call::wasm_cargo(&toolchain)?;
                // Debian's Rust for the web comes without clippy.
                let has_clippy = cargo_call::has_clippy(&toolchain);
                command.arg(if has_clippy { "clippy" } else { "check" });
                command.args([
                    "--package",
                    package,
                    "--target",
                    WASM_TARGET,
                    "--profile",
                    profile,
                ]);
                if has_clippy {
                    command.args(["--", "--deny", "warnings"]);
                } else {
                    println!("  this toolchain has no clippy: only the types are checked");
                }
                Ok(command)
            });
        }
    }
}

fn summarise(parts: &[Part]) -> TestCount {
    println!("\n== summary");
    let mut sum = TestCount::default();
    for part in parts {
        let Outcome { count, failures } = &part.outcome;
        for failure in failures {
            println!("       {}: {failure}", part.name);
        }
        let mark = if count.failed == 0 { "ok    " } else { "FAILED" };
        println!(
            "{mark} {:<28} {:>6.0} s  {}",
            part.name,
            part.took.as_secs_f64(),
            count
        );
        sum += *count;
    }
    println!("{sum}");
    sum
}
