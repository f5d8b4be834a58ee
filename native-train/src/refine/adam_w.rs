//! `AdamW` (Loshchilov and Hutter 2019) whose state a checkpoint can carry.

use anyhow::{Context as _, Result, ensure};
use burn::module::{Module, ModuleMapper, Param};
use burn::optim::{AdamWConfig, AdamWState, AdaptiveMomentumState, GradientsParams, Optimizer as _};
use burn::tensor::{Device, Tensor};
use shared_model::model_file::{Weight, Weights};

use crate::training_run::optimiser_state;

const FIRST: &str = "moment_1.";
const SECOND: &str = "moment_2.";
const TIME: &str = "time.";

/// burn's update rule with the state of each parameter by its place in the module: burn's own module
/// optimiser names parameters by ids that change from one start of the program to the next.
#[derive(Clone)]
pub struct AdamW {
    rule: burn::optim::AdamW,
    states: Vec<Option<AdamWState<1>>>,
}

impl AdamW {
    /// With torch's defaults (betas 0.9 and 0.999, epsilon 1e-8) and this decoupled weight decay.
    #[must_use]
    pub fn new(weight_decay: f64) -> Self {
        let config = AdamWConfig::new()
            .with_epsilon(1e-8)
            .with_weight_decay(weight_decay as f32);
        Self {
            rule: config.build(),
            states: Vec::new(),
        }
    }

    /// One update. A parameter without a gradient stays as it is.
    #[must_use]
    pub fn step<M: Module>(&mut self, rate: f64, module: M, gradients: &GradientsParams) -> M {
        let mut step = Step {
            optimiser: self,
            rate,
            gradients,
            next: 0,
        };
        module.map(&mut step)
    }

    /// Moments and step counts as named weights.
    ///
    /// # Errors
    /// When the device cannot be read.
    pub fn save(&self) -> Result<Weights> {
        let mut weights = Weights::new();
        for (index, state) in self.states.iter().enumerate() {
            let Some(AdamWState { momentum }) = state else {
                continue;
            };
            for (prefix, moment) in [(FIRST, &momentum.moment_1), (SECOND, &momentum.moment_2)] {
                weights.insert(format!("{prefix}{index}"), optimiser_state::to_weight(moment)?);
            }
            // Exact up to 16 million steps.
            let time = Weight {
                shape: vec![1],
                values: vec![momentum.time as f32],
            };
            weights.insert(format!("{TIME}{index}"), time);
        }
        Ok(weights)
    }

    /// Takes up [`AdamW::save`] on `device` (without autodiff).
    ///
    /// # Errors
    /// When a part is missing or a name is not one that `save` gives.
    pub fn load(&mut self, weights: &Weights, device: &Device) -> Result<()> {
        self.states.clear();
        for name in weights.keys() {
            let known = [FIRST, SECOND, TIME]
                .iter()
                .any(|prefix| name.starts_with(prefix));
            ensure!(known, "`{name}` is no part of an optimiser's state");
        }
        for (name, time) in weights.iter().filter(|(name, _)| name.starts_with(TIME)) {
            let index = optimiser_state::place_in(name, TIME)?;
            let moment = |prefix: &str| -> Result<Tensor<1>> {
                let name = format!("{prefix}{index}");
                let weight = weights
                    .get(&name)
                    .with_context(|| format!("`{name}` is missing"))?;
                Ok(optimiser_state::to_tensor(weight, device))
            };
            let time = time.values.first().map_or(0, |time| *time as usize);
            let momentum = AdaptiveMomentumState::new(time, moment(FIRST)?, moment(SECOND)?);
            optimiser_state::put(&mut self.states, index, AdamWState::new(momentum));
        }
        Ok(())
    }
}

struct Step<'a> {
    optimiser: &'a mut AdamW,
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
        if self.optimiser.states.len() <= index {
            self.optimiser.states.resize(index + 1, None);
        }
        let Some(place) = self.optimiser.states.get_mut(index) else {
            return param;
        };
        let shape = gradient.dims();
        let length: usize = shape.iter().product();
        let gradient = gradient.without_autodiff().reshape([length]);
        let rule = &self.optimiser.rule;
        let rate = self.rate;
        param.map(|value| {
            let value = value.without_autodiff().reshape([length]);
            let (updated, state) = rule.step(rate, value, gradient, place.take());
            *place = state;
            updated.reshape(shape).autodiff().require_grad()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::{Linear, LinearConfig};
    use burn::tensor::Distribution;

    fn loss(layer: &Linear, x: &Tensor<2>) -> Tensor<1> {
        (layer.forward(x.clone()) - 1.0).square().mean()
    }

    fn values(layer: &Linear) -> Vec<f32> {
        layer.weight.val().into_data().try_into_vec::<f32>().unwrap()
    }

    #[test]
    fn steps_are_those_of_burns_module_optimiser_also_across_a_save() {
        let device = Device::flex();
        let training = device.clone().autodiff();
        let mut theirs: Linear = LinearConfig::new(5, 3).init(&training);
        let mut ours = theirs.clone();
        let x = Tensor::<2>::random([7, 5], Distribution::Normal(0.0, 1.0), &training);
        let mut reference = AdamWConfig::new()
            .with_epsilon(1e-8)
            .with_weight_decay(0.3)
            .init();
        let mut optimiser = AdamW::new(0.3);
        for step in 0..6 {
            let gradients = GradientsParams::from_grads(loss(&theirs, &x).backward(), &theirs);
            theirs = reference.step(0.01, theirs, gradients);
            let gradients = GradientsParams::from_grads(loss(&ours, &x).backward(), &ours);
            ours = optimiser.step(0.01, ours, &gradients);
            if step == 2 {
                let saved = optimiser.save().unwrap();
                optimiser = AdamW::new(0.3);
                optimiser.load(&saved, &device).unwrap();
            }
        }
        let worst = values(&ours).into_iter().zip(values(&theirs));
        assert!(worst.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) < 1e-6);
    }
}
