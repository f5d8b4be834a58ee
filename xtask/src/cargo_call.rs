//! Calls of cargo, with the shared target folder and the toolchain of the web build.

use crate::wasm_toolchain::WasmToolchain;
use crate::{paths, process};
use anyhow::Result;
use std::process::Command;

/// The page's crates, which only build for wasm.
pub const UI_PACKAGE: &str = "web-app";
pub const ENGINE_PACKAGE: &str = "web-engine";

/// cargo in the repository root, building into the shared target folder.
pub fn cargo() -> Result<Command> {
    let mut command = Command::new("cargo");
    command
        .current_dir(paths::repository()?)
        .env("CARGO_TARGET_DIR", paths::target_dir()?);
    Ok(command)
}

/// cargo for the wasm target.
pub fn wasm_cargo(toolchain: &WasmToolchain) -> Result<Command> {
    let mut command = cargo()?;
    for_wasm(&mut command, toolchain);
    Ok(command)
}

/// Gives any command that ends in a wasm build its toolchain; its flags stand in `.cargo/config.toml`.
pub fn for_wasm(command: &mut Command, toolchain: &WasmToolchain) {
    // A person's own flags would win over the file's.
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
        command.env_remove(variable);
    }
    if let Some(name) = &toolchain.rustup_name {
        command.env("RUSTUP_TOOLCHAIN", name);
    }
}

/// Whether the workspace has this package.
pub fn has_package(name: &str) -> Result<bool> {
    let listed = cargo()?
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()?;
    if !listed.status.success() {
        anyhow::bail!(
            "cargo cannot read the workspace: {}",
            String::from_utf8_lossy(&listed.stderr).trim()
        );
    }
    // One exact key and value: cheaper than a JSON reader that every clone would have to compile.
    Ok(String::from_utf8_lossy(&listed.stdout).contains(&format!("{{\"name\":\"{name}\",\"version\":")))
}

/// `--workspace` less the packages that only build for wasm.
pub fn native_packages() -> Result<Vec<String>> {
    let mut arguments = vec!["--workspace".to_owned()];
    for name in [UI_PACKAGE, ENGINE_PACKAGE] {
        if has_package(name)? {
            arguments.extend(["--exclude".to_owned(), name.to_owned()]);
        }
    }
    Ok(arguments)
}

/// Whether the toolchain of the web build can lint.
pub fn has_clippy(toolchain: &WasmToolchain) -> bool {
    let mut command = Command::new("cargo");
    command.args(["clippy", "--version"]);
    for_wasm(&mut command, toolchain);
    process::output_of(&mut command).is_some()
}

/// Whether nextest is there to run the tests.
pub fn has_nextest() -> bool {
    process::output_of(Command::new("cargo").args(["nextest", "--version"])).is_some()
}
