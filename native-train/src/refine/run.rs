//! Stage 2 as a training run: what a step does, and how good the encoder is.

use anyhow::{Result, ensure};
use burn::tensor::Device;
use serde_json::{Map, Value, json};
use shared_model::model_file::{ModelFile, Weights};
use shared_model::temperature::fitted;
use shared_model::temporal_encoder::TEMPORAL_PREFIX;

use crate::backbone_features::feature_cache::key_of;
use crate::model_store;
use crate::refine::clip_batch::ClipBatch;
use crate::refine::clip_plan::{ClipPlan, inverse_frequencies};
use crate::refine::encoder_trainer::EncoderTrainer;
use crate::refine::refine_data::RefineData;
use crate::run_config::RunConfig;
use crate::run_config::course::Course;
use crate::run_config::refine_config::RefineConfig;
use crate::training_run::checkpoint::{Checkpoint, prefixed};
use crate::training_run::cosine_rate::cosine_rate;
use crate::training_run::interruption::Interruption;
use crate::training_run::report_summary::summary;
use crate::training_run::run_folder::RunFolder;
use crate::training_run::run_loop::{Evaluated, Saved, StepFigures, Trainee, TrainingRun};
use crate::video_evaluation::figures::Figures;
use crate::video_evaluation::predicted_video::PredictedVideo;

/// Keys that may have another value when a run is taken up again.
pub(super) const RESUMABLE_KEYS: &[&str] = &[
    "refine.cache",
    "refine.start",
    "refine.patience",
    "refine.checkpoint_minutes",
];

/// The encoder under training, on features that do not change.
struct Refiner<'a> {
    config: &'a RunConfig,
    refine: RefineConfig,
    data: &'a RefineData,
    clips: usize,
    trainer: EncoderTrainer,
    device: Device,
    waiting: Vec<StepFigures>,
}

/// What a checkpoint of stage 2 belongs to.
#[must_use]
pub(super) fn begun_with(config: &RunConfig, data: &RefineData) -> Value {
    json!({"refine": config.refine(), "seed": config.seed, "features": key_of(&data.start)})
}

/// Trains in `folder` to the last step, or until patience is over, and gives the start model with the
/// best encoder.
///
/// # Errors
/// [`Interrupted`](crate::training_run::interruption::Interrupted) when it was; when there is nothing
/// to learn from, the checkpoint does not fit, a figure is not finite, or the disk or the device fails.
pub fn train(
    config: &RunConfig,
    data: &RefineData,
    folder: &RunFolder,
    found: Option<&Checkpoint>,
    device: &Device,
    interruption: &Interruption,
) -> Result<ModelFile> {
    let refine = config.refine();
    let plan = ClipPlan::new(&data.training, refine.clip_length, refine.stride, config.seed);
    ensure!(
        !plan.is_empty(),
        "the training videos have no frame with both a crop and a label"
    );
    let course = Course {
        steps: refine.steps,
        steps_an_epoch: refine.steps_an_evaluation,
        checkpoint_minutes: refine.checkpoint_minutes,
        patience: Some(refine.patience),
    };
    let mut run = TrainingRun::open(folder, course, begun_with(config, data), found, RESUMABLE_KEYS)?;
    let batch = refine.batch;
    let mut refiner = Refiner::new(config, refine, data, plan.len(), found, device)?;
    run.train(
        &mut refiner,
        |step| Ok(plan.batch(&data.training, step, batch)),
        interruption,
    )?;
    if run.is_out_of_patience() {
        tracing::info!(
            "stage 2 ends at step {}: {} evaluations in a row were no better",
            run.step(),
            refiner.refine.patience
        );
    }
    model_store::read(&run.model_path("model"))
}

impl<'a> Refiner<'a> {
    fn new(
        config: &'a RunConfig,
        refine: RefineConfig,
        data: &'a RefineData,
        clips: usize,
        found: Option<&Checkpoint>,
        device: &Device,
    ) -> Result<Self> {
        let feature_len = data.start.metadata.backbone.feature_len();
        let mut trainer = EncoderTrainer::new(
            &refine.shape(),
            feature_len,
            refine.dropout,
            refine.weight_decay,
            config.seed,
            device,
        );
        if refine.class_weights {
            trainer = trainer.with_class_weights(inverse_frequencies(&data.training));
        }
        if let Some(found) = found {
            let training_device = device.clone().autodiff();
            trainer.encoder = trainer.encoder.load(&found.network, "", &training_device)?;
            trainer.optimiser.load(&found.optimiser, device)?;
        }
        Ok(Self {
            config,
            refine,
            data,
            clips,
            trainer,
            device: device.clone(),
            waiting: Vec::new(),
        })
    }

    /// Plays the validation features through the recogniser: its figures, and the temperature of its temporal head.
    fn figures(&self, model: &ModelFile) -> Result<(Figures, f64)> {
        let videos = self.data.validation.iter();
        let videos = videos
            .map(|video| PredictedVideo::of_features(video, model, &self.device))
            .collect::<Result<Vec<_>>>()?;
        let answers: Vec<_> = videos.iter().flat_map(PredictedVideo::temporal_answers).collect();
        let figures = Figures::of(&videos, self.refine.smoothing, self.refine.window);
        Ok((figures, fitted(&answers).unwrap_or(1.0)))
    }

    /// The start model's backbone with this encoder.
    fn model(&self, encoder: Weights) -> ModelFile {
        let mut model = self.data.start.clone();
        model.weights.retain(|name, _| !name.starts_with(TEMPORAL_PREFIX));
        model.weights.extend(prefixed(TEMPORAL_PREFIX, encoder));
        model.metadata.temporal = Some(self.refine.shape());
        model.metadata.temperatures.temporal = 1.0;
        model.metadata.clip_length = self.refine.clip_length;
        model.metadata.window = self.refine.window;
        model
    }

    fn describe(&self, model: &mut ModelFile, step: u64, figures: &Figures) {
        let description = json!({
            "data": format!(
                "{} training videos ({} clips), {} validation videos",
                self.data.training.len(), self.clips, self.data.validation.len()
            ),
            "config": self.refine,
            "seed": self.config.seed,
            "steps": step,
            "optimiser": "AdamW",
            "validation": in_words(figures),
            "temperature": model.metadata.temperatures.temporal,
            "selection": "the evaluation with the best macro F1 of the temporal labels on the validation videos; their figures are therefore a little high",
        });
        if !model.metadata.training.is_object() {
            model.metadata.training = json!({});
        }
        if let Value::Object(training) = &mut model.metadata.training {
            training.insert("temporal".to_owned(), description);
        }
    }
}

impl Trainee for Refiner<'_> {
    type Batch = ClipBatch;

    fn step(&mut self, at: u64, batch: ClipBatch) -> Result<()> {
        let rate = if self.refine.cosine {
            cosine_rate(self.refine.rate, at, self.refine.steps)
        } else {
            self.refine.rate
        };
        let loss = self.trainer.learn(at, &batch, rate)?;
        self.waiting.push(StepFigures {
            step: at + 1,
            pictures: batch.clips * batch.frames,
            figures: vec![("loss", Some(loss.into())), ("rate", Some(rate))],
            scaling: None,
        });
        Ok(())
    }

    fn look(&mut self) -> Result<Vec<StepFigures>> {
        Ok(std::mem::take(&mut self.waiting))
    }

    fn save(&self) -> Result<Saved> {
        Ok(Saved {
            network: self.trainer.encoder.save("")?,
            optimiser: self.trainer.optimiser.save()?,
        })
    }

    fn evaluate(&mut self, step: u64) -> Result<Vec<Evaluated>> {
        let mut file = self.model(self.trainer.encoder.save("")?);
        let (figures, temperature) = self.figures(&file)?;
        file.metadata.temperatures.temporal = temperature;
        self.describe(&mut file, step, &figures);
        Ok(vec![Evaluated {
            model: "model",
            log: Map::from_iter([
                ("per_frame".to_owned(), summary(&figures.raw)),
                ("temporal".to_owned(), summary(figures.refined())),
                ("smoothed".to_owned(), summary(&figures.smoothed)),
            ]),
            report: figures.refined().clone(),
            file,
        }])
    }

    fn batch_in_words(&self) -> String {
        format!(
            "{} clips of {} frames",
            self.refine.batch, self.refine.clip_length
        )
    }

    fn keys_of_memory(&self) -> &'static str {
        "`refine.batch` in a new run"
    }

    fn keys_of_rates(&self) -> &'static str {
        "`refine.rate`"
    }
}

fn in_words(figures: &Figures) -> Value {
    json!({
        "per_frame": summary(&figures.raw),
        "temporal": summary(figures.refined()),
        "smoothed": summary(&figures.smoothed),
        "smoothing": figures.smoothing.name,
        "window": figures.window,
    })
}
