//! What the teacher-student training can be told.

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use crate::run_config::augmentation_config::AugmentationConfig;

/// The `[semi_supervised]` table. `[training]` holds the teacher's rate and what both share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SemiSupervisedConfig {
    /// Student's learning rate at the start (paper, 4.2: 1e-3), along the same cosine as the teacher's.
    pub student_rate: f64,
    /// Unlabelled pictures for each labelled one (method: 1; Face2Exp: 7).
    pub unlabelled_ratio: usize,
    /// How the feedback coefficient is computed.
    pub feedback: Feedback,
    /// The view that the student learns from (paper, eq. 1: weak; Face2Exp's code: strong).
    pub student_view: View,
    /// The view of the teacher's feedback loss (paper, eq. 5: weak; Face2Exp's code: strong).
    pub feedback_view: View,
    /// Pseudo-labels of a lower probability count neither for the student nor for the feedback loss
    /// (method: 0, off).
    pub threshold: f64,
    /// Divides the teacher's logits of the weak view, for the consistency loss' target and for
    /// `threshold` (method: 1, off).
    pub temperature: f64,
    /// Decay of a moving average of f that is subtracted from f (method: off; Meta Pseudo Labels: 0.99).
    pub baseline: Option<f64>,
    /// Decay of a moving average of the student, which is then what is evaluated and written (method:
    /// off; Meta Pseudo Labels: 0.995).
    pub ema: Option<f64>,
    /// Share of the labels' weight that is spread over all classes in the teacher's supervised loss
    /// (method: 0, off).
    pub label_smoothing: f64,
    /// Steps over which the weight of the consistency loss rises from 0 to 1 (method: 0, it is 1 at once;
    /// Meta Pseudo Labels: 5,000 in the setting for CIFAR-10). From random weights the loss draws both
    /// views to one uniform answer before labels have taught anything.
    #[serde(skip_serializing_if = "is_zero")]
    pub ramp_steps: u64,
    /// Steps after the last in which the student learns from labelled pictures (method: 0, off).
    pub finetune_steps: u64,
    /// Learning rate of these steps, falling to 0 along a cosine.
    pub finetune_rate: f64,
    /// Whether the teacher's forward is made twice (method: no): for the pseudo-labels without a graph, and again once
    /// the student is done. The results are the same; a step is slower by that forward, and never keeps both networks'
    /// layers at once.
    #[serde(skip_serializing_if = "is_false")]
    pub recompute_teacher: bool,
    /// The weak view of unlabelled pictures: crop, mirroring, colour jitter.
    pub weak: AugmentationConfig,
    /// The strong view.
    pub strong: StrongConfig,
}

/// Forms of the feedback coefficient f.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Feedback {
    /// The student's rate times the scalar product of its two gradients (paper, eq. 6).
    #[default]
    DotProduct,
    /// The student's loss on the labelled pictures before its step minus the loss after it (Face2Exp's
    /// code): equal to the other to first order where the step is plain SGD.
    FiniteDifference,
}

/// Views of an unlabelled picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum View {
    /// Crop, mirroring, colour jitter.
    #[default]
    Weak,
    /// Crop, mirroring, `RandAugment`.
    Strong,
}

/// `RandAugment` (Cubuk et al. 2020).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StrongConfig {
    /// Operations one after the other (method: 2).
    pub operations: usize,
    /// Largest magnitude; each operation draws a whole one from 0 to this (method: 10).
    pub magnitude: u32,
    /// Chance of mirroring.
    pub flip: f32,
}

// Left out where it is as ever, so that checkpoints of older runs still fit.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

impl Default for SemiSupervisedConfig {
    fn default() -> Self {
        Self {
            student_rate: 1e-3,
            unlabelled_ratio: 1,
            feedback: Feedback::default(),
            student_view: View::default(),
            feedback_view: View::default(),
            threshold: 0.0,
            temperature: 1.0,
            baseline: None,
            ema: None,
            label_smoothing: 0.0,
            ramp_steps: 0,
            finetune_steps: 0,
            finetune_rate: 1e-3,
            recompute_teacher: false,
            weak: AugmentationConfig {
                flip: 0.5,
                jitter: 0.3,
                ..AugmentationConfig::NONE
            },
            strong: StrongConfig::default(),
        }
    }
}

impl Default for StrongConfig {
    fn default() -> Self {
        Self {
            operations: 2,
            magnitude: 10,
            flip: 0.5,
        }
    }
}

// Left out where it is as ever, so that checkpoints of older runs still fit.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

impl SemiSupervisedConfig {
    /// Weight of the consistency loss in the step after `step` others.
    #[must_use]
    pub fn consistency_weight(&self, step: u64) -> f64 {
        if step >= self.ramp_steps {
            return 1.0;
        }
        step as f64 / self.ramp_steps as f64
    }

    /// # Errors
    /// On a value out of its range.
    pub(in crate::run_config) fn check(&self) -> Result<()> {
        let positive = |key: &str, value: f64| {
            ensure!(
                value > 0.0 && value.is_finite(),
                "`semi_supervised.{key}` is {value}, expected a number above 0"
            );
            Ok(())
        };
        let share = |key: &str, value: f64| {
            ensure!(
                (0.0..1.0).contains(&value),
                "`semi_supervised.{key}` is {value}, expected 0 up to 1"
            );
            Ok(())
        };
        positive("student_rate", self.student_rate)?;
        positive("finetune_rate", self.finetune_rate)?;
        positive("temperature", self.temperature)?;
        share("threshold", self.threshold)?;
        share("label_smoothing", self.label_smoothing)?;
        share("baseline", self.baseline.unwrap_or(0.0))?;
        share("ema", self.ema.unwrap_or(0.0))?;
        ensure!(
            (1..=64).contains(&self.unlabelled_ratio),
            "`semi_supervised.unlabelled_ratio` is {}, expected 1 to 64",
            self.unlabelled_ratio
        );
        let StrongConfig {
            operations,
            magnitude,
            flip,
        } = self.strong;
        ensure!(
            operations <= 16 && magnitude <= 10 && (0.0..=1.0).contains(&flip),
            "`semi_supervised.strong`: expected up to 16 operations, magnitude up to 10, flip 0 to 1"
        );
        self.weak.check("semi_supervised.weak")
    }
}
