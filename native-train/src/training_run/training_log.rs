//! `log.jsonl`: one JSON object a line, each with the step it was written after, and the same numbers
//! for TensorBoard.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::atomic_file;
use crate::training_run::event_file::EventFile;
use crate::training_run::run_folder::seconds_since_1970;

/// A run's log, open at its end.
#[derive(Debug)]
pub struct TrainingLog {
    path: PathBuf,
    file: File,
    events: EventFile,
}

impl TrainingLog {
    /// Opens the log of a run that has done `step` steps. Lines of later steps, which a checkpoint
    /// has forgotten, are taken away.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn open(run: &Path, step: u64) -> Result<Self> {
        let path = run.join("log.jsonl");
        let fail = || format!("the log {}", path.display());
        let old = if step > 0 && path.is_file() {
            read(&path)?
        } else {
            Vec::new()
        };
        let entries: Vec<Value> = old
            .into_iter()
            .filter(|entry| {
                let at = entry.get("step").and_then(Value::as_u64);
                at.is_some_and(|at| at <= step)
            })
            .collect();
        let kept: String = entries.iter().map(|entry| format!("{entry}\n")).collect();
        atomic_file::write(&path, kept.as_bytes())?;
        let file = OpenOptions::new().append(true).open(&path).with_context(fail)?;
        let events = EventFile::rewrite(run, seconds_since_1970(), &entries)?;
        Ok(Self { path, file, events })
    }

    /// Writes one object, with the time as `unix_time`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&mut self, mut entry: Value) -> Result<()> {
        if let Value::Object(fields) = &mut entry {
            // Milliseconds are enough, and short.
            let unix_time = (seconds_since_1970() * 1e3).round() / 1e3;
            fields.insert("unix_time".to_owned(), unix_time.into());
        }
        // In one piece, so that a kill leaves at most one broken line.
        self.file
            .write_all(format!("{entry}\n").as_bytes())
            .with_context(|| format!("the log {} cannot be written", self.path.display()))?;
        self.events.add(&entry)
    }

    /// All that was written, also before the run was taken up again.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn entries(&self) -> Result<Vec<Value>> {
        read(&self.path)
    }
}

/// The objects of a log. A line that a killed process has not ended belongs to a step that no
/// checkpoint knows, and is left out.
fn read(path: &Path) -> Result<Vec<Value>> {
    let bytes = std::fs::read(path).with_context(|| format!("the log {} cannot be read", path.display()))?;
    let text = String::from_utf8_lossy(&bytes);
    let entries = text.lines().filter_map(|line| serde_json::from_str(line).ok());
    Ok(entries.collect())
}
