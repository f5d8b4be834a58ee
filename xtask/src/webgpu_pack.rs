//! The WebGPU benchmark as a folder that runs on a machine without a toolchain: node and Chromium are all it needs.

use crate::folders::copy_folder;
use crate::{paths, process};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Tells a folder of ours from others'.
const MARKER: &str = "mien-webgpu-benchmark";
const RUN: &str = "// The benchmark: `node run.mjs --chromium PATH`.\nimport \"./bench/webgpu/run.mjs\";\n";
const README: &str = "# Mien's WebGPU benchmark\n\n    node run.mjs --chromium /usr/bin/chromium [--adapter auto|real|swiftshader] [--out DIR] \
                      [--minutes N]\n\nIt needs node 18 or newer and Chromium (or Chrome), and no network. It holds Mien's engine and \
                      onnxruntime-web against PyTorch's\nvalues on the same networks, then measures both on WebGPU and on the CPU, and \
                      writes `webgpu.json` and `webgpu.md`.\n";
/// What onnxruntime-web loads for its two providers.
const RUNTIME_FILES: [&str; 2] = ["ort.webgpu.min.mjs", "ort.wasm.min.mjs"];

/// Fills `folder`, which is absent, empty, or an older pack, from the built page, the scripts and the node packages.
///
/// # Errors
/// When the folder holds something else, or a part is missing.
pub fn make(folder: &Path) -> Result<()> {
    let is_empty = !folder.exists() || fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
    ensure!(
        is_empty || folder.join(MARKER).is_file(),
        "{} holds something else: name a folder that is empty or not there",
        folder.display()
    );
    if !is_empty {
        fs::remove_dir_all(folder).with_context(|| format!("emptying {}", folder.display()))?;
    }
    write(&folder.join(MARKER), "")?;
    write(&folder.join("run.mjs"), RUN)?;
    write(&folder.join("README.md"), README)?;
    // Node takes `.mjs` for modules whatever this says; it finds packages beside it.
    write(
        &folder.join("package.json"),
        "{ \"private\": true, \"type\": \"module\" }\n",
    )?;

    let tests = paths::browser_tests()?;
    let scripts = ["bench/webgpu/run.mjs", "support/static_server.mjs"];
    for script in scripts {
        copy_file(&tests.join(script), &folder.join(script))?;
    }
    let package = "node_modules/playwright-core";
    copy_folder(&tests.join(package), &folder.join(package), &[])?;

    let root = folder.join("root");
    let dist = paths::dist()?;
    ensure!(
        dist.join("engine").is_dir(),
        "{} holds no built page: run this without `--no-build`",
        dist.display()
    );
    copy_folder(&dist, &root, &[])?;
    for page in ["engine_worker_page.html", "onnxruntime_page.html"] {
        copy_file(
            &tests.join("bench/webgpu").join(page),
            &root.join("pages").join(page),
        )?;
    }
    copy_runtime(
        &tests.join("node_modules/onnxruntime-web/dist"),
        &root.join("ort"),
    )?;
    let python = paths::python_env()?.join("bin/python");
    process::run(
        Command::new(python)
            .arg(tests.join("bench/webgpu/networks.py"))
            .arg(root.join("networks"))
            .arg(paths::repository()?.join("www/models")),
    )
}

/// The entry scripts, and every wasm with its loader: which of them is loaded is the runtime's choice.
fn copy_runtime(from: &Path, to: &Path) -> Result<()> {
    let entries = fs::read_dir(from).with_context(|| format!("reading {}", from.display()))?;
    for entry in entries {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        let is_wanted = RUNTIME_FILES.contains(&name) || name.starts_with("ort-wasm-simd-threaded");
        if is_wanted && !name.ends_with(".map") {
            copy_file(&path, &to.join(name))?;
        }
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> Result<()> {
    let bytes = fs::read(from).with_context(|| format!("reading {}", from.display()))?;
    write(to, bytes)
}

fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Result<()> {
    let fail = || format!("writing {}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(fail)?;
    }
    fs::write(path, bytes).with_context(fail)
}
