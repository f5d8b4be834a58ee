//! What a finished row leaves behind, so that it is not run again.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ablate::row::Row;
use crate::atomic_file;

/// A row with one seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowResult {
    /// Which row.
    pub row: Row,
    /// Of which seed.
    pub seed: u64,
    /// Macro F1 over the frames of the validation videos, 0 to 1.
    pub macro_f1: f64,
    /// All figures of these labels.
    pub report: Value,
    /// Seconds that the row took, reused parts not counted.
    pub seconds: f64,
    /// The config as resolved.
    pub config: Value,
}

impl RowResult {
    /// The file in a row's folder.
    #[must_use]
    pub fn path_in(folder: &Path) -> PathBuf {
        folder.join("row.json")
    }

    /// The result that is there, `None` where the row is not finished.
    ///
    /// # Errors
    /// When it cannot be read, or belongs to another config.
    pub fn find(folder: &Path, config: &Value) -> Result<Option<Self>> {
        let path = Self::path_in(folder);
        if !path.is_file() {
            return Ok(None);
        }
        let fail = || {
            format!(
                "the result {} cannot be read; delete it to run the row again",
                path.display()
            )
        };
        let bytes = std::fs::read(&path).with_context(fail)?;
        let found: Self = serde_json::from_slice(&bytes).with_context(fail)?;
        // What was written went through text, which may change the last bit of a number.
        let config: Value = serde_json::from_str(&config.to_string())?;
        ensure!(
            found.config == config,
            "{} was run with another config: use that one, or another `run` folder",
            folder.display()
        );
        Ok(Some(found))
    }

    /// Writes the result into the row's folder.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        atomic_file::write(&Self::path_in(folder), &serde_json::to_vec_pretty(self)?)
    }
}
