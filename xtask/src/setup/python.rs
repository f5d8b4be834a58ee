//! Python for the checks against reference implementations: Debian's CPU-only torch, the rest pinned in a venv.

use super::apt;
use super::done::Done;
use crate::{paths, process, python_checks};
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;
use std::process::Command;

/// The interpreter for which Debian's torch is packaged; another one on the `PATH` would not see it.
const SYSTEM_PYTHON: &str = "/usr/bin/python3";

pub fn ensure() -> Result<Done> {
    let requirements = paths::golden_checks()?.join("requirements.txt");
    if !requirements.is_file() || python_checks::scripts()?.is_empty() {
        return Ok(Done::NotNeeded);
    }
    let wanted =
        fs::read_to_string(&requirements).with_context(|| format!("reading {}", requirements.display()))?;
    let folder = paths::python_env()?;
    let stamp = folder.join("installed-requirements.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(Done::Already(folder.display().to_string()));
    }
    if !imports_torch() {
        // The wheels of the package index carry gigabytes of CUDA and do not import without it.
        apt::install(&["python3", "python3-venv", "python3-torch", "python3-torchvision"])?;
    }
    if !Path::new("/usr/lib/python3/dist-packages").is_dir() || !has_venv() {
        apt::install(&["python3-venv"])?;
    }
    process::run(
        Command::new(SYSTEM_PYTHON)
            .args(["-m", "venv", "--system-site-packages"])
            .arg(&folder),
    )?;
    process::run(
        Command::new(folder.join("bin/python"))
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "-r",
            ])
            .arg(&requirements),
    )
    .with_context(|| {
        format!(
            "install {} into {} by hand",
            requirements.display(),
            folder.display()
        )
    })?;
    fs::write(&stamp, wanted).with_context(|| format!("writing {}", stamp.display()))?;
    Ok(Done::Now(folder.display().to_string()))
}

fn imports_torch() -> bool {
    process::output_of(Command::new(SYSTEM_PYTHON).args(["-c", "import torch, torchvision"])).is_some()
}

fn has_venv() -> bool {
    process::output_of(Command::new(SYSTEM_PYTHON).args(["-c", "import ensurepip"])).is_some()
}
