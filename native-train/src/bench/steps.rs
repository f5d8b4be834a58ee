//! The steps whose speed is measured, and their parts.

use std::time::Instant;

use anyhow::{Result, anyhow};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Distribution, Int, Tensor};
use shared_model::backbone::{Backbone, BackboneShape};
use shared_model::expression::CLASS_COUNT;

use crate::pretrain::semi_supervised::step::{Rates, StepInput, TeacherStudent};
use crate::pretrain::sgd::Sgd;
use crate::pretrain::soft_cross_entropy::soft_cross_entropy;
use crate::run_config::precision::Precision;
use crate::run_config::semi_supervised_config::SemiSupervisedConfig;
use crate::training_run::optimiser::Optimiser;

const RATE: f64 = 1e-4;
const MOMENTUM: f64 = 0.9;

/// What can be measured; [`Step::word`] is its name on the way to another program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Inference with batch normalisation folded.
    Forward,
    /// Forward, backward and update of one network on labelled pictures.
    Training,
    /// The whole step of teacher and student.
    Stage1,
}

impl Step {
    /// Its name.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Training => "training",
            Self::Stage1 => "stage1",
        }
    }

    /// Pictures that one such step sees, for batches of `batch` labelled and as many unlabelled ones.
    #[must_use]
    pub fn pictures(self, batch: usize) -> usize {
        match self {
            Self::Forward | Self::Training => batch,
            Self::Stage1 => 2 * batch,
        }
    }
}

/// Networks and pictures that stand ready.
pub struct Steps {
    device: Device,
    precision: Precision,
    frozen: Backbone,
    single: Backbone,
    sgd: Optimiser<Sgd>,
    pair: TeacherStudent<Backbone>,
    input: StepInput,
}

/// Seconds of the parts of a stage-1 step, each taken alone.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Parts {
    /// The teacher's forward on all three views.
    pub teacher_forward: f64,
    /// The teacher's way back.
    pub teacher_backward: f64,
    /// The student's forwards and ways back, on pseudo-labels and on labels.
    pub student: f64,
    /// Both updates.
    pub optimiser: f64,
}

impl Steps {
    /// Random networks of this shape and `batch` random pictures of `size` pixels a view.
    #[must_use]
    pub fn new(
        shape: &BackboneShape,
        batch: usize,
        size: usize,
        precision: Precision,
        config: &SemiSupervisedConfig,
        device: &Device,
    ) -> Self {
        let training = device.clone().autodiff();
        let pictures = || Tensor::random([batch, 3, size, size], Distribution::Normal(0.0, 1.0), &training);
        let labels: Vec<i64> = (0..batch as i64).map(|n| n % CLASS_COUNT as i64).collect();
        let optimiser = || Optimiser::new(Sgd::new(MOMENTUM));
        let pair = TeacherStudent::new(
            shape.init(&training),
            shape.init(&training),
            optimiser,
            None,
            config,
            device,
        );
        Self {
            frozen: shape.init(device).fold(),
            single: shape.init(&training),
            sgd: optimiser(),
            pair: pair.with_precision(precision),
            input: StepInput {
                labelled: pictures(),
                targets: Tensor::<1, Int>::from_data(labels.as_slice(), &training)
                    .one_hot::<2>(CLASS_COUNT)
                    .float(),
                weak: pictures(),
                strong: pictures(),
            },
            device: device.clone(),
            precision,
        }
    }

    /// Takes a step and gives its seconds.
    ///
    /// # Errors
    /// When the device fails.
    pub fn seconds(&mut self, step: Step) -> Result<f64> {
        let begin = Instant::now();
        match step {
            Step::Forward => {
                let pictures = self.input.labelled.clone().without_autodiff();
                let (_, logits) = self.frozen.forward(self.precision.of(pictures));
                wait_for(logits)?;
            }
            Step::Training => self.train()?,
            Step::Stage1 => {
                let rates = Rates {
                    teacher: RATE,
                    student: RATE,
                    consistency: 1.0,
                };
                wait_for(self.pair.step(&self.input, rates).feedback)?;
                self.wait()?;
            }
        }
        Ok(begin.elapsed().as_secs_f64())
    }

    fn train(&mut self) -> Result<()> {
        let gradients = self.gradients(self.input.labelled.clone());
        self.single = self.sgd.step(RATE, self.single.clone(), &gradients);
        self.wait()
    }

    fn gradients(&self, pictures: Tensor<4>) -> GradientsParams {
        let loss = self.loss(pictures);
        GradientsParams::from_grads(loss.backward(), &self.single)
    }

    fn loss(&self, pictures: Tensor<4>) -> Tensor<1> {
        let [count, ..] = pictures.dims();
        let (_, logits) = self.single.forward(self.precision.of(pictures));
        let targets = self.input.targets.clone();
        let [labelled, _] = targets.dims();
        soft_cross_entropy(logits, targets.repeat_dim(0, count / labelled.max(1)), 0.0).mean()
    }

    /// The parts of a stage-1 step, one after the other.
    ///
    /// # Errors
    /// When the device fails.
    pub fn parts(&mut self) -> Result<Parts> {
        let views = vec![
            self.input.labelled.clone(),
            self.input.weak.clone(),
            self.input.strong.clone(),
        ];
        let mut clock = Instant::now();
        let mut lap = || {
            let seconds = clock.elapsed().as_secs_f64();
            clock = Instant::now();
            seconds
        };
        let loss = self.loss(Tensor::cat(views, 0));
        self.wait()?;
        let teacher_forward = lap();
        let gradients = GradientsParams::from_grads(loss.backward(), &self.single);
        self.wait()?;
        let teacher_backward = lap();
        for pictures in [self.input.weak.clone(), self.input.labelled.clone()] {
            drop(self.gradients(pictures));
            self.wait()?;
        }
        let student = lap();
        for _ in 0..2 {
            self.single = self.sgd.step(RATE, self.single.clone(), &gradients);
            self.wait()?;
        }
        Ok(Parts {
            teacher_forward,
            teacher_backward,
            student,
            optimiser: lap(),
        })
    }

    fn wait(&self) -> Result<()> {
        self.device
            .sync()
            .map_err(|error| anyhow!("the device failed: {error:?}"))
    }
}

/// Reading a value back waits for all that it depends on.
fn wait_for<const D: usize>(tensor: Tensor<D>) -> Result<()> {
    tensor
        .try_into_vec_as::<f32>()
        .map(|_| ())
        .map_err(|error| anyhow!("the device failed: {error}"))
}
