//! Labels: smoothed, and compared.

use crate::tensor_file::TensorFile;
use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use shared_model::agreement::{LabelPair, Unit, count};
use shared_model::corrections::linear_head::{Example, LinearHead};
use shared_model::elan;
use shared_model::expression::{CLASS_COUNT, ClassScores, Expression};
use shared_model::metrics::ConfusionMatrix;
use shared_model::remark::Remarks;
use shared_model::smoothing::Smoothing;
use shared_model::temperature::fitted;
use shared_model::timeline::FrameRow;

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
            output.put(&format!("{}.{window}", way.name), &[labels.len()], labels);
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

/// A head that has learned from corrections.
pub fn linear_head(temperature: f64, input: &TensorFile) -> Result<TensorFile> {
    let start = LinearHead {
        weight: input.get("weight")?.values.clone(),
        bias: input
            .get("bias")?
            .values
            .as_slice()
            .try_into()
            .context("`bias` has not 8 numbers")?,
    };
    let features = input.get("features")?;
    let length = *features.shape.last().context("`features` has no dimension")?;
    let told = features.values.chunks_exact(length).zip(labels(input, "truth")?);
    let examples: Vec<Example<'_>> = told
        .zip(&input.get("shares")?.values)
        .map(|((feature, label), share)| Example {
            feature,
            label,
            share: *share,
        })
        .collect();
    let fitted = start.fitted(&examples, temperature);
    let mut output = TensorFile::default();
    output.put("weight", &[CLASS_COUNT, length], fitted.weight);
    output.put("bias", &[CLASS_COUNT], fitted.bias.to_vec());
    Ok(output)
}

/// The temperature of `logits` `[n, 8]` with `truth` `[n]`, as JSON.
pub fn temperature(input: &TensorFile) -> Result<String> {
    let logits = input.get("logits")?.values.chunks_exact(CLASS_COUNT);
    let logits = logits.map(|row| -> ClassScores { std::array::from_fn(|class| row[class]) });
    let answers: Vec<_> = logits.zip(labels(input, "truth")?).collect();
    Ok(serde_json::to_string(&fitted(&answers))?)
}

/// Reports over frames, stretches and each window, by name, as JSON. Frame i begins at i / `rate` seconds.
pub fn agreement(rate: f64, windows: &[f64], input: &TensorFile) -> Result<String> {
    let side = |name: &str| -> Result<Vec<Option<Expression>>> {
        let values = input.get(name)?.values.iter();
        Ok(values
            .map(|value| {
                (*value >= 0.0)
                    .then(|| Expression::from_index(*value as usize))
                    .flatten()
            })
            .collect())
    };
    let (truth, other) = (side("truth")?, side("prediction")?);
    let pairs = truth
        .into_iter()
        .zip(other)
        .enumerate()
        .map(|(frame, (truth, other))| LabelPair {
            track: 0,
            frame,
            time_s: frame as f64 / rate,
            truth,
            other,
        });
    let mut reports = BTreeMap::new();
    reports.insert("frames".to_owned(), count(pairs.clone(), Unit::Frame).report());
    reports.insert(
        "stretches".to_owned(),
        count(pairs.clone(), Unit::Stretch).report(),
    );
    for window in windows {
        reports.insert(
            format!("{window}"),
            count(pairs.clone(), Unit::Window(*window)).report(),
        );
    }
    Ok(serde_json::to_string(&reports)?)
}

/// The ELAN file of one face's `labels`, with remarks on the first 24 frames. Frame i begins at i / `rate` seconds.
pub fn elan(rate: f64, input: &TensorFile) -> Result<String> {
    let labels = labels(input, "labels")?;
    let end_s = labels.len() as f64 / rate;
    // A person has confirmed the second half.
    let half = labels.len() / 2;
    let rows: Vec<FrameRow> = labels
        .into_iter()
        .enumerate()
        .map(|(frame, label)| FrameRow {
            track: Some(0),
            smoothed: Some(label),
            reviewed: (frame >= half).then_some(label),
            ..FrameRow::without_face(frame, frame as f64 / rate)
        })
        .collect();
    let times: Vec<f64> = rows.iter().map(|row| row.time_s).collect();
    let remarks = Remarks::default()
        .with_note(0, 0..10, "a <note> & \"more\"")
        .with_note(0, 6..24, "over the first one's end")
        .with_unsure(0, 12..24, true)
        .with_event(6, "bell");
    Ok(elan::write("v.mp4", &rows, &remarks.timed(&times, 0.0), end_s, 0))
}

fn labels(input: &TensorFile, name: &str) -> Result<Vec<Expression>> {
    let values = input.get(name)?.values.iter();
    values
        .map(|value| {
            Expression::from_index(*value as usize).with_context(|| format!("`{name}` holds {value}"))
        })
        .collect()
}
