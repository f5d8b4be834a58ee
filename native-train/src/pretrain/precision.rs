//! The precision of a training's convolutions (Micikevicius et al. 2018, mixed precision training).

use anyhow::{Result, ensure};
use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{DType, Device, Tensor};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use shared_model::model_file::{Weight, Weights};

use crate::pretrain::gradients::{dot, scaled};

/// What a loss is multiplied by at first, and how that changes: the values of `torch.cuda.amp.GradScaler`.
const FIRST_FACTOR: f64 = 65_536.0;
const STEPS_UNTIL_GROWTH: u32 = 2000;
/// Its name in a checkpoint.
const SAVED: &str = "loss_scale";

/// The precision in which convolutions multiply. Weights, statistics, losses, gradients of weights and updates are in
/// 32 bits always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32 bits (method).
    #[default]
    F32,
    /// 16 bits with the range of 32.
    Bf16,
    /// 16 bits of half precision; the loss is scaled, since small gradients would vanish.
    F16,
}

impl Precision {
    /// Its name in burn.
    #[must_use]
    pub fn dtype(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::Bf16 => DType::BF16,
            Self::F16 => DType::F16,
        }
    }

    /// Makes sure that the device computes in this precision.
    ///
    /// # Errors
    /// When it does not; the message says what to do. WGSL, for one, has no `bf16` at all, and `f16` only where the
    /// adapter has `shader-f16`.
    pub fn check(self, device: &Device) -> Result<()> {
        ensure!(
            self == Self::F32 || device.supports_dtype(self.dtype()),
            "this device does not compute in {:?}: set `training.precision = \"f32\"`, or take a device that does (CUDA \
             has bf16 and f16; Vulkan has f16 where the adapter has it, and no bf16)",
            self.dtype()
        );
        Ok(())
    }

    /// Pictures in this precision: the network convolves in the precision of its input.
    #[must_use]
    pub fn of(self, pictures: Tensor<4>) -> Tensor<4> {
        if pictures.dtype() == self.dtype() {
            pictures
        } else {
            pictures.cast(self.dtype())
        }
    }
}

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
