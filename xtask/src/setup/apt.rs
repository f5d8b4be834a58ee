//! Tools that come as Debian packages.

use super::done::Done;
use crate::process;
use anyhow::{Context, Result, bail};
use std::process::Command;

pub fn c_compiler() -> Result<Done> {
    ensure_program(&["cc"], &["build-essential", "pkg-config"])
}

pub fn wasm_opt() -> Result<Done> {
    ensure_program(&["wasm-opt"], &["binaryen"])
}

pub fn ffmpeg() -> Result<Done> {
    ensure_program(&["ffmpeg"], &["ffmpeg"])
}

pub fn chromium() -> Result<Done> {
    ensure_program(&["chromium", "chromium-browser", "google-chrome"], &["chromium"])
}

pub fn node() -> Result<Done> {
    ensure_program(&["node"], &["nodejs"])?;
    ensure_program(&["npm"], &["npm"])
}

/// Installs `packages` unless one of `programs` is on the `PATH`.
fn ensure_program(programs: &[&str], packages: &[&str]) -> Result<Done> {
    if let Some(path) = programs.iter().find_map(|program| process::find(program)) {
        return Ok(Done::Already(path.display().to_string()));
    }
    install(packages)?;
    let path = programs.iter().find_map(|program| process::find(program));
    let path = path.with_context(|| {
        format!(
            "apt-get installed {}, but {} is still not on the PATH",
            packages.join(" "),
            programs.join(" or ")
        )
    })?;
    Ok(Done::Now(path.display().to_string()))
}

/// Installs Debian packages, as root or through sudo.
///
/// # Errors
/// When there is no apt, no right to use it, or a package cannot be had.
pub fn install(packages: &[&str]) -> Result<()> {
    let by_hand = format!("install {} by hand, then run this again", packages.join(" "));
    if process::find("apt-get").is_none() {
        bail!("there is no apt-get here: {by_hand}");
    }
    let as_root = process::output_of(Command::new("id").arg("-u")).is_some_and(|user| user == "0");
    if !as_root && process::output_of(Command::new("sudo").args(["-n", "true"])).is_none() {
        bail!(
            "neither root nor password-free sudo: {by_hand} (apt-get install {})",
            packages.join(" ")
        );
    }
    println!("  installing {} with apt-get", packages.join(" "));
    if process::run(&mut apt_get(as_root, packages)).is_ok() {
        return Ok(());
    }
    // The lists may be missing or stale; they are fetched only then, since that takes a while.
    let mut update = root_command(as_root);
    update.args(["apt-get", "update"]);
    process::run(&mut update).with_context(|| by_hand.clone())?;
    process::run(&mut apt_get(as_root, packages)).with_context(|| by_hand)
}

fn apt_get(as_root: bool, packages: &[&str]) -> Command {
    let mut command = root_command(as_root);
    command.args([
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "install",
        "-y",
        "--no-install-recommends",
    ]);
    command.args(packages);
    command
}

fn root_command(as_root: bool) -> Command {
    if as_root {
        return Command::new("env");
    }
    let mut command = Command::new("sudo");
    command.args(["-n", "env"]);
    command
}
