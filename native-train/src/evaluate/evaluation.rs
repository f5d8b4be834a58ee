//! All that is said of a model.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use serde::Serialize;
use shared_model::metrics::Report;

use crate::evaluate::pictures::picture_evaluation::PictureEvaluation;
use crate::evaluate::report_table;
use crate::plots::confusion_picture::write_confusion_matrix;
use crate::video_evaluation::figures::Figures;
use crate::video_evaluation::smoothing_sweep::{SmoothingSweep, SweepCounts};
use crate::video_evaluation::tally::Tally;
use crate::written_files::WrittenFiles;
use crate::{plots, stdout};

/// Figures over all videos.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// Of each kind of labels.
    #[serde(flatten)]
    pub figures: Figures,
    videos: usize,
    frames: usize,
    frames_without_crop: usize,
    frames_of_videos_without_crop: usize,
    unreadable_crops: usize,
    unannotated_frames: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    sweep: Option<SmoothingSweep>,
    /// Of the pictures that were measured as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pictures: Option<PictureEvaluation>,
}

impl Evaluation {
    /// What follows from the counts.
    ///
    /// # Errors
    /// When no frame is annotated, so that there is nothing to compare with.
    pub fn of(tally: &Tally) -> Result<Self> {
        let figures = tally.labels.figures();
        ensure!(
            figures.smoothed.frames > 0,
            "nothing can be compared: no frame of the {} videos is annotated",
            tally.videos
        );
        Ok(Self {
            figures,
            videos: tally.videos,
            frames: tally.frames,
            frames_without_crop: tally.frames_without_crop,
            frames_of_videos_without_crop: tally.frames_of_videos_without_crop,
            unreadable_crops: tally.unreadable_crops,
            unannotated_frames: tally.unannotated_frames,
            sweep: tally.sweep.as_ref().map(SweepCounts::sweep),
            pictures: None,
        })
    }

    fn rows(&self) -> Vec<(String, &Report)> {
        let smoothed = format!(
            "smoothed ({}, {} frames)",
            self.figures.smoothing.name, self.figures.window
        );
        let mut rows = vec![("raw (per-frame head)".to_owned(), &self.figures.raw)];
        rows.extend(
            self.figures
                .temporal
                .as_ref()
                .map(|report| ("temporal".to_owned(), report)),
        );
        rows.push((smoothed, &self.figures.smoothed));
        rows
    }

    /// As text on stdout.
    pub fn print(&self) {
        stdout::line(format_args!(
            "{:<34}{:>10}{:>10}",
            "labels", "macro F1", "accuracy"
        ));
        for (name, report) in self.rows() {
            stdout::line(format_args!(
                "{name:<34}{:>10.4}{:>10.4}",
                report.macro_f1, report.accuracy
            ));
        }
        stdout::line(format_args!(
            "\n{} videos, {} frames: {} without a crop (interpolated), {} not annotated (left out)\n",
            self.videos, self.frames, self.frames_without_crop, self.unannotated_frames
        ));
        stdout::line(format_args!("smoothed labels:"));
        report_table::print(&self.figures.smoothed);
        if let Some(sweep) = &self.sweep {
            stdout::text(format_args!("\n{}", sweep.table()));
        }
        if let Some(pictures) = &self.pictures {
            stdout::line(format_args!(""));
            pictures.print();
        }
    }

    /// The files of [`Evaluation::write`], from its folder on.
    #[must_use]
    pub fn file_names(&self) -> Vec<PathBuf> {
        let mut names = Self::file_names_of(self.figures.temporal.is_some(), self.sweep.is_some());
        names.extend(self.pictures.iter().flat_map(|_| PictureEvaluation::file_names()));
        names
    }

    /// The same, before there is an evaluation: of a model with a temporal encoder, and with a sweep over windows.
    #[must_use]
    pub fn file_names_of(temporal: bool, sweep: bool) -> Vec<PathBuf> {
        let mut plots = vec!["confusion-raw", "confusion-smoothed"];
        plots.extend(temporal.then_some("confusion-temporal"));
        plots.extend(sweep.then_some("sweep"));
        let mut names = vec![PathBuf::from("evaluation.json")];
        names.extend(sweep.then(|| PathBuf::from("sweep.csv")));
        names.extend(plots.into_iter().flat_map(|base| plots::paths(Path::new(base))));
        names
    }

    /// Writes `evaluation.json`, the confusion matrices, the sweep and the pictures' table into `folder`, which is there.
    ///
    /// # Errors
    /// When a file cannot be written or replaced.
    pub fn write(&self, folder: &Path, files: &WrittenFiles) -> Result<()> {
        files.write(&folder.join("evaluation.json"), &serde_json::to_vec_pretty(self)?)?;
        let reports = [
            ("raw", Some(&self.figures.raw)),
            ("temporal", self.figures.temporal.as_ref()),
            ("smoothed", Some(&self.figures.smoothed)),
        ];
        for (name, report) in reports
            .into_iter()
            .filter_map(|(name, report)| Some((name, report?)))
        {
            let title = format!("{name} labels: macro F1 {:.4}", report.macro_f1);
            write_confusion_matrix(
                &folder.join(format!("confusion-{name}")),
                &title,
                &report.confusion,
                &|path, bytes| files.write(path, bytes),
            )?;
        }
        if let Some(sweep) = &self.sweep {
            sweep.write(&folder.join("sweep"), files)?;
        }
        if let Some(pictures) = &self.pictures {
            pictures.write_files(folder, files)?;
        }
        Ok(())
    }
}
