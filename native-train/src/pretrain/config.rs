//! The file that says what is trained on what, and how.

use std::path::{Path, PathBuf};

use crate::ablate::config::AblateConfig;
pub use crate::datasets::config::{DataConfig, FaceSource};
pub use crate::pretrain::augmentation_config::AugmentationConfig;
use crate::pretrain::picture_mixing::MixingConfig;
use crate::pretrain::semi_supervised::config::SemiSupervisedConfig;
pub use crate::pretrain::training_config::TrainingConfig;
use crate::refine::config::RefineConfig;
use crate::training_run::run_loop::Course;
use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use shared_model::face_crop::{InputColour, InputSpec};
use shared_model::framing::Framing;
use shared_model::model_file::{BackboneShape, ModelMetadata, TemporalShape};

/// A stage-1 run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PretrainConfig {
    /// How the network learns.
    pub mode: Mode,
    /// Folder of the run, from the working directory.
    pub run: PathBuf,
    /// Everything random follows from it.
    #[serde(default)]
    pub seed: u64,
    /// Stands first in the model's description of its training.
    #[serde(default)]
    pub note: String,
    pub data: DataConfig,
    #[serde(default)]
    pub model: NetworkConfig,
    #[serde(default)]
    pub training: TrainingConfig,
    /// Changes to labelled pictures.
    #[serde(default)]
    pub augmentation: AugmentationConfig,
    /// How labelled pictures are mixed with each other.
    #[serde(default, skip_serializing_if = "MixingConfig::is_default")]
    pub mixing: MixingConfig,
    /// What `mode = "semi-supervised"` adds.
    #[serde(default)]
    pub semi_supervised: SemiSupervisedConfig,
    /// The temporal encoder; without this table a per-frame model is trained.
    pub temporal: Option<TemporalConfig>,
    /// Stage 2. Not part of what a stage-1 checkpoint belongs to.
    #[serde(default, skip_serializing)]
    pub refine: Option<RefineConfig>,
    /// Table 1. Not part of it either.
    #[serde(default, skip_serializing)]
    pub ablate: Option<AblateConfig>,
}

/// Ways of training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Labelled pictures only.
    Supervised,
    /// Teacher and student, on labelled and unlabelled pictures (paper, 3.3).
    SemiSupervised,
}

/// The network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkConfig {
    /// Side of the input in pixels.
    pub input_size: usize,
    /// Bottleneck blocks in each stage (ResNet-50: 3, 4, 6, 3).
    pub blocks: [usize; 4],
    /// Channels after the stem (ResNet-50: 64).
    pub width: usize,
    /// A model file to start from, else random weights (He).
    pub start: Option<PathBuf>,
    /// Whether the network sees colour, in training as in the app.
    #[serde(skip_serializing_if = "is_rgb")]
    pub colour: InputColour,
    /// How faces are found and cut out, in training as in the app.
    #[serde(skip_serializing_if = "is_usual")]
    pub framing: Framing,
}

/// The temporal encoder and its training on the frozen backbone's features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TemporalConfig {
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
    /// Clips a step.
    pub batch: usize,
    /// Steps in all.
    pub steps: u64,
    /// Learning rate of AdamW (method: 5e-5), falling to 0 along a cosine.
    pub rate: f64,
    /// Augmented views of each picture that stand in for its frames.
    pub views: usize,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_rgb(colour: &InputColour) -> bool {
    *colour == InputColour::Rgb
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_usual(framing: &Framing) -> bool {
    *framing == Framing::default()
}

impl Default for NetworkConfig {
    fn default() -> Self {
        let shape = BackboneShape::default();
        Self {
            input_size: 224,
            blocks: shape.blocks,
            width: shape.width,
            start: None,
            colour: InputColour::default(),
            framing: Framing::default(),
        }
    }
}

impl Default for TemporalConfig {
    fn default() -> Self {
        let shape = TemporalShape::default();
        Self {
            layers: shape.layers,
            heads: shape.heads,
            d_model: shape.d_model,
            d_ff: shape.d_ff,
            dropout: 0.3,
            batch: 16,
            steps: 2000,
            rate: 5e-5,
            views: 5,
        }
    }
}

impl NetworkConfig {
    /// # Errors
    /// On a value out of its range, named with what was expected.
    fn check(&self) -> Result<()> {
        let NetworkConfig {
            input_size,
            blocks,
            width,
            ..
        } = self;
        ensure!(
            (32..=1024).contains(input_size),
            "`model.input_size` is {input_size}, expected 32 to 1024"
        );
        ensure!(
            blocks.iter().all(|b| (1..=64).contains(b)),
            "`model.blocks`: expected 1 to 64 each"
        );
        ensure!(
            (1..=1024).contains(width),
            "`model.width` is {width}, expected 1 to 1024"
        );
        self.framing.check().context("`model.framing`")?;
        Ok(())
    }

    /// The backbone.
    #[must_use]
    pub fn shape(&self) -> BackboneShape {
        BackboneShape {
            blocks: self.blocks,
            width: self.width,
        }
    }
}

impl TemporalConfig {
    /// # Errors
    /// On a value out of its range, named with what was expected.
    fn check(&self) -> Result<()> {
        let TemporalConfig {
            layers,
            heads,
            d_model,
            dropout,
            batch,
            views,
            ..
        } = self;
        let fits = *layers > 0 && *heads > 0 && d_model % heads == 0 && d_model % 2 == 0 && *d_model > 0;
        ensure!(fits, "`temporal`: expected an even d_model that the heads divide");
        ensure!(
            (0.0..1.0).contains(dropout),
            "`temporal.dropout` is {dropout}, expected 0 up to 1"
        );
        ensure!(
            *batch > 0 && (1..=64).contains(views),
            "`temporal`: batch above 0, 1 to 64 views"
        );
        Ok(())
    }

    /// The encoder, with sinusoidal positions.
    #[must_use]
    pub fn shape(&self) -> TemporalShape {
        TemporalShape {
            layers: self.layers,
            heads: self.heads,
            d_model: self.d_model,
            d_ff: self.d_ff,
            positions: true,
        }
    }
}

impl PretrainConfig {
    /// The network's input, normalised as torchvision's models are.
    #[must_use]
    pub fn input(&self) -> InputSpec {
        InputSpec {
            size: self.model.input_size,
            colour: self.model.colour,
            ..ModelMetadata::default().input
        }
    }

    /// How long the run is: also the steps of a last fine-tuning.
    #[must_use]
    pub fn course(&self) -> Course {
        let finetune_steps = match self.mode {
            Mode::Supervised => 0,
            Mode::SemiSupervised => self.semi_supervised.finetune_steps,
        };
        Course {
            steps: self.training.steps + finetune_steps,
            steps_an_epoch: self.training.steps_an_epoch,
            checkpoint_minutes: self.training.checkpoint_minutes,
            patience: None,
        }
    }

    /// Reads and checks a config file.
    ///
    /// # Errors
    /// When it cannot be read, on an unknown key (with the nearest known one), and on a value out
    /// of its range.
    pub fn read(path: &Path) -> Result<Self> {
        let fail = || format!("the config {}", path.display());
        let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", fail()))?;
        Self::parse(&text).with_context(fail)
    }

    fn parse(text: &str) -> Result<Self> {
        let config: Self = toml::from_str(text).map_err(|error| {
            let hint =
                nearest_key(error.message()).map_or(String::new(), |key| format!("did you mean `{key}`?\n"));
            anyhow::anyhow!("{hint}{error}")
        })?;
        config.check()?;
        Ok(config)
    }

    /// The `[refine]` table, or its defaults.
    #[must_use]
    pub fn refine(&self) -> RefineConfig {
        self.refine.clone().unwrap_or_default()
    }

    /// Teacher and student have keys of their own for some of what `[training]` says of a network alone.
    fn check_mode(&self) -> Result<()> {
        if self.mode == Mode::Supervised {
            return Ok(());
        }
        ensure!(
            self.training.ema.is_none(),
            "`training.ema` is of `mode = \"supervised\"`, expected `semi_supervised.ema`"
        );
        ensure!(
            self.training.label_smoothing == 0.0,
            "`training.label_smoothing` is of `mode = \"supervised\"`, expected `semi_supervised.label_smoothing`"
        );
        Ok(())
    }

    fn check(&self) -> Result<()> {
        self.refine().check()?;
        self.ablate.clone().unwrap_or_default().check()?;
        self.augmentation.check("augmentation")?;
        self.semi_supervised.check()?;
        self.data.check()?;
        self.model.check()?;
        self.training.check()?;
        self.mixing.check()?;
        self.check_mode()?;
        if let Some(temporal) = &self.temporal {
            temporal.check()?;
        }
        if self.run.as_os_str().is_empty() {
            bail!("`run` is empty, expected the folder of the run");
        }
        Ok(())
    }
}

/// The known key or value that is nearest to the unknown one of a message such as "unknown field
/// `stepz`, expected one of `batch`, `steps`".
fn nearest_key(message: &str) -> Option<&str> {
    let mut names = message
        .strip_prefix("unknown field")
        .or_else(|| message.strip_prefix("unknown variant"))?
        .split('`')
        .skip(1)
        .step_by(2);
    let unknown = names.next()?;
    let (distance, key) = names.map(|name| (edit_distance(unknown, name), name)).min()?;
    (distance <= unknown.len().div_ceil(2)).then_some(key)
}

/// Letters to change, add, drop, or swap with their neighbour (optimal string alignment).
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    let at = |rows: &[Vec<usize>], i: usize, j: usize| {
        rows.get(i).and_then(|row| row.get(j)).copied().unwrap_or(0)
    };
    for i in 1..=a.len() {
        rows.push(vec![i]);
        for j in 1..=b.len() {
            let same = a.get(i - 1) == b.get(j - 1);
            let mut least = (at(&rows, i - 1, j - 1) + usize::from(!same))
                .min(at(&rows, i - 1, j) + 1)
                .min(at(&rows, i, j - 1) + 1);
            if i > 1 && j > 1 && a.get(i - 1) == b.get(j - 2) && a.get(i - 2) == b.get(j - 1) {
                least = least.min(at(&rows, i - 2, j - 2) + 1);
            }
            if let Some(row) = rows.last_mut() {
                row.push(least);
            }
        }
    }
    at(&rows, a.len(), b.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::framing::{Alignment, DetectorKind};

    const LEAST: &str = "mode = \"supervised\"\nrun = \"r\"\n[data]\nlabelled = \"l.csv\"\n";

    #[test]
    fn unknown_keys_come_with_the_nearest_known_one() {
        assert!(PretrainConfig::parse(LEAST).is_ok());
        let error = PretrainConfig::parse(&format!("{LEAST}[training]\nstep = 3\n"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("`steps`") && error.contains("line 6"), "{error}");
        let error = PretrainConfig::parse(&format!("sede = 3\n{LEAST}"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("did you mean `seed`"), "{error}");
    }

    #[test]
    fn framings_are_read_and_wrong_ones_named() {
        let config = |table: &str| PretrainConfig::parse(&format!("{LEAST}[model.framing]\n{table}"));
        let framing = config("detector = \"yunet\"\nmargin = 1.1\nalignment = \"upright\"\n")
            .unwrap()
            .model
            .framing;
        assert_eq!(
            (framing.detector, framing.margin, framing.alignment),
            (DetectorKind::YuNet, 1.1, Alignment::Upright)
        );
        assert_eq!(config("").unwrap().model.framing, Framing::default());
        for (table, named) in [
            ("detector = \"yunnet\"\n", "did you mean `yunet`"),
            ("margins = 1.1\n", "did you mean `margin`"),
            ("margin = 0.1\n", "`model.framing`"),
            ("alignment = \"upright\"\n", "landmarks"),
        ] {
            let error = format!("{:#}", config(table).unwrap_err());
            assert!(error.contains(named), "{error}");
        }
        // Checkpoints of older runs know nothing of framings, and still fit.
        let usual = toml::to_string(&config("").unwrap()).unwrap();
        assert!(!usual.contains("framing"), "{usual}");
    }

    #[test]
    fn values_out_of_range_are_named() {
        let error = PretrainConfig::parse(&format!("{LEAST}held_back = 1.5\n"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("data.held_back") && error.contains("1.5"),
            "{error}"
        );
    }

    #[test]
    fn options_of_another_mode_and_contradictions_are_named() {
        let semi = LEAST.replace("supervised\"", "semi-supervised\"");
        for (text, expected) in [
            (format!("{semi}[training]\nema = 0.99\n"), "`semi_supervised.ema`"),
            (
                format!("{semi}[training]\nlabel_smoothing = 0.1\n"),
                "`semi_supervised.label_smoothing`",
            ),
            (
                format!("{LEAST}[training]\nbalanced = false\nclass_balance = 0.5\n"),
                "`training.class_balance`",
            ),
            (format!("{LEAST}[mixing]\nmixup = 2.0\n"), "`mixing.mixup` is 2"),
            (
                format!("{LEAST}[augmentation]\nzoom = 1.0\n"),
                "`augmentation.zoom` is 1",
            ),
            (
                format!("{LEAST}[[data.source]]\nkind = \"ferplus\"\nuse = \"labelled\"\npath = \"p\"\n"),
                "`usage` is missing",
            ),
            (
                format!(
                    "{LEAST}[[data.source]]\nkind = \"rafdb\"\nuse = \"labelled\"\npath = \"p\"\nusage = \"valid\"\n"
                ),
                "no part \"valid\"",
            ),
            (
                format!(
                    "{LEAST}[[data.source]]\nkind = \"csv\"\nuse = \"labelled\"\npath = \"p\"\nlabels = \"votes\"\n"
                ),
                "`labels` means nothing",
            ),
        ] {
            let error = format!("{:#}", PretrainConfig::parse(&text).unwrap_err());
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_checkpoint_of_before_an_option_still_fits() {
        let config = PretrainConfig::parse(LEAST).unwrap();
        let written = serde_json::to_value(&config).unwrap();
        for (table, keys) in [
            ("/training", &["class_balance", "label_smoothing", "ema"][..]),
            ("/augmentation", &["zoom", "shift"]),
            ("/semi_supervised/weak", &["zoom", "shift"]),
            ("", &["mixing"]),
        ] {
            let table = written.pointer(table).unwrap();
            assert!(keys.iter().all(|key| table.get(key).is_none()), "{table}");
        }
        // What is set is part of what a run must not change.
        let changed = PretrainConfig::parse(&format!(
            "{LEAST}[training]\nclass_balance = 0.5\nlabel_smoothing = 0.1\nema = 0.99\n[mixing]\nmixup = 0.2\n\
             [augmentation]\nzoom = 0.1\nshift = 0.1\n"
        ));
        let value = |config: &PretrainConfig| serde_json::to_value(config).unwrap();
        let changes = crate::training_run::config_change::changes(&value(&config), &value(&changed.unwrap()));
        let keys: Vec<&str> = changes.iter().map(|change| change.key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "augmentation.shift",
                "augmentation.zoom",
                "mixing",
                "training.class_balance",
                "training.ema",
                "training.label_smoothing"
            ]
        );
    }

    #[test]
    fn distances() {
        assert_eq!(edit_distance("kitten", "sitting"), 3);
        assert_eq!(edit_distance("", "ab"), 2);
        assert_eq!(edit_distance("sede", "seed"), 1);
    }
}
