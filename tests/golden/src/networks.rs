//! Backbone, temporal encoder and detector.

use crate::pictures;
use crate::tensor_file::TensorFile;
use anyhow::{Context, Result};
use burn::tensor::{Bool, Device, Tensor};
use shared_model::face_detector::FaceDetector;
use shared_model::model_file::ModelFile;
use shared_model::resnet50::BACKBONE_PREFIX;
use shared_model::temporal_encoder::TEMPORAL_PREFIX;
use std::fs;
use std::path::Path;

pub fn backbone(model: &Path, folded: bool, input: &TensorFile, device: &Device) -> Result<TensorFile> {
    let file = read_model(model)?;
    let mut network = file
        .metadata
        .backbone
        .init(device)
        .load(&file.weights, BACKBONE_PREFIX, device)?;
    if folded {
        network = network.fold();
    }
    let (features, logits) = network.forward(input.tensor("pictures", device)?);
    let mut output = TensorFile::default();
    output.put_tensor("features", features)?;
    output.put_tensor("logits", logits)?;
    Ok(output)
}

pub fn temporal(model: &Path, input: &TensorFile, device: &Device) -> Result<TensorFile> {
    let file = read_model(model)?;
    let shape = file
        .metadata
        .temporal
        .as_ref()
        .context("the model has no temporal part")?;
    let encoder = shape
        .init(file.metadata.backbone.feature_len(), 0.0, device)
        .load(&file.weights, TEMPORAL_PREFIX, device)?;
    let missing: Tensor<2> = input.tensor("missing", device)?;
    let missing: Tensor<2, Bool> = missing.greater_elem(0.5);
    let mut output = TensorFile::default();
    output.put_tensor(
        "logits",
        encoder.forward(input.tensor("features", device)?, missing),
    )?;
    Ok(output)
}

pub fn detector_raw(weights: &Path, input: &TensorFile, device: &Device) -> Result<TensorFile> {
    let (scores, boxes) = read_detector(weights, device)?.forward(input.tensor("pictures", device)?);
    let mut output = TensorFile::default();
    output.put_tensor("scores", scores)?;
    output.put_tensor("boxes", boxes)?;
    Ok(output)
}

pub fn detector_faces(weights: &Path, input: &TensorFile, device: &Device) -> Result<TensorFile> {
    let detector = read_detector(weights, device)?;
    let mut output = TensorFile::default();
    for name in input.names_after("picture.") {
        let frame = pictures::frame(input, name)?;
        let found = pollster::block_on(detector.detect(&[frame], device))?;
        let faces: Vec<_> = found.into_iter().flatten().collect();
        let rows = faces.iter().flat_map(|b| [b.x, b.y, b.w, b.h, b.score]).collect();
        output.put(&format!("faces.{name}"), &[faces.len(), 5], rows);
    }
    Ok(output)
}

fn read_model(path: &Path) -> Result<ModelFile> {
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    ModelFile::from_bytes(&bytes).with_context(|| path.display().to_string())
}

fn read_detector(path: &Path, device: &Device) -> Result<FaceDetector> {
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    FaceDetector::from_bytes(&bytes, device).with_context(|| path.display().to_string())
}
