//! The labelled videos that a config names.

use anyhow::{Result, ensure};

use crate::datasets::affwild2;
use crate::datasets::config::SourceUse;
use crate::datasets::labelled_video::LabelledVideo;
use crate::datasets::source_kind::SourceKind;
use crate::run_config::RunConfig;
use crate::run_config::refine_config::VideoFolders;

/// The training and the validation videos that a config names in `[refine]`, else those of the Aff-Wild2
/// sources of `[data]`; none may be on both sides.
///
/// # Errors
/// When none are named, a folder cannot be read, or a video is on both sides.
pub fn videos_of(config: &RunConfig) -> Result<[Vec<LabelledVideo>; 2]> {
    let refine = config.refine();
    let training = read_side(config, refine.training.as_ref(), SourceUse::Labelled, "training")?;
    let validation = read_side(
        config,
        refine.validation.as_ref(),
        SourceUse::Validation,
        "validation",
    )?;
    for video in &validation {
        ensure!(
            training.iter().all(|other| other.name != video.name),
            "the video {} is among the training and the validation videos",
            video.name
        );
    }
    Ok([training, validation])
}

fn read_side(
    config: &RunConfig,
    named: Option<&VideoFolders>,
    role: SourceUse,
    key: &str,
) -> Result<Vec<LabelledVideo>> {
    if let Some(VideoFolders { crops, annotations }) = named {
        return affwild2::read_videos(crops, annotations);
    }
    let mut videos = Vec::new();
    for source in &config.data.sources {
        let wanted = source.kind == SourceKind::AFFWILD2 && source.role == role;
        if let (true, Some(crops), Some(annotations)) = (wanted, &source.pictures, &source.annotations) {
            videos.extend(affwild2::read_videos(crops, annotations)?);
        }
    }
    ensure!(
        !videos.is_empty(),
        "no {key} videos are named: set `refine.{key}` to {{ crops = \"...\", annotations = \"...\" }}, or give `[data]` a \
         source of kind `affwild2` with `use = \"{}\"`",
        if role == SourceUse::Labelled {
            "labelled"
        } else {
            "validation"
        }
    );
    Ok(videos)
}
