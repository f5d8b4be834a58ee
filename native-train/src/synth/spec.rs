//! What to render, and what was rendered.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

/// What `mien synth` renders. The same values give the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SynthSpec {
    /// Labelled stills.
    pub images: usize,
    /// Stills of the unlabelled "face recognition" pool.
    pub unlabelled: usize,
    /// Videos to train on.
    pub videos_train: usize,
    /// Videos to validate on; their people occur nowhere else.
    pub videos_validation: usize,
    /// Videos for the temporal encoder alone (`Temporal_Set`): their people occur nowhere else either, so that its
    /// features are of people whom the backbone has not learned.
    #[serde(skip_serializing_if = "is_none")]
    pub videos_temporal: usize,
    /// Length of every video in seconds.
    pub seconds: usize,
    /// Frames a second of every video.
    pub fps: usize,
    /// Side of every face picture in pixels.
    pub size: usize,
    /// Side of a face picture in hundredths of the face's height: 118 is about what a detector's box with
    /// margin gives, less looks closer.
    pub framing: usize,
    /// Seed of everything random.
    pub seed: u64,
    /// Folder of skin textures in MakeHuman's layout; painted by rule where absent.
    pub skins: Option<PathBuf>,
}

// Left out where it is as ever, so that folders that were rendered before still fit.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_none(videos: &usize) -> bool {
    *videos == 0
}

impl Default for SynthSpec {
    fn default() -> Self {
        Self {
            images: 400,
            unlabelled: 1200,
            videos_train: 16,
            videos_validation: 8,
            videos_temporal: 0,
            seconds: 12,
            fps: 10,
            size: 96,
            framing: 118,
            seed: 0,
            skins: None,
        }
    }
}

/// What was rendered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SynthSummary {
    /// Labelled stills of each class in index order.
    pub labelled: [usize; 8],
    /// Unlabelled stills of each class in index order (for logging only).
    pub unlabelled: [usize; 8],
    /// Annotated frames of the training videos, of each class in index order.
    pub train_frames: [usize; 8],
    /// Annotated frames of the validation videos, of each class in index order.
    pub validation_frames: [usize; 8],
    /// Annotated frames of the temporal encoder's videos, of each class in index order.
    pub temporal_frames: [usize; 8],
    /// Frames of all videos without a label (-1).
    pub unannotated_frames: usize,
    /// Frames of all videos without a crop.
    pub missing_crops: usize,
    /// Whole-frame videos written as mp4.
    pub whole_videos: usize,
    /// Why there is no mp4, where there is none.
    pub whole_videos_left_out: Option<String>,
    /// Faces rendered in all.
    pub faces: usize,
}

impl SynthSpec {
    /// Side of a face picture in heights of the face.
    #[must_use]
    pub fn face_share(&self) -> f32 {
        self.framing as f32 / 100.0
    }

    /// Looks that every value can be used.
    ///
    /// # Errors
    /// On the first that cannot; the message says which and what it may be.
    pub fn check(&self) -> Result<()> {
        ensure!(
            (32..=1024).contains(&self.size),
            "size is {}: faces are 32 to 1024 pixels wide",
            self.size
        );
        ensure!(
            (60..=300).contains(&self.framing),
            "framing is {}: a face picture is 60 to 300 hundredths of the face's height wide",
            self.framing
        );
        ensure!(
            (1..=120).contains(&self.fps),
            "fps is {}: 1 to 120 frames a second can be made",
            self.fps
        );
        let sets = [self.videos_train, self.videos_validation, self.videos_temporal];
        let videos: usize = sets.iter().sum();
        ensure!(
            videos == 0 || (1..=3600).contains(&self.seconds),
            "seconds is {}: a video lasts 1 to 3600 seconds",
            self.seconds
        );
        // Numbers of frames and people are packed into the random streams' numbers.
        ensure!(
            self.images.max(self.unlabelled) <= 1_000_000 && sets.iter().all(|videos| *videos <= 100_000),
            "at most 1,000,000 stills of a kind and 100,000 videos of a set can be made"
        );
        ensure!(
            self.images + self.unlabelled + videos > 0,
            "nothing is asked for: images, unlabelled and videos are 0"
        );
        Ok(())
    }
}
