//! The precision of a training's convolutions (Micikevicius et al. 2018, mixed precision training).

use anyhow::{Result, ensure};
use burn::tensor::{DType, Device, Tensor};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

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
