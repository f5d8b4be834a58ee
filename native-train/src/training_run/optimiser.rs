//! One update of all parameters of a module, by any rule, with a state that a checkpoint can carry.

use anyhow::{Context as _, Result, ensure};
use burn::module::{Module, ModuleMapper, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use shared_model::model_file::{Weight, Weights};

use super::optimiser_state::{place_in, put};

/// How a parameter is updated, and what is remembered of it from step to step.
pub trait UpdateRule: Clone {
    /// What is remembered.
    type State: Clone;

    /// What the parts of a state are called in a checkpoint, before the parameter's place.
    const PARTS: &'static [&'static str];

    /// The parameter's new values `[n]` and what is remembered for the next step. `state` is what the last step gave, nothing at the first.
    fn step(
        &self,
        rate: f64,
        values: Tensor<1>,
        gradient: Tensor<1>,
        state: Option<Self::State>,
    ) -> (Tensor<1>, Option<Self::State>);

    /// The parts of a state, in the order of [`UpdateRule::PARTS`].
    ///
    /// # Errors
    /// When the device cannot be read.
    fn save(state: &Self::State) -> Result<Vec<Weight>>;

    /// Takes up [`UpdateRule::save`] on `device` (without autodiff).
    ///
    /// # Errors
    /// When they are not the parts of a state.
    fn load(parts: &[&Weight], device: &Device) -> Result<Self::State>;
}

/// A rule with the state of each parameter by its place in the module: burn's own module optimiser names parameters by ids that change from
/// one start of the program to the next, and keeps a state on the device that made it.
#[derive(Debug, Clone)]
pub struct Optimiser<R: UpdateRule> {
    rule: R,
    states: Vec<Option<R::State>>,
}

impl<R: UpdateRule> Optimiser<R> {
    /// Before the first step.
    #[must_use]
    pub fn new(rule: R) -> Self {
        Self {
            rule,
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

    /// All states as named weights.
    ///
    /// # Errors
    /// When the device cannot be read.
    pub fn save(&self) -> Result<Weights> {
        let mut weights = Weights::new();
        for (place, state) in self.states.iter().enumerate() {
            let Some(state) = state else { continue };
            let named = R::PARTS.iter().zip(R::save(state)?);
            weights.extend(named.map(|(part, weight)| (format!("{part}{place}"), weight)));
        }
        Ok(weights)
    }

    /// Takes up [`Optimiser::save`] on `device` (without autodiff).
    ///
    /// # Errors
    /// When a part is missing or a name is not one that `save` gives.
    pub fn load(&mut self, weights: &Weights, device: &Device) -> Result<()> {
        self.states.clear();
        for name in weights.keys() {
            let part = R::PARTS.iter().find(|part| name.starts_with(**part));
            ensure!(part.is_some(), "`{name}` is no part of an optimiser's state");
            let place = place_in(name, part.copied().unwrap_or_default())?;
            let parts = R::PARTS.iter().map(|part| {
                let name = format!("{part}{place}");
                weights.get(&name).with_context(|| format!("`{name}` is missing"))
            });
            let parts = parts.collect::<Result<Vec<&Weight>>>()?;
            put(&mut self.states, place, R::load(&parts, device)?);
        }
        Ok(())
    }
}

struct Step<'a, R: UpdateRule> {
    optimiser: &'a mut Optimiser<R>,
    rate: f64,
    gradients: &'a GradientsParams,
    next: usize,
}

impl<R: UpdateRule> ModuleMapper for Step<'_, R> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let place = self.next;
        self.next += 1;
        let Some(gradient) = self.gradients.get::<D>(param.id) else {
            return param;
        };
        let states = &mut self.optimiser.states;
        if states.len() <= place {
            states.resize(place + 1, None);
        }
        let Some(state) = states.get_mut(place) else {
            return param;
        };
        let shape = gradient.dims();
        let length: usize = shape.iter().product();
        let gradient = gradient.without_autodiff().reshape([length]);
        let (rule, rate) = (&self.optimiser.rule, self.rate);
        param.map(|values| {
            let values = values.without_autodiff().reshape([length]);
            let (updated, new) = rule.step(rate, values, gradient, state.take());
            *state = new;
            updated.reshape(shape).autodiff().require_grad()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pretrain::sgd::Sgd;
    use crate::refine::adam_w::AdamW;
    use burn::nn::LinearConfig;
    use burn::tensor::Distribution;

    /// Three steps, a save, and three more after a load.
    fn saved_and_loaded<R: UpdateRule>(rule: &R, names: &[&str]) {
        let device = Device::flex();
        let training = device.clone().autodiff();
        let mut layer = LinearConfig::new(5, 3).init(&training);
        let mut other = layer.clone();
        let x = Tensor::<2>::random([7, 5], Distribution::Normal(0.0, 1.0), &training);
        let mut optimiser = Optimiser::new(rule.clone());
        let mut again = optimiser.clone();
        for step in 0..6 {
            let loss = (layer.forward(x.clone()) - 1.0).square().mean();
            layer = optimiser.step(
                0.05,
                layer.clone(),
                &GradientsParams::from_grads(loss.backward(), &layer),
            );
            if step == 3 {
                let saved = again.save().unwrap();
                assert_eq!(saved.keys().map(String::as_str).collect::<Vec<_>>(), names);
                again = Optimiser::new(rule.clone());
                again.load(&saved, &device).unwrap();
            }
            let loss = (other.forward(x.clone()) - 1.0).square().mean();
            other = again.step(
                0.05,
                other.clone(),
                &GradientsParams::from_grads(loss.backward(), &other),
            );
        }
        let values = |tensor: Tensor<2>| tensor.into_data().try_into_vec::<f32>().unwrap();
        assert_eq!(values(layer.weight.val()), values(other.weight.val()));
    }

    #[test]
    fn a_checkpoint_carries_the_state_of_each_rule() {
        saved_and_loaded(
            &Sgd::new(0.9).with_weight_decay(0.01),
            &["velocity.0", "velocity.1"],
        );
        let names = [
            "moment_1.0",
            "moment_1.1",
            "moment_2.0",
            "moment_2.1",
            "time.0",
            "time.1",
        ];
        saved_and_loaded(&AdamW::new(0.3), &names);
    }

    #[test]
    fn states_that_are_none_are_refused_by_name() {
        let weight = Weight {
            shape: vec![2],
            values: vec![1.0, 2.0],
        };
        let refused = |name: &str| {
            let weights = Weights::from([(name.to_owned(), weight.clone())]);
            let mut optimiser = Optimiser::new(AdamW::new(0.1));
            optimiser.load(&weights, &Device::flex()).unwrap_err().to_string()
        };
        assert!(refused("velocity.0").contains("`velocity.0` is no part"));
        assert!(refused("time.x").contains("`time.x` is no part"));
        assert!(refused("time.3").contains("`moment_1.3` is missing"));
    }
}
