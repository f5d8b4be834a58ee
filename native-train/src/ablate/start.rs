//! What teacher and student of an ablation start from: a network that has learned from the labels alone.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use crate::ablate::row::Row;
use crate::pretrain::config::{Mode, PretrainConfig};

/// The `[ablate.start]` table. From random weights the method's losses need many steps before the
/// teacher's answers are worth following; where there is no time for them (nor a backbone that was trained
/// elsewhere), the rows with SSL start from this run, which sees the labelled pictures of row `Ssl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartConfig {
    /// Steps in all.
    pub steps: u64,
    /// Learning rate at the start; it falls to 0 along a cosine.
    pub rate: f64,
}

impl StartConfig {
    /// # Errors
    /// On a value out of its range, named with what was expected.
    pub fn check(&self) -> Result<()> {
        ensure!(
            self.steps > 0,
            "`ablate.start.steps` is 0, expected 1 or more; leave `[ablate.start]` out to start from random weights"
        );
        ensure!(
            self.rate > 0.0 && self.rate.is_finite(),
            "`ablate.start.rate` is {}, expected a number above 0",
            self.rate
        );
        Ok(())
    }

    /// The run's own config, for one seed.
    #[must_use]
    pub fn config(&self, whole: &PretrainConfig, seed: u64) -> PretrainConfig {
        let mut config = Row::Ssl.config(whole, seed);
        config.mode = Mode::Supervised;
        config.run = folder(&whole.run, seed);
        config.note = format!("What the rows with SSL of an ablation start from. {}", whole.note);
        config.model.start.clone_from(&whole.model.start);
        config.training.steps = self.steps;
        config.training.rate = self.rate;
        config
    }
}

/// The run's folder, for one seed.
fn folder(run: &Path, seed: u64) -> PathBuf {
    run.join(format!("seed-{seed}")).join("0-start")
}

/// The model that it leaves.
#[must_use]
pub fn model(run: &Path, seed: u64) -> PathBuf {
    folder(run, seed).join("student.safetensors")
}
