//! The temporal encoder on a frozen backbone, from stills.
//!
//! There are no videos in a list of labelled pictures, so clips are put together: see [`still_clips`].

pub mod still_clips;

use anyhow::Result;
use burn::tensor::Device;
use serde_json::{Value, json};
use shared_model::backbone::BACKBONE_PREFIX;
use shared_model::calibration::Calibration;
use shared_model::expression::{ClassScores, Expression, softmax};
use shared_model::metrics::ConfusionMatrix;
use shared_model::model_file::{ModelFile, TemporalShape};
use shared_model::temperature::{fitted, tempered};
use shared_model::temporal_encoder::{TEMPORAL_PREFIX, TemporalEncoder};

use crate::pretrain::evaluation::rows;
use crate::pretrain::supervised_data::SupervisedData;
use crate::progress::Progress;
use crate::random_stream::Stream;
use crate::refine::clip_batch::ClipBatch;
use crate::refine::encoder_trainer::EncoderTrainer;
use crate::run_config::RunConfig;
use crate::run_config::temporal_config::TemporalConfig;
use crate::training_run::cosine_rate::cosine_rate;
use crate::training_run::interruption::{Interrupted, Interruption};
use crate::training_run::report_summary::summary;
use still_clips::{Clip, StillFeatures};

/// Clips of held-back stills that the encoder is evaluated on.
const EVALUATION_CLIPS: u64 = 256;
/// Decoupled weight decay of `AdamW` (burn's default).
const WEIGHT_DECAY: f64 = 1e-4;

/// Trains an encoder on the model's own features and gives the model with it.
///
/// # Errors
/// [`Interrupted`] when it was (the encoder's training is short and begins anew); when the loss is
/// not finite; when a picture cannot be read or the device fails.
pub fn train(
    mut model: ModelFile,
    config: &RunConfig,
    temporal: &TemporalConfig,
    data: &SupervisedData,
    device: &Device,
    interruption: &Interruption,
) -> Result<ModelFile> {
    let backbone = model.metadata.backbone.clone();
    let network = backbone
        .init(device)
        .load(&model.weights, BACKBONE_PREFIX, device)?
        .fold();
    let input = model.metadata.input.clone();
    let features = |store| {
        StillFeatures::extract(
            &network,
            store,
            &input,
            &config.augmentation,
            temporal.views,
            config.seed,
            device,
        )
    };
    let stills = features(&data.training)?;
    let shape = temporal.shape();
    let encoder = fit(
        &stills,
        &shape,
        temporal,
        model.metadata.clip_length,
        config.seed,
        device,
        interruption,
    )?;
    model.weights.extend(encoder.save(TEMPORAL_PREFIX)?);
    model.metadata.temporal = Some(shape.clone());
    let plain =
        shape
            .init(backbone.feature_len(), 0.0, device)
            .load(&model.weights, TEMPORAL_PREFIX, device)?;
    let held_back = features(&data.held_back)?;
    let (figures, temperature) = evaluate(
        &plain,
        &held_back,
        model.metadata.clip_length,
        config.seed,
        device,
    )?;
    model.metadata.temperatures.temporal = temperature;
    tracing::info!("clips of held-back stills: {figures}");
    if let Value::Object(training) = &mut model.metadata.training {
        training.insert("temporal".to_owned(), describe(temporal, &figures));
    }
    Ok(model)
}

fn fit(
    stills: &StillFeatures,
    shape: &TemporalShape,
    config: &TemporalConfig,
    clip_length: usize,
    seed: u64,
    device: &Device,
    interruption: &Interruption,
) -> Result<TemporalEncoder> {
    let mut trainer = EncoderTrainer::new(
        shape,
        stills.feature_len(),
        config.dropout,
        WEIGHT_DECAY,
        seed,
        device,
    );
    let mut progress = Progress::start("training the temporal encoder", "steps", Some(config.steps));
    for step in 0..config.steps {
        let mut random = Stream::StillClips { step }.random(seed);
        let clips: Vec<Clip> = (0..config.batch)
            .map(|_| stills.clip(clip_length, &mut random))
            .collect();
        let rate = cosine_rate(config.rate, step, config.steps);
        let loss = trainer.learn(step, &together(&clips), rate)?;
        anyhow::ensure!(
            loss.is_finite(),
            "the temporal encoder's loss of step {} is {loss}: training diverged (try a smaller `temporal.rate`)",
            step + 1
        );
        if interruption.is_wished() {
            return Err(Interrupted { step }.into());
        }
        progress.add(1);
    }
    progress.finish();
    Ok(trainer.encoder)
}

/// Clips as one batch.
fn together(clips: &[Clip]) -> ClipBatch {
    ClipBatch {
        clips: clips.len(),
        frames: clips.first().map_or(0, Clip::len),
        features: clips.iter().flat_map(Clip::features).collect(),
        missing: clips.iter().flat_map(Clip::missing).collect(),
        labels: clips.iter().flat_map(Clip::labels).collect(),
    }
}

/// Labels of the head alone and of the encoder against the truth, over the same clips, and the encoder's temperature, fitted on
/// these.
fn evaluate(
    encoder: &TemporalEncoder,
    stills: &StillFeatures,
    clip_length: usize,
    seed: u64,
    device: &Device,
) -> Result<(Value, f64)> {
    let (mut alone, mut refined) = (ConfusionMatrix::default(), ConfusionMatrix::default());
    let mut answers: Vec<(ClassScores, Expression)> = Vec::new();
    for number in 0..EVALUATION_CLIPS {
        let mut random = Stream::StillEvaluation { number }.random(seed);
        let clip = stills.clip(clip_length, &mut random);
        let logits = together(std::slice::from_ref(&clip)).logits(encoder, device);
        for (frame, scores) in clip.frames().iter().zip(rows(logits)?) {
            if !frame.missing {
                refined.add(frame.label, Expression::argmax(&scores));
                alone.add(frame.label, Expression::argmax(&frame.logits));
                answers.push((scores, frame.label));
            }
        }
    }
    let temperature = fitted(&answers).unwrap_or(1.0);
    let error = |temperature: f64| {
        let sure = answers.iter().map(|(logits, truth)| {
            let probabilities = softmax(&tempered(logits, temperature));
            let top = probabilities.into_iter().fold(0.0, f32::max);
            (top, Expression::argmax(logits) == *truth)
        });
        Calibration::of(sure).ece
    };
    let figures = json!({
        "per_frame_head": summary(&alone.report()),
        "temporal_encoder": summary(&refined.report()),
        "temperature": temperature,
        "calibration_error_before": error(1.0),
        "calibration_error_on_the_clips_it_was_fitted_on": error(temperature),
    });
    Ok((figures, temperature))
}

fn describe(config: &TemporalConfig, figures: &Value) -> Value {
    json!({
        "data": format!(
            "No videos. Clips are put together from the stills of the training persons: segments of {} to {} frames, each \
             one still of a class drawn at random, its frames drawn from {} augmented views of that still; {} frames of \
             fading between segments; gaps and short clips masked. It has learned to steady labels over such clips, not how \
             expressions move.",
            still_clips::SEGMENT_FRAMES.start(),
            still_clips::SEGMENT_FRAMES.end(),
            config.views,
            still_clips::FADE_FRAMES,
        ),
        "steps": config.steps,
        "batch": config.batch,
        "rate": config.rate,
        "dropout": config.dropout,
        "optimiser": "AdamW, half a cosine to 0",
        "clips_of_held_back_stills": figures,
    })
}
