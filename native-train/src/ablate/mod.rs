//! `mien ablate`: the rows of the paper's Table 1, each from its own run.

pub mod config;

pub mod row;
pub mod row_result;
pub mod start;

pub mod table;

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use burn::tensor::Device;
use serde_json::Value;
use shared_model::metrics::Report;

use crate::datasets::config::{SourceKind, SourceUse};
use crate::evaluate::figures::compare;
use crate::evaluate::predict_on;
use crate::evaluate::predicted_video::PredictedVideo;
use crate::plots::confusion_picture::write_confusion_matrix;
use crate::pretrain::config::PretrainConfig;
use crate::training_run::interruption::{Interrupted, Interruption};
use crate::training_run::run_folder;
use crate::training_run::run_options::RunOptions;
use crate::{atomic_file, model_store, pretrain, refine, stdout, synth};
use config::AblateConfig;
use row::Row;
use row_result::RowResult;
use table::AblationTable;

/// Runs all rows with all seeds and prints the table.
///
/// # Errors
/// On a bad config or data, when a row's training fails, and [`Interrupted`].
pub fn run(options: &RunOptions) -> Result<()> {
    let config = PretrainConfig::read(&options.config)?;
    check_sources(&config)?;
    let ablate = config.ablate.clone().unwrap_or_default();
    let device = options.device.open_and_say()?.device;
    atomic_file::make_folder(&config.run)?;
    let begun = ablate
        .seeds
        .iter()
        .any(|seed| Row::Baseline.folder(&config.run, *seed).is_dir());
    ensure!(
        options.resume || !begun,
        "{} holds an ablation already: go on with `--resume`, or choose another `run` folder",
        config.run.display()
    );
    run_folder::keep_original(&config.run, &options.config)?;
    let interruption = Interruption::listen()?;
    let data = prepare(&ablate)?;
    let (mut starts, mut results) = (Vec::new(), Vec::new());
    for seed in &ablate.seeds {
        if let Some(start) = &ablate.start {
            starts.push(begin(&start.config(&config, *seed), &device, &interruption)?);
        }
        for row in Row::ALL {
            if interruption.is_wished() {
                return Err(Interrupted { step: 0 }.into());
            }
            results.push(one(row, *seed, &config, &device, &interruption)?);
        }
        // What is known so far is not lost with what comes.
        AblationTable::new(data.clone(), &starts, &results).write(&config.run)?;
    }
    stdout::text(format_args!(
        "{}",
        AblationTable::new(data, &starts, &results).markdown()
    ));
    Ok(())
}

/// The rows need videos to learn from and other videos to be measured on.
fn check_sources(config: &PretrainConfig) -> Result<()> {
    for (wanted, word) in [
        (SourceUse::Labelled, "labelled"),
        (SourceUse::Validation, "validation"),
    ] {
        let mut sources = config.data.sources.iter();
        ensure!(
            sources.any(|source| source.kind == SourceKind::AffWild2 && source.role == wanted),
            "the table needs a `[[data.source]]` with kind = \"affwild2\" and use = \"{word}\"; \
             native-train/configs/synthetic-small.toml shows one of each"
        );
    }
    Ok(())
}

/// Renders what is asked for, unless it is there, and says what the figures are measured on.
fn prepare(ablate: &AblateConfig) -> Result<String> {
    let Some(folder) = &ablate.synthetic_folder else {
        return Ok("Macro F1 in percent on the validation videos of the config.".to_owned());
    };
    let marker = folder.join("spec.json");
    let wanted = serde_json::to_value(&ablate.synthetic)?;
    if marker.is_file() {
        let bytes = std::fs::read(&marker).with_context(|| format!("{} cannot be read", marker.display()))?;
        ensure!(
            serde_json::from_slice::<Value>(&bytes).ok().as_ref() == Some(&wanted),
            "{} holds faces that were rendered otherwise: choose another `ablate.synthetic_folder`, or delete it",
            folder.display()
        );
        eprintln!("synthetic faces: {} is there already", folder.display());
    } else {
        atomic_file::make_folder(folder)?;
        eprintln!("synthetic faces: rendering to {}", folder.display());
        let started = Instant::now();
        let summary = synth::generate(&ablate.synthetic, folder)?;
        // The folder is there whole or not at all; this says what it was rendered from.
        atomic_file::write(&marker, &serde_json::to_vec_pretty(&wanted)?)?;
        eprintln!(
            "synthetic faces: {} in {:.0} s",
            serde_json::to_string(&summary)?,
            started.elapsed().as_secs_f64()
        );
    }
    Ok(
        "Macro F1 in percent on rendered (synthetic) validation videos: it measures how well our own recipes of \
         expressions are recovered, and says nothing about people."
            .to_owned(),
    )
}

/// What the rows with SSL start from, from its folder if it is finished.
fn begin(config: &PretrainConfig, device: &Device, interruption: &Interruption) -> Result<RowResult> {
    let title = "start of the rows with SSL, labels alone";
    finished_or(config, Row::Ssl, title, || {
        let data = pretrain::read_data(config, device)?;
        pretrain::train(config, &data, true, device, interruption)?;
        let model = model_store::read(&config.run.join("student.safetensors"))?;
        let [_, validation] = refine::videos_of(config)?;
        Ok(compare(
            &predict_on(&validation, &model, device)?,
            PredictedVideo::raw,
        ))
    })
}

/// One row with one seed, from its folder if it is finished.
fn one(
    row: Row,
    seed: u64,
    whole: &PretrainConfig,
    device: &Device,
    interruption: &Interruption,
) -> Result<RowResult> {
    let config = row.config(whole, seed);
    finished_or(&config, row, row.title(), || {
        match row {
            Row::Baseline | Row::Ssl | Row::SslFaces => {
                let data = pretrain::read_data(&config, device)?;
                pretrain::train(&config, &data, true, device, interruption)?;
            }
            Row::Temporal => {
                let data = refine::read_data(&config, device)?;
                refine::train(&config, &data, true, device, interruption)?;
            }
            Row::PostProcess => {}
        }
        evaluate(row, seed, whole, &config, device)
    })
}

/// The result that lies in the config's folder, or that of `run`, which is then written there.
fn finished_or(
    config: &PretrainConfig,
    row: Row,
    title: &str,
    run: impl FnOnce() -> Result<Report>,
) -> Result<RowResult> {
    let (seed, resolved) = (config.seed, resolved(config)?);
    atomic_file::make_folder(&config.run)?;
    if let Some(found) = RowResult::find(&config.run, &resolved)? {
        eprintln!(
            "seed {seed}, {title}: {:.2} (finished before)",
            100.0 * found.macro_f1
        );
        return Ok(found);
    }
    eprintln!("seed {seed}, {title}: begins");
    let started = Instant::now();
    write_config(config)?;
    let report = run()?;
    let caption = format!("{title}: macro F1 {:.4}", report.macro_f1);
    write_confusion_matrix(&config.run.join("confusion"), &caption, &report.confusion)?;
    let result = RowResult {
        row,
        seed,
        macro_f1: report.macro_f1,
        report: serde_json::to_value(&report)?,
        seconds: started.elapsed().as_secs_f64(),
        config: resolved,
    };
    result.write(&config.run)?;
    eprintln!(
        "seed {seed}, {title}: {:.2} ({:.0} s)",
        100.0 * result.macro_f1,
        result.seconds
    );
    Ok(result)
}

/// The row's labels on all annotated frames of the validation videos.
fn evaluate(
    row: Row,
    seed: u64,
    whole: &PretrainConfig,
    config: &PretrainConfig,
    device: &Device,
) -> Result<Report> {
    let model = model_store::read(&row.model(&whole.run, seed))?;
    let [_, validation] = refine::videos_of(config)?;
    let predicted = predict_on(&validation, &model, device)?;
    let refine = whole.refine();
    Ok(match row {
        Row::Baseline | Row::Ssl | Row::SslFaces => compare(&predicted, PredictedVideo::raw),
        Row::Temporal => compare(&predicted, PredictedVideo::refined),
        Row::PostProcess => compare(&predicted, |video| {
            video.smoothed(refine.smoothing, refine.window)
        }),
    })
}

/// Writes the row's config as `mien pretrain` and `mien refine` take it.
fn write_config(config: &PretrainConfig) -> Result<()> {
    let mut table = toml::Table::try_from(config).context("the row's config")?;
    if let Some(refine) = &config.refine {
        table.insert("refine".to_owned(), toml::Value::try_from(refine)?);
    }
    let text = toml::to_string_pretty(&table)?;
    atomic_file::write(&config.run.join("row.toml"), text.as_bytes())
}

/// The row's config with its second stage, which a stage-1 config leaves out.
fn resolved(config: &PretrainConfig) -> Result<Value> {
    let mut resolved = serde_json::to_value(config)?;
    if let (Value::Object(fields), Some(refine)) = (&mut resolved, &config.refine) {
        fields.insert("refine".to_owned(), serde_json::to_value(refine)?);
    }
    Ok(resolved)
}
