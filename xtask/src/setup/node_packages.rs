//! npm packages of the browser tests.

use super::done::Done;
use crate::{paths, process};
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;
use std::process::Command;

/// What is only measured against; it is large, so tests do without.
const MEASURED_AGAINST: &str = "onnxruntime-web";

pub fn for_tests() -> Result<Done> {
    ensure(&["--omit=dev"], None)
}

pub fn for_bench() -> Result<Done> {
    ensure(&[], Some(MEASURED_AGAINST))
}

fn ensure(options: &[&str], package: Option<&str>) -> Result<Done> {
    let folder = paths::browser_tests()?;
    if !folder.join("package.json").is_file() {
        return Ok(Done::NotNeeded);
    }
    let lock = folder.join("package-lock.json");
    let installed = folder.join("node_modules").join(".package-lock.json");
    let has_package = package.is_none_or(|name| folder.join("node_modules").join(name).is_dir());
    if has_package && is_newer(&installed, &lock) {
        return Ok(Done::Already(installed.display().to_string()));
    }
    // `npm ci` refuses to work without a lock file.
    let way = if lock.is_file() { "ci" } else { "install" };
    process::run(
        Command::new("npm")
            .current_dir(&folder)
            .args([way, "--no-audit", "--no-fund"])
            .args(options)
            // The system's Chromium is used; downloading another would take hundreds of megabytes.
            .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"),
    )
    .with_context(|| format!("run `npm {way}` in {}", folder.display()))?;
    Ok(Done::Now(folder.display().to_string()))
}

fn is_newer(made: &Path, source: &Path) -> bool {
    let time_of = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    match (time_of(made), time_of(source)) {
        (Some(made), Some(source)) => made >= source,
        (Some(_), None) => true,
        (None, _) => false,
    }
}
