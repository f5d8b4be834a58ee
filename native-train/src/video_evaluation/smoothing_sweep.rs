//! Macro F1 of every way of smoothing over many windows.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use shared_model::metrics::ConfusionMatrix;
use shared_model::smoothing::Smoothing;

use crate::plots::line_chart::{Line, LineChart};
use crate::video_evaluation::figures::count;
use crate::video_evaluation::predicted_video::PredictedVideo;
use crate::written_files::WrittenFiles;

/// Windows in frames; 30 is the paper's, and 101 the +-50 frames of `HSEmotion`.
pub const WINDOWS: [usize; 12] = [1, 5, 10, 15, 20, 25, 30, 45, 60, 90, 101, 150];

/// All ways of which the window's length matters.
fn ways() -> impl Iterator<Item = Smoothing> {
    Smoothing::ALL.iter().copied().filter(|way| way.uses_window)
}

/// One row a window.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SmoothingSweep {
    /// In the order of [`WINDOWS`].
    pub rows: Vec<SweepRow>,
}

/// Macro F1 at one window.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SweepRow {
    /// Frames.
    pub window: usize,
    /// Of each way of smoothing, by its name.
    #[serde(flatten)]
    pub ways: BTreeMap<&'static str, f64>,
}

/// The pairs of truth and label behind a [`SmoothingSweep`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SweepCounts {
    /// For each window, the counts of each way, in their order.
    rows: Vec<(usize, Vec<ConfusionMatrix>)>,
}

impl SweepCounts {
    /// Smooths all videos in every way.
    #[must_use]
    pub fn of(videos: &[PredictedVideo]) -> Self {
        let row = |window| {
            let counts = ways().map(|way| count(videos, |video| video.smoothed(way, window)));
            (window, counts.collect())
        };
        Self {
            rows: WINDOWS.map(row).into(),
        }
    }

    /// Adds the counts over other videos.
    ///
    /// # Errors
    /// When those are of other windows.
    pub fn add(&mut self, other: &Self) -> Result<()> {
        let shape = |counts: &Self| {
            let rows = counts.rows.iter().map(|(window, ways)| (*window, ways.len()));
            rows.collect::<Vec<_>>()
        };
        ensure!(
            shape(self) == shape(other),
            "comparisons of smoothing over different windows or ways do not add up"
        );
        let pairs = self.rows.iter_mut().zip(&other.rows);
        for ((_, own), (_, other)) in pairs {
            own.iter_mut()
                .zip(other)
                .for_each(|(own, other)| own.add_all(other));
        }
        Ok(())
    }

    /// What follows from the counts.
    #[must_use]
    pub fn sweep(&self) -> SmoothingSweep {
        let rows = self.rows.iter().map(|(window, counts)| {
            let ways = ways().zip(counts);
            SweepRow {
                window: *window,
                ways: ways
                    .map(|(way, counts)| (way.name, counts.report().macro_f1))
                    .collect(),
            }
        });
        SmoothingSweep { rows: rows.collect() }
    }
}

impl SweepRow {
    fn of(&self, way: Smoothing) -> f64 {
        self.ways.get(way.name).copied().unwrap_or(0.0)
    }
}

impl SmoothingSweep {
    /// As text, with the best of each column marked.
    #[must_use]
    pub fn table(&self) -> String {
        // Writing to a string cannot fail.
        let mut text = String::from("macro F1 over windows (* the best of its column)\n");
        let _ = write!(text, "{:>8}", "window");
        for way in ways() {
            let _ = write!(text, "{:>12}", way.name);
        }
        text.push('\n');
        for row in &self.rows {
            let _ = write!(text, "{:>8}", row.window);
            for way in ways() {
                let value = row.of(way);
                let best = self.rows.iter().map(|row| row.of(way)).fold(0.0, f64::max);
                let cell = format!("{value:.4}{}", if value >= best { '*' } else { ' ' });
                let _ = write!(text, "{cell:>12}");
            }
            text.push('\n');
        }
        text
    }

    /// Writes `base.csv`, `base.svg` and `base.png`.
    ///
    /// # Errors
    /// When a file cannot be written or replaced.
    pub fn write(&self, base: &Path, files: &WrittenFiles) -> Result<()> {
        // Writing to a string cannot fail.
        let mut csv = String::from("window");
        for way in ways() {
            let _ = write!(csv, ",{}", way.name);
        }
        csv.push('\n');
        for row in &self.rows {
            let _ = write!(csv, "{}", row.window);
            for way in ways() {
                let _ = write!(csv, ",{}", row.of(way));
            }
            csv.push('\n');
        }
        files.write(&base.with_extension("csv"), csv.as_bytes())?;
        let line = |way: Smoothing| Line {
            name: way.name.to_owned(),
            points: self
                .rows
                .iter()
                .map(|row| (row.window as f64, row.of(way)))
                .collect(),
        };
        let chart = LineChart {
            title: "Smoothing".to_owned(),
            x_label: "window (frames)".to_owned(),
            y_label: "macro F1".to_owned(),
            lines: ways().map(line).collect(),
        };
        chart.write(base, &|path, bytes| files.write(path, bytes))?;
        Ok(())
    }
}
