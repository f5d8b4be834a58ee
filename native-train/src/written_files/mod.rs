//! Files that are replaced only if this program wrote them and nobody has changed them since.

mod record;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use rayon::prelude::*;
use shared_model::project::Project;
use shared_model::{csv_reader, file_text};

use crate::atomic_file;
use record::Content;
pub use record::{RECORD, sha256};

/// Files in the way that are named; the others are counted.
const MOST_NAMED: usize = 20;
/// Bytes of a file's name at most, on all file systems in use.
const MOST_NAME_BYTES: usize = 255;
/// A file may appear between the look and the write; twice is bad luck.
const MOST_TRIES: usize = 10;

/// What a command writes: looked at before the work begins, and again when it is written. Each folder keeps a
/// record, [`RECORD`], of name and SHA-256 of what was written there.
#[derive(Debug)]
pub struct WrittenFiles {
    /// Replace what is not ours as well.
    force: bool,
    /// Whether the place is this program's own, where a changed file is not kept beside.
    is_own: bool,
    /// What the records said of the planned files.
    known: HashMap<PathBuf, Vec<Content>>,
}

/// What stands where a file is to be written.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    Nothing,
    /// Written by this program, and unchanged.
    Ours,
    Obstacle(Obstacle),
}

/// Why a file cannot be replaced just so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Obstacle {
    /// A folder, a device, or a link to one.
    NoFile,
    Link,
    Reviewed,
    Foreign,
    Changed,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoFile => "is no file",
            Self::Link => "is a link, which mien did not make",
            Self::Reviewed => "holds labels that a person reviewed",
            Self::Foreign => "was not written by mien",
            Self::Changed => "was changed since mien wrote it",
        })
    }
}

impl WrittenFiles {
    /// The files `names` of the folder `folder`, which is made.
    ///
    /// # Errors
    /// As [`WrittenFiles::check`], and when the folder cannot be made or written.
    pub fn open(folder: &Path, names: &[impl AsRef<Path>], force: bool) -> Result<Self> {
        let files = Self::check(names.iter().map(|name| folder.join(name)), force)?;
        atomic_file::make_folder(folder)?;
        Ok(files)
    }

    /// One file in a folder that is there.
    ///
    /// # Errors
    /// As [`WrittenFiles::check`], and when the folder is missing or cannot be written.
    pub fn open_file(path: &Path, force: bool) -> Result<Self> {
        let files = Self::check([path.to_owned()], force)?;
        tempfile::tempfile_in(atomic_file::folder_of(path))
            .with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(files)
    }

    /// Looks at all files that are to be written, whose folders need not be there. Nothing is changed.
    ///
    /// # Errors
    /// When a name is too long for a file, when something stands in a file's place that is no file, or (without `force`) that this program did not write, that
    /// was changed since, or that holds labels a person reviewed; the message names all of these, up to twenty.
    pub fn check(paths: impl IntoIterator<Item = PathBuf>, force: bool) -> Result<Self> {
        let advice = if force {
            "Move them away, or name another place with `--out`."
        } else {
            "Move them away, name another place with `--out`, or have them replaced with `--force`; what a person \
             reviewed or changed is then kept beside, as .bak."
        };
        Self::look_at(paths, force, advice)
    }

    /// As [`WrittenFiles::check`] without `force`, for commands whose config names the place.
    ///
    /// # Errors
    /// As [`WrittenFiles::check`].
    pub fn check_run(paths: impl IntoIterator<Item = PathBuf>) -> Result<Self> {
        Self::look_at(paths, false, "Move them away, or choose another `run` folder.")
    }

    /// For files whose place is this program's own, as in the folder of a run that it began: recorded, not refused.
    #[must_use]
    pub fn of_own_folder() -> Self {
        Self {
            force: true,
            is_own: true,
            known: HashMap::new(),
        }
    }

    fn look_at(paths: impl IntoIterator<Item = PathBuf>, force: bool, advice: &str) -> Result<Self> {
        let paths: Vec<PathBuf> = paths.into_iter().collect();
        refuse_long_names(&paths)?;
        let folders: HashSet<&Path> = paths.iter().map(|path| atomic_file::folder_of(path)).collect();
        folders.iter().try_for_each(|folder| record::check(folder))?;
        let mut records: HashMap<&Path, _> = folders
            .into_iter()
            .map(|folder| (folder, record::read(folder)))
            .collect();
        let mut known = HashMap::new();
        for path in &paths {
            let record = records.get_mut(atomic_file::folder_of(path));
            if let Some(contents) = record.and_then(|record| record.remove(&name_of(path))) {
                known.insert(path.clone(), contents);
            }
        }
        let files = Self {
            force,
            is_own: false,
            known,
        };
        let refused: Vec<String> = paths
            .par_iter()
            .filter_map(|path| match files.standing(path, None) {
                Standing::Obstacle(obstacle) if !files.passes(obstacle) => {
                    Some(format!("{} {obstacle}", path.display()))
                }
                _ => None,
            })
            .collect();
        if refused.is_empty() {
            return Ok(files);
        }
        let named: Vec<&str> = refused.iter().take(MOST_NAMED).map(String::as_str).collect();
        let more = match refused.len() - named.len() {
            0 => String::new(),
            more => format!("\n  and {more} more"),
        };
        bail!(
            "nothing was done, since results would replace what is not mien's own:\n  {}{more}\n{advice}",
            named.join("\n  ")
        )
    }

    /// Writes a file, whole or not at all, and records it. What a person reviewed or changed, and `force` replaces, is kept beside,
    /// with `.bak` behind its name.
    ///
    /// # Errors
    /// When it cannot be written, or what stands there may not be replaced: then the bytes are written beside, with
    /// `.new` behind the name; the message names both.
    pub fn write(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let content = Content::of(bytes);
        let is_known = |contents: &Vec<Content>| contents.contains(&content);
        if !self.known.get(path).is_some_and(is_known) {
            // Listed before it is there: whenever this process is killed, what it wrote is known as its own.
            record::add(atomic_file::folder_of(path), &name_of(path), &content)?;
        }
        for _ in 0..MOST_TRIES {
            match self.standing(path, Some(&content)) {
                Standing::Nothing => {
                    if atomic_file::write_new(path, bytes)? {
                        return Ok(());
                    }
                }
                Standing::Ours => return atomic_file::write(path, bytes),
                Standing::Obstacle(obstacle) if self.passes(obstacle) => {
                    if obstacle == Obstacle::Reviewed || (obstacle == Obstacle::Changed && !self.is_own) {
                        let old = fs::read(path).with_context(|| format!("{}", path.display()))?;
                        let kept = write_beside(path, "bak", &old)?;
                        tracing::info!(
                            "note: {} {obstacle}: it is kept as {}",
                            path.display(),
                            kept.display()
                        );
                    }
                    return atomic_file::write(path, bytes);
                }
                Standing::Obstacle(obstacle) => {
                    let kept = write_beside(path, "new", bytes)?;
                    bail!(
                        "{} {obstacle}, and stays as it is; the result is in {}",
                        path.display(),
                        kept.display()
                    );
                }
            }
        }
        bail!("{} comes and goes: another process writes it", path.display())
    }

    fn passes(&self, obstacle: Obstacle) -> bool {
        self.force && obstacle != Obstacle::NoFile
    }

    /// What stands at `path`; `coming` is what is to be written there.
    fn standing(&self, path: &Path, coming: Option<&Content>) -> Standing {
        let metadata = match fs::symlink_metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Standing::Nothing;
            }
            Err(_) => return Standing::Obstacle(Obstacle::Foreign),
        };
        if metadata.is_symlink() {
            let leads_to_file = fs::metadata(path).map_or(true, |target| target.is_file());
            return Standing::Obstacle(if leads_to_file {
                Obstacle::Link
            } else {
                Obstacle::NoFile
            });
        }
        if !metadata.is_file() {
            return Standing::Obstacle(Obstacle::NoFile);
        }
        let mut now = FoundContent::new(path);
        if coming.is_some_and(|coming| now.is(coming)) {
            return Standing::Ours;
        }
        let mut listed = self.known.get(path).cloned().unwrap_or_default();
        // Also where it wrote the same as now: an edit of that is an edit.
        let was_ours = !listed.is_empty();
        let mut is_ours = listed.iter().any(|listed| now.is(listed));
        if !is_ours {
            // Another process may have written it in the meantime.
            let record = record::read(atomic_file::folder_of(path)).remove(&name_of(path));
            listed.extend(record.unwrap_or_default());
            listed.retain(|listed| coming != Some(listed));
            is_ours = listed.iter().any(|listed| now.is(listed));
        }
        if holds_reviewed_labels(path) {
            Standing::Obstacle(Obstacle::Reviewed)
        } else if is_ours {
            Standing::Ours
        } else if listed.is_empty() && !was_ours {
            Standing::Obstacle(Obstacle::Foreign)
        } else {
            Standing::Obstacle(Obstacle::Changed)
        }
    }
}

/// What a file holds, read at most once, and only if its length fits. All of it is of one moment, whatever another process
/// puts in the file's place meanwhile.
struct FoundContent {
    file: Option<File>,
    bytes: u64,
    content: Option<Content>,
}

impl FoundContent {
    fn new(path: &Path) -> Self {
        let file = File::open(path).ok();
        let bytes = file.as_ref().and_then(|file| Some(file.metadata().ok()?.len()));
        Self {
            bytes: bytes.unwrap_or(0),
            file: file.filter(|_| bytes.is_some()),
            content: None,
        }
    }

    fn is(&mut self, other: &Content) -> bool {
        if other.bytes != self.bytes {
            return false;
        }
        if let Some(file) = self.file.take() {
            self.content = Content::of_file(file).ok();
        }
        self.content.as_ref() == Some(other)
    }
}

/// File systems refuse them, and would do so only when the work is done.
fn refuse_long_names(paths: &[PathBuf]) -> Result<()> {
    let length = |path: &Path| path.file_name().map_or(0, |name| name.as_encoded_bytes().len());
    let mut long = paths.iter().filter(|path| length(path) > MOST_NAME_BYTES);
    let Some(first) = long.next() else {
        return Ok(());
    };
    let more = match long.count() {
        0 => String::new(),
        more => format!(", and those of {more} more are too long as well"),
    };
    bail!(
        "nothing was done: the result's name {} has {} bytes, and file systems take {MOST_NAME_BYTES} at most{more}. Results are \
         named after their input: give it a shorter name",
        name_of(first),
        length(first)
    )
}

/// Whether two paths lead to one file, which is there.
#[must_use]
pub fn is_same_file(one: &Path, other: &Path) -> bool {
    let (one, other) = (one.canonicalize(), other.canonicalize());
    one.ok().zip(other.ok()).is_some_and(|(one, other)| one == other)
}

/// The name in the record. Only names that are no Unicode may be taken for each other, and only with the same content.
fn name_of(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// A person's labels or remarks in a project, or their labels in a per-frame csv.
fn holds_reviewed_labels(path: &Path) -> bool {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some(ending) if ending.eq_ignore_ascii_case("json") => {
            let text = fs::read_to_string(path).unwrap_or_default();
            Project::from_json(&text)
                .is_ok_and(|project| !project.reviewed.is_empty() || !project.remarks.is_empty())
        }
        Some(ending) if ending.eq_ignore_ascii_case("csv") => {
            csv_holds_reviewed_labels(path).unwrap_or(false)
        }
        _ => false,
    }
}

/// `None` where it is no csv with a column of reviewed labels.
fn csv_holds_reviewed_labels(path: &Path) -> Option<bool> {
    let mut bytes = fs::read(path).ok()?;
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        bytes = file_text::decode_lossy(&bytes).into_bytes();
    }
    let (dialect, start) = csv_reader::sniff(&bytes);
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .delimiter(dialect.separator)
        .from_reader(bytes.get(start..)?);
    let header = reader.byte_headers().ok()?;
    let column = header.iter().position(|name| name.trim_ascii() == b"reviewed")?;
    let mut rows = reader.byte_records();
    Some(rows.any(|row| {
        row.is_ok_and(|row| {
            let label = row.get(column).unwrap_or_default();
            dialect.said(&String::from_utf8_lossy(label)).is_some()
        })
    }))
}

/// Writes bytes under the next free name behind the file's own.
fn write_beside(path: &Path, ending: &str, bytes: &[u8]) -> Result<PathBuf> {
    for number in 1_u64.. {
        let mut beside = path.as_os_str().to_owned();
        beside.push(format!(".{ending}"));
        if number > 1 {
            beside.push(number.to_string());
        }
        let beside = PathBuf::from(beside);
        if atomic_file::write_new(&beside, bytes)? {
            return Ok(beside);
        }
    }
    bail!("there is no free name beside {}", path.display())
}

#[cfg(test)]
mod tests;
