//! `log.jsonl`: one JSON object a line, each with the step it was written after.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::atomic_file;

/// A run's log, open at its end.
#[derive(Debug)]
pub struct TrainingLog {
    path: PathBuf,
    file: File,
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
        let old = std::fs::read_to_string(&path).unwrap_or_default();
        let kept: String = old
            .lines()
            .filter(|line| {
                let value: Option<Value> = serde_json::from_str(line).ok();
                let at = value.and_then(|value| value.get("step")?.as_u64());
                at.is_some_and(|at| at <= step) && step > 0
            })
            .flat_map(|line| [line, "\n"])
            .collect();
        atomic_file::write(&path, kept.as_bytes())?;
        let file = OpenOptions::new().append(true).open(&path).with_context(fail)?;
        Ok(Self { path, file })
    }

    /// Writes one line.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&mut self, entry: &Value) -> Result<()> {
        writeln!(self.file, "{entry}")
            .with_context(|| format!("the log {} cannot be written", self.path.display()))
    }
}
