//! The checks against reference implementations: `tests/golden/check_*.py`.

use crate::test_count::Outcome;
use crate::{paths, process};
use anyhow::{Context, Result};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// The scripts, in order of their names.
///
/// # Errors
/// When their folder is there but cannot be read.
pub fn scripts() -> Result<Vec<PathBuf>> {
    let folder = paths::golden_checks()?;
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        if name.starts_with("check_") && name.ends_with(".py") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Runs them all; each prints `N passed, N failed`.
pub fn run() -> Result<Outcome> {
    let python = paths::python_env()?.join("bin/python");
    let built = paths::target_dir()?.join("release");
    let mut outcomes = Vec::new();
    for script in scripts()? {
        let mut command = Command::new(&python);
        command
            .current_dir(paths::repository()?)
            .arg(&script)
            .env("MIEN_BIN", built.join("mien"))
            .env("MIEN_GOLDEN_RUNNER", built.join("golden-runner"));
        let heard = process::run_and_listen(&mut command)?;
        outcomes.push(Outcome::of_reporting_program(&heard));
    }
    Ok(outcomes.into_iter().sum())
}
