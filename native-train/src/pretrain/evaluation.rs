//! How well a backbone tells the expressions of held-back persons.

use anyhow::{Result, anyhow};
use burn::tensor::{Device, Tensor, TensorData};
use rayon::prelude::*;
use serde_json::{Value, json};
use shared_model::expression::{CLASS_COUNT, ClassScores, Expression};
use shared_model::face_crop::InputSpec;
use shared_model::metrics::{ConfusionMatrix, Report};
use shared_model::resnet50::ResNet50;

use crate::pretrain::augmentation::plain;
use crate::pretrain::face_store::FaceStore;

/// Pictures that go through the network together.
const PICTURES_A_BATCH: usize = 64;

/// Compares the network's labels of all faces (centre crop) with the truth. `network` must be on
/// `device` without autodiff.
///
/// # Errors
/// When a picture cannot be read or the device fails.
pub fn evaluate(
    network: &ResNet50,
    store: &FaceStore,
    input: &InputSpec,
    greyscale: bool,
    device: &Device,
) -> Result<Report> {
    let mut matrix = ConfusionMatrix::default();
    let places: Vec<usize> = (0..store.pictures().len()).collect();
    for batch in places.chunks(PICTURES_A_BATCH) {
        let inputs = batch
            .par_iter()
            .map(|place| Ok(plain(&*store.face(*place)?, input, greyscale)))
            .collect::<Result<Vec<_>>>()?;
        let shape = [batch.len(), 3, input.size, input.size];
        let pictures = Tensor::from_data(TensorData::new(inputs.concat(), shape), device);
        let (_, logits) = network.forward(pictures);
        let truths = batch.iter().filter_map(|place| store.pictures().get(*place));
        for (truth, scores) in truths.zip(rows(logits)?) {
            matrix.add(truth.label, Expression::argmax(&scores));
        }
    }
    Ok(matrix.report())
}

/// The rows of `[n, 8]` scores.
///
/// # Errors
/// When the device fails.
pub fn rows(scores: Tensor<2>) -> Result<Vec<ClassScores>> {
    let values = scores
        .try_into_vec_as::<f32>()
        .map_err(|error| anyhow!("the device failed: {error}"))?;
    let row = |chunk: &[f32]| -> ClassScores {
        std::array::from_fn(|class| chunk.get(class).copied().unwrap_or(0.0))
    };
    Ok(values.chunks_exact(CLASS_COUNT).map(row).collect())
}

/// A report in the words of a model's description: macro F1 over all eight classes with absent ones
/// as 0, the mean over the classes that are there, and F1 and count of each class.
#[must_use]
pub fn summary(report: &Report) -> Value {
    let there = || report.classes.iter().filter(|class| class.support > 0);
    let f1: serde_json::Map<String, Value> = there()
        .map(|class| (class.class.to_owned(), rounded(class.f1)))
        .collect();
    let pictures: serde_json::Map<String, Value> = there()
        .map(|class| (class.class.to_owned(), class.support.into()))
        .collect();
    let count = there().count().max(1) as f64;
    json!({
        "macro_f1_of_8_classes": rounded(report.macro_f1),
        "mean_f1_of_present_classes": rounded(there().map(|class| class.f1).sum::<f64>() / count),
        "accuracy": rounded(report.accuracy),
        "f1": f1,
        "frames": pictures,
    })
}

/// Names of the classes that the truth does not hold.
#[must_use]
pub fn absent_classes(report: &Report) -> Vec<&'static str> {
    let absent = report.classes.iter().filter(|class| class.support == 0);
    absent.map(|class| class.class).collect()
}

fn rounded(value: f64) -> Value {
    ((value * 1e4).round() / 1e4).into()
}
