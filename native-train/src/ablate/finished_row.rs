//! A row that is run unless it was finished before.

use std::time::Instant;

use anyhow::{Context as _, Result};
use serde_json::Value;
use shared_model::metrics::ConfusionMatrix;

use crate::ablate::row_result::RowResult;
use crate::atomic_file;
use crate::plots::confusion_picture::write_confusion_matrix;
use crate::run_config::RunConfig;

/// What a row's model is worth.
pub(super) struct Measured {
    /// 0 to 1.
    pub(super) macro_f1: f64,
    /// What `macro_f1` follows from.
    pub(super) confusion: ConfusionMatrix,
    /// All figures.
    pub(super) report: Value,
}

/// The result that lies in the config's folder, or that of `run`, which is then written there; and whether it was run.
pub(super) fn finished_or(
    config: &RunConfig,
    name: &str,
    title: &str,
    run: impl FnOnce() -> Result<Measured>,
) -> Result<(RowResult, bool)> {
    let (seed, resolved) = (config.seed, resolved(config)?);
    atomic_file::make_folder(&config.run)?;
    if let Some(found) = RowResult::find(&config.run, &resolved)? {
        tracing::info!(
            "seed {seed}, {title}: {:.2} (finished before)",
            100.0 * found.macro_f1
        );
        return Ok((found, false));
    }
    tracing::info!("seed {seed}, {title}: begins");
    let started = Instant::now();
    write_config(config)?;
    let measured = run()?;
    let caption = format!("{title}: macro F1 {:.4}", measured.macro_f1);
    let base = config.run.join("confusion");
    write_confusion_matrix(&base, &caption, &measured.confusion, &atomic_file::write)?;
    let result = RowResult {
        row: name.to_owned(),
        seed,
        macro_f1: measured.macro_f1,
        report: measured.report,
        seconds: started.elapsed().as_secs_f64(),
        config: resolved,
    };
    result.write(&config.run)?;
    tracing::info!(
        "seed {seed}, {title}: {:.2} ({:.0} s)",
        100.0 * result.macro_f1,
        result.seconds
    );
    Ok((result, true))
}

/// Writes the row's config as `mien pretrain` and `mien refine` take it.
fn write_config(config: &RunConfig) -> Result<()> {
    let mut table = toml::Table::try_from(config).context("the row's config")?;
    if let Some(refine) = &config.refine {
        table.insert("refine".to_owned(), toml::Value::try_from(refine)?);
    }
    let text = toml::to_string_pretty(&table)?;
    atomic_file::write(&config.run.join("row.toml"), text.as_bytes())
}

/// The row's config with its second stage, which a stage-1 config leaves out.
pub(super) fn resolved(config: &RunConfig) -> Result<Value> {
    let mut resolved = serde_json::to_value(config)?;
    if let (Value::Object(fields), Some(refine)) = (&mut resolved, &config.refine) {
        fields.insert("refine".to_owned(), serde_json::to_value(refine)?);
    }
    Ok(resolved)
}
