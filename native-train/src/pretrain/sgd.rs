//! Stochastic gradient descent with momentum, as `torch.optim.SGD` (dampening 0, no Nesterov).

use anyhow::Result;
use burn::module::{Module, ModuleMapper, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use shared_model::model_file::Weights;

use crate::training_run::optimiser_state;

/// Before the place in a velocity's name.
const VELOCITY: &str = "velocity.";

/// The momentum of each parameter, in the order in which the module holds them.
///
/// Kept here rather than in burn's optimiser so that a checkpoint carries it on any device.
#[derive(Debug, Default)]
pub struct Sgd {
    momentum: f64,
    weight_decay: f64,
    velocities: Vec<Option<Tensor<1>>>,
}

impl Sgd {
    /// v = `momentum` * v + gradient; parameter -= rate * v.
    #[must_use]
    pub fn new(momentum: f64) -> Self {
        Self {
            momentum,
            weight_decay: 0.0,
            velocities: Vec::new(),
        }
    }

    /// Adds `weight_decay` times the parameter to each gradient (L2, before the momentum).
    #[must_use]
    pub fn with_weight_decay(mut self, weight_decay: f64) -> Self {
        self.weight_decay = weight_decay;
        self
    }

    /// One update. A parameter without a gradient stays as it is.
    #[must_use]
    pub fn step<M: Module>(&mut self, rate: f64, module: M, gradients: &GradientsParams) -> M {
        let mut step = Step {
            sgd: self,
            rate,
            gradients,
            next: 0,
        };
        module.map(&mut step)
    }

    /// The momentum as named weights.
    ///
    /// # Errors
    /// When the device cannot be read.
    pub fn save(&self) -> Result<Weights> {
        let mut weights = Weights::new();
        for (index, velocity) in self.velocities.iter().enumerate() {
            if let Some(velocity) = velocity {
                weights.insert(
                    format!("{VELOCITY}{index}"),
                    optimiser_state::to_weight(velocity)?,
                );
            }
        }
        Ok(weights)
    }

    /// Takes up [`Sgd::save`] on `device` (without autodiff).
    ///
    /// # Errors
    /// When a name is not one that `save` gives.
    pub fn load(&mut self, weights: Weights, device: &Device) -> Result<()> {
        self.velocities.clear();
        for (name, weight) in weights {
            let place = optimiser_state::place_in(&name, VELOCITY)?;
            optimiser_state::put(
                &mut self.velocities,
                place,
                optimiser_state::to_tensor(&weight, device),
            );
        }
        Ok(())
    }
}

struct Step<'a> {
    sgd: &'a mut Sgd,
    rate: f64,
    gradients: &'a GradientsParams,
    next: usize,
}

impl ModuleMapper for Step<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let index = self.next;
        self.next += 1;
        let Some(gradient) = self.gradients.get::<D>(param.id) else {
            return param;
        };
        if self.sgd.velocities.len() <= index {
            self.sgd.velocities.resize(index + 1, None);
        }
        let shape = gradient.dims();
        let length: usize = shape.iter().product();
        let mut gradient = gradient.without_autodiff().reshape([length]);
        if self.sgd.weight_decay > 0.0 {
            let value = param.val().without_autodiff().reshape([length]);
            gradient = gradient + value.mul_scalar(self.sgd.weight_decay);
        }
        let Some(place) = self.sgd.velocities.get_mut(index) else {
            return param;
        };
        let velocity = match place.take() {
            Some(velocity) => velocity.mul_scalar(self.sgd.momentum) + gradient,
            None => gradient,
        };
        *place = Some(velocity.clone());
        let rate = self.rate;
        param.map(|value| {
            let updated = value.without_autodiff() - velocity.mul_scalar(rate).reshape(shape);
            updated.autodiff().require_grad()
        })
    }
}
