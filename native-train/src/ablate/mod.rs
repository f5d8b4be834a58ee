//! `mien ablate`: the rows of the paper's Table 1, each from its own run, or rows of one's own (`own_rows.rs`).

mod finished_row;
mod own_row;
mod own_rows;
mod own_table;
pub mod row;
pub mod row_result;
pub mod start;
mod start_folder;
pub mod table;

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use burn::tensor::Device;
use serde_json::Value;
use shared_model::metrics::Report;

use crate::backbone_features::labelled_videos::videos_of;
use crate::datasets::config::SourceUse;
use crate::datasets::source_kind::SourceKind;
use crate::run_config::RunConfig;
use crate::run_config::ablate_config::AblateConfig;
use crate::training_run::interruption::{Interrupted, Interruption};
use crate::training_run::run_folder;
use crate::training_run::run_options::RunOptions;
use crate::video_evaluation::figures::compare;
use crate::video_evaluation::predicted_video::PredictedVideo;
use crate::video_evaluation::prediction::predict_on;
use crate::written_files::{WrittenFiles, is_same_file};
use crate::{atomic_file, model_store, pretrain, refine, stdout, synth};
use finished_row::{Measured, finished_or, resolved};
use row::Row;
use row_result::RowResult;
use table::AblationTable;

/// Runs all rows with all seeds and prints the table.
///
/// # Errors
/// On a bad config or data, when a row's training fails, and [`Interrupted`].
pub fn run(options: &RunOptions) -> Result<()> {
    let config = RunConfig::read(&options.config)?;
    let ablate = config.ablate.clone().unwrap_or_default();
    if !ablate.rows.is_empty() {
        return own_rows::run(options, &config, &ablate);
    }
    check_sources(&config)?;
    let begun = ablate
        .seeds
        .iter()
        .any(|seed| Row::Baseline.folder(&config.run, *seed).is_dir());
    ensure!(
        options.resume || !begun,
        "{} holds an ablation already: go on with `--resume`, or choose another `run` folder",
        config.run.display()
    );
    let original = run_folder::original_path(&config.run);
    let is_new = !begun && !is_same_file(&original, &options.config);
    let planned = AblationTable::paths(&config.run).into_iter();
    let files = WrittenFiles::check_run(planned.chain(is_new.then_some(original)))?;
    let device = options.device.open_and_say()?.device;
    atomic_file::make_folder(&config.run)?;
    check_finished(&config, &ablate)?;
    run_folder::keep_original(&config.run, &options.config)?;
    let interruption = Interruption::listen()?;
    let data = prepare(&ablate)?;
    let (mut starts, mut results) = (Vec::new(), Vec::new());
    for seed in &ablate.seeds {
        let mut renewed = Renewed::default();
        if let Some(start) = &ablate.start {
            let (start, is_new) = begin(&start::config(start, &config, *seed), &device, &interruption)?;
            starts.push(start);
            renewed.start = is_new;
        }
        for row in Row::ALL {
            if interruption.is_wished() {
                return Err(Interrupted { step: 0 }.into());
            }
            let row_config = row.config(&config, *seed);
            if renewed.under(row) {
                run_again(&row_config, row.title())?;
            }
            let (result, is_new) = one(row, *seed, &config, &row_config, &device, &interruption)?;
            results.push(result);
            renewed.note(row, is_new);
        }
        // What is known so far is not lost with what comes.
        AblationTable::new(data.clone(), &starts, &results).write(&config.run, &files)?;
    }
    stdout::text(format_args!(
        "{}",
        AblationTable::new(data, &starts, &results).markdown()
    ));
    Ok(())
}

/// What was run anew for a seed, so that what was finished on top of it is no longer true.
#[derive(Debug, Default)]
struct Renewed {
    start: bool,
    faces: bool,
    temporal: bool,
}

impl Renewed {
    /// Whether something that the row stands on was run anew.
    fn under(&self, row: Row) -> bool {
        match row {
            Row::Baseline => false,
            Row::Ssl | Row::SslFaces => self.start,
            Row::Temporal => self.faces,
            Row::PostProcess => self.temporal,
        }
    }

    fn note(&mut self, row: Row, is_new: bool) {
        match row {
            Row::Baseline | Row::Ssl | Row::PostProcess => {}
            Row::SslFaces => self.faces = is_new,
            Row::Temporal => self.temporal = is_new,
        }
    }
}

/// Takes away a row that was run on what is there no more.
fn run_again(config: &RunConfig, title: &str) -> Result<()> {
    if !config.run.is_dir() {
        return Ok(());
    }
    tracing::info!(
        "seed {}, {title}: what it stands on was run again, and so is this row",
        config.seed
    );
    std::fs::remove_dir_all(&config.run)
        .with_context(|| format!("{} cannot be removed", config.run.display()))
}

/// Refuses rows that were run with another config before anything is changed.
fn check_finished(config: &RunConfig, ablate: &AblateConfig) -> Result<()> {
    for seed in &ablate.seeds {
        let start = ablate
            .start
            .iter()
            .map(|start| start::config(start, config, *seed));
        for own in start.chain(Row::ALL.map(|row| row.config(config, *seed))) {
            RowResult::find(&own.run, &resolved(&own)?)?;
        }
    }
    Ok(())
}

/// The rows need videos to learn from, other videos to be measured on, and for the third pictures without labels.
fn check_sources(config: &RunConfig) -> Result<()> {
    for (wanted, word) in [
        (SourceUse::Labelled, "labelled"),
        (SourceUse::Validation, "validation"),
    ] {
        let mut sources = config.data.sources.iter();
        ensure!(
            sources.any(|source| source.kind == SourceKind::AFFWILD2 && source.role == wanted),
            "the table needs a `[[data.source]]` with kind = \"affwild2\" and use = \"{word}\"; \
             native-train/configs/synthetic-small.toml shows one of each"
        );
    }
    let sources = config.data.all_sources();
    ensure!(
        sources.iter().any(|source| source.role == SourceUse::Unlabelled),
        "the row `{}` needs a `[[data.source]]` with use = \"unlabelled\"",
        Row::SslFaces.title()
    );
    let folder = config
        .ablate
        .as_ref()
        .and_then(|ablate| ablate.synthetic_folder.as_ref());
    if let Some(folder) = folder {
        let mut paths = sources
            .iter()
            .flat_map(|source| [&source.path, &source.pictures, &source.annotations])
            .flatten();
        ensure!(
            paths.any(|path| path.starts_with(folder)),
            "no `[[data.source]]` lies in `ablate.synthetic_folder` ({}): what is rendered there would not be used",
            folder.display()
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
        tracing::info!("synthetic faces: {} is there already", folder.display());
    } else {
        atomic_file::make_folder(folder)?;
        tracing::info!("synthetic faces: rendering to {}", folder.display());
        let started = Instant::now();
        let summary = synth::generate(&ablate.synthetic, folder)?;
        // The folder is there whole or not at all; this says what it was rendered from.
        atomic_file::write(&marker, &serde_json::to_vec_pretty(&wanted)?)?;
        tracing::info!(
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

/// What the rows with SSL start from, from its folder if it is finished; and whether it was run now.
fn begin(config: &RunConfig, device: &Device, interruption: &Interruption) -> Result<(RowResult, bool)> {
    let title = "start of the rows with SSL, labels alone";
    finished_or(config, Row::Ssl.name(), title, || {
        let data = pretrain::read_data(config, device)?;
        pretrain::train(config, &data, true, device, interruption)?;
        let model = model_store::read(&config.run.join("student.safetensors"))?;
        let [_, validation] = videos_of(config)?;
        measured(&compare(
            &predict_on(&validation, &model, device)?,
            PredictedVideo::raw,
        ))
    })
}

/// One row with one seed, from its folder if it is finished; and whether it was run now.
fn one(
    row: Row,
    seed: u64,
    whole: &RunConfig,
    config: &RunConfig,
    device: &Device,
    interruption: &Interruption,
) -> Result<(RowResult, bool)> {
    finished_or(config, row.name(), row.title(), || {
        match row {
            Row::Baseline | Row::Ssl | Row::SslFaces => {
                let data = pretrain::read_data(config, device)?;
                pretrain::train(config, &data, true, device, interruption)?;
            }
            Row::Temporal => {
                let data = refine::read_data(config, device)?;
                refine::train(config, &data, true, device, interruption)?;
            }
            Row::PostProcess => {}
        }
        measured(&evaluate(row, seed, whole, config, device)?)
    })
}

fn measured(report: &Report) -> Result<Measured> {
    Ok(Measured {
        macro_f1: report.macro_f1,
        confusion: report.confusion.clone(),
        report: serde_json::to_value(report)?,
    })
}

/// The row's labels on all annotated frames of the validation videos.
fn evaluate(row: Row, seed: u64, whole: &RunConfig, config: &RunConfig, device: &Device) -> Result<Report> {
    let model = model_store::read(&row.model(&whole.run, seed))?;
    let [_, validation] = videos_of(config)?;
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
