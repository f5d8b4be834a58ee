//! Training batches, made ahead on all cores while the device computes.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use burn::tensor::{Device, Tensor, TensorData};
use rayon::prelude::*;
use shared_model::expression::{CLASS_COUNT, ClassScores};
use shared_model::face_crop::InputSpec;
use shared_model::frame::Frame;

use crate::pretrain::augmentation::augmented;
use crate::pretrain::class_balance::ClassBalance;
use crate::pretrain::face_store::FaceStore;
use crate::pretrain::picture_mixing::mix;
use crate::random_stream::Stream;
use crate::run_config::RunConfig;
use crate::run_config::augmentation_config::AugmentationConfig;
use crate::run_config::mixing_config::MixingConfig;

/// Pictures of a class that are tried in the place of one that cannot be read, before a run stops.
const MOST_TRIES: usize = 100;

/// The pictures of one step and what is learned from them.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// `[batch, 3, size, size]`, normalised.
    pub pictures: Vec<f32>,
    /// How likely each picture shows each class.
    pub targets: Vec<ClassScores>,
    /// Side of the pictures.
    pub size: usize,
}

impl Batch {
    /// The batch as tensors `[batch, 3, size, size]` and `[batch, 8]`.
    #[must_use]
    pub fn tensors(self, device: &Device) -> (Tensor<4>, Tensor<2>) {
        let count = self.targets.len();
        let shape = [count, 3, self.size, self.size];
        (
            Tensor::from_data(TensorData::new(self.pictures, shape), device),
            Tensor::from_data(
                TensorData::new(self.targets.concat(), [count, CLASS_COUNT]),
                device,
            ),
        )
    }
}

/// Makes batches of labelled pictures.
#[derive(Debug)]
pub struct BatchLoader<'a> {
    /// The faces.
    pub store: &'a FaceStore,
    /// Which of them a step sees.
    pub balance: ClassBalance,
    /// The network's input.
    pub input: &'a InputSpec,
    /// Random changes.
    pub augmentation: &'a AugmentationConfig,
    /// How they are mixed with each other.
    pub mixing: MixingConfig,
    /// Pictures a batch.
    pub size: usize,
    /// Everything random follows from it, the step and the place in the batch alone: neither the
    /// number of threads nor an interruption matters.
    pub seed: u64,
}

impl<'a> BatchLoader<'a> {
    /// As a config says.
    #[must_use]
    pub fn of(config: &'a RunConfig, store: &'a FaceStore, input: &'a InputSpec) -> Self {
        let targets: Vec<_> = store.pictures().iter().map(|picture| picture.target).collect();
        let training = &config.training;
        let balance = match (training.balanced, training.class_balance) {
            (false, _) => ClassBalance::as_they_come(targets.len(), config.seed),
            (true, 1.0) => ClassBalance::new(&targets, config.seed),
            (true, balance) => ClassBalance::tempered(&targets, balance, config.seed),
        };
        Self {
            store,
            balance,
            input,
            augmentation: &config.augmentation,
            mixing: config.mixing,
            size: config.training.batch,
            seed: config.seed,
        }
    }

    /// The batch of a step. Another picture (of the class, where classes are balanced) stands in for one
    /// that cannot be read any more: which, follows from the seed, the step and the place in the batch
    /// too.
    ///
    /// # Errors
    /// When many pictures after each other cannot be read.
    pub fn batch(&self, step: u64) -> Result<Batch> {
        let places = self.balance.batch(step, self.size);
        let made = places
            .par_iter()
            .enumerate()
            .map(|(slot, place)| {
                let (target, face) = self.face(step, slot, *place)?;
                let slot = slot as u64;
                let mut random = Stream::Picture { step, slot }.random(self.seed);
                Ok((
                    target,
                    augmented(&face, self.input, self.augmentation, &mut random),
                ))
            })
            .collect::<Result<Vec<_>>>()
            .with_context(|| format!("the batch of step {step}"))?;
        let (mut targets, mut pictures): (Vec<ClassScores>, Vec<Vec<f32>>) = made.into_iter().unzip();
        let mut random = Stream::Mixing { step }.random(self.seed);
        mix(
            &mut pictures,
            &mut targets,
            self.input.size,
            &self.mixing,
            &mut random,
        );
        Ok(Batch {
            pictures: pictures.concat(),
            targets,
            size: self.input.size,
        })
    }

    /// The target and the face at a place, or of what stands in for it.
    fn face(&self, step: u64, slot: usize, place: usize) -> Result<(ClassScores, Arc<Frame>)> {
        let target = |place: usize| {
            let picture = self.store.pictures().get(place);
            picture.map_or([0.0; CLASS_COUNT], |picture| *picture.target.probabilities())
        };
        let mut tried = self.store.face(place);
        if let Ok(face) = tried {
            return Ok((target(place), face));
        }
        let mut random = Stream::StandIn {
            step,
            slot: slot as u64,
        }
        .random(self.seed);
        for _ in 1..MOST_TRIES {
            let another = self.balance.another(place, &mut random).unwrap_or(place);
            tried = self.store.face(another);
            if let Ok(face) = tried {
                return Ok((target(another), face));
            }
        }
        let face = tried
            .with_context(|| format!("{MOST_TRIES} labelled pictures after each other cannot be read"))?;
        Ok((target(place), face))
    }
}
