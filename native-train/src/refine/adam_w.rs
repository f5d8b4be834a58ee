//! `AdamW` (Loshchilov and Hutter 2019) by burn's rule.

use anyhow::{Result, bail};
use burn::optim::{AdamWConfig, AdamWState, AdaptiveMomentumState, Optimizer as _};
use burn::tensor::{Device, Tensor};
use shared_model::model_file::Weight;

use crate::training_run::optimiser::UpdateRule;
use crate::training_run::optimiser_state::{to_tensor, to_weight};

/// burn's update rule.
#[derive(Clone)]
pub struct AdamW(burn::optim::AdamW);

impl AdamW {
    /// With torch's defaults (betas 0.9 and 0.999, epsilon 1e-8) and this decoupled weight decay.
    #[must_use]
    pub fn new(weight_decay: f64) -> Self {
        let config = AdamWConfig::new()
            .with_epsilon(1e-8)
            .with_weight_decay(weight_decay as f32);
        Self(config.build())
    }
}

impl UpdateRule for AdamW {
    /// Moments and the number of steps.
    type State = AdamWState<1>;

    const PARTS: &'static [&'static str] = &["moment_1.", "moment_2.", "time."];

    fn step(
        &self,
        rate: f64,
        values: Tensor<1>,
        gradient: Tensor<1>,
        state: Option<Self::State>,
    ) -> (Tensor<1>, Option<Self::State>) {
        self.0.step(rate, values, gradient, state)
    }

    fn save(AdamWState { momentum }: &Self::State) -> Result<Vec<Weight>> {
        // Exact up to 16 million steps.
        let time = Weight {
            shape: vec![1],
            values: vec![momentum.time as f32],
        };
        Ok(vec![
            to_weight(&momentum.moment_1)?,
            to_weight(&momentum.moment_2)?,
            time,
        ])
    }

    fn load(parts: &[&Weight], device: &Device) -> Result<Self::State> {
        let [first, second, time] = parts else {
            bail!("an optimiser's state has three parts, not {}", parts.len());
        };
        let time = time.values.first().map_or(0, |time| *time as usize);
        let momentum = AdaptiveMomentumState::new(time, to_tensor(first, device), to_tensor(second, device));
        Ok(AdamWState::new(momentum))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training_run::optimiser::Optimiser;
    use burn::nn::{Linear, LinearConfig};
    use burn::optim::GradientsParams;
    use burn::tensor::Distribution;

    fn loss(layer: &Linear, x: &Tensor<2>) -> Tensor<1> {
        (layer.forward(x.clone()) - 1.0).square().mean()
    }

    fn values(layer: &Linear) -> Vec<f32> {
        layer.weight.val().into_data().try_into_vec::<f32>().unwrap()
    }

    #[test]
    fn steps_are_those_of_burns_module_optimiser() {
        let device = Device::flex();
        let training = device.clone().autodiff();
        let mut theirs: Linear = LinearConfig::new(5, 3).init(&training);
        let mut ours = theirs.clone();
        let x = Tensor::<2>::random([7, 5], Distribution::Normal(0.0, 1.0), &training);
        let mut reference = AdamWConfig::new()
            .with_epsilon(1e-8)
            .with_weight_decay(0.3)
            .init();
        let mut optimiser = Optimiser::new(AdamW::new(0.3));
        for _ in 0..6 {
            let gradients = GradientsParams::from_grads(loss(&theirs, &x).backward(), &theirs);
            theirs = reference.step(0.01, theirs, gradients);
            let gradients = GradientsParams::from_grads(loss(&ours, &x).backward(), &ours);
            ours = optimiser.step(0.01, ours, &gradients);
        }
        let worst = values(&ours).into_iter().zip(values(&theirs));
        assert!(worst.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) < 1e-6);
    }
}
