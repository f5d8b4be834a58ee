//! A teacher-student run: steps, evaluations, checkpoints, models.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use burn::tensor::{Device, Tensor, TensorData};
use serde_json::json;
use shared_model::face_crop::InputSpec;
use shared_model::metrics::Report;
use shared_model::model_file::{ModelFile, ModelMetadata, Weight, Weights};
use shared_model::resnet50::{BACKBONE_PREFIX, ResNet50};

use crate::model_store;
use crate::pretrain::batch_loader::{BatchLoader, ahead};
use crate::pretrain::checkpoint::{self, Checkpoint, RunState};
use crate::pretrain::class_balance::ClassBalance;
use crate::pretrain::config::PretrainConfig;
use crate::pretrain::evaluation::{evaluate, summary};
use crate::pretrain::interruption::{Interrupted, Interruption};
use crate::pretrain::semi_supervised::batches::{PairedBatch, PairedLoader};
use crate::pretrain::semi_supervised::step::{Rates, TeacherStudent};
use crate::pretrain::semi_supervised::step_log::StepLog;
use crate::pretrain::sgd::Sgd;
use crate::pretrain::supervised::{SupervisedData, cosine_rate};
use crate::pretrain::training_log::TrainingLog;
use crate::progress::Progress;

const TEACHER: &str = "teacher.";
const STUDENT: &str = "student.";
const AVERAGE: &str = "average.";
const BASELINE: &str = "baseline";
const LOSS_SCALE: &str = "loss_scale";
/// Added to the seed for the student, so that both networks begin differently.
const STUDENT_SEED: u64 = 0x5eed;

/// A run under way.
pub struct SemiSupervisedRun<'a> {
    config: &'a PretrainConfig,
    data: &'a SupervisedData,
    input: InputSpec,
    device: Device,
    pair: TeacherStudent<ResNet50>,
    state: RunState,
    log: TrainingLog,
    steps: StepLog,
}

impl<'a> SemiSupervisedRun<'a> {
    /// Begins a run, or takes one up again from its checkpoint.
    ///
    /// # Errors
    /// When there is a checkpoint and `resume` is not set, or none and it is, or it belongs to
    /// another config.
    pub fn new(
        config: &'a PretrainConfig,
        data: &'a SupervisedData,
        resume: bool,
        device: &Device,
    ) -> Result<Self> {
        ensure!(
            !data.unlabelled.is_empty(),
            "there is no unlabelled picture: check `data.unlabelled`"
        );
        config.training.precision.check(device)?;
        let training_device = device.clone().autodiff();
        let begin = |seed: u64| -> Result<ResNet50> {
            device.seed(seed);
            let network = config.model.shape().init(&training_device);
            let Some(path) = &config.model.start else {
                return Ok(network);
            };
            let start = model_store::read(path)?;
            network
                .load(&start.weights, BACKBONE_PREFIX, &training_device)
                .with_context(|| format!("the start {}", path.display()))
        };
        let training = &config.training;
        let optimiser = || Sgd::new(training.momentum).with_weight_decay(training.weight_decay);
        let mut pair = TeacherStudent::new(
            begin(config.seed)?,
            begin(config.seed.wrapping_add(STUDENT_SEED))?,
            optimiser,
            training.clip_norm,
            &config.semi_supervised,
            device,
        )
        .with_precision(training.precision);
        let mut state = RunState {
            step: 0,
            best_macro_f1: None,
            best_teacher_macro_f1: None,
            config: serde_json::to_value(config)?,
        };
        if let Some(found) = checkpoint::find(&config.run, resume)? {
            ensure!(
                found.state.config == state.config,
                "the run in {} was begun with another config: use that one, or another `run` folder",
                config.run.display()
            );
            state = found.state.clone();
            pair = restored(pair, &found, device)?;
        }
        Ok(Self {
            config,
            data,
            input: config.input(),
            device: device.clone(),
            pair,
            log: TrainingLog::open(&config.run, state.step)?,
            state,
            steps: StepLog::default(),
        })
    }

    /// Trains to the last step and gives the best student. It lies in the run's folder as
    /// `student.safetensors`, and the best teacher as `teacher.safetensors`.
    ///
    /// # Errors
    /// [`Interrupted`] when it was; when a loss is not finite; when the disk or the device fails.
    pub fn train(mut self, interruption: &Interruption) -> Result<ModelFile> {
        let config = self.config;
        let labels: Vec<_> = self.data.training.pictures().iter().map(|p| p.label).collect();
        let input = self.input.clone();
        let loader = PairedLoader {
            labelled: BatchLoader {
                store: &self.data.training,
                balance: ClassBalance::new(&labels, config.seed),
                input: &input,
                augmentation: &config.augmentation,
                size: config.training.batch,
                seed: config.seed,
            },
            unlabelled: &self.data.unlabelled,
            config: &config.semi_supervised,
        };
        let steps = config.training.steps + config.semi_supervised.finetune_steps;
        let mut progress = Progress::start("training", "steps", Some(steps - self.state.step.min(steps)));
        std::thread::scope(|scope| -> Result<()> {
            for batch in ahead(scope, self.state.step, steps, |step| loader.batch(step)) {
                self.step(batch?)?;
                progress.add(1);
                let step = self.state.step;
                if step.is_multiple_of(config.training.steps_an_epoch) || step == steps {
                    self.end_epoch()?;
                }
                if interruption.is_wished() && step < steps {
                    self.steps.look(&mut self.log)?;
                    self.write_checkpoint()?;
                    return Err(Interrupted { step }.into());
                }
            }
            Ok(())
        })?;
        progress.finish();
        let unreadable = self.data.unlabelled.unreadable();
        if unreadable > 0 {
            eprintln!(
                "warning: unlabelled pictures could not be read {unreadable} times; others stood in for them"
            );
        }
        model_store::read(&self.path("student"))
    }

    fn step(&mut self, batch: PairedBatch) -> Result<()> {
        let config = self.config;
        let (training, semi) = (&config.training, &config.semi_supervised);
        let (input, truths) = batch.tensors(&self.device.clone().autodiff());
        let at = self.state.step;
        self.state.step += 1;
        if at >= training.steps {
            let rate = cosine_rate(semi.finetune_rate, at - training.steps, semi.finetune_steps);
            let loss = self.pair.finetune(&input, rate);
            return self.log_finetuning(loss, rate);
        }
        let rates = Rates {
            teacher: cosine_rate(training.rate, at, training.steps),
            student: cosine_rate(semi.student_rate, at, training.steps),
        };
        let terms = self.pair.step(&input, rates);
        let pictures = training.batch + truths.len();
        self.steps
            .push(self.state.step, terms, rates, truths, pictures, &mut self.log)
    }

    fn log_finetuning(&mut self, loss: Tensor<1>, rate: f64) -> Result<()> {
        self.steps.look(&mut self.log)?;
        let loss = loss
            .try_into_scalar::<f32>()
            .map_err(|error| anyhow::anyhow!("the device failed: {error}"))?;
        let step = self.state.step;
        if !loss.is_finite() {
            bail!(
                "the loss of step {step} is {loss}: fine-tuning diverged (try a smaller `semi_supervised.finetune_rate`)"
            );
        }
        self.log
            .write(&json!({"step": step, "finetune_loss": loss, "student_rate": rate}))
    }

    fn end_epoch(&mut self) -> Result<()> {
        self.steps.look(&mut self.log)?;
        let means = self.steps.take_epoch();
        let step = self.state.step;
        let student = match &self.pair.average {
            Some(average) => average.save("")?,
            None => self.pair.student.save("")?,
        };
        let teacher = self.pair.teacher.save("")?;
        let [of_student, of_student_grey] = self.evaluate(&student)?;
        let [of_teacher, of_teacher_grey] = self.evaluate(&teacher)?;
        self.log.write(&json!({
            "step": step,
            "student": summary(&of_student), "student_grey": summary(&of_student_grey),
            "teacher": summary(&of_teacher), "teacher_grey": summary(&of_teacher_grey),
        }))?;
        eprintln!(
            "step {step}: {}; held-back macro F1: student {:.4}, teacher {:.4}",
            means.in_words(),
            of_student.macro_f1,
            of_teacher.macro_f1
        );
        if self
            .state
            .best_macro_f1
            .is_none_or(|best| of_student.macro_f1 > best)
        {
            self.state.best_macro_f1 = Some(of_student.macro_f1);
            let model = self.model("student", student, &of_student, &of_student_grey)?;
            model_store::write(&self.path("student"), &model)?;
        }
        if self
            .state
            .best_teacher_macro_f1
            .is_none_or(|best| of_teacher.macro_f1 > best)
        {
            self.state.best_teacher_macro_f1 = Some(of_teacher.macro_f1);
            let model = self.model("teacher", teacher, &of_teacher, &of_teacher_grey)?;
            model_store::write(&self.path("teacher"), &model)?;
        }
        self.write_checkpoint()
    }

    /// Figures on the held-back persons, in colour and in grey.
    fn evaluate(&self, weights: &Weights) -> Result<[Report; 2]> {
        let network = self.config.model.shape().init(&self.device);
        let network = network.load(weights, "", &self.device)?.fold();
        let report = |grey: bool| evaluate(&network, &self.data.held_back, &self.input, grey, &self.device);
        Ok([report(false)?, report(true)?])
    }

    fn model(&self, role: &str, weights: Weights, colour: &Report, grey: &Report) -> Result<ModelFile> {
        let absent: Vec<&str> = colour
            .classes
            .iter()
            .filter(|class| class.support == 0)
            .map(|class| class.class)
            .collect();
        let training = json!({
            "note": self.config.note,
            "mode": "semi-supervised",
            "role": role,
            "data": self.data.description,
            "seed": self.config.seed,
            "steps": self.state.step,
            "training": self.config.training,
            "semi_supervised": self.config.semi_supervised,
            "augmentation": self.config.augmentation,
            "optimiser": "SGD, half a cosine to 0",
            "sampling": "labelled: each class equally often, drawn with replacement; unlabelled: each picture once a round",
            "held_back_persons": summary(colour),
            "held_back_persons_grey_only": summary(grey),
            "absent_classes": absent,
            "selection": "the evaluation with the best macro F1 on the held-back persons; their figures are therefore a little high",
        });
        Ok(ModelFile {
            metadata: ModelMetadata {
                input: self.input.clone(),
                backbone: self.config.model.shape(),
                training,
                ..ModelMetadata::default()
            },
            weights: prefixed(BACKBONE_PREFIX, weights),
        })
    }

    fn write_checkpoint(&self) -> Result<()> {
        let mut network = prefixed(TEACHER, self.pair.teacher.save("")?);
        network.extend(prefixed(STUDENT, self.pair.student.save("")?));
        if let Some(average) = &self.pair.average {
            network.extend(prefixed(AVERAGE, average.save("")?));
        }
        let mut optimiser = prefixed(TEACHER, self.pair.teacher_sgd.save()?);
        optimiser.extend(prefixed(STUDENT, self.pair.student_sgd.save()?));
        if let Some(baseline) = &self.pair.baseline {
            let values = baseline.clone().try_into_vec_as::<f32>();
            let values = values.map_err(|error| anyhow::anyhow!("the device failed: {error}"))?;
            optimiser.insert(
                BASELINE.to_owned(),
                Weight {
                    shape: vec![1],
                    values,
                },
            );
        }
        let values = self.pair.loss_scale.save();
        let shape = vec![values.len()];
        optimiser.insert(LOSS_SCALE.to_owned(), Weight { shape, values });
        let checkpoint = Checkpoint {
            state: self.state.clone(),
            network,
            optimiser,
        };
        checkpoint.write(&checkpoint::path_in(&self.config.run))
    }

    fn path(&self, role: &str) -> PathBuf {
        path_of(&self.config.run, role)
    }
}

fn path_of(run: &Path, role: &str) -> PathBuf {
    run.join(format!("{role}.safetensors"))
}

/// The pair as the checkpoint holds it.
fn restored(
    mut pair: TeacherStudent<ResNet50>,
    found: &Checkpoint,
    device: &Device,
) -> Result<TeacherStudent<ResNet50>> {
    let training_device = device.clone().autodiff();
    pair.teacher = pair.teacher.load(&found.network, TEACHER, &training_device)?;
    pair.student = pair.student.load(&found.network, STUDENT, &training_device)?;
    if let Some(average) = pair.average.take() {
        pair.average = Some(average.load(&found.network, AVERAGE, device)?);
    }
    let part = |prefix: &str| -> Weights {
        let named = found.optimiser.iter();
        named
            .filter_map(|(name, weight)| Some((name.strip_prefix(prefix)?.to_owned(), weight.clone())))
            .collect()
    };
    pair.teacher_sgd.load(part(TEACHER), device)?;
    pair.student_sgd.load(part(STUDENT), device)?;
    if let Some(saved) = found.optimiser.get(LOSS_SCALE) {
        pair.loss_scale.load(&saved.values);
    }
    pair.baseline = found.optimiser.get(BASELINE).map(|weight| {
        Tensor::from_data(
            TensorData::new(weight.values.clone(), [weight.values.len()]),
            device,
        )
    });
    Ok(pair)
}

fn prefixed(prefix: &str, weights: Weights) -> Weights {
    let named = weights.into_iter();
    named
        .map(|(name, weight)| (format!("{prefix}{name}"), weight))
        .collect()
}
