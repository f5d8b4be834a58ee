//! The `[temporal]` table.

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use shared_model::model_file::TemporalShape;

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

impl TemporalConfig {
    /// # Errors
    /// On a value out of its range, named with what was expected.
    pub(super) fn check(&self) -> Result<()> {
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
