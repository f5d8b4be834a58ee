//! The web build: the UI by trunk, then the engine's wasm beside it in `web-app/dist`.

use crate::cargo_call::{self, ENGINE_PACKAGE, UI_PACKAGE, WASM_TARGET};
use crate::setup::{self, WasmToolchain};
use crate::{paths, precache, process, wasm_exports};
use anyhow::{Context, Result, bail};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What rustc may emit for the flags we build with; wasm-opt refuses instructions that are not enabled.
const WASM_FEATURES: [&str; 7] = [
    "--enable-simd",
    "--enable-bulk-memory",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// Whether the workspace has a page to build.
pub fn is_there() -> Result<bool> {
    cargo_call::has_package(UI_PACKAGE)
}

/// Builds all of the page into `web-app/dist`.
///
/// # Errors
/// When a tool is missing or a build fails.
pub fn run() -> Result<()> {
    if !is_there()? {
        bail!("the workspace has no package `{UI_PACKAGE}`, so there is no page to build");
    }
    let toolchain = setup::wasm_toolchain()?;
    let dist = paths::dist()?;
    // trunk empties the folder, so the engine follows.
    build_ui(&toolchain, &dist)?;
    if cargo_call::has_package(ENGINE_PACKAGE)? {
        build_engine(&toolchain, &dist.join("engine"))?;
    }
    // After everything else: it lists what is there.
    precache::write(&dist)?;
    print_sizes(&dist)
}

fn build_ui(toolchain: &WasmToolchain, dist: &Path) -> Result<()> {
    println!("building the UI");
    let tools = paths::tool_root()?.join("bin");
    let mut trunk = Command::new(tools.join("trunk"));
    trunk
        .current_dir(paths::repository()?.join("web-app"))
        // Offline: trunk takes the tools on the PATH and downloads none.
        .args(["build", "--release", "--offline", "--dist"])
        .arg(dist)
        .env("PATH", process::path_with(&tools)?)
        .env("CARGO_TARGET_DIR", paths::target_dir()?)
        // trunk reads it as a flag and refuses the usual value 1.
        .env_remove("NO_COLOR");
    cargo_call::for_wasm(&mut trunk, toolchain);
    process::run(&mut trunk)?;
    wasm_exports::check(&linked("web-app.wasm")?)?;
    // Small before fast: what the UI does in a row it does in slices.
    optimise(&dist.join("web-app_bg.wasm"), "-Oz")?;
    drop_trunk_lines(&dist.join("index.html"))
}

/// Without scripts of its own trunk leaves its link to the crate in the page, where it means nothing.
fn drop_trunk_lines(page: &Path) -> Result<()> {
    let text = fs::read_to_string(page).with_context(|| format!("reading {}", page.display()))?;
    let kept: Vec<&str> = text
        .lines()
        .filter(|line| !line.contains("data-trunk") && !line.trim().is_empty())
        .collect();
    fs::write(page, format!("{}\n", kept.join("\n"))).with_context(|| format!("writing {}", page.display()))
}

fn build_engine(toolchain: &WasmToolchain, into: &Path) -> Result<()> {
    println!("building the engine");
    process::run(cargo_call::wasm_cargo(toolchain)?.args([
        "build",
        "--profile",
        "web",
        "--package",
        ENGINE_PACKAGE,
        "--target",
        WASM_TARGET,
    ]))?;
    let built = linked("web_engine.wasm")?;
    wasm_exports::check(&built)?;
    let bytes = fs::read(&built).with_context(|| format!("reading {}", built.display()))?;

    // wasm-opt takes a minute: what it made of the same bytes is used again.
    let ready = paths::target_dir()?.join("web-engine-ready");
    let stamp = ready.join("made-from");
    let fingerprint = fingerprint_of(&bytes);
    if !fs::read_to_string(&stamp).is_ok_and(|made_from| made_from == fingerprint) {
        bind_and_optimise(&built, &ready)?;
        fs::write(&stamp, fingerprint).with_context(|| format!("writing {}", stamp.display()))?;
    }
    copy_folder(&ready, into, &["made-from"])
}

/// What the linker made in the profile of the page.
fn linked(name: &str) -> Result<PathBuf> {
    Ok(paths::target_dir()?.join(WASM_TARGET).join("web").join(name))
}

fn bind_and_optimise(built: &Path, ready: &Path) -> Result<()> {
    if ready.is_dir() {
        fs::remove_dir_all(ready).with_context(|| format!("emptying {}", ready.display()))?;
    }
    let wasm_bindgen = paths::tool_root()?.join("bin/wasm-bindgen");
    process::run(
        Command::new(wasm_bindgen)
            .args(["--target", "web", "--no-typescript", "--out-dir"])
            .arg(ready)
            .arg(built),
    )?;
    optimise(&ready.join("web_engine_bg.wasm"), "-O3")
}

/// Puts what wasm-opt makes of a file in its place.
fn optimise(wasm: &Path, level: &str) -> Result<()> {
    let optimised = wasm.with_extension("optimised");
    process::run(
        Command::new("wasm-opt")
            .arg(level)
            .args(WASM_FEATURES)
            .arg(wasm)
            .arg("-o")
            .arg(&optimised),
    )?;
    mend_table_export(&optimised)?;
    fs::rename(&optimised, wasm).with_context(|| format!("replacing {}", wasm.display()))
}

/// wasm-opt 108, which Debian has, writes index 0 for every exported table. The bindings need the table of
/// references, which is number 1, after the functions' own. Newer versions leave nothing to mend.
fn mend_table_export(wasm: &Path) -> Result<()> {
    const WRONG: &[u8] = b"\x15__wbindgen_externrefs\x01\x00";
    let mut bytes = fs::read(wasm).with_context(|| format!("reading {}", wasm.display()))?;
    let Some(place) = bytes.windows(WRONG.len()).position(|window| window == WRONG) else {
        return Ok(());
    };
    if let Some(index) = bytes.get_mut(place + WRONG.len() - 1) {
        *index = 1;
    }
    fs::write(wasm, bytes).with_context(|| format!("writing {}", wasm.display()))
}

fn fingerprint_of(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    WASM_FEATURES.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Copies a folder, less the entries named.
///
/// # Errors
/// When one of them cannot be read or written.
pub fn copy_folder(from: &Path, to: &Path, less: &[&str]) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("making {}", to.display()))?;
    for path in entries_of(from)? {
        let Some(name) = path.file_name() else { continue };
        if less.iter().any(|unwanted| name == *unwanted) {
            continue;
        }
        let target = to.join(name);
        if path.is_dir() {
            copy_folder(&path, &target, less)?;
        } else {
            fs::copy(&path, &target)
                .with_context(|| format!("copying {} to {}", path.display(), target.display()))?;
        }
    }
    Ok(())
}

/// The folder's entries, by name.
fn entries_of(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        paths.push(entry?.path());
    }
    paths.sort();
    Ok(paths)
}

fn print_sizes(dist: &Path) -> Result<()> {
    println!("{:>12} {:>12}  file", "bytes", "brotli");
    print_sizes_in(dist, dist)
}

fn print_sizes_in(folder: &Path, dist: &Path) -> Result<()> {
    for path in entries_of(folder)? {
        if path.is_dir() {
            print_sizes_in(&path, dist)?;
            continue;
        }
        let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        let name = path.strip_prefix(dist).unwrap_or(&path).display();
        let is_code = path
            .extension()
            .is_some_and(|extension| extension == "wasm" || extension == "js");
        let packed = if is_code {
            brotli_size(&bytes)?.to_string()
        } else {
            String::new()
        };
        println!("{:>12} {packed:>12}  {name}", bytes.len());
    }
    Ok(())
}

/// Length after brotli at the quality of a host that compresses once and serves often. It takes half a minute for the
/// engine, so the figure is kept for files that did not change.
fn brotli_size(bytes: &[u8]) -> Result<usize> {
    let known = paths::target_dir()?
        .join("brotli-sizes")
        .join(fingerprint_of(bytes));
    if let Some(size) = fs::read_to_string(&known).ok().and_then(|text| text.parse().ok()) {
        return Ok(size);
    }
    let mut packed = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: 11,
        lgwin: 24,
        size_hint: bytes.len(),
        ..Default::default()
    };
    brotli::BrotliCompress(&mut io::Cursor::new(bytes), &mut packed, &parameters)
        .context("measuring with brotli")?;
    if let Some(folder) = known.parent() {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    fs::write(&known, packed.len().to_string()).with_context(|| format!("writing {}", known.display()))?;
    Ok(packed.len())
}
