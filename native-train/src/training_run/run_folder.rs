//! The folder of a run: one process at a time, and what it was begun with.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use serde_json::{Value, json};

use crate::atomic_file;
use crate::training_run::checkpoint::{self, Checkpoint};

/// A run's folder, which no other process trains in while this lives.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// The system gives the lock back when the process ends, however it ends.
    _lock: File,
}

impl RunFolder {
    /// Opens a folder, and makes it where it is not there. What a killed process left half-written is
    /// taken away.
    ///
    /// # Errors
    /// When it cannot be written, or another process trains in it.
    pub fn open(path: &Path) -> Result<Self> {
        atomic_file::make_folder(path)?;
        let lock_path = path.join("lock");
        let lock = File::create(&lock_path)
            .with_context(|| format!("the run's lock {} cannot be made", lock_path.display()))?;
        // Some network file systems have no locks: there, nothing guards the folder.
        if let Err(TryLockError::WouldBlock) = lock.try_lock() {
            bail!(
                "another process is training in {}: wait for it, or choose another `run` folder",
                path.display()
            );
        }
        atomic_file::remove_leftovers(path)?;
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The checkpoint to go on from, `None` when the run begins: also with `resume`, where a run was
    /// killed before its first checkpoint.
    ///
    /// # Errors
    /// When there is a checkpoint and `resume` is not set, or it cannot be read.
    pub fn checkpoint(&self, resume: bool) -> Result<Option<Checkpoint>> {
        checkpoint::refuse_to_overwrite(&self.path, resume)?;
        let path = checkpoint::path_in(&self.path);
        if path.is_file() {
            return Checkpoint::of_run(&self.path).map(Some);
        }
        if resume {
            eprintln!(
                "note: there is no checkpoint in {}: the run begins at step 0",
                self.path.display()
            );
        }
        Ok(None)
    }

    /// Writes `config.toml`, the config with every default in it, and adds a start at `step` to
    /// `run.json`.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub fn describe(&self, config: &impl Serialize, seed: u64, step: u64, device: &str) -> Result<()> {
        let text = toml::to_string_pretty(config).context("the config as resolved")?;
        let text = format!("# The config as resolved: what its file left out is written out here.\n{text}");
        atomic_file::write(&self.path.join("config.toml"), text.as_bytes())?;
        let path = self.path.join("run.json");
        let before: Option<Value> = fs::read(&path)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let mut starts = match before.as_ref().and_then(|run| run.get("starts")) {
            Some(Value::Array(starts)) if step > 0 => starts.clone(),
            _ => Vec::new(),
        };
        starts.push(json!({
            "step": step,
            "unix_time": seconds_since_1970(),
            "program": concat!("mien ", env!("CARGO_PKG_VERSION")),
            "commit": commit(),
            "device": device,
        }));
        let run = json!({"seed": seed, "starts": starts});
        atomic_file::write(&path, format!("{run:#}\n").as_bytes())
    }
}

/// Copies the config's file into the run's folder as `config.original.toml`.
///
/// # Errors
/// When it cannot be read or written.
pub fn keep_original(run: &Path, config: &Path) -> Result<()> {
    let bytes =
        fs::read(config).with_context(|| format!("the config {} cannot be read", config.display()))?;
    atomic_file::write(&run.join("config.original.toml"), &bytes)
}

/// Seconds since 1970, 0 where the clock stands before it.
#[must_use]
pub fn seconds_since_1970() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

/// The commit of the repository that the working directory lies in, with `-dirty` where files differ
/// from it; `unknown` where there is no repository or no git.
fn commit() -> String {
    let asked = Command::new("git")
        .args(["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"])
        .output();
    let said = asked.ok().filter(|output| output.status.success());
    let said = said.and_then(|output| String::from_utf8(output.stdout).ok());
    match said.as_deref().map(str::trim) {
        Some(commit) if !commit.is_empty() => commit.to_owned(),
        _ => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_at_a_time_and_leftovers_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run");
        let held = RunFolder::open(&path).unwrap();
        // A lock belongs to the open file, so that a second one in this process counts as another.
        let error = RunFolder::open(&path).unwrap_err().to_string();
        assert!(error.contains("another process"), "{error}");
        drop(held);
        fs::write(path.join(".mien-half"), "half").unwrap();
        RunFolder::open(&path).unwrap();
        assert!(!path.join(".mien-half").exists());
    }
}
