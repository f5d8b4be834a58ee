//! The folder of a run: one process at a time, and what it was begun with.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use serde_json::{Value, json};

use crate::atomic_file;
use crate::plots;
use crate::training_run::checkpoint::{self, Checkpoint};
use crate::written_files::{WrittenFiles, is_same_file};

/// The config as resolved, as it was given, and the run's starts.
const CONFIG: &str = "config.toml";
const ORIGINAL: &str = "config.original.toml";
const RUN: &str = "run.json";

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
        let lock = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock_path)
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
            tracing::info!(
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
        let files = WrittenFiles::of_own_folder();
        files.write(&self.path.join(CONFIG), text.as_bytes())?;
        let path = self.path.join(RUN);
        let mut starts = starts_of(&self.path).filter(|_| step > 0).unwrap_or_default();
        starts.push(json!({
            "step": step,
            "unix_time": seconds_since_1970(),
            "program": concat!("mien ", env!("CARGO_PKG_VERSION")),
            "commit": commit(),
            "device": device,
        }));
        let run = json!({"seed": seed, "starts": starts});
        files.write(&path, format!("{run:#}\n").as_bytes())
    }
}

/// The starts of the run that was begun in a folder, as [`RunFolder::describe`] writes them.
fn starts_of(run: &Path) -> Option<Vec<Value>> {
    let run: Value = serde_json::from_slice(&fs::read(run.join(RUN)).ok()?).ok()?;
    run.get("starts")?.as_array().cloned()
}

/// Refuses to begin a run where files lie that a run would replace and that are no run's. `config` is the config's file, which
/// may lie there as `config.toml`: [`keep_original`] keeps it.
///
/// # Errors
/// When there are such files; the message names them.
pub fn refuse_other_files(run: &Path, config: &Path) -> Result<()> {
    if checkpoint::path_in(run).is_file() || starts_of(run).is_some() {
        return Ok(());
    }
    let plots = [
        "loss",
        "f1",
        "confusion-student",
        "confusion-teacher",
        "confusion-model",
    ];
    let plots = plots.into_iter().flat_map(|base| plots::paths(&run.join(base)));
    let others = [
        CONFIG,
        ORIGINAL,
        RUN,
        "log.jsonl",
        "evaluation.json",
        "student.safetensors",
        "teacher.safetensors",
        "model.safetensors",
        "checkpoint-best.safetensors",
        "looks-training.json",
        "looks-evaluation.json",
    ];
    let others = others.into_iter().map(|name| run.join(name));
    WrittenFiles::check_run(plots.chain(others).filter(|path| !is_same_file(path, config)))?;
    Ok(())
}

/// Where a run keeps its config as it was given.
#[must_use]
pub fn original_path(run: &Path) -> PathBuf {
    run.join(ORIGINAL)
}

/// Copies the config's file into the run's folder as `config.original.toml`. Where the run goes on with its own
/// `config.toml`, what it was begun with stays.
///
/// # Errors
/// When it cannot be read or written.
pub fn keep_original(run: &Path, config: &Path) -> Result<()> {
    let original = original_path(run);
    if is_same_file(config, &original) || (is_same_file(config, &run.join(CONFIG)) && original.exists()) {
        return Ok(());
    }
    let bytes =
        fs::read(config).with_context(|| format!("the config {} cannot be read", config.display()))?;
    WrittenFiles::of_own_folder().write(&original, &bytes)
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

    #[test]
    fn a_run_begins_only_where_it_replaces_nothing_of_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let config = path.join("config.toml");
        fs::write(&config, "# mine\n").unwrap();
        // The config itself may lie there: its bytes are kept, also when the run goes on with the resolved one.
        refuse_other_files(path, &config).unwrap();
        fs::write(path.join("student.safetensors"), "mine").unwrap();
        fs::write(path.join("events.out.tfevents.1.host"), "mine").unwrap();
        let said = refuse_other_files(path, &config).unwrap_err().to_string();
        assert!(
            said.contains("student.safetensors was not written by mien"),
            "{said}"
        );
        assert!(
            !said.contains("config.toml") && !said.contains("--force"),
            "{said}"
        );
        fs::remove_file(path.join("student.safetensors")).unwrap();
        keep_original(path, &config).unwrap();
        // Killed here, it begins again.
        refuse_other_files(path, &config).unwrap();
        let run = RunFolder::open(path).unwrap();
        run.describe(&json!({"seed": 1}), 1, 0, "cpu").unwrap();
        keep_original(path, &config).unwrap();
        assert_eq!(fs::read(original_path(path)).unwrap(), b"# mine\n");
        fs::write(path.join("student.safetensors"), "the run's").unwrap();
        refuse_other_files(path, &config).unwrap();
        crate::training_run::event_file::EventFile::rewrite(path, 1.0, &[]).unwrap();
        assert!(path.join("events.out.tfevents.1.host").exists());
    }
}
