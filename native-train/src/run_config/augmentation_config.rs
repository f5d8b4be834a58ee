//! The `[augmentation]` table.

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

/// Chances and ranges of the random changes to training pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AugmentationConfig {
    /// Chance of mirroring.
    pub flip: f32,
    /// Largest rotation either way in degrees (method: 5).
    pub rotation: f32,
    /// Largest change of brightness, contrast and saturation as a share.
    pub jitter: f32,
    /// Chance that colour is taken away.
    pub greyscale: f32,
    /// Chance that a rectangle is filled with noise (Zhong et al. 2020).
    pub erase: f32,
    /// Largest change of the size of what is cut out either way as a share, so that faces come nearer and farther,
    /// as other detectors frame them (method: 0, off). Beyond the picture the border's colours go on.
    #[serde(skip_serializing_if = "is_zero")]
    pub zoom: f32,
    /// Largest move of what is cut out either way, along each side, as a share of that (method: 0, off), beside
    /// what the crop has to spare.
    #[serde(skip_serializing_if = "is_zero")]
    pub shift: f32,
}

// Left out where it is as ever, so that checkpoints of older runs still fit.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(value: &f32) -> bool {
    *value == 0.0
}

impl Default for AugmentationConfig {
    fn default() -> Self {
        Self {
            flip: 0.5,
            rotation: 5.0,
            jitter: 0.3,
            greyscale: 0.5,
            erase: 0.25,
            zoom: 0.0,
            shift: 0.0,
        }
    }
}

impl AugmentationConfig {
    /// # Errors
    /// On a value of the table called `table` that is out of its range.
    pub(super) fn check(&self, table: &str) -> Result<()> {
        let shares = [
            ("flip", self.flip),
            ("jitter", self.jitter),
            ("greyscale", self.greyscale),
            ("erase", self.erase),
        ];
        for (key, value) in shares {
            ensure!(
                (0.0..=1.0).contains(&value),
                "`{table}.{key}` is {value}, expected 0 to 1"
            );
        }
        for (key, value) in [("zoom", self.zoom), ("shift", self.shift)] {
            ensure!(
                (0.0..1.0).contains(&value),
                "`{table}.{key}` is {value}, expected 0 up to 1"
            );
        }
        let rotation = self.rotation;
        ensure!(
            (0.0..=180.0).contains(&rotation),
            "`{table}.rotation` is {rotation}, expected 0 to 180"
        );
        Ok(())
    }

    /// Nothing is changed but for the place of the crop.
    pub(crate) const NONE: Self = Self {
        flip: 0.0,
        rotation: 0.0,
        jitter: 0.0,
        greyscale: 0.0,
        erase: 0.0,
        zoom: 0.0,
        shift: 0.0,
    };
}
