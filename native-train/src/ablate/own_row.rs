//! How the config of a row of one's own, and of what it starts from, follows from the whole.

use std::path::PathBuf;

use crate::datasets::config::SourceUse;
use crate::run_config::ablate_config::{AblateConfig, RowConfig, StartConfig};
use crate::run_config::{Mode, RunConfig};

/// A row with one seed.
#[derive(Debug, Clone)]
pub(super) struct OwnRow {
    pub(super) row: RowConfig,
    /// Its run.
    pub(super) config: RunConfig,
    /// The run that it starts from; rows with the same labelled pictures share it.
    pub(super) start: Option<RunConfig>,
}

/// All rows with one seed, in the config's order.
pub(super) fn rows(whole: &RunConfig, ablate: &AblateConfig, seed: u64) -> Vec<OwnRow> {
    let mut rows: Vec<OwnRow> = Vec::with_capacity(ablate.rows.len());
    for row in &ablate.rows {
        let mut config = config(whole, row, seed);
        let start = ablate.start.as_ref().map(|start| {
            let own = start_config(whole, start, row, &config);
            let same = rows.iter().filter_map(|before| before.start.as_ref());
            let mut same = same.filter(|before| before.data == own.data);
            same.next().cloned().unwrap_or(own)
        });
        if let Some(start) = &start {
            config.model.start = Some(student(start));
        }
        rows.push(OwnRow {
            row: row.clone(),
            config,
            start,
        });
    }
    rows
}

/// The model that a run of stage 1 leaves.
pub(super) fn student(config: &RunConfig) -> PathBuf {
    config.run.join("student.safetensors")
}

/// The teacher that a run of teacher and student leaves.
pub(super) fn teacher(config: &RunConfig) -> PathBuf {
    config.run.join("teacher.safetensors")
}

fn seed_folder(whole: &RunConfig, seed: u64) -> PathBuf {
    whole.run.join(format!("seed-{seed}"))
}

fn config(whole: &RunConfig, row: &RowConfig, seed: u64) -> RunConfig {
    let mut config = whole.clone();
    config.run = seed_folder(whole, seed).join(&row.name);
    config.seed = seed;
    config.note = format!("Row `{}` of an ablation. {}", row.title, whole.note);
    (config.ablate, config.temporal, config.refine) = (None, None, None);
    config.mode = row.mode;
    config.data.sources.retain(|source| {
        let is_named = source
            .name
            .as_ref()
            .is_some_and(|name| row.sources.contains(name));
        source.role == SourceUse::Validation || is_named
    });
    if let Some(quota) = row.quota {
        let sources = config.data.sources.iter_mut();
        sources
            .filter_map(|source| source.quota.as_mut())
            .for_each(|own| *own = quota);
    }
    if let Some(semi_supervised) = &row.semi_supervised {
        config.semi_supervised = semi_supervised.clone();
    }
    config
}

/// Labels alone, those of the row.
fn start_config(whole: &RunConfig, start: &StartConfig, row: &RowConfig, of_row: &RunConfig) -> RunConfig {
    let mut config = of_row.clone();
    config.run = seed_folder(whole, of_row.seed).join(format!("start-{}", row.name));
    config.note = format!("What rows of an ablation start from. {}", whole.note);
    config.mode = Mode::Supervised;
    config
        .data
        .sources
        .retain(|source| source.role != SourceUse::Unlabelled);
    config.training.steps = start.steps;
    config.training.steps_an_epoch = start.steps;
    config.training.rate = start.rate;
    config.semi_supervised = whole.semi_supervised.clone();
    config
}
