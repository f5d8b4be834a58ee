//! The scale of a loss whose gradients are of 16 bits (Micikevicius et al. 2018, mixed precision training).

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use shared_model::model_file::{Weight, Weights};

use crate::run_config::precision::Precision;
use crate::training_run::gradients::{dot, scaled};

/// What a loss is multiplied by at first, and how that changes: the values of `torch.cuda.amp.GradScaler`.
const FIRST_FACTOR: f64 = 65_536.0;
const STEPS_UNTIL_GROWTH: u32 = 2000;
/// Its name in a checkpoint.
const SAVED: &str = "loss_scale";

/// Keeps gradients inside of the range of 16 bits: the loss is multiplied on the way back, the gradients divided after
/// it; a step whose gradients overflow is left out.
#[derive(Debug, Clone, PartialEq)]
pub struct LossScale {
    /// `None` where nothing is scaled.
    factor: Option<f64>,
    good_steps: u32,
    skipped: u64,
}

/// What a step did with the scale, for the log.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scaling {
    /// What the loss is multiplied by after the step.
    pub factor: f64,
    /// Gradients of the step that overflowed; the updates that asked for them were left out.
    pub overflows: u64,
}

impl LossScale {
    /// The scale at the start of a training.
    #[must_use]
    pub fn new(precision: Precision) -> Self {
        Self {
            factor: (precision == Precision::F16).then_some(FIRST_FACTOR),
            good_steps: 0,
            skipped: 0,
        }
    }

    /// The gradients of `loss`, or `None` where they overflowed: then the factor is halved. After
    /// 2000 good steps it is doubled.
    pub fn gradients<M: Module>(
        &mut self,
        loss: Tensor<1>,
        network: &M,
        device: &Device,
    ) -> Option<GradientsParams> {
        let Some(factor) = self.factor else {
            return Some(GradientsParams::from_grads(loss.backward(), network));
        };
        let gradients = GradientsParams::from_grads(loss.mul_scalar(factor).backward(), network);
        let inverse = Tensor::full([1], 1.0 / factor, device);
        let gradients = scaled(network, &gradients, inverse);
        let norm = dot(network, &gradients, &gradients, device).try_into_scalar::<f32>();
        // A device that fails here fails again at the next look at the losses, which says so.
        if norm.is_ok_and(f32::is_finite) {
            self.good_steps += 1;
            if self.good_steps == STEPS_UNTIL_GROWTH {
                (self.factor, self.good_steps) = (Some(factor * 2.0), 0);
            }
            return Some(gradients);
        }
        (self.factor, self.good_steps) = (Some((factor / 2.0).max(1.0)), 0);
        self.skipped += 1;
        None
    }

    /// What the loss is multiplied by now.
    #[must_use]
    pub fn factor(&self) -> f64 {
        self.factor.unwrap_or(1.0)
    }

    /// Gradients that overflowed so far; the updates that asked for them were left out.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// What changed since [`LossScale::skipped`] gave `before`; `None` where nothing is scaled.
    #[must_use]
    pub fn since(&self, before: u64) -> Option<Scaling> {
        self.factor.map(|factor| Scaling {
            factor,
            overflows: self.skipped.saturating_sub(before),
        })
    }

    /// For a checkpoint: nothing where nothing is scaled.
    #[must_use]
    pub fn save(&self) -> Weights {
        let Some(factor) = self.factor else {
            return Weights::new();
        };
        let values = vec![factor as f32, self.good_steps as f32, self.skipped as f32];
        let weight = Weight {
            shape: vec![values.len()],
            values,
        };
        Weights::from([(SAVED.to_owned(), weight)])
    }

    /// Takes [`LossScale::save`] out of `saved` and goes on from it; where nothing is scaled nothing changes.
    pub fn load(&mut self, saved: &mut Weights) {
        let values = saved.remove(SAVED).map(|weight| weight.values);
        if let (Some(_), Some([factor, good_steps, skipped])) = (self.factor, values.as_deref()) {
            self.factor = Some(f64::from(*factor));
            self.good_steps = *good_steps as u32;
            self.skipped = *skipped as u64;
        }
    }
}
