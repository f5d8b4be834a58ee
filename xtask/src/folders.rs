//! Folders, read and copied.

use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

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
///
/// # Errors
/// When it cannot be read.
pub fn entries_of(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        paths.push(entry?.path());
    }
    paths.sort();
    Ok(paths)
}
