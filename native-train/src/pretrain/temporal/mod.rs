//! The temporal encoder on a frozen backbone, from stills.
//!
//! There are no videos in a list of labelled pictures, so clips are put together: see [`still_clips`].

pub mod still_clips;

use anyhow::{Result, anyhow};
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use serde_json::{Value, json};
use shared_model::expression::{CLASS_COUNT, Expression};
use shared_model::metrics::ConfusionMatrix;
use shared_model::model_file::{ModelFile, TemporalShape};
use shared_model::resnet50::BACKBONE_PREFIX;
use shared_model::temporal_encoder::{TEMPORAL_PREFIX, TemporalEncoder};

use crate::pretrain::class_balance::random_of;
use crate::pretrain::config::{PretrainConfig, TemporalConfig};
use crate::pretrain::evaluation::{rows, summary};
use crate::pretrain::supervised::{SupervisedData, cosine_rate};
use crate::progress::Progress;
use crate::training_run::interruption::{Interrupted, Interruption};
use still_clips::{Clip, StillFeatures};

/// Clips of held-back stills that the encoder is evaluated on.
const EVALUATION_CLIPS: u64 = 256;
/// Steps between two looks at the losses.
const STEPS_A_LOOK: u64 = 50;
/// Random streams that the backbone's training does not use.
const TRAINING_STREAM: u64 = 1 << 62;
const EVALUATION_STREAM: u64 = 1 << 63;

/// Trains an encoder on the model's own features and gives the model with it.
///
/// # Errors
/// [`Interrupted`] when it was (the encoder's training is short and begins anew); when the loss is
/// not finite; when a picture cannot be read or the device fails.
pub fn train(
    mut model: ModelFile,
    config: &PretrainConfig,
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
    let figures = evaluate(
        &plain,
        &held_back,
        model.metadata.clip_length,
        config.seed,
        device,
    )?;
    eprintln!("clips of held-back stills: {figures}");
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
    device.seed(seed);
    let device = device.clone().autodiff();
    let mut encoder = shape.init(stills.feature_len(), config.dropout, &device);
    let mut optimiser = AdamWConfig::new().init();
    let mut progress = Progress::start("training the temporal encoder", "steps", Some(config.steps));
    for step in 0..config.steps {
        let mut random = random_of(seed, TRAINING_STREAM | step);
        let clips: Vec<Clip> = (0..config.batch)
            .map(|_| stills.clip(clip_length, &mut random))
            .collect();
        let loss = clip_loss(&encoder, &clips, &device);
        let gradients = GradientsParams::from_grads(loss.backward(), &encoder);
        let rate = cosine_rate(config.rate, step, config.steps);
        encoder = optimiser.step(rate, encoder, gradients);
        if step % STEPS_A_LOOK == 0 || step + 1 == config.steps {
            let value = loss
                .try_into_scalar::<f32>()
                .map_err(|error| anyhow!("the device failed: {error}"))?;
            anyhow::ensure!(
                value.is_finite(),
                "the temporal encoder's loss of step {step} is {value}"
            );
        }
        if interruption.is_wished() {
            return Err(Interrupted { step }.into());
        }
        progress.add(1);
    }
    progress.finish();
    Ok(encoder)
}

/// Mean cross-entropy over the frames that are there.
fn clip_loss(encoder: &TemporalEncoder, clips: &[Clip], device: &Device) -> Tensor<1> {
    let (logits, frames) = forward(encoder, clips, device);
    let labels: Vec<i64> = clips.iter().flat_map(Clip::labels).collect();
    let there: Vec<f32> = clips
        .iter()
        .flat_map(|c| c.missing().map(|m| if m { 0.0 } else { 1.0 }))
        .collect();
    let count: f32 = there.iter().sum();
    let labels = Tensor::<2, Int>::from_data(TensorData::new(labels, [frames, 1]), device);
    let there = Tensor::<2>::from_data(TensorData::new(there, [frames, 1]), device);
    let picked = log_softmax(logits, 1).gather(1, labels);
    (picked * there).sum().neg() / count.max(1.0)
}

/// Logits `[clips * frames, 8]`, and how many rows that is.
fn forward(encoder: &TemporalEncoder, clips: &[Clip], device: &Device) -> (Tensor<2>, usize) {
    let length = clips.first().map_or(0, Clip::len);
    let features: Vec<f32> = clips.iter().flat_map(Clip::features).collect();
    let feature_len = features.len() / (clips.len() * length).max(1);
    let missing: Vec<bool> = clips.iter().flat_map(Clip::missing).collect();
    let features = TensorData::new(features, [clips.len(), length, feature_len]);
    let missing = TensorData::new(missing, [clips.len(), length]);
    let logits = encoder.forward(
        Tensor::from_data(features, device),
        Tensor::<2, Bool>::from_data(missing, device),
    );
    let frames = clips.len() * length;
    (logits.reshape([frames, CLASS_COUNT]), frames)
}

/// Labels of the head alone and of the encoder against the truth, over the same clips.
fn evaluate(
    encoder: &TemporalEncoder,
    stills: &StillFeatures,
    clip_length: usize,
    seed: u64,
    device: &Device,
) -> Result<Value> {
    let (mut alone, mut refined) = (ConfusionMatrix::default(), ConfusionMatrix::default());
    for number in 0..EVALUATION_CLIPS {
        let mut random = random_of(seed, EVALUATION_STREAM | number);
        let clip = stills.clip(clip_length, &mut random);
        let (logits, _) = forward(encoder, std::slice::from_ref(&clip), device);
        for (frame, scores) in clip.frames().iter().zip(rows(logits)?) {
            if !frame.missing {
                refined.add(frame.label, Expression::argmax(&scores));
                alone.add(frame.label, Expression::argmax(&frame.logits));
            }
        }
    }
    Ok(json!({
        "per_frame_head": summary(&alone.report()),
        "temporal_encoder": summary(&refined.report()),
    }))
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
