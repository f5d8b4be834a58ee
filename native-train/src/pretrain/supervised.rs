//! Stage 1 on labelled pictures alone.

use anyhow::{Context as _, Result, anyhow};
use burn::module::Module as _;
use burn::tensor::{Device, Tensor};
use shared_model::backbone::{BACKBONE_PREFIX, Backbone};
use shared_model::face_crop::InputSpec;
use shared_model::model_file::{ModelFile, ModelMetadata, Weights};

use crate::model_store;
use crate::pretrain::batch_loader::{Batch, BatchLoader};
use crate::pretrain::evaluation::HeldBack;
use crate::pretrain::moving_average;
use crate::pretrain::provenance;
use crate::pretrain::resumable_keys::RESUMABLE_KEYS;
use crate::pretrain::sgd::Sgd;
use crate::pretrain::soft_cross_entropy::soft_cross_entropy;
use crate::pretrain::start;
use crate::pretrain::supervised_data::SupervisedData;
use crate::run_config::RunConfig;
use crate::training_run::checkpoint::{Checkpoint, prefixed};
use crate::training_run::cosine_rate::cosine_rate;
use crate::training_run::gradients::clipped;
use crate::training_run::interruption::Interruption;
use crate::training_run::loss_scale::{LossScale, Scaling};
use crate::training_run::optimiser::Optimiser;
use crate::training_run::run_folder::RunFolder;
use crate::training_run::run_loop::{Evaluated, Saved, StepFigures, Trainee, TrainingRun};

/// The moving average's prefix in a checkpoint.
const AVERAGE: &str = "average.";
/// In step n the average's decay is at most n / (n + this), so that it forgets the start.
const FORGETTING_STEPS: f64 = 9.0;

/// Trains to the last step and gives the best model, which also lies in the run's folder as
/// `student.safetensors`.
///
/// # Errors
/// As [`TrainingRun::open`] and [`TrainingRun::train`].
pub fn train(
    config: &RunConfig,
    data: &SupervisedData,
    folder: &RunFolder,
    found: Option<&Checkpoint>,
    device: &Device,
    interruption: &Interruption,
) -> Result<ModelFile> {
    let resolved = serde_json::to_value(config)?;
    let mut run = TrainingRun::open(folder, config.course(), resolved, found, RESUMABLE_KEYS)?;
    let mut supervised = Supervised::new(config, data, found, device)?;
    let input = config.input();
    let loader = BatchLoader::of(config, &data.training, &input);
    run.train(&mut supervised, |step| loader.batch(step), interruption)?;
    model_store::read(&run.model_path("student"))
}

/// A network that learns from labels.
struct Supervised<'a> {
    config: &'a RunConfig,
    data: &'a SupervisedData,
    input: InputSpec,
    device: Device,
    network: Backbone,
    /// Its moving average, when it is wished; without autodiff.
    average: Option<Backbone>,
    sgd: Optimiser<Sgd>,
    loss_scale: LossScale,
    waiting: Vec<Waiting>,
}

/// A step whose loss is still on the device.
struct Waiting {
    step: u64,
    loss: Tensor<1>,
    rate: f64,
    scaling: Option<Scaling>,
}

impl<'a> Supervised<'a> {
    fn new(
        config: &'a RunConfig,
        data: &'a SupervisedData,
        found: Option<&Checkpoint>,
        device: &Device,
    ) -> Result<Self> {
        config.training.precision.check(device)?;
        device.seed(config.seed);
        let training_device = device.clone().autodiff();
        let rule = Sgd::new(config.training.momentum).with_weight_decay(config.training.weight_decay);
        let mut sgd = Optimiser::new(rule);
        let mut loss_scale = LossScale::new(config.training.precision);
        let network = config.model.shape().init(&training_device);
        let network = match (found, &config.model.start) {
            (Some(found), _) => {
                let mut optimiser = found.optimiser.clone();
                loss_scale.load(&mut optimiser);
                sgd.load(&optimiser, device)?;
                network
                    .load(&found.network, "", &training_device)
                    .context("the checkpoint does not fit the config's `model`")?
            }
            (None, Some(path)) => start::taken(config, path, network, &training_device)?,
            (None, None) => network,
        };
        let average = match (config.training.ema, found) {
            (None, _) => None,
            (Some(_), None) => Some(network.valid()),
            (Some(_), Some(found)) => Some(
                network
                    .valid()
                    .load(&found.network, AVERAGE, device)
                    .context("the checkpoint has no moving average")?,
            ),
        };
        Ok(Self {
            config,
            data,
            input: config.input(),
            device: device.clone(),
            average,
            network,
            sgd,
            loss_scale,
            waiting: Vec::new(),
        })
    }

    fn follow_network(&mut self, step: u64) {
        if let (Some(decay), Some(average)) = (self.config.training.ema, self.average.take()) {
            let decay = decay.min(step as f64 / (step as f64 + FORGETTING_STEPS));
            self.average = Some(moving_average::towards(average, &self.network, decay));
        }
    }

    fn model(&self, step: u64, weights: Weights, figures: &HeldBack) -> ModelFile {
        let mut metadata = ModelMetadata {
            input: self.input.clone(),
            framing: self.config.model.framing,
            backbone: self.config.model.shape(),
            training: provenance::of(self.config, self.data, step, None),
            ..ModelMetadata::default()
        };
        figures.describe(&mut metadata);
        ModelFile {
            metadata,
            weights: prefixed(BACKBONE_PREFIX, weights),
        }
    }
}

impl Trainee for Supervised<'_> {
    type Batch = Batch;

    fn step(&mut self, at: u64, batch: Batch) -> Result<()> {
        let device = self.device.clone().autodiff();
        let training = &self.config.training;
        let (pictures, targets) = batch.tensors(&device);
        let (_, logits) = self.network.forward(training.precision.of(pictures));
        let loss = soft_cross_entropy(logits, targets, training.label_smoothing).mean();
        let rate = cosine_rate(training.rate, at, training.steps);
        let (found, overflowed) = (loss.clone().without_autodiff(), self.loss_scale.skipped());
        if let Some(gradients) = self.loss_scale.gradients(loss, &self.network, &self.device) {
            let gradients = match training.clip_norm {
                Some(most) => clipped(&self.network, &gradients, most, &self.device),
                None => gradients,
            };
            self.network = self.sgd.step(rate, self.network.clone(), &gradients);
            self.follow_network(at + 1);
        }
        self.waiting.push(Waiting {
            step: at + 1,
            loss: found,
            rate,
            scaling: self.loss_scale.since(overflowed),
        });
        Ok(())
    }

    fn look(&mut self) -> Result<Vec<StepFigures>> {
        let waiting = std::mem::take(&mut self.waiting);
        let figures = waiting.into_iter().map(|waiting| {
            let loss = waiting
                .loss
                .try_into_scalar::<f32>()
                .map_err(|error| anyhow!("the device failed: {error}"))?;
            Ok(StepFigures {
                step: waiting.step,
                pictures: self.config.training.batch,
                figures: vec![("loss", Some(loss.into())), ("rate", Some(waiting.rate))],
                scaling: waiting.scaling,
            })
        });
        figures.collect()
    }

    fn save(&self) -> Result<Saved> {
        let mut optimiser = self.sgd.save()?;
        optimiser.extend(self.loss_scale.save());
        let mut network = self.network.save("")?;
        if let Some(average) = &self.average {
            network.extend(prefixed(AVERAGE, average.save("")?));
        }
        Ok(Saved { network, optimiser })
    }

    fn evaluate(&mut self, step: u64) -> Result<Vec<Evaluated>> {
        let weights = self.average.as_ref().unwrap_or(&self.network).save("")?;
        let network = self.config.model.shape().init(&self.device);
        let network = network.load(&weights, "", &self.device)?.fold();
        let figures = HeldBack::of(&network, &self.data.held_back, &self.input, &self.device)?;
        Ok(vec![Evaluated {
            model: "student",
            log: figures.logged("held_back"),
            file: self.model(step, weights, &figures),
            report: figures.colour,
        }])
    }

    fn batch_in_words(&self) -> String {
        let (count, size) = (self.config.training.batch, self.input.size);
        format!("{count} labelled pictures of {size}x{size}")
    }

    fn keys_of_memory(&self) -> &'static str {
        "`training.batch`, or `model.input_size` in a new run"
    }

    fn keys_of_rates(&self) -> &'static str {
        "`training.rate`"
    }
}
