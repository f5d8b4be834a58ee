//! The record of a folder: name and content of each file that was written there.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::atomic_file;

/// The record's file: one JSON object a line, for each content that a file has had.
pub const RECORD: &str = ".written-by-mien.jsonl";

/// How long another process may hold the record before it is written without its leave, in steps.
const LOCK_STEPS: u32 = 100;
const LOCK_STEP: Duration = Duration::from_millis(20);

/// What a file holds, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Content {
    sha256: String,
    pub(super) bytes: u64,
}

/// A line of the record.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    name: String,
    #[serde(flatten)]
    content: Content,
}

/// SHA-256 in lower-case hexadecimal digits.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    digits(&Sha256::digest(bytes))
}

fn digits(digest: &[u8]) -> String {
    let mut text = String::new();
    for byte in digest {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

impl Content {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self {
            sha256: sha256(bytes),
            bytes: bytes.len() as u64,
        }
    }

    /// Of a file, which need not fit in memory.
    pub(super) fn of_file(mut file: File) -> io::Result<Self> {
        let mut hash = Sha256::new();
        let bytes = io::copy(&mut file, &mut hash)?;
        Ok(Self {
            sha256: digits(&hash.finalize()),
            bytes,
        })
    }
}

/// All contents of a folder's files, by name. A line that cannot be read, such as one that a killed process has not ended,
/// lists nothing: its file counts as another's, and stays.
pub(super) fn read(folder: &Path) -> HashMap<String, Vec<Content>> {
    let bytes = fs::read(folder.join(RECORD)).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let mut all: HashMap<String, Vec<Content>> = HashMap::new();
    for Line { name, content } in text.lines().filter_map(|line| serde_json::from_str(line).ok()) {
        all.entry(name).or_default().push(content);
    }
    all
}

/// Looks whether a folder's record, if there is one, is a file of its own.
///
/// # Errors
/// When it is a link or no file: then another file would be written in its place.
pub(super) fn check(folder: &Path) -> Result<()> {
    let path = folder.join(RECORD);
    let is_file = fs::symlink_metadata(&path).map_or(true, |metadata| metadata.is_file());
    ensure!(
        is_file,
        "{} must be a file, in which mien records what it writes, and is none: move it away",
        path.display()
    );
    Ok(())
}

/// Adds a line to a folder's record. Lines of several processes do not get lost: each is appended in one piece, under a
/// lock where the file system has some.
///
/// # Errors
/// When the record cannot be written; the message names it.
pub(super) fn add(folder: &Path, name: &str, content: &Content) -> Result<()> {
    check(folder)?;
    let path = folder.join(RECORD);
    let fail = || {
        format!(
            "the record of what was written, {}, cannot be kept",
            path.display()
        )
    };
    let line = serde_json::to_string(&Line {
        name: name.to_owned(),
        content: content.clone(),
    })?;
    let opened = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .open(&path);
    let mut file = match opened {
        // Another user's, in a folder that is shared: a new one takes its place.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            let mut all = fs::read(&path).with_context(fail)?;
            all.extend(format!("\n{line}\n").into_bytes());
            return atomic_file::write(&path, &all).with_context(fail);
        }
        opened => opened.with_context(fail)?,
    };
    wait_for_lock(&file);
    let start = if ends_within_line(&mut file).with_context(fail)? {
        "\n"
    } else {
        ""
    };
    file.write_all(format!("{start}{line}\n").as_bytes())
        .and_then(|()| file.sync_data())
        .with_context(fail)
}

/// The system gives the lock back when the file is closed. Some network file systems have no locks, and some never give
/// one: then a line may get lost, whose file stays until somebody says `--force`.
fn wait_for_lock(file: &File) {
    for _ in 0..LOCK_STEPS {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_STEP),
            Ok(()) | Err(TryLockError::Error(_)) => return,
        }
    }
}

/// Whether the last line was not ended, by a process that was killed.
fn ends_within_line(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}
