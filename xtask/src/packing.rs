//! The built page's files packed with brotli, beside themselves: for hosts that serve what is packed beforehand.

use anyhow::{Context, Result, bail};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::folders::entries_of;
use crate::paths;

/// What becomes much smaller; models and pictures do not.
const KINDS: [&str; 7] = ["wasm", "js", "css", "html", "json", "svg", "webmanifest"];
const ENDING: &str = "br";
/// Part of each kept file's name: another setting gives other files.
const QUALITY: i32 = 11;

/// Packs all files of the page that it pays for.
///
/// # Errors
/// When one cannot be read or written.
pub fn pack(folder: &Path) -> Result<()> {
    let mut files = Vec::new();
    find(folder, &mut files)?;
    // The large ones take half a minute each, and one core.
    files.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    let files = Mutex::new(files.into_iter().map(|(path, _)| path));
    let next = || files.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || -> Result<()> {
        while let Some(path) = next() {
            pack_file(&path)?;
        }
        Ok(())
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let ended = workers.into_iter().map(std::thread::ScopedJoinHandle::join);
        ended
            .into_iter()
            .try_for_each(|end| end.unwrap_or_else(|_| bail!("packing with brotli stopped")))
    })
}

/// All files that it pays for, with their sizes in bytes.
fn find(folder: &Path, files: &mut Vec<(PathBuf, u64)>) -> Result<()> {
    for path in entries_of(folder)? {
        if path.is_dir() {
            find(&path, files)?;
            continue;
        }
        let is_wanted = |ending: &std::ffi::OsStr| KINDS.iter().any(|kind| ending == *kind);
        if path.extension().is_some_and(is_wanted) {
            let facts = fs::metadata(&path).with_context(|| format!("looking at {}", path.display()))?;
            files.push((path, facts.len()));
        }
    }
    Ok(())
}

fn pack_file(path: &Path) -> Result<()> {
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    let packed = packed_path(path);
    fs::write(&packed, packed_bytes(&bytes)?).with_context(|| format!("writing {}", packed.display()))
}

/// Where a file's packed form lies.
pub fn packed_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ENDING);
    PathBuf::from(name)
}

/// Whether it is such a form itself.
pub fn is_packed(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == ENDING)
}

/// At the quality of a host that packs once and serves often. It takes half a minute for the engine, so what did not change is
/// kept.
fn packed_bytes(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut hasher = DefaultHasher::new();
    (bytes, QUALITY).hash(&mut hasher);
    let known = paths::target_dir()?
        .join("packed")
        .join(format!("{:016x}", hasher.finish()));
    if let Ok(packed) = fs::read(&known) {
        return Ok(packed);
    }
    let mut packed = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: QUALITY,
        lgwin: 24,
        size_hint: bytes.len(),
        ..Default::default()
    };
    brotli::BrotliCompress(&mut Cursor::new(bytes), &mut packed, &parameters)
        .context("packing with brotli")?;
    if let Some(folder) = known.parent() {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    // Whole or not at all: another build may look meanwhile.
    let begun = known.with_extension(format!(
        "{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    fs::write(&begun, &packed).with_context(|| format!("writing {}", begun.display()))?;
    fs::rename(&begun, &known).with_context(|| format!("writing {}", known.display()))?;
    Ok(packed)
}
