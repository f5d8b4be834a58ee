//! What a finished row leaves behind, so that it is not run again.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::atomic_file;
use crate::training_run::config_change;

/// A row with one seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowResult {
    /// Which row, by the name that it has in files.
    pub row: String,
    /// Of which seed.
    pub seed: u64,
    /// Macro F1, 0 to 1: over the frames of the validation videos, or of a row of one's own over the first of what it is
    /// measured on.
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

    /// The result that is there, `None` where the row is not finished. The ablation's folder may have moved since.
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
        config_change::allowed(&from_the_run_on(&found.config), &from_the_run_on(config), &[])
            .with_context(|| format!("the row in {}", folder.display()))?;
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

/// A row's config whose paths within the ablation's folder begin with `<run>` in that folder's place.
fn from_the_run_on(config: &Value) -> Value {
    let folder = config.get("run").and_then(Value::as_str).unwrap_or_default();
    // A row's folder is `<run>/seed-N/ROW`.
    match Path::new(folder).ancestors().nth(2) {
        Some(run) => within(run, config),
        None => config.clone(),
    }
}

fn within(run: &Path, value: &Value) -> Value {
    match value {
        Value::String(text) => match Path::new(text).strip_prefix(run) {
            // Where the run is the working folder itself, each relative path is in it.
            Ok(inner) if !run.as_os_str().is_empty() => {
                Value::String(Path::new("<run>").join(inner).display().to_string())
            }
            _ => value.clone(),
        },
        Value::Array(items) => items.iter().map(|item| within(run, item)).collect(),
        Value::Object(fields) => {
            let fields = fields.iter();
            fields
                .map(|(name, field)| (name.clone(), within(run, field)))
                .collect()
        }
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_moved_folder_is_the_same_and_a_moved_start_is_another() {
        let config = |run: &str, start: &str| {
            json!({
                "run": format!("{run}/seed-3/4-temporal"),
                "model": {"start": start},
                "refine": {"start": format!("{run}/seed-3/3-ssl-faces/student.safetensors")},
                "data": {"source": [{"path": "faces"}]},
            })
        };
        let same = |one: Value, other: Value| from_the_run_on(&one) == from_the_run_on(&other);
        assert!(same(
            config("run", "run/seed-3/0-start/m"),
            config("/disk/2/run", "/disk/2/run/seed-3/0-start/m")
        ));
        assert!(!same(
            config("run", "a.safetensors"),
            config("run", "b.safetensors")
        ));
        assert!(!same(config("run", "runs/m"), config("else", "else/m")));
    }
}
