//! `cargo xtask cuda-offline`: a CUDA program on a machine that reaches package registries and nothing else.
//!
//! cubecl-cuda 0.11.3 links LLVM for one of its two compilers of kernels, and its build script downloads LLVM as a
//! bundle. The other compiler is NVRTC, which is loaded when the program runs. So the program is built for NVRTC
//! (feature `cuda-offline`), the bundle's script is told to skip itself, and what the linker misses of LLVM is put there
//! as functions that end the program. None of them is ever called.

use crate::{cargo_call, paths, process};
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What LLVM's own functions and cubecl's bindings to them are called.
const LLVM_NAMES: [&str; 4] = [
    "LLVM",
    "cubecl_set_llvm_option",
    "cubecl_link_device_bitcode",
    "cubecl_free_message",
];

#[derive(Args)]
pub struct CudaOfflineOptions {
    /// CUDA whose driver interface the program asks for: a newer driver serves it too, an older one does not
    #[arg(long, value_name = "MAJOR.MINOR", default_value = "12.8")]
    cuda: String,
}

/// Builds the program into a folder of its own, so that the normal build stays as it is, and starts it.
///
/// # Errors
/// When a tool is missing, the build fails, or the program does not start.
pub fn run(options: &CudaOfflineOptions) -> Result<()> {
    for tool in ["cc", "ar", "nm", "strip"] {
        ensure!(
            process::find(tool).is_some(),
            "`{tool}` is missing: install the C compiler and its tools (Debian: build-essential), then run this again"
        );
    }
    let folder = paths::target_dir()?.join("cuda-offline");
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let version = binding_version(&options.cuda)?;
    let built = folder.join("release/mien");
    println!("first link, to see what is missing (from nothing about 13 minutes on two cores)");
    link(&folder, &version, "-Wl,--unresolved-symbols=ignore-all")?;
    let missing = missing_symbols(&built)?;
    println!(
        "{} functions of LLVM are missing; each gets a stand-in that ends the program",
        missing.len()
    );
    let stubs = make_stubs(&folder, &missing)?;
    // The linker is strict this time: a function that is missing and is not LLVM's is an error.
    link(&folder, &version, &stubs.to_string_lossy())?;
    let ready = folder.join("mien");
    fs::copy(&built, &ready).with_context(|| format!("copying {}", built.display()))?;
    process::run(Command::new("strip").arg(&ready))?;
    let size = fs::metadata(&ready)
        .with_context(|| format!("reading {}", ready.display()))?
        .len();
    println!("{}: {:.1} MB", ready.display(), size as f64 / 1e6);
    start(&ready)
}

/// `12.8` as cudarc's build script reads it: `12080`.
fn binding_version(text: &str) -> Result<String> {
    let numbers = text.split_once('.').and_then(|(major, minor)| {
        let (major, minor): (u32, u32) = (major.parse().ok()?, minor.parse().ok()?);
        (major < 100 && minor < 10).then_some((major, minor))
    });
    let Some((major, minor)) = numbers else {
        bail!("`--cuda {text}`: expected a version such as 12.8");
    };
    Ok(format!("{major}0{minor}0"))
}

/// The arguments are those of the program alone: crates below it are compiled once.
fn link(folder: &Path, version: &str, argument: &str) -> Result<()> {
    let mut command = cargo_call::cargo()?;
    command
        .env("CARGO_TARGET_DIR", folder)
        // The bundle's build script skips itself where documentation is built.
        .env("DOCS_RS", "1")
        .env("CUDARC_CUDA_VERSION", version)
        .args(["rustc", "--release", "--package", "native-train", "--bin", "mien"])
        .args(["--features", "cuda-offline", "--", "-C"])
        .arg(format!("link-arg={argument}"));
    process::run(&mut command)
}

fn missing_symbols(program: &Path) -> Result<BTreeSet<String>> {
    let said = process::output_of(Command::new("nm").args(["-D", "--undefined-only"]).arg(program))
        .with_context(|| format!("nm cannot read {}", program.display()))?;
    let names = said.lines().filter_map(|line| line.split_whitespace().last());
    let is_llvm = |name: &&str| LLVM_NAMES.iter().any(|start| name.starts_with(start));
    Ok(names.filter(is_llvm).map(str::to_owned).collect())
}

/// A static library with a function of each name.
fn make_stubs(folder: &Path, names: &BTreeSet<String>) -> Result<PathBuf> {
    let [source, object, library] =
        ["llvm_absent.c", "llvm_absent.o", "libllvm_absent.a"].map(|name| folder.join(name));
    let mut text = "#include <stdio.h>\n#include <stdlib.h>\n\nstatic void absent(const char *name) {\n  \
                    fprintf(stderr, \"%s: this program was built without LLVM\\n\", name);\n  abort();\n}\n\n"
        .to_owned();
    for name in names {
        writeln!(text, "void {name}(void) {{ absent(\"{name}\"); }}")?;
    }
    fs::write(&source, text).with_context(|| format!("writing {}", source.display()))?;
    process::run(
        Command::new("cc")
            .args(["-c", "-O1", "-fPIC", "-o"])
            .arg(&object)
            .arg(&source),
    )?;
    if library.is_file() {
        // `ar` would keep what it held before.
        fs::remove_file(&library).with_context(|| format!("removing {}", library.display()))?;
    }
    process::run(Command::new("ar").arg("rcs").arg(&library).arg(&object))?;
    Ok(library)
}

/// Shows that it runs here, and what it says of this machine's CUDA.
fn start(program: &Path) -> Result<()> {
    process::run(Command::new(program).arg("--version"))?;
    let mut asked = Command::new(program);
    asked.args(["bench", "--small", "--batch", "2", "--device", "cuda"]);
    let heard = process::run_and_listen(&mut asked)?;
    if heard.success {
        println!("CUDA works here; `mien gpu-check --out DIR --device cuda` looks at all of it");
        return Ok(());
    }
    let has_said_why = heard
        .lines
        .iter()
        .any(|line| line.starts_with("error: no CUDA device can be used"));
    ensure!(
        has_said_why,
        "the program does not say what CUDA lacks on this machine"
    );
    println!(
        "the program starts, and says above what this machine lacks; it can be copied to one that has it"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_written_as_the_bindings_name_them() {
        assert_eq!(binding_version("12.8").unwrap(), "12080");
        assert_eq!(binding_version("13.0").unwrap(), "13000");
        for wrong in ["12", "twelve.eight", "12.80", ""] {
            assert!(binding_version(wrong).is_err(), "{wrong}");
        }
    }
}
