//! The web build: the UI by trunk, then the engine's wasm beside it in `web-app/dist`.

use crate::cargo_call::{self, ENGINE_PACKAGE, UI_PACKAGE};
use crate::folders::{copy_folder, entries_of};
use crate::fused_opcodes::{with_final_numbers, with_first_numbers};
use crate::plain_engine::without_relaxed_simd;
use crate::setup;
use crate::wasm_toolchain::{WASM_TARGET, WasmToolchain};
use crate::{packing, page_headers, paths, precache, process, wasm_exports};
use anyhow::{Context, Result, bail};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
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

/// The instructions that one of the two engines has beyond these.
const RELAXED_FEATURE: &str = "--enable-relaxed-simd";

/// Counts up when something else is made of what the linker gives: what was made before is not used again then.
const STEPS: u32 = 2;

/// The engine, and what is made of it for browsers without relaxed SIMD.
const ENGINE: &str = "web_engine_bg.wasm";
const PLAIN_ENGINE: &str = "web_engine_plain_bg.wasm";

/// Scripts that tell how much of a wasm file has come, the constant that holds the file's size, 0 until it is built, and the file.
const SIZES: [(&str, &str, &str); 3] = [
    ("boot.js", "BYTES", "web-app_bg.wasm"),
    ("engine-worker.js", "RELAXED_BYTES", "engine/web_engine_bg.wasm"),
    (
        "engine-worker.js",
        "PLAIN_BYTES",
        "engine/web_engine_plain_bg.wasm",
    ),
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
    for (script, constant, wasm) in SIZES {
        write_size(&dist.join(script), constant, &dist.join(wasm))?;
    }
    // After everything else: it lists what is there.
    page_headers::write(&dist)?;
    precache::write(&dist)?;
    packing::pack(&dist)?;
    print_sizes(&dist)
}

/// Puts the size of the wasm file that a script loads into the script: a packed answer does not say it.
fn write_size(script: &Path, constant: &str, wasm: &Path) -> Result<()> {
    let text = fs::read_to_string(script).with_context(|| format!("reading {}", script.display()))?;
    let unknown = format!("const {constant} = 0;");
    if !text.contains(&unknown) {
        bail!(
            "{} has no line `{unknown}` to put the size into",
            script.display()
        );
    }
    let bytes = fs::metadata(wasm)
        .with_context(|| format!("looking at {}", wasm.display()))?
        .len();
    let text = text.replace(&unknown, &format!("const {constant} = {bytes};"));
    fs::write(script, text).with_context(|| format!("writing {}", script.display()))
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
    optimise(&dist.join("web-app_bg.wasm"), &["-Oz"])?;
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
    let (engine, plain) = (ready.join(ENGINE), ready.join(PLAIN_ENGINE));
    let bytes = fs::read(&engine).with_context(|| format!("reading {}", engine.display()))?;
    let made = without_relaxed_simd(&bytes).with_context(|| format!("looking at {}", engine.display()))?;
    fs::write(&plain, made).with_context(|| format!("writing {}", plain.display()))?;
    // Much of it runs on one core.
    std::thread::scope(|scope| {
        let other = scope.spawn(|| optimise(&plain, &["-O3"]));
        optimise_relaxed(&engine)?;
        other
            .join()
            .unwrap_or_else(|_| bail!("wasm-opt could not be run"))
    })
}

/// [`optimise`] for a module with fused products, also by a wasm-opt that knows their first numbers alone.
fn optimise_relaxed(wasm: &Path) -> Result<()> {
    let how = ["-O3", RELAXED_FEATURE];
    if knows_final_numbers()? {
        return optimise(wasm, &how);
    }
    let change = |by: fn(&[u8]) -> Result<Vec<u8>>| -> Result<()> {
        let bytes = fs::read(wasm).with_context(|| format!("reading {}", wasm.display()))?;
        let made = by(&bytes).with_context(|| format!("looking at {}", wasm.display()))?;
        fs::write(wasm, made).with_context(|| format!("writing {}", wasm.display()))
    };
    change(with_first_numbers)?;
    optimise(wasm, &how)?;
    change(with_final_numbers)
}

/// Whether wasm-opt can read a function with a fused product.
fn knows_final_numbers() -> Result<bool> {
    const FUSED: &[u8] = b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7b\x03\x02\x01\0\x0a\x13\x01\x11\0\x41\0\xfd\x0f\x41\0\xfd\x0f\x41\0\xfd\x0f\xfd\x85\x02\x0b";
    let probe = paths::target_dir()?.join("fused.wasm");
    let is_read = |module: &[u8]| -> Result<bool> {
        fs::write(&probe, module).with_context(|| format!("writing {}", probe.display()))?;
        let mut wasm_opt = Command::new("wasm-opt");
        wasm_opt.args(["--enable-simd", RELAXED_FEATURE]).arg(&probe);
        Ok(process::output_of(&mut wasm_opt).is_some())
    };
    if is_read(FUSED)? {
        return Ok(true);
    }
    if !is_read(&with_first_numbers(FUSED)?)? {
        bail!("wasm-opt is missing, or knows no relaxed SIMD: version 108 or newer is needed");
    }
    Ok(false)
}

/// Puts what wasm-opt makes of a file in its place.
fn optimise(wasm: &Path, how: &[&str]) -> Result<()> {
    let optimised = wasm.with_extension("optimised");
    process::run(
        Command::new("wasm-opt")
            .args(how)
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
    (STEPS, WASM_FEATURES, RELAXED_FEATURE).hash(&mut hasher);
    process::output_of(Command::new("wasm-opt").arg("--version")).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
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
        if packing::is_packed(&path) {
            continue;
        }
        let packed = fs::metadata(packing::packed_path(&path))
            .map_or(String::new(), |packed| packed.len().to_string());
        println!("{:>12} {packed:>12}  {name}", bytes.len());
    }
    Ok(())
}
