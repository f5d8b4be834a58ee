//! `cargo xtask release`: what one downloads: the program as one file, and the page as a zip that any static server opens.

use crate::{cargo_call, older_glibc, paths, process, setup, web_build};
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use std::env::consts::{ARCH, OS};
use std::fs;
use std::path::Path;
use std::process::Command;

/// What goes with the program.
const BESIDE: [&str; 2] = ["LICENSE", "CHANGELOG.md"];

#[derive(Args)]
pub struct ReleaseOptions {
    /// Link the program so that it asks for no newer C library than this, such as 2.28
    #[arg(long, value_name = "VERSION")]
    most_glibc: Option<String>,
    /// Leave the page out
    #[arg(long)]
    no_page: bool,
    /// Leave the program out
    #[arg(long, conflicts_with = "no_page")]
    no_program: bool,
}

/// Makes the files in `release-files/` of the target folder and prints their paths.
///
/// # Errors
/// When a build fails, a tool is missing, or the program asks for a newer C library than it may.
pub fn run(options: &ReleaseOptions) -> Result<()> {
    let folder = paths::target_dir()?.join("release-files");
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    if !options.no_program {
        program(options, &folder)?;
    }
    if !options.no_page {
        setup::run(setup::Purpose::Demo)?;
        web_build::run()?;
        page(&folder)?;
    }
    Ok(())
}

fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

fn program(options: &ReleaseOptions, folder: &Path) -> Result<()> {
    process::run(
        cargo_call::cargo()?
            .args(["build", "--release"])
            .args(cargo_call::native_packages()?),
    )?;
    let name = format!("mien-{}-{OS}-{ARCH}", version());
    let made = folder.join(&name);
    fs::create_dir_all(&made).with_context(|| format!("making {}", made.display()))?;
    let binary = made.join("mien");
    take_program(&binary)?;
    if OS == "linux" {
        fit_glibc(&binary, options.most_glibc.as_deref())?;
    }
    for file in BESIDE {
        let source = paths::repository()?.join(file);
        fs::copy(&source, made.join(file)).with_context(|| format!("copying {}", source.display()))?;
    }
    let archive = folder.join(format!("{name}.tar.gz"));
    process::run(
        Command::new("tar")
            .arg("-C")
            .arg(folder)
            .arg("-czf")
            .arg(&archive)
            .arg(&name),
    )?;
    println!("{}", archive.display());
    Ok(())
}

fn take_program(binary: &Path) -> Result<()> {
    let built = paths::target_dir()?.join("release/mien");
    fs::copy(&built, binary).with_context(|| format!("copying {}", built.display()))?;
    process::run(Command::new("strip").arg(binary))
}

/// Sees to it that the program asks for no newer C library than it may.
fn fit_glibc(binary: &Path, most: Option<&str>) -> Result<()> {
    let needed = needed_glibc(binary)?;
    println!("the program asks for glibc {}.{}", needed.0, needed.1);
    let Some(most_text) = most else { return Ok(()) };
    let most = number(most_text)
        .with_context(|| format!("--most-glibc is `{most_text}`, expected a version such as 2.28"))?;
    if needed <= most {
        return Ok(());
    }
    println!("linking it for glibc {most_text}");
    older_glibc::link(most_text)?;
    take_program(binary)?;
    let needed = needed_glibc(binary)?;
    ensure!(
        needed <= most,
        "linked for glibc {most_text} it still asks for {}.{}: build it on a system with that one, such as the image manylinux_2_28",
        needed.0,
        needed.1
    );
    println!("now it asks for glibc {}.{}", needed.0, needed.1);
    Ok(())
}

fn needed_glibc(binary: &Path) -> Result<(u32, u32)> {
    let symbols = process::output_of(Command::new("objdump").arg("-T").arg(binary))
        .context("`objdump` (binutils) cannot say which C library the program asks for")?;
    newest_glibc(&symbols).context("objdump names no version of the C library")
}

fn page(folder: &Path) -> Result<()> {
    if process::find("zip").is_none() {
        bail!("`zip` is not on the PATH: install it, for instance with `apt-get install zip`");
    }
    let archive = folder.join(format!("mien-page-{}.zip", version()));
    if archive.exists() {
        fs::remove_file(&archive).with_context(|| format!("replacing {}", archive.display()))?;
    }
    process::run(
        Command::new("zip")
            .current_dir(paths::dist()?)
            .args(["-q", "-r"])
            .arg(&archive)
            .arg("."),
    )?;
    println!("{}", archive.display());
    Ok(())
}

/// The newest version of the C library that a symbol of `objdump -T` asks for.
fn newest_glibc(symbols: &str) -> Option<(u32, u32)> {
    let words = symbols.split(|letter: char| letter.is_whitespace() || letter == '(' || letter == ')');
    words
        .filter_map(|word| number(word.strip_prefix("GLIBC_")?))
        .max()
}

/// `2.28` or `2.2.5`, as major and minor.
fn number(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_counts_by_its_numbers() {
        let symbols = "\
DYNAMIC SYMBOL TABLE:
0000000000000000      DF *UND*  0000000000000000 (GLIBC_2.2.5) memcpy
0000000000000000      DF *UND*  0000000000000000  GLIBC_2.28  fcntl64
0000000000000000      DF *UND*  0000000000000000 (GLIBC_2.9) pipe2
0000000000000000      DF *UND*  0000000000000000 (GCC_3.0) _Unwind_Resume
";
        assert_eq!(newest_glibc(symbols), Some((2, 28)));
        assert_eq!(newest_glibc(""), None);
        assert_eq!(number("2.x"), None);
    }
}
