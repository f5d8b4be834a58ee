//! Stochastic gradient descent with momentum, as `torch.optim.SGD` (dampening 0, no Nesterov).

use anyhow::{Context as _, Result};
use burn::tensor::{Device, Tensor};
use shared_model::model_file::Weight;

use crate::training_run::optimiser::UpdateRule;
use crate::training_run::optimiser_state::{to_tensor, to_weight};

/// v = momentum * v + gradient; parameter -= rate * v.
#[derive(Debug, Clone, Default)]
pub struct Sgd {
    momentum: f64,
    weight_decay: f64,
}

impl Sgd {
    /// With this momentum, 0 to 1.
    #[must_use]
    pub fn new(momentum: f64) -> Self {
        Self {
            momentum,
            weight_decay: 0.0,
        }
    }

    /// Adds `weight_decay` times the parameter to each gradient (L2, before the momentum).
    #[must_use]
    pub fn with_weight_decay(mut self, weight_decay: f64) -> Self {
        self.weight_decay = weight_decay;
        self
    }
}

impl UpdateRule for Sgd {
    /// The velocity.
    type State = Tensor<1>;

    const PARTS: &'static [&'static str] = &["velocity."];

    fn step(
        &self,
        rate: f64,
        values: Tensor<1>,
        gradient: Tensor<1>,
        state: Option<Tensor<1>>,
    ) -> (Tensor<1>, Option<Tensor<1>>) {
        let gradient = if self.weight_decay > 0.0 {
            gradient + values.clone().mul_scalar(self.weight_decay)
        } else {
            gradient
        };
        let velocity = match state {
            Some(velocity) => velocity.mul_scalar(self.momentum) + gradient,
            None => gradient,
        };
        (values - velocity.clone().mul_scalar(rate), Some(velocity))
    }

    fn save(state: &Tensor<1>) -> Result<Vec<Weight>> {
        Ok(vec![to_weight(state)?])
    }

    fn load(parts: &[&Weight], device: &Device) -> Result<Tensor<1>> {
        let velocity = parts.first().context("a velocity is missing")?;
        Ok(to_tensor(velocity, device))
    }
}
