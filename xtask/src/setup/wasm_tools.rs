//! The two pinned tools of the web build, compiled once into a folder that clones share.

use super::done::Done;
use crate::{paths, process};
use anyhow::{Context, Result};
use std::process::Command;

/// Must equal the `wasm-bindgen` in Cargo.lock: the two speak a private format.
const WASM_BINDGEN_VERSION: &str = "0.2.130";
/// 0.22 asks for a newer rustc than ours.
const TRUNK_VERSION: &str = "0.21.14";

pub fn wasm_bindgen() -> Result<Done> {
    // Without --locked: its lock file names crates that mirrors may not hold yet.
    ensure("wasm-bindgen-cli", "wasm-bindgen", WASM_BINDGEN_VERSION, false)
}

pub fn trunk() -> Result<Done> {
    // With --locked: newer versions of its dependencies do not compile.
    ensure("trunk", "trunk", TRUNK_VERSION, true)
}

fn ensure(package: &str, program: &str, version: &str, locked: bool) -> Result<Done> {
    let root = paths::tool_root()?;
    let binary = root.join("bin").join(program);
    let is_right = || {
        process::output_of(Command::new(&binary).arg("--version"))
            .is_some_and(|said| said.split_whitespace().any(|word| word == version))
    };
    if is_right() {
        return Ok(Done::Already(format!("{version}, {}", binary.display())));
    }
    println!("  compiling {package} {version}, once (2 to 4 minutes on two cores)");
    let mut install = Command::new("cargo");
    install
        .arg("install")
        .arg("--root")
        .arg(&root)
        .args([package, "--version", version, "--force"])
        .env("CARGO_TARGET_DIR", paths::cache()?.join("tools-target"))
        // They run for seconds: what their own profiles ask for, the linker's optimisation above all, takes longer than it saves.
        .envs([
            ("CARGO_PROFILE_RELEASE_LTO", "off"),
            ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
            ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
        ]);
    if locked {
        install.arg("--locked");
    }
    process::run(&mut install).with_context(|| {
        format!(
            "{package} {version} cannot be installed; put a `{program}` of that version into {}",
            root.join("bin").display()
        )
    })?;
    Ok(Done::Now(format!("{version}, {}", binary.display())))
}
