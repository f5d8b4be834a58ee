//! What to render, and what was rendered.

use std::path::PathBuf;

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
    /// Length of every video in seconds.
    pub seconds: usize,
    /// Frames a second of every video.
    pub fps: usize,
    /// Side of every face picture in pixels.
    pub size: usize,
    /// Seed of everything random.
    pub seed: u64,
    /// Folder of skin textures in MakeHuman's layout; painted by rule where absent.
    pub skins: Option<PathBuf>,
}

impl Default for SynthSpec {
    fn default() -> Self {
        Self {
            images: 400,
            unlabelled: 1200,
            videos_train: 16,
            videos_validation: 8,
            seconds: 12,
            fps: 10,
            size: 96,
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
