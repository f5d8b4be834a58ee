//! A teacher-student run: what its steps, evaluations and checkpoints are.

use anyhow::{Context as _, Result, anyhow, ensure};
use burn::tensor::{Device, Tensor, TensorData};
use shared_model::backbone::{BACKBONE_PREFIX, Backbone};
use shared_model::face_crop::InputSpec;
use shared_model::model_file::{ModelFile, ModelMetadata, Weight, Weights};

use crate::model_store;
use crate::pretrain::evaluation::HeldBack;
use crate::pretrain::provenance;
use crate::pretrain::resumable_keys::RESUMABLE_KEYS;
use crate::pretrain::semi_supervised::batches::{PairedBatch, PairedLoader};
use crate::pretrain::semi_supervised::step::{Rates, TeacherStudent};
use crate::pretrain::semi_supervised::step_terms::WaitingStep;
use crate::pretrain::sgd::Sgd;
use crate::pretrain::start;
use crate::pretrain::supervised_data::SupervisedData;
use crate::run_config::RunConfig;
use crate::training_run::checkpoint::{Checkpoint, prefixed};
use crate::training_run::cosine_rate::cosine_rate;
use crate::training_run::interruption::Interruption;
use crate::training_run::optimiser::Optimiser;
use crate::training_run::run_folder::RunFolder;
use crate::training_run::run_loop::{Evaluated, Saved, StepFigures, Trainee, TrainingRun};

const TEACHER: &str = "teacher.";
const STUDENT: &str = "student.";
const AVERAGE: &str = "average.";
const BASELINE: &str = "baseline";
/// Added to the seed for the student, so that both networks begin differently.
const STUDENT_SEED: u64 = 0x5eed;

/// Trains to the last step and gives the best student. It lies in the run's folder as
/// `student.safetensors`, and the best teacher as `teacher.safetensors`.
///
/// # Errors
/// When there is no unlabelled picture, and as [`TrainingRun::open`] and [`TrainingRun::train`].
pub fn train(
    config: &RunConfig,
    data: &SupervisedData,
    folder: &RunFolder,
    found: Option<&Checkpoint>,
    device: &Device,
    interruption: &Interruption,
) -> Result<ModelFile> {
    ensure!(
        !data.unlabelled.is_empty(),
        "there is no unlabelled picture: check `data.unlabelled`"
    );
    let resolved = serde_json::to_value(config)?;
    let mut run = TrainingRun::open(folder, config.course(), resolved, found, RESUMABLE_KEYS)?;
    let mut semi_supervised = SemiSupervised::new(config, data, found, device)?;
    let input = config.input();
    let loader = PairedLoader::of(config, data, &input);
    run.train(&mut semi_supervised, |step| loader.batch(step), interruption)?;
    let unreadable = data.unlabelled.unreadable();
    if unreadable > 0 {
        tracing::warn!("unlabelled pictures could not be read {unreadable} times; others stood in for them");
    }
    let whole = data.unlabelled.without_face();
    if whole > 0 {
        tracing::warn!("no face was found in {whole} unlabelled pictures; they were taken whole");
    }
    model_store::read(&run.model_path("student"))
}

/// Teacher and student.
struct SemiSupervised<'a> {
    config: &'a RunConfig,
    data: &'a SupervisedData,
    input: InputSpec,
    device: Device,
    pair: TeacherStudent<Backbone>,
    waiting: Vec<WaitingStep>,
}

impl<'a> SemiSupervised<'a> {
    fn new(
        config: &'a RunConfig,
        data: &'a SupervisedData,
        found: Option<&Checkpoint>,
        device: &Device,
    ) -> Result<Self> {
        config.training.precision.check(device)?;
        let training_device = device.clone().autodiff();
        let begin = |seed: u64| -> Result<Backbone> {
            device.seed(seed);
            let network = config.model.shape().init(&training_device);
            // Weights of a checkpoint take the place of the start's, which may be gone.
            let Some(path) = config.model.start.as_ref().filter(|_| found.is_none()) else {
                return Ok(network);
            };
            start::taken(config, path, network, &training_device)
        };
        let training = &config.training;
        let rule = Sgd::new(training.momentum).with_weight_decay(training.weight_decay);
        let optimiser = || Optimiser::new(rule.clone());
        let mut pair = TeacherStudent::new(
            begin(config.seed)?,
            begin(config.seed.wrapping_add(STUDENT_SEED))?,
            optimiser,
            training.clip_norm,
            &config.semi_supervised,
            device,
        )
        .with_precision(training.precision);
        if let Some(found) = found {
            pair =
                restored(pair, found, device).context("the checkpoint does not fit the config's `model`")?;
        }
        Ok(Self {
            config,
            data,
            input: config.input(),
            device: device.clone(),
            pair,
            waiting: Vec::new(),
        })
    }

    /// The student's steps on labels, after the last of the pair.
    fn finetune(&mut self, at: u64, batch: PairedBatch) {
        let semi = &self.config.semi_supervised;
        let rate = cosine_rate(
            semi.finetune_rate,
            at - self.config.training.steps,
            semi.finetune_steps,
        );
        let pictures = self.config.training.batch;
        let (input, _) = batch.tensors(&self.device.clone().autodiff());
        let overflowed = self.pair.loss_scale.skipped();
        let loss = self.pair.finetune(&input, rate);
        let step = WaitingStep::of_finetuning(at + 1, pictures, loss, rate);
        self.waiting
            .push(step.with_scaling(self.pair.loss_scale.since(overflowed)));
    }

    /// One model in colour and in grey on the held-back persons.
    fn evaluated(&self, role: &'static str, step: u64, weights: Weights) -> Result<Evaluated> {
        let network = self.config.model.shape().init(&self.device);
        let network = network.load(&weights, "", &self.device)?.fold();
        let figures = HeldBack::of(&network, &self.data.held_back, &self.input, &self.device)?;
        Ok(Evaluated {
            model: role,
            log: figures.logged(role),
            file: self.model(role, step, weights, &figures),
            report: figures.colour,
        })
    }

    fn model(&self, role: &str, step: u64, weights: Weights, figures: &HeldBack) -> ModelFile {
        let training = provenance::of(self.config, self.data, step, Some(role));
        let mut metadata = ModelMetadata {
            input: self.input.clone(),
            framing: self.config.model.framing,
            backbone: self.config.model.shape(),
            training,
            ..ModelMetadata::default()
        };
        figures.describe(&mut metadata);
        ModelFile {
            metadata,
            weights: prefixed(BACKBONE_PREFIX, weights),
        }
    }
}

impl Trainee for SemiSupervised<'_> {
    type Batch = PairedBatch;

    fn step(&mut self, at: u64, batch: PairedBatch) -> Result<()> {
        let config = self.config;
        let (training, semi) = (&config.training, &config.semi_supervised);
        if at >= training.steps {
            self.finetune(at, batch);
            return Ok(());
        }
        let (input, truths) = batch.tensors(&self.device.clone().autodiff());
        let rates = Rates {
            teacher: cosine_rate(training.rate, at, training.steps),
            student: cosine_rate(semi.student_rate, at, training.steps),
            consistency: semi.consistency_weight(at),
        };
        let pictures = training.batch + truths.len();
        let overflowed = self.pair.loss_scale.skipped();
        let terms = self.pair.step(&input, rates);
        let step = WaitingStep::of_pair(at + 1, pictures, terms, rates, truths);
        self.waiting
            .push(step.with_scaling(self.pair.loss_scale.since(overflowed)));
        Ok(())
    }

    fn look(&mut self) -> Result<Vec<StepFigures>> {
        let waiting = std::mem::take(&mut self.waiting);
        waiting.into_iter().map(WaitingStep::figures).collect()
    }

    fn save(&self) -> Result<Saved> {
        let mut network = prefixed(TEACHER, self.pair.teacher.save("")?);
        network.extend(prefixed(STUDENT, self.pair.student.save("")?));
        if let Some(average) = &self.pair.average {
            network.extend(prefixed(AVERAGE, average.save("")?));
        }
        let mut optimiser = prefixed(TEACHER, self.pair.teacher_sgd.save()?);
        optimiser.extend(prefixed(STUDENT, self.pair.student_sgd.save()?));
        if let Some(baseline) = &self.pair.baseline {
            let values = baseline.clone().try_into_vec_as::<f32>();
            let values = values.map_err(|error| anyhow!("the device failed: {error}"))?;
            optimiser.insert(
                BASELINE.to_owned(),
                Weight {
                    shape: vec![1],
                    values,
                },
            );
        }
        optimiser.extend(self.pair.loss_scale.save());
        Ok(Saved { network, optimiser })
    }

    fn evaluate(&mut self, step: u64) -> Result<Vec<Evaluated>> {
        let student = match &self.pair.average {
            Some(average) => average.save("")?,
            None => self.pair.student.save("")?,
        };
        let teacher = self.pair.teacher.save("")?;
        Ok(vec![
            self.evaluated("student", step, student)?,
            self.evaluated("teacher", step, teacher)?,
        ])
    }

    fn batch_in_words(&self) -> String {
        let labelled = self.config.training.batch;
        let unlabelled = labelled * self.config.semi_supervised.unlabelled_ratio;
        let size = self.input.size;
        format!(
            "{labelled} labelled pictures and {unlabelled} unlabelled ones in two views, of {size}x{size}"
        )
    }

    fn keys_of_memory(&self) -> &'static str {
        "`training.batch` or `semi_supervised.unlabelled_ratio`, or `model.input_size` in a new run; or set \
         `semi_supervised.recompute_teacher`"
    }

    fn keys_of_rates(&self) -> &'static str {
        "`training.rate`, `semi_supervised.student_rate` or `semi_supervised.finetune_rate`"
    }
}

/// The pair as the checkpoint holds it.
fn restored(
    mut pair: TeacherStudent<Backbone>,
    found: &Checkpoint,
    device: &Device,
) -> Result<TeacherStudent<Backbone>> {
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
    pair.teacher_sgd.load(&part(TEACHER), device)?;
    pair.student_sgd.load(&part(STUDENT), device)?;
    pair.loss_scale.load(&mut found.optimiser.clone());
    pair.baseline = found.optimiser.get(BASELINE).map(|weight| {
        Tensor::from_data(
            TensorData::new(weight.values.clone(), [weight.values.len()]),
            device,
        )
    });
    Ok(pair)
}
