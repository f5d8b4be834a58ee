//! `mien evaluate`: a model on labelled videos, through the app's recogniser.

pub mod predicted_video;

pub mod figures;
pub mod report_table;
pub mod smoothing_sweep;

pub mod submission;

mod video_source;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde::Serialize;
use shared_model::frame_table;
use shared_model::model_file::ModelFile;
use shared_model::smoothing::Smoothing;

use crate::device::DeviceChoice;
use crate::plots::confusion_picture::write_confusion_matrix;
use crate::progress::Progress;
use crate::refine::crop_reader::CropReader;
use crate::{atomic_file, model_store, stdout};
use figures::{Figures, WITHOUT_ANY_CROP};
use predicted_video::PredictedVideo;
use smoothing_sweep::SmoothingSweep;

/// Unreadable crops that are named; the others are counted.
const MOST_NAMED: usize = 10;

/// What to evaluate on what.
#[derive(Debug, Args)]
pub struct Options {
    /// The model file
    #[arg(long, value_name = "M.safetensors")]
    model: PathBuf,
    /// A config (.toml), whose validation videos are taken, or a folder in Aff-Wild2's layout: `cropped_aligned` or
    /// `cropped`, and `annotations` with `Validation_Set` in it
    #[arg(long, value_name = "DIR|F.toml", required_unless_present = "crops")]
    data: Option<PathBuf>,
    /// Folder with a folder of crops for each video
    #[arg(long, value_name = "DIR", requires = "annotations", conflicts_with = "data")]
    crops: Option<PathBuf>,
    /// Folder with an annotation (.txt) for each video
    #[arg(long, value_name = "DIR", requires = "crops")]
    annotations: Option<PathBuf>,
    /// Where to compute
    #[arg(long, value_enum, default_value_t)]
    device: DeviceChoice,
    /// How labels are made steady: sliding, block, mean or none
    #[arg(long, default_value = "sliding", value_parser = crate::analyze::parse_smoothing)]
    smoothing: Smoothing,
    /// Smoothing window in frames [default: the model's, 30]
    #[arg(long, value_name = "FRAMES")]
    window: Option<NonZeroUsize>,
    /// Compare all ways of smoothing over many windows
    #[arg(long)]
    sweep: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Folder for predictions (csv and Aff-Wild2), the figures as JSON, confusion matrices and plots. A single file
    /// where `--submission` is given
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write `--out` as an ABAW submission with exactly the rows of this example file, in its order; annotations are
    /// not needed then
    #[arg(long, value_name = "EXAMPLE.txt", requires = "out", conflicts_with_all = ["sweep", "json", "annotations"])]
    submission: Option<PathBuf>,
}

/// All that is said of a model.
#[derive(Debug, Serialize)]
struct Evaluation {
    #[serde(flatten)]
    figures: Figures,
    /// Videos.
    videos: usize,
    /// Frames of all videos.
    frames: usize,
    /// Frames without a readable crop: their probabilities are interpolated.
    frames_without_crop: usize,
    /// Frames of videos that have no crop at all: taken for `Neutral`.
    frames_of_videos_without_crop: usize,
    /// Crops that could not be read.
    unreadable_crops: usize,
    /// Frames that are not annotated.
    unannotated_frames: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    sweep: Option<SmoothingSweep>,
}

/// Predicts all frames of all videos, compares and prints.
///
/// # Errors
/// When the model, the videos or the device cannot be used, nothing is annotated, or a file cannot be
/// written.
pub fn run(options: &Options) -> Result<()> {
    let model = model_store::read(&options.model)?;
    let smoothing = options.smoothing;
    let window = options.window.map_or(model.metadata.window, NonZeroUsize::get);
    if let Some(example) = &options.submission {
        let out = options.out.as_deref().context("`--submission` needs `--out F`")?;
        return submission::run(example, out, options, &model, smoothing, window);
    }
    let videos = video_source::annotated(
        options.data.as_deref(),
        options.crops.as_deref(),
        options.annotations.as_deref(),
    )?;
    let predicted = predict(&videos, &model, options.device)?;
    let evaluation = Evaluation::of(&predicted, smoothing, window, options.sweep);
    ensure!(
        evaluation.figures.smoothed.frames > 0,
        "nothing can be compared: no frame of the {} videos is annotated",
        evaluation.videos
    );
    if let Some(folder) = &options.out {
        evaluation.write(folder, &predicted)?;
    }
    if options.json {
        stdout::line(format_args!("{}", serde_json::to_string(&evaluation)?));
    } else {
        evaluation.print();
    }
    Ok(())
}

/// Plays all videos. Crops that cannot be read are reported on stderr.
///
/// # Errors
/// When the model does not fit or the device fails.
pub fn predict(
    videos: &[crate::datasets::labelled_video::LabelledVideo],
    model: &ModelFile,
    device: DeviceChoice,
) -> Result<Vec<PredictedVideo>> {
    predict_on(videos, model, &device.open_and_say()?.device)
}

/// As [`predict`], on an open device.
///
/// # Errors
/// As [`predict`].
pub fn predict_on(
    videos: &[crate::datasets::labelled_video::LabelledVideo],
    model: &ModelFile,
    device: &burn::tensor::Device,
) -> Result<Vec<PredictedVideo>> {
    let reader = CropReader::new(model, device)?;
    let frames: usize = videos.iter().map(|video| video.frames.len()).sum();
    let mut progress = Progress::start("evaluating", "frames", u64::try_from(frames).ok());
    let predicted = videos
        .iter()
        .map(|video| PredictedVideo::of_crops(video, model, &reader, device, &mut progress))
        .collect::<Result<Vec<_>>>()?;
    progress.finish();
    let unreadable = predicted.iter().flat_map(|video| &video.unreadable);
    for message in unreadable.clone().take(MOST_NAMED) {
        eprintln!("warning: {message}; the frame counts as one without a crop");
    }
    let count = unreadable.count();
    if count > 0 {
        eprintln!("warning: {count} crops cannot be read");
    }
    let empty: usize = predicted
        .iter()
        .filter(|v| v.has_no_crop())
        .map(|v| v.truth.len())
        .sum();
    if empty > 0 {
        eprintln!(
            "warning: {empty} frames are of videos without any crop; they are taken for {}",
            WITHOUT_ANY_CROP.name()
        );
    }
    Ok(predicted)
}

impl Evaluation {
    fn of(videos: &[PredictedVideo], smoothing: Smoothing, window: usize, sweep: bool) -> Self {
        let sum = |count: &dyn Fn(&PredictedVideo) -> usize| videos.iter().map(count).sum();
        Self {
            figures: Figures::of(videos, smoothing, window),
            videos: videos.len(),
            frames: sum(&|video| video.truth.len()),
            frames_without_crop: sum(&PredictedVideo::frames_without_crop),
            frames_of_videos_without_crop: sum(&|v| if v.has_no_crop() { v.truth.len() } else { 0 }),
            unreadable_crops: sum(&|video| video.unreadable.len()),
            unannotated_frames: sum(&|video| video.truth.iter().filter(|label| label.is_none()).count()),
            sweep: sweep.then(|| SmoothingSweep::of(videos)),
        }
    }

    fn rows(&self) -> Vec<(String, &shared_model::metrics::Report)> {
        let smoothed = format!(
            "smoothed ({}, {} frames)",
            self.figures.smoothing.name(),
            self.figures.window
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

    fn print(&self) {
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
    }

    /// Predictions, figures and pictures.
    fn write(&self, folder: &Path, videos: &[PredictedVideo]) -> Result<()> {
        atomic_file::make_folder(folder)?;
        let predictions = folder.join("predictions");
        atomic_file::make_folder(&predictions)?;
        let (smoothing, window) = (self.figures.smoothing, self.figures.window);
        for video in videos {
            let rows = video.timeline.rows(smoothing, window);
            let path = |ending: &str| predictions.join(format!("{}.{ending}", video.name));
            atomic_file::write(
                &path("csv"),
                frame_table::to_string(&video.name, &rows).as_bytes(),
            )?;
            let labels = video.smoothed(smoothing, window);
            let labels = labels.into_iter().map(|label| label.unwrap_or(WITHOUT_ANY_CROP));
            atomic_file::write(&path("txt"), submission::annotation(labels).as_bytes())?;
        }
        atomic_file::write(&folder.join("evaluation.json"), &serde_json::to_vec_pretty(self)?)?;
        let reports = [
            ("raw", Some(&self.figures.raw)),
            ("temporal", self.figures.temporal.as_ref()),
        ];
        let all = reports
            .into_iter()
            .chain([("smoothed", Some(&self.figures.smoothed))]);
        for (name, report) in all.filter_map(|(name, report)| Some((name, report?))) {
            let title = format!("{name} labels: macro F1 {:.4}", report.macro_f1);
            write_confusion_matrix(
                &folder.join(format!("confusion-{name}")),
                &title,
                &report.confusion,
            )?;
        }
        if let Some(sweep) = &self.sweep {
            sweep.write(&folder.join("sweep"))?;
        }
        Ok(())
    }
}
