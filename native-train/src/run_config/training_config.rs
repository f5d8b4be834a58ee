//! The `[training]` table: the optimiser's course.

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use crate::run_config::precision::Precision;

/// The optimiser's course.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingConfig {
    /// Pictures a step (method: 32).
    pub batch: usize,
    /// Whether each class is drawn equally often (method: yes); else each picture is, and classes are
    /// as frequent as in the data.
    #[serde(skip_serializing_if = "is_true")]
    pub balanced: bool,
    /// How far classes are evened out: 1 (method) draws each equally often, 0 as often as in the data, 0.5 by
    /// the square root of their number.
    #[serde(skip_serializing_if = "is_one")]
    pub class_balance: f64,
    /// `mode = "supervised"`: share of the labels' weight that is spread over all classes (method: 0, off).
    #[serde(skip_serializing_if = "is_zero")]
    pub label_smoothing: f64,
    /// `mode = "supervised"`: decay of a moving average of the network, which is then what is evaluated and
    /// written (method: off). In the first steps the average is shorter, so that it forgets the start: in step n
    /// the decay is at most n / (n + 9).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ema: Option<f64>,
    /// Steps in all (paper: 100,000).
    pub steps: u64,
    /// Steps between evaluations, each of which a checkpoint follows.
    pub steps_an_epoch: u64,
    /// Most minutes between checkpoints; 0 writes one after each step.
    pub checkpoint_minutes: f64,
    /// Learning rate at the start; it falls to 0 along a cosine (method: 1e-2).
    pub rate: f64,
    /// Momentum of SGD (method: 0.9).
    pub momentum: f64,
    /// Weight decay of SGD (method: 0, off).
    pub weight_decay: f64,
    /// Largest norm of the gradient over all parameters together; without it (method) nothing is
    /// clipped.
    pub clip_norm: Option<f64>,
    /// In what convolutions multiply: `f32` (method), `bf16` or `f16`. Weights and updates are in f32.
    pub precision: Precision,
}

// Left out where it is as ever, so that checkpoints of older runs still fit.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_true(value: &bool) -> bool {
    *value
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_one(value: &f64) -> bool {
    *value == 1.0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            batch: 32,
            balanced: true,
            class_balance: 1.0,
            label_smoothing: 0.0,
            ema: None,
            steps: 100_000,
            steps_an_epoch: 1000,
            checkpoint_minutes: 10.0,
            rate: 1e-2,
            momentum: 0.9,
            weight_decay: 0.0,
            clip_norm: None,
            precision: Precision::F32,
        }
    }
}

impl TrainingConfig {
    /// # Errors
    /// On a value out of its range, named with what was expected.
    pub(super) fn check(&self) -> Result<()> {
        let TrainingConfig {
            batch,
            steps,
            steps_an_epoch,
            checkpoint_minutes,
            rate,
            momentum,
            weight_decay,
            clip_norm,
            precision: _,
            balanced,
            class_balance,
            label_smoothing,
            ema,
        } = *self;
        ensure!(
            (0.0..=1.0).contains(&class_balance),
            "`training.class_balance` is {class_balance}, expected 0 (as in the data) to 1 (equally often)"
        );
        ensure!(
            balanced || class_balance == 1.0,
            "`training.class_balance` is {class_balance}, and `training.balanced` is off: expected one of them"
        );
        for (key, share) in [("label_smoothing", label_smoothing), ("ema", ema.unwrap_or(0.0))] {
            ensure!(
                (0.0..1.0).contains(&share),
                "`training.{key}` is {share}, expected 0 up to 1"
            );
        }
        ensure!(
            weight_decay >= 0.0 && weight_decay.is_finite(),
            "`training.weight_decay` is {weight_decay}, expected 0 or more"
        );
        ensure!(
            clip_norm.is_none_or(|most| most > 0.0),
            "`training.clip_norm` must be above 0"
        );
        ensure!(
            (2..=65_536).contains(&batch),
            "`training.batch` is {batch}, expected at least 2"
        );
        ensure!(
            steps > 0 && steps_an_epoch > 0,
            "`training.steps` and `steps_an_epoch` must be above 0"
        );
        ensure!(
            checkpoint_minutes >= 0.0,
            "`training.checkpoint_minutes` is {checkpoint_minutes}, expected 0 or more"
        );
        ensure!(
            rate > 0.0 && rate.is_finite(),
            "`training.rate` is {rate}, expected a number above 0"
        );
        ensure!(
            (0.0..1.0).contains(&momentum),
            "`training.momentum` is {momentum}, expected 0 up to 1"
        );
        Ok(())
    }

    /// How labelled pictures are drawn, for a model's description.
    #[must_use]
    pub fn sampling(&self) -> String {
        match (self.balanced, self.class_balance) {
            (false, _) => "each picture equally often, drawn with replacement".to_owned(),
            (true, 1.0) => "each class equally often, drawn with replacement".to_owned(),
            (true, balance) => format!(
                "classes in proportion to their number to the power of {:.2}, drawn with replacement",
                1.0 - balance
            ),
        }
    }
}
