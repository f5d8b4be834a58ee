//! `cargo xtask sample`: what the page shows of its sample film before anything is read.

use crate::{cargo_call, paths, process};
use anyhow::{Context, Result};
use std::fs;
use std::process::Command;

const FILM: &str = "six-expressions";

/// Reads the sample film with the model that the page opens with, and keeps the result beside the film.
///
/// # Errors
/// When the program cannot be built, or the film cannot be read.
pub fn run() -> Result<()> {
    let www = paths::repository()?.join("www");
    process::run(
        cargo_call::cargo()?
            .args(["build", "--release"])
            .args(cargo_call::native_packages()?),
    )?;
    let made = paths::target_dir()?.join("sample");
    let (film, result) = (format!("{FILM}.mp4"), format!("{FILM}.json"));
    process::run(
        Command::new(paths::target_dir()?.join("release/mien"))
            .arg("analyze")
            .arg(www.join("sample").join(film))
            .arg("--model")
            .arg(www.join("models/demo.safetensors"))
            .args(["--device", "cpu", "--format", "json", "--force", "--out"])
            .arg(&made),
    )?;
    let kept = www.join("sample").join(&result);
    fs::copy(made.join(&result), &kept).with_context(|| format!("writing {}", kept.display()))?;
    println!("{}", kept.display());
    Ok(())
}
