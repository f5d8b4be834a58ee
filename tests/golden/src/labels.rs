//! Labels: smoothed, and compared.

use crate::tensor_file::TensorFile;
use anyhow::{Context, Result, bail};
use shared_model::expression::{CLASS_COUNT, ClassScores, Expression};
use shared_model::metrics::ConfusionMatrix;
use shared_model::smoothing::Smoothing;

pub fn smoothing(windows: &[usize], input: &TensorFile) -> Result<TensorFile> {
    let probabilities: Vec<ClassScores> = input
        .get("probabilities")?
        .values
        .chunks_exact(CLASS_COUNT)
        .map(|row| std::array::from_fn(|class| row[class]))
        .collect();
    let mut output = TensorFile::default();
    for way in Smoothing::ALL {
        for window in windows {
            let labels: Vec<f32> = way
                .apply(&probabilities, *window)
                .into_iter()
                .map(|label| label.index() as f32)
                .collect();
            output.put(&format!("{}.{window}", way.name()), &[labels.len()], labels);
        }
    }
    Ok(output)
}

/// The report on `truth` and `prediction` as JSON.
pub fn metrics(input: &TensorFile) -> Result<String> {
    let (truth, prediction) = (labels(input, "truth")?, labels(input, "prediction")?);
    if truth.len() != prediction.len() {
        bail!("{} true and {} predicted labels", truth.len(), prediction.len());
    }
    let report = ConfusionMatrix::from_pairs(truth.into_iter().zip(prediction)).report();
    Ok(serde_json::to_string(&report)?)
}

fn labels(input: &TensorFile, name: &str) -> Result<Vec<Expression>> {
    let values = input.get(name)?.values.iter();
    values
        .map(|value| {
            Expression::from_index(*value as usize).with_context(|| format!("`{name}` holds {value}"))
        })
        .collect()
}
