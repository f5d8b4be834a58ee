//! The `[refine]` table.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use shared_model::model_file::{DEFAULT_CLIP_LENGTH, TemporalShape};
use shared_model::smoothing::{DEFAULT_WINDOW, Smoothing};

/// Stage 2: the temporal encoder on the frozen student (paper, 3.4 and 4.2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RefineConfig {
    /// The model whose backbone gives the features [default: the run's `student.safetensors`].
    pub start: Option<PathBuf>,
    /// Videos to learn from [default: the Aff-Wild2 sources of `[data]`].
    pub training: Option<VideoFolders>,
    /// Videos that decide when to stop and which encoder is kept [default: those of `[data]`].
    pub validation: Option<VideoFolders>,
    /// Folder of the feature cache [default: `refine/features` in the run's folder]. Runs may share one.
    pub cache: Option<PathBuf>,
    /// Frames in a clip (paper, 4.2: 64).
    pub clip_length: usize,
    /// Frames between the beginnings of clips, in training and evaluation (method: 32).
    pub stride: usize,
    /// Whether sinusoidal positions are added (method: yes).
    pub positions: bool,
    /// Encoder layers (method: 4).
    pub layers: usize,
    /// Attention heads (method: 4).
    pub heads: usize,
    /// Width (method: 512).
    pub d_model: usize,
    /// Feed-forward width (method: 512).
    pub d_ff: usize,
    /// Dropout (method: 0.3).
    pub dropout: f64,
    /// Learning rate of `AdamW` (method: 5e-5).
    pub rate: f64,
    /// Whether the rate falls to 0 along a cosine (method: it stays).
    pub cosine: bool,
    /// Decoupled weight decay (torch's default of `AdamW`: 0.01).
    pub weight_decay: f64,
    /// Whether each class counts by the inverse of its frequency in the loss (method: off).
    pub class_weights: bool,
    /// Clips a step.
    pub batch: usize,
    /// Steps at most.
    pub steps: u64,
    /// Steps between two evaluations; each is followed by a checkpoint.
    pub steps_an_evaluation: u64,
    /// Most minutes between checkpoints; 0 writes one after each step.
    pub checkpoint_minutes: f64,
    /// Evaluations without a better macro F1 after which training stops.
    pub patience: u64,
    /// How labels are made steady in the figures that the model's description gives (method: sliding).
    pub smoothing: Smoothing,
    /// Window in frames, which the model carries (paper, 4.2: 30).
    pub window: usize,
}

/// Videos in Aff-Wild2's layout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VideoFolders {
    /// Holds a folder of crops for each video.
    pub crops: PathBuf,
    /// Holds an annotation for each video.
    pub annotations: PathBuf,
}

impl Default for RefineConfig {
    fn default() -> Self {
        let shape = TemporalShape::default();
        Self {
            start: None,
            training: None,
            validation: None,
            cache: None,
            clip_length: DEFAULT_CLIP_LENGTH,
            stride: DEFAULT_CLIP_LENGTH / 2,
            positions: shape.positions,
            layers: shape.layers,
            heads: shape.heads,
            d_model: shape.d_model,
            d_ff: shape.d_ff,
            dropout: 0.3,
            rate: 5e-5,
            cosine: false,
            weight_decay: 0.01,
            class_weights: false,
            batch: 16,
            steps: 20_000,
            steps_an_evaluation: 500,
            checkpoint_minutes: 10.0,
            patience: 10,
            smoothing: Smoothing::default(),
            window: DEFAULT_WINDOW,
        }
    }
}

impl RefineConfig {
    /// The encoder's architecture.
    #[must_use]
    pub fn shape(&self) -> TemporalShape {
        TemporalShape {
            layers: self.layers,
            heads: self.heads,
            d_model: self.d_model,
            d_ff: self.d_ff,
            positions: self.positions,
        }
    }

    /// What this stage keeps in a run's folder: checkpoint, log, features.
    #[must_use]
    pub fn folder_in(run: &Path) -> PathBuf {
        run.join("refine")
    }

    /// # Errors
    /// On a value out of its range, named with what was expected.
    pub fn check(&self) -> Result<()> {
        let fits = self.layers > 0
            && self.heads > 0
            && self.d_model > 0
            && self.d_model.is_multiple_of(self.heads)
            && self.d_model.is_multiple_of(2)
            && self.d_ff > 0;
        ensure!(
            fits,
            "`refine`: expected layers, heads and d_ff above 0 and an even d_model that the heads divide"
        );
        ensure!(
            (2..=4096).contains(&self.clip_length),
            "`refine.clip_length` is {}, expected 2 to 4096",
            self.clip_length
        );
        ensure!(
            (1..=self.clip_length).contains(&self.stride),
            "`refine.stride` is {}, expected 1 to the clip's {} frames",
            self.stride,
            self.clip_length
        );
        ensure!(
            (0.0..1.0).contains(&self.dropout),
            "`refine.dropout` is {}, expected 0 up to 1",
            self.dropout
        );
        ensure!(
            self.rate > 0.0 && self.rate.is_finite(),
            "`refine.rate` is {}, expected a number above 0",
            self.rate
        );
        ensure!(
            self.weight_decay >= 0.0 && self.weight_decay.is_finite(),
            "`refine.weight_decay` is {}, expected 0 or more",
            self.weight_decay
        );
        ensure!(
            self.checkpoint_minutes >= 0.0,
            "`refine.checkpoint_minutes` is {}, expected 0 or more",
            self.checkpoint_minutes
        );
        let counts = [
            ("batch", self.batch as u64),
            ("steps", self.steps),
            ("steps_an_evaluation", self.steps_an_evaluation),
            ("patience", self.patience),
            ("window", self.window as u64),
        ];
        for (key, value) in counts {
            ensure!(value > 0, "`refine.{key}` is 0, expected at least 1");
        }
        Ok(())
    }
}
