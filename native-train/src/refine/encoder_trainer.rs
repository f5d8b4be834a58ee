//! One step of the temporal encoder's training, for clips of any origin.

use anyhow::{Result, anyhow};
use burn::optim::GradientsParams;
use burn::tensor::Device;
use shared_model::expression::CLASS_COUNT;
use shared_model::model_file::TemporalShape;
use shared_model::temporal_encoder::TemporalEncoder;

use crate::refine::adam_w::AdamW;
use crate::refine::clip_batch::ClipBatch;
use crate::training_run::optimiser::Optimiser;

/// An encoder and its optimiser.
#[derive(Clone)]
pub struct EncoderTrainer {
    /// On the training device, with dropout.
    pub encoder: TemporalEncoder,
    /// `AdamW` with its moments.
    pub optimiser: Optimiser<AdamW>,
    class_weights: [f32; CLASS_COUNT],
    seed: u64,
    device: Device,
}

impl EncoderTrainer {
    /// A new encoder for features of `feature_len` values. All that is random follows from `seed`
    /// and the step, so that a run can be taken up again at any of them. `device` is without autodiff.
    #[must_use]
    pub fn new(
        shape: &TemporalShape,
        feature_len: usize,
        dropout: f64,
        weight_decay: f64,
        seed: u64,
        device: &Device,
    ) -> Self {
        device.seed(seed);
        let device = device.clone().autodiff();
        Self {
            encoder: shape.init(feature_len, dropout, &device),
            optimiser: Optimiser::new(AdamW::new(weight_decay)),
            class_weights: [1.0; CLASS_COUNT],
            seed,
            device,
        }
    }

    /// With these weights of the classes in the loss (1 each unless set).
    #[must_use]
    pub fn with_class_weights(mut self, class_weights: [f32; CLASS_COUNT]) -> Self {
        self.class_weights = class_weights;
        self
    }

    /// The step `at` (counted from 0): learns from one batch and gives its loss before the step. A
    /// loss that is not finite is the caller's affair.
    ///
    /// # Errors
    /// When the device fails.
    pub fn learn(&mut self, at: u64, batch: &ClipBatch, rate: f64) -> Result<f32> {
        // Dropout draws from the device's generator, which a checkpoint cannot hold.
        self.device
            .seed(self.seed ^ (at + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let loss = batch.loss(&self.encoder, &self.class_weights, &self.device);
        let value = loss.clone().without_autodiff();
        let gradients = GradientsParams::from_grads(loss.backward(), &self.encoder);
        self.encoder = self.optimiser.step(rate, self.encoder.clone(), &gradients);
        value
            .try_into_scalar::<f32>()
            .map_err(|error| anyhow!("the device failed: {error}"))
    }
}
