//! The table of rows of one's own.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use shared_model::expression::Expression;

use crate::ablate::row_result::RowResult;
use crate::evaluate::pictures::picture_evaluation::PictureFigures;
use crate::run_config::Mode;
use crate::run_config::ablate_config::RowConfig;
use crate::written_files::WrittenFiles;

/// What one model says of one set of pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Figures {
    /// Share of right labels.
    pub(super) accuracy: f64,
    /// Unweighted mean of the recall of the classes that are there, without Other.
    pub(super) mean_recall: f64,
    /// Unweighted mean of the eight F1; classes that are nowhere count as 0.
    pub(super) macro_f1: f64,
    /// Recall of each class that is there, by name.
    pub(super) recall: BTreeMap<String, f64>,
}

impl Figures {
    /// Of all pictures; one without a found face counts as wrong.
    pub(super) fn of(figures: &PictureFigures) -> Self {
        let there = figures.classes.iter().filter(|class| class.support > 0);
        let recall: BTreeMap<String, f64> = there
            .map(|class| (class.class.to_owned(), class.recall))
            .collect();
        let named = recall
            .iter()
            .filter(|(class, _)| class.as_str() != Expression::Other.name());
        let named: Vec<f64> = named.map(|(_, recall)| *recall).collect();
        Self {
            accuracy: figures.accuracy,
            mean_recall: named.iter().sum::<f64>() / (named.len().max(1)) as f64,
            macro_f1: figures.macro_f1,
            recall,
        }
    }
}

/// Mean and standard deviation (n - 1) over the seeds, in percent; no deviation of one seed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct OverSeeds {
    mean: f64,
    spread: Option<f64>,
}

impl OverSeeds {
    fn of(values: &[f64]) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count.max(1.0);
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Self {
            mean: 100.0 * mean,
            spread: (values.len() > 1).then(|| 100.0 * (squares / (count - 1.0)).sqrt()),
        }
    }

    fn in_words(self) -> String {
        match self.spread {
            Some(spread) => format!("{:.1} ± {spread:.1}", self.mean),
            None => format!("{:.1}", self.mean),
        }
    }
}

/// A model of a row on one set.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Cell {
    set: String,
    accuracy: OverSeeds,
    mean_recall: OverSeeds,
    macro_f1: OverSeeds,
    by_seed: Vec<(u64, Figures)>,
}

/// A model of a row: its student, or its teacher.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Line {
    row: String,
    title: String,
    model: &'static str,
    cells: Vec<Cell>,
}

/// All rows with all seeds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct OwnTable {
    sets: Vec<String>,
    is_whole: bool,
    #[serde(skip)]
    rows: Vec<RowConfig>,
    lines: Vec<Line>,
}

impl OwnTable {
    /// Without a figure yet.
    pub(super) fn new(rows: &[RowConfig], sets: Vec<String>, is_whole: bool) -> Self {
        Self {
            sets,
            is_whole,
            rows: rows.to_vec(),
            lines: Vec::new(),
        }
    }

    /// Takes the figures of all rows that are finished.
    ///
    /// # Errors
    /// When a row's figures are not as this program writes them.
    pub(super) fn fill(&mut self, results: &[RowResult]) -> Result<()> {
        let mut lines = Vec::new();
        for row in &self.rows {
            let models: &[&'static str] = match row.mode {
                Mode::Supervised => &["student"],
                Mode::SemiSupervised => &["student", "teacher"],
            };
            for model in models {
                let cells = self.sets.iter().map(|set| cell(row, model, set, results));
                lines.push(Line {
                    row: row.name.clone(),
                    title: match *model {
                        "teacher" => format!("{}: its teacher", row.title),
                        _ => row.title.clone(),
                    },
                    model,
                    cells: cells.collect::<Result<_>>()?,
                });
            }
        }
        self.lines = lines;
        Ok(())
    }

    /// As markdown.
    pub(super) fn markdown(&self) -> String {
        let whole = if self.is_whole {
            "each picture taken whole"
        } else {
            "faces as the detector finds them"
        };
        let mut text = format!(
            "In percent, mean and standard deviation over the seeds; {whole}. The recall is the mean over the classes that \
             are there, without Other.\n\n| row |"
        );
        let mut rule = String::from("|---|");
        for set in &self.sets {
            // Writing to a string cannot fail.
            let _ = write!(text, " {set}: accuracy | recall |");
            rule.push_str("---:|---:|");
        }
        let _ = writeln!(text, "\n{rule}");
        for line in &self.lines {
            let _ = write!(text, "| {} |", line.title);
            for cell in &line.cells {
                let _ = write!(
                    text,
                    " {} | {} |",
                    cell.accuracy.in_words(),
                    cell.mean_recall.in_words()
                );
            }
            text.push('\n');
        }
        text
    }

    fn csv(&self) -> Result<Vec<u8>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record([
            "row",
            "model",
            "set",
            "seed",
            "accuracy",
            "mean_recall",
            "macro_f1",
        ])?;
        for line in &self.lines {
            for cell in &line.cells {
                for (seed, figures) in &cell.by_seed {
                    writer.write_record([
                        line.row.clone(),
                        line.model.to_owned(),
                        cell.set.clone(),
                        seed.to_string(),
                        figures.accuracy.to_string(),
                        figures.mean_recall.to_string(),
                        figures.macro_f1.to_string(),
                    ])?;
                }
            }
        }
        Ok(writer.into_inner().map_err(csv::IntoInnerError::into_error)?)
    }

    /// The files of [`OwnTable::write`] in the folder `run`.
    pub(super) fn paths(run: &Path) -> [PathBuf; 3] {
        ["table.md", "table.json", "table.csv"].map(|name| run.join(name))
    }

    /// Writes `table.md`, `table.json` and `table.csv`.
    ///
    /// # Errors
    /// When a file cannot be written or replaced.
    pub(super) fn write(&self, run: &Path, files: &WrittenFiles) -> Result<()> {
        let [markdown, json, csv] = Self::paths(run);
        files.write(&markdown, self.markdown().as_bytes())?;
        files.write(&json, &serde_json::to_vec_pretty(self)?)?;
        files.write(&csv, &self.csv()?)
    }
}

fn cell(row: &RowConfig, model: &str, set: &str, results: &[RowResult]) -> Result<Cell> {
    let mut by_seed = Vec::new();
    for result in results.iter().filter(|result| result.row == row.name) {
        let figures = result.report.get(model).and_then(|sets| sets.get(set)).cloned();
        let what = || {
            format!(
                "the figures of row {} with seed {}; delete its row.json to run it again",
                row.name, result.seed
            )
        };
        let figures: Figures = serde_json::from_value(figures.with_context(what)?).with_context(what)?;
        by_seed.push((result.seed, figures));
    }
    let over = |value: fn(&Figures) -> f64| {
        let values: Vec<f64> = by_seed.iter().map(|(_, figures)| value(figures)).collect();
        OverSeeds::of(&values)
    };
    Ok(Cell {
        set: set.to_owned(),
        accuracy: over(|figures| figures.accuracy),
        mean_recall: over(|figures| figures.mean_recall),
        macro_f1: over(|figures| figures.macro_f1),
        by_seed: by_seed.clone(),
    })
}
