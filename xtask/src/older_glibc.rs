//! Links the program for systems with an older C library than this one, by the linker that zig brings.

use crate::{cargo_call, paths, process};
use anyhow::{Context, Result};
use std::env::consts::ARCH;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// The package of the Python index that carries zig.
const ZIG: &str = "ziglang==0.17.1";

/// Links `mien` anew, in its usual place, for glibc `version` and newer ones, such as 2.28.
///
/// # Errors
/// When zig cannot be installed or the build fails.
pub fn link(version: &str) -> Result<()> {
    let linker = linker(version)?;
    process::run(
        cargo_call::cargo()?
            .args([
                "rustc",
                "--release",
                "--package",
                "native-train",
                "--bin",
                "mien",
                "--",
            ])
            .arg("-C")
            .arg(format!("linker={}", linker.display())),
    )
}

/// A script that rustc can call as its linker.
fn linker(version: &str) -> Result<PathBuf> {
    let folder = paths::cache()?.join("zig");
    let python = folder.join("bin/python");
    let stamp = folder.join("installed");
    if !fs::read_to_string(&stamp).is_ok_and(|installed| installed == ZIG) {
        println!("installing {ZIG} into {}", folder.display());
        process::run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        process::run(Command::new(&python).args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            ZIG,
        ]))
        .with_context(|| format!("install {ZIG} into {} by hand", folder.display()))?;
        fs::write(&stamp, ZIG).with_context(|| format!("writing {}", stamp.display()))?;
    }
    let script = folder.join(format!("cc-{version}"));
    let text = format!(
        "#!/bin/sh\nexec \"{}\" -m ziglang cc -target {ARCH}-linux-gnu.{version} \"$@\"\n",
        python.display()
    );
    fs::write(&script, text).with_context(|| format!("writing {}", script.display()))?;
    process::run(Command::new("chmod").arg("+x").arg(&script))?;
    Ok(script)
}
