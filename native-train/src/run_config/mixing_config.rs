//! The `[mixing]` table.

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

/// The `[mixing]` table: how labelled pictures of a batch are mixed with each other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MixingConfig {
    /// Alpha of mixup (Zhang et al. 2018): a picture keeps the share that is drawn from Beta(alpha, alpha) of
    /// itself and takes the rest of another one (method: 0, off).
    pub mixup: f64,
    /// Alpha of `CutMix` (Yun et al. 2019): a rectangle of another picture, whose share of the area is drawn from
    /// Beta(alpha, alpha), lies over it (method: 0, off). With both on, each is taken half of the time.
    pub cutmix: f64,
    /// Chance that a picture is mixed at all.
    pub chance: f64,
}

impl Default for MixingConfig {
    fn default() -> Self {
        Self {
            mixup: 0.0,
            cutmix: 0.0,
            chance: 1.0,
        }
    }
}

impl MixingConfig {
    /// Whether it is as ever: then it is left out, so that checkpoints of older runs still fit.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// # Errors
    /// On a value out of its range, named with what was expected.
    pub(super) fn check(&self) -> Result<()> {
        let keys = [
            ("mixup", self.mixup),
            ("cutmix", self.cutmix),
            ("chance", self.chance),
        ];
        for (key, value) in keys {
            ensure!(
                (0.0..=1.0).contains(&value),
                "`mixing.{key}` is {value}, expected 0 to 1"
            );
        }
        Ok(())
    }

    /// Whether no picture is ever mixed.
    pub(crate) fn is_off(&self) -> bool {
        (self.mixup == 0.0 && self.cutmix == 0.0) || self.chance == 0.0
    }
}
