//! All that a run needs to go on: one file, whole or not there.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared_model::model_file::{Weights, read_weights};

use crate::atomic_file;
use crate::random_stream::STREAMS_VERSION;
use crate::training_run::{config_change, exact_number};

/// Where a run stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// Steps, best figure, and the config it belongs to.
    pub state: RunState,
    /// The network's weights under torchvision's names.
    pub network: Weights,
    /// The optimiser's momentum.
    pub optimiser: Weights,
}

/// The small part of a checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunState {
    /// Steps done.
    pub step: u64,
    /// Macro F1 of the best evaluation of each model, by the model's name; empty before the first.
    #[serde(with = "exact_number")]
    pub best: BTreeMap<String, f64>,
    /// Evaluations in a row that found no better model.
    #[serde(default)]
    pub stale: u64,
    /// Which random streams it was begun with: [`STREAMS_VERSION`] of the program.
    #[serde(default)]
    pub streams: u32,
    /// The config as JSON.
    pub config: Value,
}

const NETWORK: &str = "network.";
const OPTIMISER: &str = "optimiser.";

/// The checkpoint's file in a run's folder.
#[must_use]
pub fn path_in(run: &Path) -> PathBuf {
    run.join("checkpoint.safetensors")
}

/// The checkpoint of the run's best evaluation, beside the last: copied over [`path_in`] a run goes on from there.
#[must_use]
pub fn best_path_in(run: &Path) -> PathBuf {
    run.join("checkpoint-best.safetensors")
}

/// Refuses, before anything of the run is written, a `config` that its checkpoint does not belong to. `may_change` are
/// the keys that may have another value.
///
/// # Errors
/// As [`refuse_to_overwrite`] and [`Checkpoint::check_config`], and when the checkpoint cannot be read.
pub fn refuse_another_run(run: &Path, resume: bool, config: &Value, may_change: &[&str]) -> Result<()> {
    refuse_to_overwrite(run, resume)?;
    let path = path_in(run);
    if path.is_file() {
        Checkpoint::of_run(run)?.check_config(run, config, may_change)?;
    }
    Ok(())
}

/// Refuses to begin a run where there is one already.
///
/// # Errors
/// When there is a checkpoint and `resume` is not set.
pub fn refuse_to_overwrite(run: &Path, resume: bool) -> Result<()> {
    ensure!(
        resume || !path_in(run).is_file(),
        "{} holds a run already: go on with `--resume`, or choose another `run` folder",
        run.display()
    );
    Ok(())
}

impl Checkpoint {
    /// Checks that every value is a finite number.
    ///
    /// # Errors
    /// When one is not; the message names its tensor.
    pub fn check_values(&self) -> Result<()> {
        for (name, weight) in self.network.iter().chain(&self.optimiser) {
            if let Some(value) = weight.values.iter().find(|value| !value.is_finite()) {
                bail!("`{name}` holds the value {value}");
            }
        }
        Ok(())
    }

    /// Makes sure that the checkpoint of the folder `run` belongs to `config`, but for the keys that may have changed.
    ///
    /// # Errors
    /// When it does not; the message names the keys with both values.
    pub fn check_config(&self, run: &Path, config: &Value, may_change: &[&str]) -> Result<()> {
        ensure!(
            self.state.streams == STREAMS_VERSION,
            "the run in {} cannot go on: it was begun by a version of this program that drew its random numbers otherwise, so it \
             would see its pictures in another order. Go on with that version, or begin another run from the model that \
             this one has left",
            run.display()
        );
        config_change::allowed(&self.state.config, config, may_change)
            .map(|_| ())
            .with_context(|| format!("the run in {} cannot go on", run.display()))
    }

    /// The last checkpoint of the folder `run`.
    ///
    /// # Errors
    /// When it cannot be read; the message says what can take its place.
    pub fn of_run(run: &Path) -> Result<Self> {
        let best = best_path_in(run);
        Self::read(&path_in(run)).with_context(|| {
            let advice = if best.is_file() {
                format!("copy {} over it", best.display())
            } else {
                "delete it to begin at step 0".to_owned()
            };
            format!(
                "the run in {} cannot go on from its checkpoint ({advice}, or choose another `run` folder)",
                run.display()
            )
        })
    }

    /// Writes the checkpoint in place of the one before, whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        atomic_file::write(path, &self.to_bytes()?)
    }

    /// The checkpoint's file.
    ///
    /// # Errors
    /// When a weight has another number of values than its shape says.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut stored: Vec<(String, &[usize], Vec<u8>)> = Vec::new();
        for (prefix, weights) in [(NETWORK, &self.network), (OPTIMISER, &self.optimiser)] {
            for (name, weight) in weights {
                let bytes = weight.values.iter().flat_map(|v| v.to_le_bytes()).collect();
                stored.push((format!("{prefix}{name}"), &weight.shape, bytes));
            }
        }
        let views = stored
            .iter()
            .map(|(name, shape, bytes)| Ok((name, TensorView::new(Dtype::F32, shape.to_vec(), bytes)?)))
            .collect::<Result<Vec<_>>>()?;
        let fields = HashMap::from([("state".to_owned(), serde_json::to_string(&self.state)?)]);
        Ok(safetensors::serialize(views, Some(fields))?)
    }

    /// Reads a checkpoint.
    ///
    /// # Errors
    /// When the file cannot be read or is no checkpoint; the message names it.
    pub fn read(path: &Path) -> Result<Self> {
        let fail = || format!("the checkpoint {} cannot be read", path.display());
        let bytes = std::fs::read(path).with_context(fail)?;
        Self::from_bytes(&bytes).with_context(fail)
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (_, header) = SafeTensors::read_metadata(bytes)?;
        let fields = header
            .metadata()
            .as_ref()
            .context("it is no checkpoint of a run")?;
        let state = fields.get("state").context("it is no checkpoint of a run")?;
        let mut checkpoint = Self {
            state: serde_json::from_str(state).context("its state")?,
            network: Weights::new(),
            optimiser: Weights::new(),
        };
        for (name, weight) in read_weights(bytes)? {
            if let Some(name) = name.strip_prefix(NETWORK) {
                checkpoint.network.insert(name.to_owned(), weight);
            } else if let Some(name) = name.strip_prefix(OPTIMISER) {
                checkpoint.optimiser.insert(name.to_owned(), weight);
            } else {
                bail!("`{name}` is no part of a checkpoint");
            }
        }
        Ok(checkpoint)
    }
}

/// The weights with `prefix` before each name.
#[must_use]
pub fn prefixed(prefix: &str, weights: Weights) -> Weights {
    let named = weights.into_iter();
    named
        .map(|(name, weight)| (format!("{prefix}{name}"), weight))
        .collect()
}
