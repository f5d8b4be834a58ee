//! Batches of labelled pictures and of unlabelled ones in two views.

use std::sync::mpsc::Receiver;
use std::thread::Scope;

use anyhow::{Context as _, Result};
use burn::tensor::{Device, Tensor, TensorData};
use rayon::prelude::*;
use shared_model::expression::Expression;
use shared_model::face_crop::InputSpec;

use crate::ahead::ahead;
use crate::pretrain::augmentation::{augmented, strong};
use crate::pretrain::batch_loader::{Batch, BatchLoader};
use crate::pretrain::semi_supervised::step::StepInput;
use crate::pretrain::supervised_data::SupervisedData;
use crate::pretrain::unlabelled_pictures::UnlabelledPool;
use crate::random_stream::Stream;
use crate::run_config::RunConfig;
use crate::run_config::semi_supervised_config::SemiSupervisedConfig;

/// The pictures of one step.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedBatch {
    /// Class-balanced pictures with labels.
    pub labelled: Batch,
    /// `[unlabelled, 3, size, size]`, weakly changed.
    pub weak: Vec<f32>,
    /// The same pictures, strongly changed.
    pub strong: Vec<f32>,
    /// What they truly show, where that is known.
    pub truths: Vec<Option<Expression>>,
}

/// Makes them; the same for the same seed and step, whatever the number of threads.
#[derive(Debug)]
pub struct PairedLoader<'a> {
    /// Labelled pictures.
    pub labelled: BatchLoader<'a>,
    /// Unlabelled pictures.
    pub unlabelled: &'a UnlabelledPool,
    /// Views, and how many unlabelled pictures there are for each labelled one.
    pub config: &'a SemiSupervisedConfig,
}

impl<'a> PairedLoader<'a> {
    /// As a config says.
    #[must_use]
    pub fn of(config: &'a RunConfig, data: &'a SupervisedData, input: &'a InputSpec) -> Self {
        Self {
            labelled: BatchLoader::of(config, &data.training, input),
            unlabelled: &data.unlabelled,
            config: &config.semi_supervised,
        }
    }

    /// Batches of the steps from `first` up to `last`, made ahead on a thread of `scope` until the
    /// receiver is dropped: the loader without a network, as a benchmark wants it.
    #[must_use]
    pub fn stream<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        first: u64,
        last: u64,
    ) -> Receiver<Result<PairedBatch>> {
        ahead(scope, first, last, |step| self.batch(step))
    }

    /// The batch of a step.
    ///
    /// # Errors
    /// When pictures cannot be read.
    pub fn batch(&self, step: u64) -> Result<PairedBatch> {
        // Together, so that no core waits for the last labelled picture.
        let (labelled, views) = rayon::join(|| self.labelled.batch(step), || self.views(step));
        let (labelled, views) = (labelled?, views?);
        let mut batch = PairedBatch {
            labelled,
            weak: Vec::new(),
            strong: Vec::new(),
            truths: Vec::new(),
        };
        for (weak, strong, truth) in views {
            batch.weak.extend(weak);
            batch.strong.extend(strong);
            batch.truths.push(truth);
        }
        Ok(batch)
    }

    /// Weak and strong view of each unlabelled picture of a step, and what it truly shows.
    fn views(&self, step: u64) -> Result<Vec<Views>> {
        let (input, seed) = (self.labelled.input, self.labelled.seed);
        let count = (self.labelled.size * self.config.unlabelled_ratio) as u64;
        (0..count)
            .into_par_iter()
            .map(|slot| {
                let (face, truth) = self.unlabelled.face(seed, step * count + slot)?;
                let mut random = Stream::Unlabelled { step, slot }.random(seed);
                let weak = augmented(&face, input, &self.config.weak, &mut random);
                let strong = strong(&face, input, &self.config.strong, &mut random);
                Ok((weak, strong, truth))
            })
            .collect::<Result<Vec<_>>>()
            .with_context(|| format!("the unlabelled pictures of step {step}"))
    }
}

/// Weak view, strong view, truth.
type Views = (Vec<f32>, Vec<f32>, Option<Expression>);

impl PairedBatch {
    /// The pictures as tensors on `device`, and the truths.
    #[must_use]
    pub fn tensors(self, device: &Device) -> (StepInput, Vec<Option<Expression>>) {
        let size = self.labelled.size;
        let shape = [self.truths.len(), 3, size, size];
        let view = |values: Vec<f32>| Tensor::from_data(TensorData::new(values, shape), device);
        let (labelled, targets) = self.labelled.tensors(device);
        let input = StepInput {
            labelled,
            targets,
            weak: view(self.weak),
            strong: view(self.strong),
        };
        (input, self.truths)
    }
}
