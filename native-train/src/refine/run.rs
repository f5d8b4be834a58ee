//! A stage-2 run: steps, evaluations, early stopping, checkpoints, the model.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use burn::tensor::Device;
use serde_json::{Value, json};
use shared_model::model_file::{ModelFile, Weight, Weights};
use shared_model::temporal_encoder::TEMPORAL_PREFIX;

use crate::atomic_file;
use crate::evaluate::figures::Figures;
use crate::evaluate::predicted_video::PredictedVideo;
use crate::plots::line_chart::{Line, LineChart};
use crate::pretrain::checkpoint::{self, Checkpoint, RunState};
use crate::pretrain::config::PretrainConfig;
use crate::pretrain::evaluation::summary;
use crate::pretrain::interruption::{Interrupted, Interruption};
use crate::pretrain::supervised::cosine_rate;
use crate::pretrain::training_log::TrainingLog;
use crate::progress::Progress;
use crate::refine::RefineData;
use crate::refine::clip_plan::{ClipPlan, inverse_frequencies};
use crate::refine::config::RefineConfig;
use crate::refine::encoder_trainer::EncoderTrainer;
use crate::refine::feature_cache::key_of;

const CURRENT: &str = "current.";
const BEST: &str = "best.";
/// Where a checkpoint keeps how many evaluations were no better than the best.
const STALE: &str = "evaluations_without_improvement";

/// A run under way.
pub struct RefineRun<'a> {
    config: &'a PretrainConfig,
    refine: RefineConfig,
    data: &'a RefineData,
    plan: ClipPlan,
    trainer: EncoderTrainer,
    state: RunState,
    /// The encoder of the best evaluation.
    best: Weights,
    stale: u64,
    log: TrainingLog,
    device: Device,
}

impl<'a> RefineRun<'a> {
    /// Begins a run, or takes one up again from its checkpoint.
    ///
    /// # Errors
    /// When there is nothing to learn from, or the checkpoint does not fit.
    pub fn new(
        config: &'a PretrainConfig,
        data: &'a RefineData,
        resume: bool,
        device: &Device,
    ) -> Result<Self> {
        let refine = config.refine();
        let folder = RefineConfig::folder_in(&config.run);
        atomic_file::make_folder(&folder)?;
        let plan = ClipPlan::new(&data.training, refine.clip_length, refine.stride, config.seed);
        ensure!(
            !plan.is_empty(),
            "the training videos have no frame with both a crop and a label"
        );
        let shape = refine.shape();
        let feature_len = data.start.metadata.backbone.feature_len();
        let mut trainer = EncoderTrainer::new(
            &shape,
            feature_len,
            refine.dropout,
            refine.weight_decay,
            config.seed,
            device,
        );
        if refine.class_weights {
            trainer = trainer.with_class_weights(inverse_frequencies(&data.training));
        }
        let mut state = RunState {
            step: 0,
            best_macro_f1: None,
            best_teacher_macro_f1: None,
            config: json!({"refine": refine, "seed": config.seed, "features": key_of(&data.start)}),
        };
        let (mut best, mut stale) = (Weights::new(), 0);
        if let Some(found) = checkpoint::find(&folder, resume)? {
            ensure!(
                found.state.config == state.config,
                "stage 2 in {} was begun with another config or another stage-1 model: use those, or another `run` folder",
                folder.display()
            );
            let training_device = device.clone().autodiff();
            let mut optimiser = found.optimiser;
            stale = optimiser
                .remove(STALE)
                .and_then(|weight| weight.values.first().map(|count| *count as u64))
                .context("the checkpoint belongs to no stage-2 run")?;
            trainer.optimiser.load(&optimiser, device)?;
            trainer.encoder = trainer.encoder.load(&found.network, CURRENT, &training_device)?;
            trainer.step = found.state.step;
            best = renamed(&found.network, BEST, "");
            state = found.state;
        }
        let written = toml::to_string(&refine).context("the config cannot be written")?;
        atomic_file::write(&folder.join("config.toml"), written.as_bytes())?;
        Ok(Self {
            config,
            refine,
            data,
            plan,
            trainer,
            log: TrainingLog::open(&folder, state.step)?,
            state,
            best,
            stale,
            device: device.clone(),
        })
    }

    /// Trains until the last step or until patience is over, and gives the start model with the best
    /// encoder.
    ///
    /// # Errors
    /// [`Interrupted`] when it was; when the loss is not finite; when the disk or the device fails.
    pub fn train(mut self, interruption: &Interruption) -> Result<ModelFile> {
        let steps = self.refine.steps;
        let mut progress = Progress::start("stage 2", "steps", Some(steps - self.state.step.min(steps)));
        let mut losses = Vec::new();
        while self.state.step < steps && self.stale < self.refine.patience {
            let at = self.state.step;
            let batch = self.plan.batch(&self.data.training, at, self.refine.batch);
            let rate = self.rate(at);
            let loss = self.trainer.learn(&batch, rate)?;
            losses.push(f64::from(loss));
            self.state.step += 1;
            let step = self.state.step;
            self.log.write(&json!({"step": step, "loss": loss, "rate": rate}))?;
            progress.add(1);
            if step.is_multiple_of(self.refine.steps_an_evaluation) || step == steps {
                let mean = losses.iter().sum::<f64>() / losses.len().max(1) as f64;
                losses.clear();
                self.evaluate(mean)?;
            }
            if interruption.is_wished() && step < steps {
                self.write_checkpoint()?;
                return Err(Interrupted { step }.into());
            }
        }
        progress.finish();
        if self.stale >= self.refine.patience {
            eprintln!(
                "stage 2 ends at step {}: {} evaluations in a row were no better",
                self.state.step, self.stale
            );
        }
        self.plot()?;
        self.finished()
    }

    fn rate(&self, step: u64) -> f64 {
        if self.refine.cosine {
            cosine_rate(self.refine.rate, step, self.refine.steps)
        } else {
            self.refine.rate
        }
    }

    fn evaluate(&mut self, loss: f64) -> Result<()> {
        let encoder = self.trainer.encoder.save("")?;
        let figures = self.figures(&encoder)?;
        let step = self.state.step;
        self.log.write(&json!({"step": step, "mean_loss": loss, "validation": words(&figures)}))?;
        let refined = figures.refined().macro_f1;
        eprintln!(
            "step {step}: loss {loss:.4}; validation macro F1: per frame {:.4}, temporal {refined:.4}, smoothed {:.4}",
            figures.raw.macro_f1, figures.smoothed.macro_f1
        );
        if self.state.best_macro_f1.is_none_or(|best| refined > best) {
            self.state.best_macro_f1 = Some(refined);
            self.best = encoder;
            self.stale = 0;
        } else {
            self.stale += 1;
        }
        self.write_checkpoint()
    }

    /// Plays the validation features through the recogniser with these weights of the encoder.
    fn figures(&self, encoder: &Weights) -> Result<Figures> {
        let model = self.model_with(encoder);
        let videos = &self.data.validation;
        let videos = videos
            .iter()
            .map(|video| PredictedVideo::of_features(video, &model, &self.device))
            .collect::<Result<Vec<_>>>()?;
        Ok(Figures::of(&videos, self.refine.smoothing, self.refine.window))
    }

    fn model_with(&self, encoder: &Weights) -> ModelFile {
        let mut model = ModelFile {
            metadata: self.data.start.metadata.clone(),
            weights: renamed(encoder, "", TEMPORAL_PREFIX),
        };
        model.metadata.temporal = Some(self.refine.shape());
        model.metadata.clip_length = self.refine.clip_length;
        model.metadata.window = self.refine.window;
        model
    }

    fn finished(&self) -> Result<ModelFile> {
        let mut model = self.model_with(&self.best);
        let figures = self.figures(&self.best)?;
        let backbone = self.data.start.weights.iter();
        let backbone = backbone.filter(|(name, _)| !name.starts_with(TEMPORAL_PREFIX));
        model.weights.extend(backbone.map(|(name, w)| (name.clone(), w.clone())));
        let description = json!({
            "data": format!(
                "{} training videos ({} clips), {} validation videos",
                self.data.training.len(), self.plan.len(), self.data.validation.len()
            ),
            "config": self.refine,
            "seed": self.config.seed,
            "steps": self.state.step,
            "optimiser": "AdamW",
            "validation": words(&figures),
            "selection": "the evaluation with the best macro F1 of the temporal labels on the validation videos; their figures are therefore a little high",
        });
        if !model.metadata.training.is_object() {
            model.metadata.training = json!({});
        }
        if let Value::Object(training) = &mut model.metadata.training {
            training.insert("temporal".to_owned(), description);
        }
        Ok(model)
    }

    fn write_checkpoint(&self) -> Result<()> {
        let mut network = renamed(&self.trainer.encoder.save("")?, "", CURRENT);
        network.extend(renamed(&self.best, "", BEST));
        let mut optimiser = self.trainer.optimiser.save()?;
        let stale = Weight {
            shape: vec![1],
            values: vec![self.stale as f32],
        };
        optimiser.insert(STALE.to_owned(), stale);
        let checkpoint = Checkpoint {
            state: self.state.clone(),
            network,
            optimiser,
        };
        checkpoint.write(&checkpoint::path_in(&self.folder()))
    }

    /// Loss and macro F1 over the steps, from the log, which an interruption does not shorten.
    fn plot(&self) -> Result<()> {
        let folder = self.folder();
        let log = std::fs::read_to_string(folder.join("log.jsonl")).unwrap_or_default();
        let entries: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let line = |name: &str, pointer: &str| Line {
            name: name.to_owned(),
            points: entries
                .iter()
                .filter_map(|entry| {
                    let step = entry.get("step")?.as_f64()?;
                    Some((step, entry.pointer(pointer)?.as_f64()?))
                })
                .collect(),
        };
        let chart = |title: &str, y_label: &str, lines: Vec<Line>| LineChart {
            title: title.to_owned(),
            x_label: "step".to_owned(),
            y_label: y_label.to_owned(),
            lines,
        };
        let loss = vec![line("each step", "/loss"), line("mean since the last evaluation", "/mean_loss")];
        chart("Stage 2: loss", "cross-entropy", loss).write(&folder.join("loss"))?;
        let f1 = ["per_frame", "temporal", "smoothed"]
            .map(|name| line(name, &format!("/validation/{name}/macro_f1_of_8_classes")));
        chart("Stage 2: validation", "macro F1", f1.into()).write(&folder.join("validation"))?;
        Ok(())
    }

    fn folder(&self) -> PathBuf {
        RefineConfig::folder_in(&self.config.run)
    }
}

fn words(figures: &Figures) -> Value {
    json!({
        "per_frame": summary(&figures.raw),
        "temporal": summary(figures.refined()),
        "smoothed": summary(&figures.smoothed),
        "smoothing": figures.smoothing.name(),
        "window": figures.window,
    })
}

/// The weights whose names begin with `from`, with `to` in its place.
fn renamed(weights: &Weights, from: &str, to: &str) -> Weights {
    let named = weights.iter();
    named
        .filter_map(|(name, weight)| Some((format!("{to}{}", name.strip_prefix(from)?), weight.clone())))
        .collect()
}
