//! Training: steps of teacher and student, and the strong augmentation's operations.

use crate::pictures;
use crate::tensor_file::TensorFile;
use anyhow::{Context, Result, bail};
use burn::module::{Module as _, ModuleMapper, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use native_train::model_store;
use native_train::pretrain::rand_augment::operation::Operation;
use native_train::pretrain::rand_augment::picture::Picture;
use native_train::pretrain::semi_supervised::step::{Rates, StepInput, TeacherStudent, cross_entropy};
use native_train::pretrain::sgd::Sgd;
use native_train::pretrain::soft_cross_entropy;
use native_train::refine::clip_batch::ClipBatch;
use native_train::refine::encoder_trainer::EncoderTrainer;
use native_train::run_config::precision::Precision;
use native_train::run_config::semi_supervised_config::{Feedback, SemiSupervisedConfig};
use native_train::training_run::optimiser::Optimiser;
use shared_model::backbone::{BACKBONE_PREFIX, Backbone};
use shared_model::expression::Expression;
use shared_model::temporal_encoder::TEMPORAL_PREFIX;
use std::path::Path;

/// How both networks learn.
pub struct Course {
    pub rates: Rates,
    pub momentum: f64,
    pub weight_decay: f64,
    pub clip_norm: Option<f64>,
    pub label_smoothing: f64,
    pub steps: usize,
}

/// Takes some steps on the same pictures and gives both networks and the terms of each step.
pub fn stage1(
    models: [&Path; 2],
    feedback: Feedback,
    course: &Course,
    input: &TensorFile,
) -> Result<TensorFile> {
    let device = Device::flex();
    let training = device.clone().autodiff();
    let read = |path: &Path| -> Result<Backbone> {
        let file = model_store::read(path)?;
        Ok(file
            .metadata
            .backbone
            .init(&training)
            .load(&file.weights, BACKBONE_PREFIX, &training)?)
    };
    let config = SemiSupervisedConfig {
        feedback,
        label_smoothing: course.label_smoothing,
        ..SemiSupervisedConfig::default()
    };
    let [teacher, student] = models;
    let rule = Sgd::new(course.momentum).with_weight_decay(course.weight_decay);
    let optimiser = || Optimiser::new(rule.clone());
    let (teacher, student) = (read(teacher)?, read(student)?);
    let mut pair = TeacherStudent::new(teacher, student, optimiser, course.clip_norm, &config, &device);
    let pictures = StepInput {
        labelled: input.tensor("labelled", &training)?,
        targets: input.tensor("targets", &training)?,
        weak: input.tensor("weak", &training)?,
        strong: input.tensor("strong", &training)?,
    };
    let mut output = TensorFile::default();
    for step in 0..course.steps {
        let terms = pair.step(&pictures, course.rates);
        output.put_tensor(&format!("L_s.{step}"), terms.supervised)?;
        output.put_tensor(&format!("L_c.{step}"), terms.consistency)?;
        output.put_tensor(&format!("L_f.{step}"), terms.feedback_loss)?;
        output.put_tensor(&format!("L_u.{step}"), terms.unlabelled)?;
        output.put_tensor(&format!("f.{step}"), terms.feedback)?;
    }
    for (role, network) in [("teacher", &pair.teacher), ("student", &pair.student)] {
        for (name, weight) in network.save("")? {
            output.put(&format!("{role}.{name}"), &weight.shape, weight.values);
        }
    }
    Ok(output)
}

/// Cross-entropy of `logits` `[n, 8]` against `targets` `[n, 8]`: `losses` `[n]`, and `gradient` `[n, 8]` of their mean.
pub fn soft_cross_entropy(smoothing: f64, input: &TensorFile) -> Result<TensorFile> {
    let training = Device::flex().autodiff();
    let logits: Tensor<2> = input.tensor("logits", &training)?;
    let logits = logits.require_grad();
    let targets: Tensor<2> = input.tensor("targets", &training)?;
    let losses = soft_cross_entropy::soft_cross_entropy(logits.clone(), targets, smoothing);
    let mut output = TensorFile::default();
    output.put_tensor("losses", losses.clone().without_autodiff())?;
    let gradients = losses.mean().backward();
    let gradient = logits
        .grad(&gradients)
        .context("no gradient reaches the logits")?;
    output.put_tensor("gradient", gradient)?;
    Ok(output)
}

/// The gradients of the cross-entropy of `labels` `[n]` over `pictures` `[n, 3, s, s]`, under torchvision's names, and the
/// loss. In 16 bits the loss is multiplied by `factor` on the way back and the gradients are divided by it.
pub fn gradients(model: &Path, precision: Precision, factor: f64, input: &TensorFile) -> Result<TensorFile> {
    let training = Device::flex().autodiff();
    let file = model_store::read(model)?;
    let network = file.metadata.backbone.init(&training);
    let network = network.load(&file.weights, BACKBONE_PREFIX, &training)?;
    let pictures: Tensor<4> = input.tensor("pictures", &training)?;
    let labels: Tensor<1> = input.tensor("labels", &training)?;
    let (_, logits) = network.forward(precision.of(pictures));
    let loss = cross_entropy(logits, labels.int(), 0.0).mean();
    let mut output = TensorFile::default();
    output.put_tensor("loss", loss.clone().without_autodiff())?;
    let gradients = GradientsParams::from_grads(loss.mul_scalar(factor).backward(), &network);
    let mut place = InPlaceOfWeights { gradients, factor };
    for (name, weight) in network.map(&mut place).save("")? {
        if !name.contains("running_") {
            output.put(&name, &weight.shape, weight.values);
        }
    }
    Ok(output)
}

/// Puts each parameter's gradient where the parameter was, so that it is saved under its name.
struct InPlaceOfWeights {
    gradients: GradientsParams,
    factor: f64,
}

impl ModuleMapper for InPlaceOfWeights {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match self.gradients.get::<D>(param.id) {
            Some(gradient) => {
                let gradient = gradient.without_autodiff().div_scalar(self.factor);
                param.map(|_| gradient.autodiff())
            }
            None => param,
        }
    }
}

/// Takes `count` steps of the temporal encoder on the same clips, without dropout, and gives its weights
/// and the loss before each step. A label of -1 is none.
pub fn stage2(
    model: &Path,
    rate: f64,
    weight_decay: f64,
    count: usize,
    input: &TensorFile,
) -> Result<TensorFile> {
    let device = Device::flex();
    let file = model_store::read(model)?;
    let shape = file
        .metadata
        .temporal
        .clone()
        .context("the model has no temporal encoder")?;
    let features = input.get("features")?;
    let [clips, frames, feature_len] = features.shape[..] else {
        bail!(
            "`features` has shape {:?}, expected [clips, frames, values]",
            features.shape
        );
    };
    let label = |value: &f32| {
        Expression::ALL
            .get(*value as usize)
            .copied()
            .filter(|_| *value >= 0.0)
    };
    let batch = ClipBatch {
        clips,
        frames,
        features: features.values.clone(),
        missing: input
            .get("missing")?
            .values
            .iter()
            .map(|value| *value > 0.5)
            .collect(),
        labels: input.get("labels")?.values.iter().map(label).collect(),
    };
    let weights = &input.get("class_weights")?.values;
    let class_weights = std::array::from_fn(|class| weights.get(class).copied().unwrap_or(1.0));
    let mut trainer = EncoderTrainer::new(&shape, feature_len, 0.0, weight_decay, 1, &device)
        .with_class_weights(class_weights);
    let training = device.clone().autodiff();
    trainer.encoder = trainer.encoder.load(&file.weights, TEMPORAL_PREFIX, &training)?;
    let mut output = TensorFile::default();
    for step in 0..count {
        let loss = trainer.learn(step as u64, &batch, rate)?;
        output.put(&format!("loss.{step}"), &[1], vec![loss]);
    }
    for (name, weight) in trainer.encoder.save("")? {
        output.put(&name, &weight.shape, weight.values);
    }
    Ok(output)
}

/// Applies one operation to all pictures.
pub fn augment(name: &str, value: f32, input: &TensorFile) -> Result<TensorFile> {
    let operation = match name {
        "autocontrast" => Operation::AutoContrast,
        "brightness" => Operation::Brightness(value),
        "color" => Operation::Color(value),
        "contrast" => Operation::Contrast(value),
        "equalize" => Operation::Equalize,
        "invert" => Operation::Invert,
        "posterize" => Operation::Posterize(value as u32),
        "sharpness" => Operation::Sharpness(value),
        "solarize" => Operation::Solarize(value as u32),
        "rotate" => Operation::Rotate(value),
        "cover" => Operation::Cover {
            left: 3,
            top: 5,
            side: value as usize,
        },
        other => bail!("`{other}` is no operation"),
    };
    let mut output = TensorFile::default();
    for name in input.names_after("picture.") {
        let frame = pictures::frame(input, name).with_context(|| name.to_owned())?;
        let changed = operation.apply(Picture::of_frame(&frame));
        let values = changed.pixels.iter().flatten().map(|value| f32::from(*value));
        output.put(
            &format!("picture.{name}"),
            &[changed.height, changed.width, 3],
            values.collect(),
        );
    }
    Ok(output)
}
