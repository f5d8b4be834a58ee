//! What teacher and student of an ablation start from: a network that has learned from the labels alone.

use crate::ablate::row::Row;
use crate::ablate::start_folder::folder;
use crate::run_config::ablate_config::StartConfig;
use crate::run_config::{Mode, RunConfig};

/// The run's own config, for one seed.
#[must_use]
pub fn config(start: &StartConfig, whole: &RunConfig, seed: u64) -> RunConfig {
    let mut config = Row::Ssl.config(whole, seed);
    config.mode = Mode::Supervised;
    config.run = folder(&whole.run, seed);
    config.note = format!("What the rows with SSL of an ablation start from. {}", whole.note);
    config.model.start.clone_from(&whole.model.start);
    config.training.steps = start.steps;
    config.training.rate = start.rate;
    config
}
