//! `mien score`: predictions against the truth.

mod label_files;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Args;
use serde::Serialize;
use shared_model::metrics::{ConfusionMatrix, Report};

use crate::evaluate::report_table;
use crate::plots::confusion_picture::write_confusion_matrix;
use crate::written_files::WrittenFiles;
use crate::{atomic_file, plots, stdout};

use label_files::{Labels, Side};
use shared_model::label_files::known_formats;

/// What to compare.
#[derive(Debug, Args)]
pub struct Options {
    #[arg(long, value_name = "P", help = format!("Predictions: {}, or a folder of csv and txt files", known_formats()))]
    predictions: PathBuf,
    /// The truth, in the same kinds of files
    #[arg(long, value_name = "T")]
    truth: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Folder for the figures as JSON and the confusion matrix as a picture (svg and png)
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace what stands in a result's place also where mien did not write it, or where it was changed since
    #[arg(long)]
    force: bool,
}

/// The figures and what they stand on.
#[derive(Debug, Serialize)]
struct Score {
    #[serde(flatten)]
    report: Report,
    /// Compared videos.
    videos: usize,
    /// Frames without a truth label, left out.
    unannotated_frames: u64,
    /// Annotated frames for which there is no prediction (no face in the whole video), left out.
    unpredicted_frames: u64,
}

/// Prints macro F1, the table of classes and the confusion matrix.
///
/// # Errors
/// When a file cannot be read, a video is on one side only, the two sides have different numbers of
/// frames, or a file cannot be written or replaced.
pub fn run(options: &Options) -> Result<()> {
    let names = [PathBuf::from("score.json")]
        .into_iter()
        .chain(plots::paths(Path::new("confusion")));
    let planned = options
        .out
        .iter()
        .flat_map(|folder| names.clone().map(|name| folder.join(name)));
    let files = WrittenFiles::check(planned, options.force)?;
    let predictions = label_files::read(&options.predictions, Side::Predictions)?;
    let truth = label_files::read(&options.truth, Side::Truth)?;
    let score = compare(predictions, &truth)?;
    if score.report.frames == 0 {
        bail!(
            "nothing can be compared: {} frames have no truth label, {} annotated frames have no prediction",
            score.unannotated_frames,
            score.unpredicted_frames
        );
    }
    if score.unpredicted_frames > 0 {
        tracing::warn!(
            "{} annotated frames have no prediction and are left out",
            score.unpredicted_frames
        );
    }
    if let Some(folder) = &options.out {
        atomic_file::make_folder(folder)?;
        files.write(&folder.join("score.json"), &serde_json::to_vec_pretty(&score)?)?;
        let title = format!("macro F1 {:.4}", score.report.macro_f1);
        write_confusion_matrix(
            &folder.join("confusion"),
            &title,
            &score.report.confusion,
            &|path, bytes| files.write(path, bytes),
        )?;
    }
    if options.json {
        stdout::line(format_args!("{}", serde_json::to_string(&score)?));
    } else {
        print_table(&score);
    }
    Ok(())
}

fn compare(mut predictions: Labels, truth: &Labels) -> Result<Score> {
    // Two single files belong together whatever they are called.
    if let (1, Some((name, _)), Some(only)) = (
        predictions.len(),
        truth.first_key_value(),
        predictions.values().next(),
    ) && truth.len() == 1
    {
        if !predictions.contains_key(name) {
            let other: Vec<&String> = predictions.keys().collect();
            tracing::info!("note: predictions of {other:?} are compared with the truth of {name:?}");
        }
        predictions = Labels::from([(name.clone(), only.clone())]);
    }
    let mut matrix = ConfusionMatrix::default();
    let (mut unannotated_frames, mut unpredicted_frames) = (0, 0);
    for (video, truth) in truth {
        let Some(predicted) = predictions.get(video) else {
            bail!("there are no predictions for {video}");
        };
        let (truth, predicted) = (truth.by_frame(predicted)?, predicted.by_frame(truth)?);
        if predicted.len() != truth.len() {
            bail!(
                "{video}: {} predicted frames, {} frames in the truth; both must cover every frame of the video",
                predicted.len(),
                truth.len()
            );
        }
        for (truth, predicted) in truth.into_iter().zip(predicted) {
            match (truth, predicted) {
                (None, _) => unannotated_frames += 1,
                (Some(_), None) => unpredicted_frames += 1,
                (Some(truth), Some(predicted)) => matrix.add(truth, predicted),
            }
        }
    }
    for video in predictions.keys().filter(|video| !truth.contains_key(*video)) {
        tracing::info!("note: no truth for {video}; its predictions are left out");
    }
    Ok(Score {
        report: matrix.report(),
        videos: truth.len(),
        unannotated_frames,
        unpredicted_frames,
    })
}

fn print_table(score: &Score) {
    stdout::line(format_args!(
        "{} videos, {} frames without a truth label left out",
        score.videos, score.unannotated_frames
    ));
    report_table::print(&score.report);
}
