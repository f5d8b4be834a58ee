//! `mien evaluate`: a model on labelled videos and pictures, through the app's recogniser.

pub mod evaluation;
pub mod report_table;

pub mod submission;

pub mod pictures;

mod measured_data;
pub mod options;
mod video_source;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use burn::tensor::Device;
use serde_json::json;
use shared_model::frame_table;
use shared_model::model_file::ModelFile;
use shared_model::smoothing::Smoothing;

use crate::datasets::labelled_video::LabelledVideo;
use crate::shards::manifest::{Done, Manifest, identity};
use crate::shards::shard::{self, Shard};
use crate::video_evaluation::figures::WITHOUT_ANY_CROP;
use crate::video_evaluation::predicted_video::PredictedVideo;
use crate::video_evaluation::prediction::{predict, predict_on};
use crate::video_evaluation::tally::Tally;
use crate::written_files::WrittenFiles;
use crate::wrong_use::WrongUse;
use crate::{atomic_file, model_store, stdout};
use evaluation::Evaluation;
use measured_data::MeasuredData;
use options::Options;
use pictures::picture_answer::Look;
use pictures::picture_evaluation::PictureEvaluation;
use pictures::picture_selection::PictureSelection;

/// The folder of the videos' predictions in `--out`.
const PREDICTIONS: &str = "predictions";

/// Predicts all frames of all videos and all pictures, compares and prints.
///
/// # Errors
/// When the model, the data or the device cannot be used, nothing is annotated, a file cannot be written or replaced, or at
/// the end when a picture could not be read, and [`WrongUse`] where a job array's task is not told its share.
pub fn run(options: &Options) -> Result<()> {
    let model = model_store::read(&options.model)?;
    let smoothing = options.smoothing;
    let window = options.window.unwrap_or(model.metadata.window);
    if let Some(example) = &options.submission {
        let out = options.out.as_deref().context("`--submission` needs `--out F`")?;
        return submission::run(example, out, options, &model, smoothing, window);
    }
    let MeasuredData { videos, pictures } = MeasuredData::read(
        options.data.as_deref(),
        options.crops.as_deref(),
        options.annotations.as_deref(),
    )?;
    let pictures = match (pictures, videos.is_empty()) {
        (Some(pictures), true) => return evaluate_pictures(options, &pictures, &model),
        (pictures, _) => pictures,
    };
    if pictures.is_none() && options.grey {
        let why = "`--grey` makes pictures grey, and there are videos only";
        return Err(WrongUse(why.to_owned()).into());
    }
    let names: Vec<PathBuf> = videos.iter().map(|video| PathBuf::from(&video.name)).collect();
    let shard = shard::chosen(options.shard, &names, "videos")?;
    if let Some(shard) = shard.filter(|shard| shard.count > 1) {
        if let Some(pictures) = &pictures {
            let count = pictures.pictures.len();
            tracing::info!(
                "note: {count} pictures are left out: shares are of videos. Without `--shard` they are measured"
            );
        }
        return evaluate_share(shard, options, videos, &names, &model, window);
    }
    let mut results = planned(&videos, shard);
    results.extend(Evaluation::file_names_of(
        model.metadata.temporal.is_some(),
        options.sweep,
    ));
    results.extend(pictures.iter().flat_map(|_| PictureEvaluation::file_names()));
    let files = options.written_files(&results)?;
    let device = options.device.open_and_say()?.device;
    let predicted = predict_on(&videos, &model, &device)?;
    let mut evaluation = Evaluation::of(&Tally::of(&predicted, smoothing, window, options.sweep))?;
    if let Some(pictures) = &pictures {
        evaluation.pictures = Some(measure_pictures(options, pictures, &model, &device)?);
    }
    if let Some(folder) = &options.out {
        let written = write_predictions(folder, &predicted, smoothing, window, &files)?;
        evaluation.write(folder, &files)?;
        if let Some(shard) = shard {
            let account = account(shard, options, &names, window, &predicted, written)?;
            account.write(folder, &files)?;
        }
    }
    if options.json {
        stdout::line(format_args!("{}", serde_json::to_string(&evaluation)?));
    } else {
        evaluation.print();
    }
    evaluation.pictures.as_ref().map_or(Ok(()), all_were_read)
}

/// Where there are no videos.
fn evaluate_pictures(options: &Options, pictures: &PictureSelection, model: &ModelFile) -> Result<()> {
    let wrong = [
        (
            shard::chosen(options.shard, &[], "videos")?.is_some_and(|shard| shard.count > 1),
            "`--shard` shares videos, and there are pictures only: leave it out, one machine measures them all",
        ),
        (
            options.sweep,
            "`--sweep` compares ways of smoothing videos, and there are pictures only",
        ),
    ];
    if let Some((_, why)) = wrong.into_iter().find(|(is_wrong, _)| *is_wrong) {
        return Err(WrongUse(why.to_owned()).into());
    }
    let mut results = PictureEvaluation::file_names();
    results.push(PathBuf::from(pictures::picture_evaluation::EVALUATION));
    let files = options.written_files(&results)?;
    if let Some(folder) = &options.out {
        atomic_file::make_folder(folder)?;
    }
    let device = options.device.open_and_say()?.device;
    let evaluation = measure_pictures(options, pictures, model, &device)?;
    if let Some(folder) = &options.out {
        evaluation.write(folder, &files)?;
    }
    if options.json {
        stdout::line(format_args!("{}", serde_json::to_string(&evaluation)?));
    } else {
        evaluation.print();
    }
    all_were_read(&evaluation)
}

fn measure_pictures(
    options: &Options,
    pictures: &PictureSelection,
    model: &ModelFile,
    device: &Device,
) -> Result<PictureEvaluation> {
    let look = Look {
        whole_frame: options.whole_frame,
        grey: options.grey,
    };
    PictureEvaluation::measure(pictures, model, look, device)
}

fn all_were_read(evaluation: &PictureEvaluation) -> Result<()> {
    ensure!(
        evaluation.unreadable == 0,
        "{} of {} pictures could not be read: the figures are of the others",
        evaluation.unreadable,
        evaluation.unreadable as u64 + evaluation.figures.pictures
    );
    Ok(())
}

/// Predicts one machine's share of the videos, and leaves its predictions and counts for `mien merge`. `names` are those of
/// all videos.
fn evaluate_share(
    shard: Shard,
    options: &Options,
    videos: Vec<LabelledVideo>,
    names: &[PathBuf],
    model: &ModelFile,
    window: usize,
) -> Result<()> {
    let wrong = |why: &str| {
        WrongUse(format!(
            "share {shard} of the videos gives no figures of its own: {why}"
        ))
    };
    let folder = options
        .out
        .as_deref()
        .ok_or_else(|| wrong("its results need a folder, `--out DIR`, for `mien merge`"))?;
    if options.json {
        return Err(wrong("leave `--json` out; `evaluation.json` of `mien merge` has those over all").into());
    }
    let weights: Vec<u64> = videos.iter().map(|video| video.frames.len() as u64).collect();
    let places = shard.places(&weights);
    tracing::info!("shard {shard}: {} of {} videos", places.len(), videos.len());
    let numbered = videos.into_iter().enumerate();
    let share: Vec<LabelledVideo> = numbered
        .filter(|(place, _)| places.binary_search(place).is_ok())
        .map(|(_, video)| video)
        .collect();
    let files = options.written_files(&planned(&share, Some(shard)))?;
    let predicted = predict(&share, model, options.device)?;
    let written = write_predictions(folder, &predicted, options.smoothing, window, &files)?;
    account(shard, options, names, window, &predicted, written)?.write(folder, &files)?;
    tracing::info!("`mien merge` gives the figures over all shares, once they are done");
    Ok(())
}

/// Names of the videos' predictions and of a share's account, from `--out` on.
fn planned(videos: &[LabelledVideo], shard: Option<Shard>) -> Vec<PathBuf> {
    let predictions = videos.iter().flat_map(|video| {
        let path = |ending| Path::new(PREDICTIONS).join(format!("{}.{ending}", video.name));
        ["csv", "txt"].map(path)
    });
    let account = shard.map(|shard| PathBuf::from(Manifest::file_name(shard)));
    predictions.chain(account).collect()
}

/// What a share has done, for `mien merge`. `written` are the files of each video.
fn account(
    shard: Shard,
    options: &Options,
    names: &[PathBuf],
    window: usize,
    predicted: &[PredictedVideo],
    written: Vec<Vec<PathBuf>>,
) -> Result<Manifest> {
    let settings = json!({
        "command": "evaluate",
        "model": identity(&options.model)?,
        "smoothing": options.smoothing,
        "window": window,
        "sweep": options.sweep,
    });
    let mut manifest = Manifest::new(shard, settings, names);
    let done = predicted.iter().zip(written).map(|(video, files)| Done {
        input: PathBuf::from(&video.name),
        files,
    });
    manifest.done = done.collect();
    manifest.tally = Some(Tally::of(predicted, options.smoothing, window, options.sweep));
    Ok(manifest)
}

/// Writes the csv and the Aff-Wild2 annotation of each video; gives their paths from `folder`, a video each.
fn write_predictions(
    folder: &Path,
    videos: &[PredictedVideo],
    smoothing: Smoothing,
    window: usize,
    out: &WrittenFiles,
) -> Result<Vec<Vec<PathBuf>>> {
    atomic_file::make_folder(&folder.join(PREDICTIONS))?;
    let write = |video: &PredictedVideo| -> Result<Vec<PathBuf>> {
        let rows = video.timeline.rows(smoothing, window);
        let labels = video.smoothed(smoothing, window).into_iter();
        let labels = labels.map(|label| label.unwrap_or(WITHOUT_ANY_CROP));
        let files = [
            ("csv", frame_table::to_string(&video.name, &rows)),
            ("txt", submission::annotation(labels)),
        ];
        files
            .into_iter()
            .map(|(ending, text)| {
                let path = Path::new(PREDICTIONS).join(format!("{}.{ending}", video.name));
                out.write(&folder.join(&path), text.as_bytes())?;
                Ok(path)
            })
            .collect()
    };
    videos.iter().map(write).collect()
}
