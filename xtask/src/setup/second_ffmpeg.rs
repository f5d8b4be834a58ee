//! A second ffmpeg for the tests of videos: they run with one below 7.0 and one from 7.0 on, whichever of them is the system's.

use super::done::Done;
use crate::{paths, process};
use anyhow::{Context, Result, bail};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Tells the tests where it is. Who sets it beforehand brings an ffmpeg of their own.
pub const VARIABLE: &str = "MIEN_SECOND_FFMPEG";

/// Wheels of the package index that carry an ffmpeg: 7.0.2 and 4.2.2 on Linux.
const FROM_7: &str = "imageio-ffmpeg==0.6.0";
const BELOW_7: &str = "imageio-ffmpeg==0.5.1";

/// libavcodec's version in ffmpeg 7.0.
const LIBAVCODEC_OF_7: u32 = 61;

pub fn ensure() -> Result<Done> {
    if let Ok(program) = find() {
        return Ok(Done::Already(program.display().to_string()));
    }
    let wheel = wheel()?;
    let folder = folder(wheel)?;
    // What an interrupted installation left would not be replaced.
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    process::run(
        Command::new(paths::python_env()?.join("bin/python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args(["--no-deps", "--target"])
            .arg(&folder)
            .arg(wheel),
    )
    .with_context(|| by_hand(wheel))?;
    let program = find_in(&folder).with_context(|| by_hand(wheel))?;
    Ok(Done::Now(program.display().to_string()))
}

/// Its path, once set-up has run.
///
/// # Errors
/// When it is not there, or the system's ffmpeg does not say its version.
pub fn find() -> Result<PathBuf> {
    match env::var_os(VARIABLE).filter(|program| !program.is_empty()) {
        Some(program) => Ok(PathBuf::from(program)),
        None => find_in(&folder(wheel()?)?),
    }
}

fn by_hand(wheel: &str) -> String {
    let generation = if wheel == FROM_7 {
        "7.0 or newer"
    } else {
        "below 7.0"
    };
    format!("install an ffmpeg {generation} by hand, and name it in {VARIABLE}")
}

/// The wheel that carries what the system's ffmpeg is not.
fn wheel() -> Result<&'static str> {
    let answer =
        process::output_of(Command::new("ffmpeg").arg("-version")).context("`ffmpeg -version` fails")?;
    let library = answer.lines().find_map(|line| line.strip_prefix("libavcodec"));
    let major: Option<u32> = library.and_then(|line| line.split('.').next()?.trim().parse().ok());
    let major = major.context("`ffmpeg -version` does not name its libavcodec")?;
    Ok(if major < LIBAVCODEC_OF_7 { FROM_7 } else { BELOW_7 })
}

fn folder(wheel: &str) -> Result<PathBuf> {
    Ok(paths::cache()?.join("second-ffmpeg").join(wheel))
}

/// The wheel names the program after its system and version.
fn find_in(folder: &Path) -> Result<PathBuf> {
    let binaries = folder.join("imageio_ffmpeg").join("binaries");
    let entries = fs::read_dir(&binaries).with_context(|| format!("reading {}", binaries.display()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with("ffmpeg-")
            && process::output_of(Command::new(&path).arg("-version")).is_some()
        {
            return Ok(path);
        }
    }
    bail!("{} holds no ffmpeg that runs here", binaries.display())
}
