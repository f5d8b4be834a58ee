//! Files that are either whole or not there.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};

/// Writes `bytes` to a temporary file beside `path` and renames it, so that a reader never sees
/// half a file and an older file survives a failure.
///
/// # Errors
/// When the folder cannot be written; the message names the path.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let fail = || format!("{} cannot be written", path.display());
    let mut file = tempfile::Builder::new()
        .prefix(".mien-")
        .tempfile_in(folder)
        .with_context(fail)?;
    file.write_all(bytes).with_context(fail)?;
    file.as_file().sync_all().with_context(fail)?;
    #[cfg(unix)]
    {
        // Temporary files are private; results are for whoever may read the folder.
        use std::os::unix::fs::PermissionsExt as _;
        let readable = std::fs::Permissions::from_mode(0o644);
        file.as_file().set_permissions(readable).with_context(fail)?;
    }
    file.persist(path).with_context(fail)?;
    Ok(())
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
