//! What one machine did of the whole work: written beside its results, so that a merge can tell what is missing.

use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::shard::Shard;
use crate::video_evaluation::tally::Tally;
use crate::written_files::{WrittenFiles, sha256};

const VERSION: u32 = 1;

/// One share's account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    version: u32,
    /// Which share, from 0.
    pub shard: usize,
    /// Shares in all.
    pub shards: usize,
    /// What all shares must agree on: model and options.
    pub settings: serde_json::Value,
    /// All inputs of all shares, in order.
    pub inputs: Vec<PathBuf>,
    /// What this share analysed wholly, in order.
    pub done: Vec<Done>,
    /// Of an evaluation: what it counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tally: Option<Tally>,
}

/// One input and the names of its results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// As it was given.
    pub input: PathBuf,
    /// From the manifest's folder on, and inside of it.
    pub files: Vec<PathBuf>,
}

impl Manifest {
    /// An account without results.
    #[must_use]
    pub fn new(shard: Shard, settings: serde_json::Value, inputs: &[PathBuf]) -> Self {
        Self {
            version: VERSION,
            shard: shard.index,
            shards: shard.count,
            settings,
            inputs: inputs.to_vec(),
            done: Vec::new(),
            tally: None,
        }
    }

    /// Its file's name in a folder.
    #[must_use]
    pub fn file_name(shard: Shard) -> String {
        format!("shard-{}-of-{}.json", shard.index, shard.count)
    }

    /// Writes it into `folder` under [`Manifest::file_name`].
    ///
    /// # Errors
    /// When it cannot be written, or another's file has its name.
    pub fn write(&self, folder: &Path, files: &WrittenFiles) -> Result<()> {
        let name = Self::file_name(Shard {
            index: self.shard,
            count: self.shards,
        });
        files.write(&folder.join(name), &serde_json::to_vec_pretty(self)?)
    }

    /// All accounts in `folder`, by name.
    ///
    /// # Errors
    /// When there is none, or one cannot be read.
    pub fn read_all(folder: &Path) -> Result<Vec<Self>> {
        let entries =
            std::fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry
                .with_context(|| format!("{} cannot be read", folder.display()))?
                .path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            if name.is_some_and(|name| is_manifest(&name)) {
                paths.push(path);
            }
        }
        ensure!(
            !paths.is_empty(),
            "{} holds no shard-I-of-N.json: it is not the finished output of `mien analyze --shard I/N` or `mien evaluate --shard I/N`",
            folder.display()
        );
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let found: Self = serde_json::from_slice(&bytes)
            .with_context(|| format!("{} is no account of a shard", path.display()))?;
        ensure!(
            found.version == VERSION,
            "{} is of version {}; this program reads version {VERSION}",
            path.display(),
            found.version
        );
        for file in found.done.iter().flat_map(|done| &done.files) {
            let inside = file.components().all(|part| matches!(part, Component::Normal(_)));
            ensure!(
                inside && file.file_name().is_some(),
                "{} names the result {}, which is not inside of its folder",
                path.display(),
                file.display()
            );
        }
        Ok(found)
    }
}

/// What two machines' models must agree on: name and content of the file.
///
/// # Errors
/// When the file cannot be read.
pub fn identity(model: &Path) -> Result<Value> {
    let bytes = std::fs::read(model).with_context(|| format!("{} cannot be read", model.display()))?;
    Ok(json!({"file": model.file_name().map(|name| name.to_string_lossy()), "sha256": sha256(&bytes)}))
}

fn is_manifest(name: &str) -> bool {
    let middle = name
        .strip_prefix("shard-")
        .and_then(|rest| rest.strip_suffix(".json"));
    let numbers = middle.and_then(|middle| middle.split_once("-of-"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    numbers.is_some_and(|(shard, shards)| is_number(shard) && is_number(shards))
}
