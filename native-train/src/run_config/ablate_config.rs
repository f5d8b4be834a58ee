//! The `[ablate]` table.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use crate::synth::SynthSpec;

/// Which runs make up the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AblateConfig {
    /// Every row is run once with each of these.
    pub seeds: Vec<u64>,
    /// Folder that rendered data is written to before the first row; the sources of `[data]` point into
    /// it. Without it nothing is rendered.
    pub synthetic_folder: Option<PathBuf>,
    /// What is rendered there.
    pub synthetic: SynthSpec,
    /// What the rows with SSL start from; without it (method) what `model.start` says, else random weights.
    pub start: Option<StartConfig>,
}

impl Default for AblateConfig {
    fn default() -> Self {
        Self {
            seeds: vec![0],
            synthetic_folder: None,
            synthetic: SynthSpec::default(),
            start: None,
        }
    }
}

impl AblateConfig {
    /// # Errors
    /// On a value out of its range, named with what was expected.
    pub fn check(&self) -> Result<()> {
        ensure!(
            !self.seeds.is_empty(),
            "`ablate.seeds` is empty, expected at least one"
        );
        let mut seeds = self.seeds.clone();
        seeds.sort_unstable();
        seeds.dedup();
        ensure!(
            seeds.len() == self.seeds.len(),
            "`ablate.seeds` names a seed twice: each must be another"
        );
        if self.synthetic_folder.is_some() {
            self.synthetic.check()?;
        }
        if let Some(start) = &self.start {
            start.check()?;
        }
        Ok(())
    }
}

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
    fn check(&self) -> Result<()> {
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
}
