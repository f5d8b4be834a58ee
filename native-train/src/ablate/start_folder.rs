//! Where the run lies that the rows with SSL start from.

use std::path::{Path, PathBuf};

/// The run's folder, for one seed.
#[must_use]
pub fn folder(run: &Path, seed: u64) -> PathBuf {
    run.join(format!("seed-{seed}")).join("0-start")
}

/// The model that it leaves.
#[must_use]
pub fn model(run: &Path, seed: u64) -> PathBuf {
    folder(run, seed).join("student.safetensors")
}
