//! What is measured: videos, pictures, or both.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::backbone_features::labelled_videos::videos_of;
use crate::datasets::config::SourceUse;
use crate::datasets::labelled_video::LabelledVideo;
use crate::datasets::source_kind::SourceKind;
use crate::evaluate::pictures::picture_selection::{self, PictureSelection};
use crate::evaluate::video_source;
use crate::run_config::RunConfig;

/// Labelled videos and pictures; one of both is there.
#[derive(Debug)]
pub(super) struct MeasuredData {
    pub(super) videos: Vec<LabelledVideo>,
    pub(super) pictures: Option<PictureSelection>,
}

impl MeasuredData {
    /// A config's validation videos and pictures, a dataset's videos, a list or folders of pictures, or the videos of two
    /// folders.
    ///
    /// # Errors
    /// When something of this cannot be read, or nothing is labelled.
    pub(super) fn read(
        data: Option<&Path>,
        crops: Option<&Path>,
        annotations: Option<&Path>,
    ) -> Result<Self> {
        match data {
            Some(path) if path.extension().is_some_and(|ending| ending == "toml") => {
                Self::of_config(&RunConfig::read(path)?)
            }
            Some(path) if !video_source::is_dataset(path) => Ok(Self {
                videos: Vec::new(),
                pictures: Some(picture_selection::of_named(path)?),
            }),
            _ => Ok(Self {
                videos: video_source::annotated(data, crops, annotations)?,
                pictures: None,
            }),
        }
    }

    fn of_config(config: &RunConfig) -> Result<Self> {
        let pictures = PictureSelection::of_config(config)?;
        let named = config
            .refine
            .as_ref()
            .is_some_and(|refine| refine.validation.is_some());
        let mut sources = config.data.sources.iter();
        let has_videos = named
            || sources
                .any(|source| source.kind == SourceKind::AFFWILD2 && source.role == SourceUse::Validation);
        if !has_videos && pictures.is_some() {
            return Ok(Self {
                videos: Vec::new(),
                pictures,
            });
        }
        let videos = videos_of(config);
        let [_, videos] = if pictures.is_none() {
            videos.context("no picture is held back, so that videos alone can be measured")?
        } else {
            videos?
        };
        Ok(Self { videos, pictures })
    }
}
