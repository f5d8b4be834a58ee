//! Macro F1 of every way of smoothing over many windows.

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
const WAYS: [Smoothing; 3] = [Smoothing::Sliding, Smoothing::Block, Smoothing::Mean];

/// One row a window.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SmoothingSweep {
    /// In the order of [`WINDOWS`].
    pub rows: Vec<SweepRow>,
}

/// Macro F1 at one window.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SweepRow {
    /// Frames.
    pub window: usize,
    /// Most frequent label around each frame.
    pub sliding: f64,
    /// Most frequent label of each block.
    pub block: f64,
    /// Largest mean probability around each frame.
    pub mean: f64,
}

/// The pairs of truth and label behind a [`SmoothingSweep`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SweepCounts {
    /// For each window, the counts of sliding, block and mean.
    rows: Vec<(usize, [ConfusionMatrix; 3])>,
}

impl SweepCounts {
    /// Smooths all videos in every way.
    #[must_use]
    pub fn of(videos: &[PredictedVideo]) -> Self {
        let row = |window| {
            let counts = WAYS.map(|way| count(videos, |video| video.smoothed(way, window)));
            (window, counts)
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
        let windows = |counts: &Self| counts.rows.iter().map(|(window, _)| *window).collect::<Vec<_>>();
        ensure!(
            windows(self) == windows(other),
            "comparisons of smoothing over different windows do not add up"
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
            let [sliding, block, mean] = counts.each_ref().map(|counts| counts.report().macro_f1);
            SweepRow {
                window: *window,
                sliding,
                block,
                mean,
            }
        });
        SmoothingSweep { rows: rows.collect() }
    }
}

impl SmoothingSweep {
    /// As text, with the best of each column marked.
    #[must_use]
    pub fn table(&self) -> String {
        let best = |of: fn(&SweepRow) -> f64| self.rows.iter().map(of).fold(0.0, f64::max);
        let [sliding, block, mean] = [best(|r| r.sliding), best(|r| r.block), best(|r| r.mean)];
        let cell = |value: f64, best: f64| format!("{value:.4}{}", if value >= best { '*' } else { ' ' });
        let mut text = String::from("macro F1 over windows (* the best of its column)\n");
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:>8}{:>12}{:>12}{:>12}",
            "window", "sliding", "block", "mean"
        );
        for row in &self.rows {
            let _ = writeln!(
                text,
                "{:>8}{:>12}{:>12}{:>12}",
                row.window,
                cell(row.sliding, sliding),
                cell(row.block, block),
                cell(row.mean, mean)
            );
        }
        text
    }

    /// Writes `base.csv`, `base.svg` and `base.png`.
    ///
    /// # Errors
    /// When a file cannot be written or replaced.
    pub fn write(&self, base: &Path, files: &WrittenFiles) -> Result<()> {
        let mut csv = String::from("window,sliding,block,mean\n");
        for row in &self.rows {
            // Writing to a string cannot fail.
            let _ = writeln!(csv, "{},{},{},{}", row.window, row.sliding, row.block, row.mean);
        }
        files.write(&base.with_extension("csv"), csv.as_bytes())?;
        let line = |name: &str, of: fn(&SweepRow) -> f64| Line {
            name: name.to_owned(),
            points: self.rows.iter().map(|row| (row.window as f64, of(row))).collect(),
        };
        let chart = LineChart {
            title: "Smoothing".to_owned(),
            x_label: "window (frames)".to_owned(),
            y_label: "macro F1".to_owned(),
            lines: vec![
                line("sliding", |row| row.sliding),
                line("block", |row| row.block),
                line("mean", |row| row.mean),
            ],
        };
        chart.write(base, &|path, bytes| files.write(path, bytes))?;
        Ok(())
    }
}
