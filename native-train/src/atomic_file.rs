//! Files that are either whole or not there.

use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use tempfile::NamedTempFile;

/// Names of files that are not whole yet begin so.
const PREFIX: &str = ".mien-";

/// Writes `bytes` to a temporary file beside `path` and renames it, so that a reader never sees
/// half a file and an older file survives a failure.
///
/// # Errors
/// When the folder cannot be written; the message names the path.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let file = staged(path, bytes)?;
    file.persist(path).with_context(|| cannot_write(path))?;
    Ok(())
}

/// As [`write()`], but never over a file that is there: then nothing is written and `false` comes back.
///
/// # Errors
/// As [`write()`].
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<bool> {
    match staged(path, bytes)?.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(failed) if failed.error.kind() == ErrorKind::AlreadyExists => Ok(false),
        // Some file systems can neither rename like this nor link.
        Err(failed) if !path.exists() => {
            failed.file.persist(path).with_context(|| cannot_write(path))?;
            Ok(true)
        }
        Err(failed) => Err(failed.error).with_context(|| cannot_write(path)),
    }
}

/// The folder that a file lies in.
#[must_use]
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn cannot_write(path: &Path) -> String {
    format!("{} cannot be written", path.display())
}

/// The bytes on the disk beside `path`, under a name of their own.
fn staged(path: &Path, bytes: &[u8]) -> Result<NamedTempFile> {
    let fail = || cannot_write(path);
    let mut file = tempfile::Builder::new()
        .prefix(PREFIX)
        .tempfile_in(folder_of(path))
        .with_context(fail)?;
    let written = file.write_all(bytes).and_then(|()| file.as_file().sync_all());
    written
        .map_err(|error| out_of_space(error, bytes.len()))
        .with_context(fail)?;
    #[cfg(unix)]
    {
        // Temporary files are private; results are for whoever may read the folder.
        use std::os::unix::fs::PermissionsExt as _;
        let readable = std::fs::Permissions::from_mode(0o644);
        file.as_file().set_permissions(readable).with_context(fail)?;
    }
    Ok(file)
}

/// Takes away what killed processes have left half-written in a folder. No other may write in it.
///
/// # Errors
/// When the folder cannot be read or a file not be removed; the message names it.
pub fn remove_leftovers(folder: &Path) -> Result<()> {
    let fail = || format!("the folder {} cannot be read", folder.display());
    for entry in fs::read_dir(folder).with_context(fail)? {
        let entry = entry.with_context(fail)?;
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            let path = entry.path();
            fs::remove_file(&path).with_context(|| format!("{} cannot be removed", path.display()))?;
        }
    }
    Ok(())
}

/// A full disk, a quota or a limit on files: says how much was needed.
fn out_of_space(error: io::Error, needed_bytes: usize) -> anyhow::Error {
    let full = [
        ErrorKind::StorageFull,
        ErrorKind::QuotaExceeded,
        ErrorKind::FileTooLarge,
    ];
    if !full.contains(&error.kind()) {
        return error.into();
    }
    let needed = if needed_bytes < 1 << 20 {
        format!("{} KiB", needed_bytes.div_ceil(1 << 10))
    } else {
        format!("{:.1} MiB", needed_bytes as f64 / f64::from(1 << 20))
    };
    let advice = format!("{needed} are needed beside what is there: make room, or raise the limit");
    anyhow::Error::new(error).context(advice)
}

/// Makes a folder for output, with its parents, and makes sure that files can be made in it.
///
/// # Errors
/// When it cannot be made or written; the message names it.
pub fn make_folder(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("the output folder {} cannot be made", folder.display()))?;
    tempfile::tempfile_in(folder)
        .with_context(|| format!("the output folder {} cannot be written", folder.display()))?;
    Ok(())
}
