//! Table 1, ours beside the paper's.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Serialize;

use crate::ablate::row::Row;
use crate::ablate::row_result::RowResult;
use crate::written_files::WrittenFiles;

/// All rows with all seeds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AblationTable {
    /// Where the figures come from, in words: said with every print of them.
    pub data: String,
    /// What the rows with SSL started from, with each seed in percent: labels alone. Empty where they
    /// started from random weights or from a given model.
    pub start: Vec<(u64, f64)>,
    /// In the paper's order.
    pub rows: Vec<TableRow>,
}

/// One row over its seeds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TableRow {
    /// Which.
    pub row: Row,
    /// As the paper calls it.
    pub method: &'static str,
    /// The paper's macro F1 on Aff-Wild2 in percent.
    pub paper: f64,
    /// Mean macro F1 over the seeds in percent.
    pub mean: f64,
    /// Standard deviation over the seeds (n - 1) in percentage points, `None` with one seed.
    pub spread: Option<f64>,
    /// Macro F1 of each seed in percent.
    pub by_seed: Vec<(u64, f64)>,
}

impl AblationTable {
    /// Gathers the rows of all seeds, and what they started from.
    #[must_use]
    pub fn new(data: String, starts: &[RowResult], results: &[RowResult]) -> Self {
        let rows = Row::ALL.map(|row| {
            let of_row = results.iter().filter(|result| result.row == row.name());
            let by_seed: Vec<(u64, f64)> = of_row.map(|r| (r.seed, 100.0 * r.macro_f1)).collect();
            let count = by_seed.len() as f64;
            let mean = by_seed.iter().map(|(_, f1)| f1).sum::<f64>() / count.max(1.0);
            let squares: f64 = by_seed.iter().map(|(_, f1)| (f1 - mean).powi(2)).sum();
            TableRow {
                row,
                method: row.title(),
                paper: row.of_paper(),
                mean,
                spread: (by_seed.len() > 1).then(|| (squares / (count - 1.0)).sqrt()),
                by_seed,
            }
        });
        Self {
            data,
            start: starts.iter().map(|r| (r.seed, 100.0 * r.macro_f1)).collect(),
            rows: rows.into(),
        }
    }

    /// As markdown, with what each row adds to the one before.
    #[must_use]
    pub fn markdown(&self) -> String {
        let seeds = self.rows.first().map_or(&[][..], |row| &row.by_seed);
        let mut text = format!(
            "{}\n\n| Method | paper, Aff-Wild2 | ours, mean | spread | step |",
            self.data
        );
        let mut rule = String::from("|---|---:|---:|---:|---:|");
        for (seed, _) in seeds {
            // Writing to a string cannot fail.
            let _ = write!(text, " seed {seed} |");
            rule.push_str("---:|");
        }
        let _ = writeln!(text, "\n{rule}");
        let mut before: Option<f64> = None;
        for row in &self.rows {
            let spread = row.spread.map_or("-".to_owned(), |spread| format!("{spread:.2}"));
            let step = before.map_or("-".to_owned(), |before| format!("{:+.2}", row.mean - before));
            let _ = write!(
                text,
                "| {} | {:.2} | {:.2} | {spread} | {step} |",
                row.method, row.paper, row.mean
            );
            for (_, f1) in &row.by_seed {
                let _ = write!(text, " {f1:.2} |");
            }
            text.push('\n');
            before = Some(row.mean);
        }
        let _ = writeln!(text, "\n{}", self.order_in_words());
        text.push_str(&self.start_in_words());
        text
    }

    /// What the rows with SSL started from, as a line of its own.
    fn start_in_words(&self) -> String {
        if self.start.is_empty() {
            return String::new();
        }
        let mean = self.start.iter().map(|(_, f1)| f1).sum::<f64>() / self.start.len() as f64;
        let each: Vec<String> = self
            .start
            .iter()
            .map(|(seed, f1)| format!("seed {seed}: {f1:.2}"))
            .collect();
        format!(
            "The rows with SSL started from a network that had learned from their labelled pictures alone: {mean:.2} ({}).\n",
            each.join(", ")
        )
    }

    /// Which rows are no better than the row before.
    #[must_use]
    pub fn order_in_words(&self) -> String {
        let pairs = self.rows.iter().zip(self.rows.iter().skip(1));
        let worse: Vec<&str> = pairs
            .filter(|(before, row)| row.mean <= before.mean)
            .map(|(_, row)| row.method)
            .collect();
        if worse.is_empty() {
            "Every row is better than the one before, as in the paper.".to_owned()
        } else {
            format!("No better than the row before: {}.", worse.join("; "))
        }
    }

    fn csv(&self) -> String {
        let mut text = String::from("method,paper,mean,spread,seed,macro_f1\n");
        for row in &self.rows {
            let spread = row.spread.map_or(String::new(), |spread| spread.to_string());
            for (seed, f1) in &row.by_seed {
                // Writing to a string cannot fail.
                let _ = writeln!(
                    text,
                    "\"{}\",{},{},{spread},{seed},{f1}",
                    row.method, row.paper, row.mean
                );
            }
        }
        text
    }

    /// The files of [`AblationTable::write`] in the folder `run`.
    #[must_use]
    pub fn paths(run: &Path) -> [PathBuf; 3] {
        ["table.md", "table.json", "table.csv"].map(|name| run.join(name))
    }

    /// Writes `table.md`, `table.json` and `table.csv`.
    ///
    /// # Errors
    /// When a file cannot be written or replaced.
    pub fn write(&self, run: &Path, files: &WrittenFiles) -> Result<()> {
        let [markdown, json, csv] = Self::paths(run);
        files.write(&markdown, self.markdown().as_bytes())?;
        files.write(&json, &serde_json::to_vec_pretty(self)?)?;
        files.write(&csv, self.csv().as_bytes())
    }
}
