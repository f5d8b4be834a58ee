//! The page in a real browser: `tests/browser/run.mjs`, against the built page.

use crate::serve::Server;
use crate::test_count::Outcome;
use crate::{paths, process};
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::Command;

/// Whether the repository has them.
pub fn are_there() -> Result<bool> {
    Ok(paths::browser_tests()?.join("run.mjs").is_file())
}

/// Serves the page on a free port for as long as the tests run.
pub fn run() -> Result<Outcome> {
    let dist = paths::dist()?;
    let server = Server::start(&dist, 0)?;
    let mut command = Command::new("node");
    command
        .current_dir(paths::repository()?)
        .arg("tests/browser/run.mjs")
        .env("MIEN_URL", server.address())
        .env("MIEN_DIST", &dist)
        .env("MIEN_CHROMIUM", chromium()?)
        .env("MIEN_BIN", paths::target_dir()?.join("release/mien"));
    let heard = process::run_and_listen(&mut command)?;
    Ok(Outcome::of_reporting_program(&heard))
}

/// The system's Chromium.
///
/// # Errors
/// When there is none.
pub fn chromium() -> Result<PathBuf> {
    ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .find_map(|program| process::find(program))
        .context("there is no Chromium on the PATH: run `cargo xtask setup --for test`")
}
