//! The loop over the steps of a run: log, evaluations, checkpoints, and the ways in which it ends.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Error, Result, bail};
use serde_json::{Map, Value, json};
use shared_model::metrics::Report;
use shared_model::model_file::{ModelFile, Weights};

use crate::ahead::ahead;
use crate::atomic_file;
use crate::model_store;
use crate::progress::Progress;
use crate::random_stream::STREAMS_VERSION;
use crate::run_config::course::Course;
use crate::training_run::checkpoint::{self, Checkpoint, RunState};
use crate::training_run::config_change;
use crate::training_run::device_failure::{Work, guarded, without_panics};
use crate::training_run::interruption::{Interrupted, Interruption};
use crate::training_run::loss_scale::Scaling;
use crate::training_run::pictures;
use crate::training_run::run_folder::RunFolder;
use crate::training_run::training_log::TrainingLog;

/// Steps between two looks at the device: each look waits for it.
const STEPS_A_LOOK: u64 = 10;

/// A kind of training.
pub trait Trainee {
    /// The data of one step.
    type Batch: Send;

    /// One update; `at` counts from 0.
    ///
    /// # Errors
    /// When the device fails.
    fn step(&mut self, at: u64, batch: Self::Batch) -> Result<()>;

    /// The figures of all steps since the last look, read from the device.
    ///
    /// # Errors
    /// When the device fails.
    fn look(&mut self) -> Result<Vec<StepFigures>>;

    /// The network and its optimiser after the last step; they go on from it bit for bit.
    ///
    /// # Errors
    /// When the device fails.
    fn save(&self) -> Result<Saved>;

    /// How good its models are after `step` steps; the best checkpoint is that of the first of them.
    ///
    /// # Errors
    /// When the data cannot be read or the device fails.
    fn evaluate(&mut self, step: u64) -> Result<Vec<Evaluated>>;

    /// What a step asks of the device, such as "32 pictures of 224x224".
    fn batch_in_words(&self) -> String;

    /// The config's keys to lower where a step needs too much memory.
    fn keys_of_memory(&self) -> &'static str;

    /// The config's keys to lower where training diverges.
    fn keys_of_rates(&self) -> &'static str;
}

/// The figures of one step, for the log.
#[derive(Debug, Clone, PartialEq)]
pub struct StepFigures {
    /// Steps done, this one included.
    pub step: u64,
    /// Pictures or clips that it went over.
    pub pictures: usize,
    /// By name; `None` where there is no such figure in this step. One that is not finite ends the run.
    pub figures: Vec<(&'static str, Option<f64>)>,
    /// What the step did with the loss' scale, where the loss is scaled.
    pub scaling: Option<Scaling>,
}

/// What a training holds.
#[derive(Debug, Clone, Default)]
pub struct Saved {
    /// Networks.
    pub network: Weights,
    /// Optimisers, and what else a step leaves to the next.
    pub optimiser: Weights,
}

/// A model and its figures on data that it has not learned from.
#[derive(Debug)]
pub struct Evaluated {
    /// Names its file, `student` for `student.safetensors`.
    pub model: &'static str,
    /// The figures that choose the best.
    pub report: Report,
    /// What the log says, by key.
    pub log: Map<String, Value>,
    /// The model, which is written where it is the best so far.
    pub file: ModelFile,
}

/// A run under way.
#[derive(Debug)]
pub struct TrainingRun<'a> {
    folder: &'a RunFolder,
    course: Course,
    state: RunState,
    log: TrainingLog,
    /// The step of the checkpoint on disk.
    kept: Option<u64>,
    pictures: usize,
    since_look: Instant,
    since_checkpoint: Instant,
    epoch: EpochSums,
}

/// Sums over the steps of an epoch.
#[derive(Debug, Default)]
struct EpochSums {
    figures: BTreeMap<&'static str, (f64, u64)>,
    overflows: u64,
}

impl<'a> TrainingRun<'a> {
    /// Begins a run, or takes up the one whose checkpoint was found. `may_change` are the keys of the
    /// config that may have another value than when it was begun.
    ///
    /// # Errors
    /// When the checkpoint belongs to another config, or the log cannot be written.
    pub fn open(
        folder: &'a RunFolder,
        course: Course,
        config: Value,
        found: Option<&Checkpoint>,
        may_change: &[&str],
    ) -> Result<Self> {
        let mut state = RunState {
            step: 0,
            best: BTreeMap::new(),
            stale: 0,
            streams: STREAMS_VERSION,
            config,
        };
        if let Some(found) = found {
            config_change::check(&found.state.config, &state.config, may_change)
                .with_context(|| format!("the run in {} cannot go on", folder.path().display()))?;
            state.step = found.state.step;
            state.stale = found.state.stale;
            state.best.clone_from(&found.state.best);
        }
        Ok(Self {
            folder,
            course,
            log: TrainingLog::open(folder.path(), state.step)?,
            kept: found.map(|found| found.state.step),
            state,
            pictures: 0,
            since_look: Instant::now(),
            since_checkpoint: Instant::now(),
            epoch: EpochSums::default(),
        })
    }

    /// Steps done.
    #[must_use]
    pub fn step(&self) -> u64 {
        self.state.step
    }

    /// Trains to the last step on the batches that `make` gives. The best models lie in the run's
    /// folder then.
    ///
    /// # Errors
    /// [`Interrupted`] when it was; when a figure or a weight is not finite; when the data, the disk
    /// or the device fails. The checkpoint on disk is a good one in every case.
    pub fn train<T: Trainee>(
        &mut self,
        trainee: &mut T,
        make: impl Fn(u64) -> Result<T::Batch> + Send,
        interruption: &Interruption,
    ) -> Result<()> {
        let steps = self.course.steps;
        let done = self.state.step.min(steps);
        let mut progress = Progress::start_at("training", "steps", Some(steps), done);
        self.since_look = Instant::now();
        let outcome = std::thread::scope(|scope| -> Result<()> {
            let make = move |step| without_panics(|| make(step));
            for batch in ahead(scope, done, steps, make) {
                // Asked before the step, so that a run that had ended goes no further when it is resumed.
                if self.is_out_of_patience() {
                    return Ok(());
                }
                let batch = match batch {
                    Ok(batch) => batch,
                    Err(error) => return Err(self.save_before(error, trainee)),
                };
                self.step_on(trainee, batch, &progress)?;
                progress.add(1);
                let step = self.state.step;
                if interruption.is_wished() && step < steps {
                    self.look(trainee)?;
                    self.write_checkpoint(trainee)?;
                    return Err(Interrupted { step }.into());
                }
            }
            Ok(())
        });
        progress.finish();
        outcome
    }

    /// The data fail, and what was learned is as good as before: it is saved.
    fn save_before<T: Trainee>(&mut self, error: Error, trainee: &mut T) -> Error {
        let step = self.state.step;
        match self.look(trainee).and_then(|()| self.write_checkpoint(trainee)) {
            Ok(()) => error.context(format!(
                "the data of step {} fail; {}",
                step + 1,
                self.kept_in_words()
            )),
            Err(other) => error.context(format!("step {step} could not be saved either ({other:#})")),
        }
    }

    /// Whether so many evaluations in a row were no better that the run ends here.
    #[must_use]
    pub fn is_out_of_patience(&self) -> bool {
        self.course
            .patience
            .is_some_and(|patience| self.state.stale >= patience)
    }

    /// One step, and what follows it.
    fn step_on<T: Trainee>(&mut self, trainee: &mut T, batch: T::Batch, progress: &Progress) -> Result<()> {
        let at = self.state.step;
        let work = self.work(trainee, format!("step {}", at + 1));
        guarded(&work, || trainee.step(at, batch))?;
        self.state.step += 1;
        let step = self.state.step;
        // The first step asks for the most memory at once: its failure is not to wait.
        let first = self.kept.unwrap_or(0) + 1 == step;
        if first || step.is_multiple_of(STEPS_A_LOOK) {
            self.look(trainee)?;
        }
        if step.is_multiple_of(self.course.steps_an_epoch) || step == self.course.steps {
            self.end_epoch(trainee, progress)?;
        } else if self.since_checkpoint.elapsed() >= checkpoint_interval(self.course.checkpoint_minutes) {
            self.look(trainee)?;
            self.write_checkpoint(trainee)?;
        }
        Ok(())
    }

    /// Writes a line for each step since the last look.
    fn look<T: Trainee>(&mut self, trainee: &mut T) -> Result<()> {
        let work = self.work(trainee, format!("the steps up to {}", self.state.step));
        let lines = guarded(&work, || trainee.look())?;
        self.pictures += lines.iter().map(|line| line.pictures).sum::<usize>();
        // Only now the device has done these steps.
        let images_s = self.pictures as f64 / self.since_look.elapsed().as_secs_f64().max(1e-9);
        (self.pictures, self.since_look) = (0, Instant::now());
        for line in lines {
            let mut entry = Map::new();
            entry.insert("step".to_owned(), line.step.into());
            for (name, value) in &line.figures {
                if let Some(value) = value.filter(|value| !value.is_finite()) {
                    bail!(
                        "the {name} of step {} is {value}: training diverged (try smaller {}); {}",
                        line.step,
                        trainee.keys_of_rates(),
                        self.kept_in_words()
                    );
                }
                entry.insert((*name).to_owned(), json!(value));
                self.epoch.add(name, *value);
            }
            if let Some(Scaling { factor, overflows }) = line.scaling {
                entry.insert("loss_scale".to_owned(), json!(factor));
                entry.insert("overflows".to_owned(), json!(overflows));
                self.epoch.overflows += overflows;
            }
            entry.insert("images_s".to_owned(), json!(images_s));
            self.log.write(Value::Object(entry))?;
        }
        Ok(())
    }

    /// Evaluates, keeps the models that are better than all before, and writes a checkpoint.
    fn end_epoch<T: Trainee>(&mut self, trainee: &mut T, progress: &Progress) -> Result<()> {
        self.look(trainee)?;
        let saved = self.saved(trainee)?;
        let step = self.state.step;
        let work = self.work(trainee, format!("the evaluation after step {step}"));
        let evaluated = guarded(&work, || trainee.evaluate(step))?;
        let mut entry = Map::from_iter([("step".to_owned(), step.into())]);
        let mut said = vec![format!("step {step}"), self.epoch.take_in_words()];
        self.state.stale += 1;
        let (mut reports, mut is_best) = (Vec::new(), false);
        for (place, one) in evaluated.into_iter().enumerate() {
            entry.extend(one.log);
            let macro_f1 = one.report.macro_f1;
            said.push(format!("{} macro F1 {macro_f1:.4}", one.model));
            if self.state.best.get(one.model).is_none_or(|best| macro_f1 > *best) {
                self.state.best.insert(one.model.to_owned(), macro_f1);
                self.state.stale = 0;
                is_best |= place == 0;
                model_store::write(&self.model_path(one.model), &one.file)?;
            }
            reports.push((one.model, one.report));
        }
        self.log.write(Value::Object(entry))?;
        progress.say(&said.join(", "));
        let reports: Vec<_> = reports.iter().map(|(model, report)| (*model, report)).collect();
        // A run is not lost for want of its pictures.
        if let Err(error) = pictures::write(self.folder.path(), &self.log.entries()?, &reports) {
            progress.say(&format!("warning: {error:#}"));
        }
        // Last, so that a run that is killed before it does all of this again.
        self.write(saved, is_best)?;
        // Evaluation is no training.
        self.since_look = Instant::now();
        Ok(())
    }

    /// The best model of this name, once there was an evaluation.
    #[must_use]
    pub fn model_path(&self, model: &str) -> PathBuf {
        self.folder.path().join(format!("{model}.safetensors"))
    }

    fn write_checkpoint<T: Trainee>(&mut self, trainee: &T) -> Result<()> {
        let saved = self.saved(trainee)?;
        self.write(saved, false)
    }

    /// What the training holds, if all of it is finite: a loss tells of the step before.
    fn saved<T: Trainee>(&self, trainee: &T) -> Result<Checkpoint> {
        let step = self.state.step;
        let work = self.work(trainee, format!("reading the weights after step {step}"));
        let Saved { network, optimiser } = guarded(&work, || trainee.save())?;
        let checkpoint = Checkpoint {
            state: self.state.clone(),
            network,
            optimiser,
        };
        checkpoint.check_values().with_context(|| {
            format!(
                "training diverged in step {step} (try smaller {}); {}",
                trainee.keys_of_rates(),
                self.kept_in_words()
            )
        })?;
        Ok(checkpoint)
    }

    /// The checkpoint of an evaluation that is the best so far is kept beside the last one, which comes after it: what
    /// the last one knows to be the best is there.
    fn write(&mut self, checkpoint: Checkpoint, is_best: bool) -> Result<()> {
        let checkpoint = Checkpoint {
            state: self.state.clone(),
            ..checkpoint
        };
        let (run, bytes) = (self.folder.path(), checkpoint.to_bytes()?);
        let best = is_best.then(|| checkpoint::best_path_in(run));
        for path in best.into_iter().chain([checkpoint::path_in(run)]) {
            atomic_file::write(&path, &bytes).with_context(|| {
                format!("step {} is not saved; {}", self.state.step, self.kept_in_words())
            })?;
        }
        (self.kept, self.since_checkpoint) = (Some(self.state.step), Instant::now());
        Ok(())
    }

    fn work<T: Trainee>(&self, trainee: &T, what: String) -> Work {
        Work {
            what: format!("{what} ({})", trainee.batch_in_words()),
            lower: trainee.keys_of_memory().to_owned(),
            kept: self.kept_in_words(),
        }
    }

    fn kept_in_words(&self) -> String {
        match self.kept {
            Some(step) => format!(
                "the checkpoint of step {step} and the best models are kept: `--resume` goes on from there"
            ),
            None => "there is no checkpoint yet".to_owned(),
        }
    }
}

impl EpochSums {
    fn add(&mut self, name: &'static str, value: Option<f64>) {
        if let Some(value) = value {
            let (sum, count) = self.figures.entry(name).or_default();
            *sum += value;
            *count += 1;
        }
    }

    /// The means of the epoch's figures and the sum of its overflows, which begin anew.
    fn take_in_words(&mut self) -> String {
        let Self { figures, overflows } = std::mem::take(self);
        let mut words: Vec<String> = figures
            .iter()
            .filter(|(name, _)| !name.ends_with("rate"))
            .map(|(name, (sum, count))| format!("{name} {:.4}", sum / *count as f64))
            .collect();
        if overflows > 0 {
            words.push(format!(
                "{overflows} updates left out, whose gradients overflowed"
            ));
        }
        words.join(", ")
    }
}

fn checkpoint_interval(minutes: f64) -> Duration {
    Duration::try_from_secs_f64(60.0 * minutes).unwrap_or(Duration::MAX)
}
