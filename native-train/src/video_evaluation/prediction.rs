//! All videos of a set, played.

use anyhow::Result;
use burn::tensor::Device;
use shared_model::model_file::ModelFile;

use crate::backbone_features::crop_reader::CropReader;
use crate::datasets::labelled_video::LabelledVideo;
use crate::device::DeviceChoice;
use crate::progress::Progress;
use crate::video_evaluation::figures::WITHOUT_ANY_CROP;
use crate::video_evaluation::predicted_video::PredictedVideo;

/// Unreadable crops that are named; the others are counted.
const MOST_NAMED: usize = 10;

/// Plays all videos. Crops that cannot be read are reported on stderr.
///
/// # Errors
/// When the model does not fit or the device fails.
pub fn predict(
    videos: &[LabelledVideo],
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
    videos: &[LabelledVideo],
    model: &ModelFile,
    device: &Device,
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
        tracing::warn!("{message}; the frame counts as one without a crop");
    }
    let count = unreadable.count();
    if count > 0 {
        tracing::warn!("{count} crops cannot be read");
    }
    let empty: usize = predicted
        .iter()
        .filter(|v| v.has_no_crop())
        .map(|v| v.truth.len())
        .sum();
    if empty > 0 {
        tracing::warn!(
            "{empty} frames are of videos without any crop; they are taken for {}",
            WITHOUT_ANY_CROP.name()
        );
    }
    Ok(predicted)
}
