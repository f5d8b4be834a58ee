//! The file that says what is trained on what, and how.

pub mod ablate_config;
pub mod augmentation_config;
pub mod course;
mod key_distance;
pub mod mixing_config;
pub mod mode;
pub mod network_config;
pub mod precision;
pub mod refine_config;
pub mod semi_supervised_config;
pub mod temporal_config;
pub mod training_config;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use shared_model::face_crop::InputSpec;
use shared_model::model_file::ModelMetadata;

use crate::datasets::config::DataConfig;
use crate::random_stream::MOST_SLOTS;

use ablate_config::AblateConfig;
use augmentation_config::AugmentationConfig;
use course::Course;
use key_distance::nearest_key;
use mixing_config::MixingConfig;
pub use mode::Mode;
use network_config::NetworkConfig;
use refine_config::RefineConfig;
use semi_supervised_config::SemiSupervisedConfig;
use temporal_config::TemporalConfig;
use training_config::TrainingConfig;

/// All that a training is told: stage 1, and in tables of their own stage 2 and Table 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunConfig {
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

impl RunConfig {
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
        if let Some(ablate) = &self.ablate {
            ablate.check()?;
            ablate.check_sources(&self.data)?;
        }
        self.augmentation.check("augmentation")?;
        self.semi_supervised.check()?;
        self.data.check()?;
        self.model.check()?;
        self.training.check()?;
        self.mixing.check()?;
        self.check_mode()?;
        let slots = self
            .training
            .batch
            .saturating_mul(self.semi_supervised.unlabelled_ratio.max(1));
        ensure!(
            slots <= MOST_SLOTS,
            "`training.batch` times `semi_supervised.unlabelled_ratio` is {slots}, expected at most {MOST_SLOTS}"
        );
        if let Some(temporal) = &self.temporal {
            temporal.check()?;
        }
        if self.run.as_os_str().is_empty() {
            bail!("`run` is empty, expected the folder of the run");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::framing::{Alignment, DetectorKind, Framing};

    const LEAST: &str = "mode = \"supervised\"\nrun = \"r\"\n[data]\nlabelled = \"l.csv\"\n";

    #[test]
    fn unknown_keys_come_with_the_nearest_known_one() {
        assert!(RunConfig::parse(LEAST).is_ok());
        let error = RunConfig::parse(&format!("{LEAST}[training]\nstep = 3\n"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("`steps`") && error.contains("line 6"), "{error}");
        let error = RunConfig::parse(&format!("sede = 3\n{LEAST}"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("did you mean `seed`"), "{error}");
    }

    #[test]
    fn framings_are_read_and_wrong_ones_named() {
        let config = |table: &str| RunConfig::parse(&format!("{LEAST}[model.framing]\n{table}"));
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
        let error = RunConfig::parse(&format!("{LEAST}held_back = 1.5\n"))
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
            let error = format!("{:#}", RunConfig::parse(&text).unwrap_err());
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_checkpoint_of_before_an_option_still_fits() {
        let config = RunConfig::parse(LEAST).unwrap();
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
        let changed = RunConfig::parse(&format!(
            "{LEAST}[training]\nclass_balance = 0.5\nlabel_smoothing = 0.1\nema = 0.99\n[mixing]\nmixup = 0.2\n\
             [augmentation]\nzoom = 0.1\nshift = 0.1\n"
        ));
        let value = |config: &RunConfig| serde_json::to_value(config).unwrap();
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
}
