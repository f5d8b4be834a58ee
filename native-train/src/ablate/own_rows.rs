//! Rows of one's own: runs of stage 1 that differ in what they learn from, measured on pictures.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use burn::tensor::Device;
use serde_json::{Map, Value};

use crate::ablate::finished_row::{Measured, finished_or, resolved};
use crate::ablate::own_row::{OwnRow, rows, student, teacher};
use crate::ablate::own_table::{Figures, OwnTable};
use crate::ablate::row_result::RowResult;
use crate::datasets::config::FaceSource;
use crate::evaluate::pictures::picture_answer::Look;
use crate::evaluate::pictures::picture_evaluation::PictureEvaluation;
use crate::evaluate::pictures::picture_selection::PictureSelection;
use crate::run_config::ablate_config::AblateConfig;
use crate::run_config::{Mode, RunConfig};
use crate::training_run::interruption::{Interrupted, Interruption};
use crate::training_run::run_folder;
use crate::training_run::run_options::RunOptions;
use crate::written_files::{WrittenFiles, is_same_file};
use crate::{atomic_file, model_store, pretrain, stdout};

/// What a row's models are measured on.
struct MeasuredSet {
    /// The config's name.
    name: String,
    pictures: PictureSelection,
}

/// Runs all rows with all seeds and prints the table.
///
/// # Errors
/// As [`super::run`].
pub(super) fn run(options: &RunOptions, config: &RunConfig, ablate: &AblateConfig) -> Result<()> {
    let sets = measured_sets(&ablate.measure)?;
    let by_seed: Vec<Vec<OwnRow>> = ablate
        .seeds
        .iter()
        .map(|seed| rows(config, ablate, *seed))
        .collect();
    let all = || by_seed.iter().flatten();
    ensure!(
        options.resume || !all().any(|row| row.config.run.is_dir()),
        "{} holds an ablation already: go on with `--resume`, or choose another `run` folder",
        config.run.display()
    );
    let original = run_folder::original_path(&config.run);
    let is_new = !config.run.is_dir() && !is_same_file(&original, &options.config);
    let planned = OwnTable::paths(&config.run).into_iter();
    let files = WrittenFiles::check_run(planned.chain(is_new.then_some(original)))?;
    let device = options.device.open_and_say()?.device;
    atomic_file::make_folder(&config.run)?;
    // Rows that were run with another config are refused before anything is changed.
    for own in all()
        .flat_map(|row| [Some(&row.config), row.start.as_ref()])
        .flatten()
    {
        RowResult::find(&own.run, &resolved(own)?)?;
    }
    run_folder::keep_original(&config.run, &options.config)?;
    let interruption = Interruption::listen()?;
    let ablation = Ablation {
        sets: &sets,
        is_whole: config.data.faces == FaceSource::Whole,
        device: &device,
        interruption: &interruption,
    };
    let mut results = Vec::new();
    let names: Vec<String> = sets.iter().map(|set| set.name.clone()).collect();
    let mut table = OwnTable::new(&ablate.rows, names, ablation.is_whole);
    for rows in &by_seed {
        let mut renewed = HashSet::new();
        for row in rows {
            if interruption.is_wished() {
                return Err(Interrupted { step: 0 }.into());
            }
            let (result, is_new) = ablation.row(row, &renewed)?;
            renewed.extend(is_new);
            results.push(result);
        }
        // What is known so far is not lost with what comes.
        table.fill(&results)?;
        table.write(&config.run, &files)?;
    }
    stdout::text(format_args!("{}", table.markdown()));
    Ok(())
}

/// What all rows are run with.
struct Ablation<'a> {
    sets: &'a [MeasuredSet],
    /// Whether pictures are measured whole.
    is_whole: bool,
    device: &'a Device,
    interruption: &'a Interruption,
}

impl Ablation<'_> {
    /// A row and what it starts from, unless they are finished; and the start's folder where that was run now.
    fn row(&self, row: &OwnRow, renewed: &HashSet<PathBuf>) -> Result<(RowResult, Option<PathBuf>)> {
        let mut new_start = None;
        if let Some(start) = &row.start {
            let title = format!("start of `{}`, labels alone", row.row.title);
            let (_, is_new) = self.run_of(start, "start", &title)?;
            new_start = is_new.then(|| start.run.clone());
            if (is_new || renewed.contains(&start.run)) && row.config.run.is_dir() {
                tracing::info!(
                    "seed {}, {}: what it stands on was run again, and so is this row",
                    row.config.seed,
                    row.row.title
                );
                let run = &row.config.run;
                std::fs::remove_dir_all(run)
                    .with_context(|| format!("{} cannot be removed", run.display()))?;
            }
        }
        let (result, _) = self.run_of(&row.config, &row.row.name, &row.row.title)?;
        Ok((result, new_start))
    }

    fn run_of(&self, config: &RunConfig, name: &str, title: &str) -> Result<(RowResult, bool)> {
        finished_or(config, name, title, || {
            let data = pretrain::read_data(config, self.device)?;
            pretrain::train(config, &data, true, self.device, self.interruption)?;
            self.measured(config)
        })
    }

    fn measured(&self, config: &RunConfig) -> Result<Measured> {
        let student = self.of_model(&student(config))?;
        let mut report = Map::new();
        let first = student.first().map(|(_, evaluation)| evaluation.figures.clone());
        let first = first.context("nothing is measured")?;
        report.insert("student".to_owned(), figures(&student)?);
        if config.mode == Mode::SemiSupervised {
            report.insert("teacher".to_owned(), figures(&self.of_model(&teacher(config))?)?);
        }
        Ok(Measured {
            macro_f1: first.macro_f1,
            confusion: first.confusion,
            report: Value::Object(report),
        })
    }

    fn of_model(&self, path: &Path) -> Result<Vec<(&str, PictureEvaluation)>> {
        let model = model_store::read(path)?;
        let look = Look {
            whole_frame: self.is_whole,
            grey: false,
        };
        let sets = self.sets.iter().map(|set| {
            let evaluation = PictureEvaluation::measure(&set.pictures, &model, look, self.device)?;
            Ok((set.name.as_str(), evaluation))
        });
        sets.collect()
    }
}

fn figures(measured: &[(&str, PictureEvaluation)]) -> Result<Value> {
    let figures = measured.iter().map(|(name, evaluation)| {
        let figures = serde_json::to_value(Figures::of(&evaluation.figures))?;
        Ok(((*name).to_owned(), figures))
    });
    figures.collect::<Result<Map<String, Value>>>().map(Value::Object)
}

fn measured_sets(paths: &[PathBuf]) -> Result<Vec<MeasuredSet>> {
    let read = |path: &PathBuf| -> Result<MeasuredSet> {
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let is_config = path.extension().is_some_and(|ending| ending == "toml");
        let pictures = if is_config {
            PictureSelection::of_config(&RunConfig::read(path)?)?
        } else {
            Some(PictureSelection::of_path(path)?)
        };
        let pictures =
            pictures.with_context(|| format!("{} has no pictures that are measured", path.display()))?;
        Ok(MeasuredSet { name, pictures })
    };
    let sets: Vec<MeasuredSet> = paths.iter().map(read).collect::<Result<_>>()?;
    let names: HashSet<&str> = sets.iter().map(|set| set.name.as_str()).collect();
    ensure!(
        names.len() == sets.len(),
        "`ablate.measure` names two files with one name: the table tells them apart by it"
    );
    Ok(sets)
}
