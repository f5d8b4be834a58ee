//! The Rust target of the page: from rustup, or from Debian's own Rust where rustup cannot download.

use super::apt;
use super::done::Done;
use crate::wasm_toolchain::{WASM_TARGET, WasmToolchain};
use crate::{paths, process};
use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// rustup's name for the toolchain made of Debian's packages.
const DEBIAN_TOOLCHAIN: &str = "web";
const SYSTEM_RUSTC: &str = "/usr/bin/rustc";
const SYSTEM_CARGO: &str = "/usr/bin/cargo";

/// Looks for a toolchain that has the target's library.
///
/// # Errors
/// When none has it.
pub fn find() -> Result<WasmToolchain> {
    if has_library(&mut Command::new("rustc")) {
        return Ok(WasmToolchain { rustup_name: None });
    }
    if has_library(Command::new("rustc").env("RUSTUP_TOOLCHAIN", DEBIAN_TOOLCHAIN)) {
        return Ok(WasmToolchain {
            rustup_name: Some(DEBIAN_TOOLCHAIN.to_owned()),
        });
    }
    bail!("no toolchain here builds for {WASM_TARGET}: run `cargo xtask setup`")
}

pub fn ensure() -> Result<Done> {
    if let Ok(toolchain) = find() {
        return Ok(Done::Already(describe(&toolchain)));
    }
    let by_rustup = process::run(Command::new("rustup").args(["target", "add", WASM_TARGET]));
    if by_rustup.is_ok()
        && let Ok(toolchain) = find()
    {
        return Ok(Done::Now(describe(&toolchain)));
    }
    println!("  rustup cannot add {WASM_TARGET} here; taking Debian's Rust, which has the library's source");
    from_debian().with_context(|| {
        format!("with a network, `rustup target add {WASM_TARGET}`; without, Debian's rustc-web, cargo-web, rust-web-src and lld")
    })?;
    Ok(Done::Now(describe(&find()?)))
}

fn describe(toolchain: &WasmToolchain) -> String {
    match &toolchain.rustup_name {
        None => format!("{WASM_TARGET} of the toolchain in use"),
        Some(name) => format!("{WASM_TARGET} of Debian's Rust, as toolchain `{name}`"),
    }
}

fn has_library(rustc: &mut Command) -> bool {
    let folder = process::output_of(rustc.args(["--print", "target-libdir", "--target", WASM_TARGET]));
    folder.is_some_and(|folder| has_core(Path::new(&folder)))
}

fn has_core(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else {
        return false;
    };
    entries
        .flatten()
        .any(|entry| entry.file_name().to_string_lossy().starts_with("libcore-"))
}

fn from_debian() -> Result<()> {
    if !Path::new(SYSTEM_RUSTC).is_file() || !Path::new(SYSTEM_CARGO).is_file() || standard_source().is_none()
    {
        apt::install(&["rustc-web", "cargo-web", "rust-web-src"])?;
    }
    // Debian's Rust says which LLVM it is built with, and the linker must be of the same one.
    let version = process::output_of(Command::new(SYSTEM_RUSTC).arg("-vV"))
        .with_context(|| format!("{SYSTEM_RUSTC} does not run"))?;
    let llvm = version
        .lines()
        .find_map(|line| line.strip_prefix("LLVM version: "))
        .and_then(|number| number.split('.').next())
        .context("Debian's rustc does not say its LLVM version")?;
    let lld = format!("lld-{llvm}");
    if process::find(&lld).is_none() {
        apt::install(&[&lld])?;
    }
    link_linker(&process::find(&lld).with_context(|| format!("{lld} is not on the PATH"))?)?;

    let library = system_library()?;
    if !has_core(&library) {
        build_library(&library)?;
    }
    process::run(Command::new("rustup").args(["toolchain", "link", DEBIAN_TOOLCHAIN, "/usr"]))
        .context("the toolchain of Debian's Rust cannot be named to rustup")
}

fn system_print(what: &str) -> Result<PathBuf> {
    process::output_of(Command::new(SYSTEM_RUSTC).args(["--print", what]))
        .map(PathBuf::from)
        .with_context(|| format!("{SYSTEM_RUSTC} --print {what} fails"))
}

fn standard_source() -> Option<PathBuf> {
    let source = system_print("sysroot")
        .ok()?
        .join("lib/rustlib/src/rust/library/std/src/lib.rs");
    source.is_file().then_some(source)
}

fn system_library() -> Result<PathBuf> {
    Ok(system_print("sysroot")?
        .join("lib/rustlib")
        .join(WASM_TARGET)
        .join("lib"))
}

/// rustc looks for its linker beside its own libraries.
fn link_linker(lld: &Path) -> Result<()> {
    let host_library = system_print("target-libdir")?;
    let host_folder = host_library
        .parent()
        .context("Debian's rustc has no target folder")?
        .join("bin");
    let link = host_folder.join("rust-lld");
    if link.exists() {
        return Ok(());
    }
    fs::create_dir_all(&host_folder).with_context(|| format!("making {}", host_folder.display()))?;
    std::os::unix::fs::symlink(lld, &link)
        .with_context(|| format!("linking {} to {}", link.display(), lld.display()))
}

/// Builds the standard library through an empty crate and puts it where that rustc looks for it.
fn build_library(library: &Path) -> Result<()> {
    println!("  building the standard library for {WASM_TARGET}, once (about a minute)");
    let empty = paths::cache()?.join("wasm-std");
    let source = empty.join("src");
    fs::create_dir_all(&source).with_context(|| format!("making {}", source.display()))?;
    let manifest =
        "[package]\nname = \"empty_crate\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[workspace]\n";
    fs::write(empty.join("Cargo.toml"), manifest)
        .with_context(|| format!("writing into {}", empty.display()))?;
    fs::write(source.join("lib.rs"), "").with_context(|| format!("writing into {}", source.display()))?;
    let target = empty.join("target");
    process::run(
        Command::new(SYSTEM_CARGO)
            .current_dir(&empty)
            .args([
                "build",
                "--release",
                "--target",
                WASM_TARGET,
                "-Zbuild-std=std,panic_abort",
            ])
            .env("RUSTC", SYSTEM_RUSTC)
            // -Zbuild-std is a nightly flag; a distribution's own source and compiler fit together by making.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_TARGET_DIR", &target)
            // Link-time optimisation of the engine reads the library's bitcode, which cargo leaves out by default.
            .env("RUSTFLAGS", "-Cembed-bitcode=yes")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env_remove("RUSTUP_TOOLCHAIN"),
    )?;
    let built = target.join(WASM_TARGET).join("release/deps");
    fs::create_dir_all(library).with_context(|| format!("making {} (root is needed)", library.display()))?;
    for entry in fs::read_dir(&built).with_context(|| format!("reading {}", built.display()))? {
        let path = entry?.path();
        let name = path
            .file_name()
            .map(OsStr::to_string_lossy)
            .unwrap_or_default()
            .into_owned();
        let wanted =
            path.extension().is_some_and(|extension| extension == "rlib") && !name.contains("empty_crate");
        if wanted {
            fs::copy(&path, library.join(&name))
                .with_context(|| format!("copying {name} to {}", library.display()))?;
        }
    }
    Ok(())
}
