//! Stage 1 on labelled pictures alone.

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::{Device, Tensor};
use serde_json::{Value, json};
use shared_model::face_crop::InputSpec;
use shared_model::metrics::Report;
use shared_model::model_file::{ModelFile, ModelMetadata, Weight, Weights};
use shared_model::resnet50::{BACKBONE_PREFIX, ResNet50};

use crate::model_store;
use crate::pretrain::batch_loader::{Batch, BatchLoader};
use crate::pretrain::checkpoint::{self, Checkpoint, RunState};
use crate::pretrain::class_balance::ClassBalance;
use crate::pretrain::config::PretrainConfig;
use crate::pretrain::evaluation::{evaluate, summary};
use crate::pretrain::face_store::FaceStore;
use crate::pretrain::gradients::clipped;
use crate::pretrain::interruption::{Interrupted, Interruption};
use crate::pretrain::precision::LossScale;
use crate::pretrain::sgd::Sgd;
use crate::pretrain::training_log::TrainingLog;
use crate::pretrain::unlabelled_pictures::UnlabelledPool;
use crate::progress::Progress;

/// Steps between two looks at the losses: each look waits for the device.
const STEPS_A_LOOK: usize = 10;
const LOSS_SCALE: &str = "loss_scale";

/// The data of a run.
#[derive(Debug)]
pub struct SupervisedData {
    /// Persons to learn from.
    pub training: FaceStore,
    /// Persons to evaluate on.
    pub held_back: FaceStore,
    /// Pictures without labels; empty in a supervised run.
    pub unlabelled: UnlabelledPool,
    /// What the model's description says of the data.
    pub description: Value,
}

/// A run under way.
pub struct SupervisedRun<'a> {
    config: &'a PretrainConfig,
    data: &'a SupervisedData,
    input: InputSpec,
    device: Device,
    network: ResNet50,
    sgd: Sgd,
    loss_scale: LossScale,
    state: RunState,
    log: TrainingLog,
    recent: RecentLosses,
}

/// The rate at `step` of `steps`: half a cosine from `rate` to 0, and 0 ever after.
#[must_use]
pub fn cosine_rate(rate: f64, step: u64, steps: u64) -> f64 {
    let part = (step as f64 / steps.max(1) as f64).min(1.0);
    rate * 0.5 * (1.0 + (std::f64::consts::PI * part).cos())
}

impl<'a> SupervisedRun<'a> {
    /// Begins a run, or takes one up again from its checkpoint.
    ///
    /// # Errors
    /// When there is a checkpoint and `resume` is not set, or none and it is, or it belongs to
    /// another config.
    pub fn new(
        config: &'a PretrainConfig,
        data: &'a SupervisedData,
        input: InputSpec,
        resume: bool,
        device: &Device,
    ) -> Result<Self> {
        config.training.precision.check(device)?;
        device.seed(config.seed);
        let training_device = device.clone().autodiff();
        let shape = config.model.shape();
        let mut state = RunState {
            step: 0,
            best_macro_f1: None,
            best_teacher_macro_f1: None,
            config: serde_json::to_value(config)?,
        };
        let mut sgd = Sgd::new(config.training.momentum).with_weight_decay(config.training.weight_decay);
        let mut loss_scale = LossScale::new(config.training.precision);
        let network = shape.init(&training_device);
        let network = match checkpoint::find(&config.run, resume)? {
            Some(found) => {
                ensure!(
                    found.state.config == state.config,
                    "the run in {} was begun with another config: use that one, or another `run` folder",
                    config.run.display()
                );
                state = found.state;
                let mut optimiser = found.optimiser;
                if let Some(saved) = optimiser.remove(LOSS_SCALE) {
                    loss_scale.load(&saved.values);
                }
                sgd.load(optimiser, device)?;
                network.load(&found.network, "", &training_device)?
            }
            None => match &config.model.start {
                Some(path) => {
                    let start = model_store::read(path)?;
                    network
                        .load(&start.weights, BACKBONE_PREFIX, &training_device)
                        .with_context(|| format!("the start {}", path.display()))?
                }
                None => network,
            },
        };
        let log = TrainingLog::open(&config.run, state.step)?;
        Ok(Self {
            config,
            data,
            input,
            device: device.clone(),
            network,
            sgd,
            loss_scale,
            state,
            log,
            recent: RecentLosses::default(),
        })
    }

    /// Trains to the last step and gives the best model, which also lies in the run's folder as
    /// `student.safetensors`.
    ///
    /// # Errors
    /// [`Interrupted`] when it was; when the loss is not finite; when the disk or the device fails.
    pub fn train(mut self, interruption: &Interruption) -> Result<ModelFile> {
        let config = self.config;
        let labels: Vec<_> = self.data.training.pictures().iter().map(|p| p.label).collect();
        let loader = BatchLoader {
            store: &self.data.training,
            balance: ClassBalance::new(&labels, config.seed),
            input: &self.input.clone(),
            augmentation: &config.augmentation,
            size: config.training.batch,
            seed: config.seed,
        };
        let steps = config.training.steps;
        let mut progress = Progress::start("training", "steps", Some(steps - self.state.step.min(steps)));
        std::thread::scope(|scope| -> Result<()> {
            let batches = loader.stream(scope, self.state.step, steps);
            for batch in batches {
                self.step(batch?)?;
                progress.add(1);
                let step = self.state.step;
                if step.is_multiple_of(config.training.steps_an_epoch) || step == steps {
                    self.end_epoch()?;
                }
                if interruption.is_wished() && step < steps {
                    self.look_at_losses()?;
                    self.write_checkpoint()?;
                    return Err(Interrupted { step }.into());
                }
            }
            Ok(())
        })?;
        progress.finish();
        model_store::read(&student_path(&config.run))
    }

    fn step(&mut self, batch: Batch) -> Result<()> {
        let training = &self.config.training;
        let device = self.device.clone().autodiff();
        let (pictures, labels) = batch.tensors(&device);
        let (_, logits) = self.network.forward(training.precision.of(pictures));
        let loss = CrossEntropyLossConfig::new()
            .init(&device)
            .forward(logits, labels);
        self.recent.losses.push(loss.clone().without_autodiff());
        let rate = cosine_rate(training.rate, self.state.step, training.steps);
        if let Some(gradients) = self.loss_scale.gradients(loss, &self.network, &self.device) {
            let gradients = match training.clip_norm {
                Some(most) => clipped(&self.network, &gradients, most, &self.device),
                None => gradients,
            };
            self.network = self.sgd.step(rate, self.network.clone(), &gradients);
        }
        self.state.step += 1;
        if self.recent.losses.len() >= STEPS_A_LOOK {
            self.look_at_losses()?;
        }
        Ok(())
    }

    fn look_at_losses(&mut self) -> Result<()> {
        self.recent.read(self.state.step)
    }

    fn end_epoch(&mut self) -> Result<()> {
        self.look_at_losses()?;
        let step = self.state.step;
        let weights = self.network.save("")?;
        let network = self
            .config
            .model
            .shape()
            .init(&self.device)
            .load(&weights, "", &self.device)?
            .fold();
        let held_back = &self.data.held_back;
        let colour = evaluate(&network, held_back, &self.input, false, &self.device)?;
        let grey = evaluate(&network, held_back, &self.input, true, &self.device)?;
        let loss = self.recent.take_mean();
        let rate = cosine_rate(self.config.training.rate, step, self.config.training.steps);
        self.log.write(&json!({
            "step": step, "loss": loss, "rate": rate,
            "held_back": summary(&colour), "held_back_grey": summary(&grey),
        }))?;
        eprintln!(
            "step {step}: loss {loss:.4}, held-back macro F1 {:.4}, grey only {:.4}",
            colour.macro_f1, grey.macro_f1
        );
        if self.state.best_macro_f1.is_none_or(|best| colour.macro_f1 > best) {
            self.state.best_macro_f1 = Some(colour.macro_f1);
            let model = self.model(&weights, &colour, &grey);
            model_store::write(&student_path(&self.config.run), &model)?;
        }
        self.write_checkpoint()
    }

    fn write_checkpoint(&self) -> Result<()> {
        let mut optimiser = self.sgd.save()?;
        let values = self.loss_scale.save();
        let shape = vec![values.len()];
        optimiser.insert(LOSS_SCALE.to_owned(), Weight { shape, values });
        let checkpoint = Checkpoint {
            state: self.state.clone(),
            network: self.network.save("")?,
            optimiser,
        };
        checkpoint.write(&checkpoint::path_in(&self.config.run))
    }

    fn model(&self, weights: &Weights, colour: &Report, grey: &Report) -> ModelFile {
        let training = &self.config.training;
        let absent: Vec<&str> = colour
            .classes
            .iter()
            .filter(|class| class.support == 0)
            .map(|class| class.class)
            .collect();
        let metadata = ModelMetadata {
            input: self.input.clone(),
            backbone: self.config.model.shape(),
            training: json!({
                "note": self.config.note,
                "mode": "supervised",
                "data": self.data.description,
                "seed": self.config.seed,
                "steps": self.state.step,
                "batch": training.batch,
                "rate": training.rate,
                "optimiser": format!("SGD, momentum {}, half a cosine to 0", training.momentum),
                "sampling": "each class equally often, drawn with replacement",
                "augmentation": self.config.augmentation,
                "held_back_persons": summary(colour),
                "held_back_persons_grey_only": summary(grey),
                "absent_classes": absent,
                "selection": "the evaluation with the best macro F1 on the held-back persons; their figures are therefore a little high",
            }),
            ..ModelMetadata::default()
        };
        let weights = weights
            .iter()
            .map(|(name, weight)| (format!("{BACKBONE_PREFIX}{name}"), weight.clone()))
            .collect();
        ModelFile { metadata, weights }
    }
}

/// Losses on the device, and the sum of those that were looked at in this epoch.
#[derive(Debug, Default)]
struct RecentLosses {
    losses: Vec<Tensor<1>>,
    sum: f64,
    count: u64,
}

impl RecentLosses {
    /// Reads the losses that end with `step`.
    fn read(&mut self, step: u64) -> Result<()> {
        if self.losses.is_empty() {
            return Ok(());
        }
        let count = self.losses.len() as u64;
        let values = Tensor::cat(std::mem::take(&mut self.losses), 0)
            .try_into_vec_as::<f32>()
            .map_err(|error| anyhow::anyhow!("the device failed: {error}"))?;
        for (before, value) in (0..).zip(values) {
            let at = step - count + before + 1;
            if !value.is_finite() {
                bail!(
                    "the loss of step {at} is {value}: training diverged (try a smaller `training.rate`); the last \
                     checkpoint and the best model are kept"
                );
            }
            self.sum += f64::from(value);
            self.count += 1;
        }
        Ok(())
    }

    fn take_mean(&mut self) -> f64 {
        let mean = self.sum / self.count.max(1) as f64;
        (self.sum, self.count) = (0.0, 0);
        mean
    }
}

fn student_path(run: &Path) -> std::path::PathBuf {
    run.join("student.safetensors")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_falls_to_zero_and_stays_there() {
        assert!((cosine_rate(0.1, 0, 100) - 0.1).abs() < 1e-12);
        assert!((cosine_rate(0.1, 50, 100) - 0.05).abs() < 1e-12);
        assert!(cosine_rate(0.1, 100, 100).abs() < 1e-12);
        assert!(cosine_rate(0.1, 150, 100).abs() < 1e-12);
    }
}
