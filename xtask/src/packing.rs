//! The built page's files packed with brotli, beside themselves: for hosts that serve what is packed beforehand.

use anyhow::{Context, Result};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Cursor;
use std::path::{Path, PathBuf};

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
    for path in entries_of(folder)? {
        if path.is_dir() {
            pack(&path)?;
        } else if path
            .extension()
            .is_some_and(|ending| KINDS.iter().any(|kind| ending == *kind))
        {
            let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
            let packed = packed_path(&path);
            fs::write(&packed, packed_bytes(&bytes)?)
                .with_context(|| format!("writing {}", packed.display()))?;
        }
    }
    Ok(())
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
    let begun = known.with_extension(std::process::id().to_string());
    fs::write(&begun, &packed).with_context(|| format!("writing {}", begun.display()))?;
    fs::rename(&begun, &known).with_context(|| format!("writing {}", known.display()))?;
    Ok(packed)
}
