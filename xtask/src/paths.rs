//! Where things lie: in the clone, and in the cache that clones share.

use anyhow::{Context, Result};
use std::env;
use std::path::{Path, PathBuf};

/// The clone's root folder.
pub fn repository() -> Result<PathBuf> {
    // cargo sets the variable at run time; the compile-time value serves a binary that is started by hand.
    let manifest_dir = env::var_os("CARGO_MANIFEST_DIR")
        .map(PathBuf::from)
        .filter(|dir| dir.ends_with("xtask"))
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    manifest_dir
        .parent()
        .map(Path::to_path_buf)
        .context("the xtask folder has no parent folder")
}

/// `$MIEN_CACHE`, or `~/.cache/mien`: tools and build outputs that clones share.
pub fn cache() -> Result<PathBuf> {
    if let Some(dir) = env::var_os("MIEN_CACHE").filter(|dir| !dir.is_empty()) {
        return std::path::absolute(PathBuf::from(dir)).context("MIEN_CACHE is not a usable path");
    }
    let home =
        env::home_dir().context("no home folder is known: set MIEN_CACHE to a folder to keep tools in")?;
    Ok(home.join(".cache").join("mien"))
}

/// Root of `cargo install` for the pinned tools.
pub fn tool_root() -> Result<PathBuf> {
    Ok(cache()?.join("tools"))
}

/// Build outputs; a `CARGO_TARGET_DIR` that is set already wins.
pub fn target_dir() -> Result<PathBuf> {
    match env::var_os("CARGO_TARGET_DIR").filter(|dir| !dir.is_empty()) {
        Some(dir) => std::path::absolute(PathBuf::from(dir)).context("CARGO_TARGET_DIR is not a usable path"),
        None => Ok(cache()?.join("target")),
    }
}

/// The Python environment of the golden checks.
pub fn python_env() -> Result<PathBuf> {
    Ok(cache()?.join("python"))
}

/// The built page.
pub fn dist() -> Result<PathBuf> {
    Ok(repository()?.join("web-app").join("dist"))
}

/// Folder of the browser tests.
pub fn browser_tests() -> Result<PathBuf> {
    Ok(repository()?.join("tests").join("browser"))
}

/// Folder of the checks against reference implementations.
pub fn golden_checks() -> Result<PathBuf> {
    Ok(repository()?.join("tests").join("golden"))
}
