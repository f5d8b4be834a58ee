//! Backbone, temporal encoder and detector.

use crate::pictures;
use crate::tensor_file::TensorFile;
use anyhow::{Context, Result};
use burn::tensor::{Bool, Device, Tensor};
use shared_model::backbone::BACKBONE_PREFIX;
use shared_model::detected_face::LANDMARKS;
use shared_model::face_detector::FaceDetector;
use shared_model::framing::DetectorKind;
use shared_model::model_file::ModelFile;
use shared_model::temporal_encoder::TEMPORAL_PREFIX;
use shared_model::ultraface::UltraFace;
use shared_model::yunet::YuNet;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

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

/// The networks alone, without resizing and suppression.
pub fn detector_raw(detector: &Detector<'_>, input: &TensorFile, device: &Device) -> Result<TensorFile> {
    let pictures = input.tensor("pictures", device)?;
    let bytes = detector.read()?;
    let fail = || detector.weights.display().to_string();
    let mut output = TensorFile::default();
    match detector.kind {
        DetectorKind::UltraFace => {
            let network = UltraFace::from_bytes(&bytes, device).with_context(fail)?;
            let (scores, boxes) = network.forward(pictures);
            output.put_tensor("scores", scores)?;
            output.put_tensor("boxes", boxes)?;
        }
        DetectorKind::YuNet => {
            let network = YuNet::from_bytes(&bytes, device).with_context(fail)?;
            let found = network.forward(pictures);
            output.put_tensor("scores", found.scores)?;
            output.put_tensor("boxes", found.boxes)?;
            output.put_tensor("landmarks", found.landmarks)?;
        }
    }
    Ok(output)
}

pub fn detector_faces(
    detector: &Detector<'_>,
    once: bool,
    input: &TensorFile,
    device: &Device,
) -> Result<TensorFile> {
    let detector = detector.open(device)?;
    let mut output = TensorFile::default();
    for name in input.names_after("picture.") {
        let frame = [pictures::frame(input, name)?];
        let found = pollster::block_on(async {
            if once {
                detector.detect_once(&frame, device).await
            } else {
                detector.detect(&frame, device).await
            }
        })?;
        let faces: Vec<_> = found.into_iter().flatten().collect();
        let boxes = faces.iter().map(|face| face.face_box);
        let rows = boxes
            .flat_map(|b| [b.x, b.y, b.w, b.h, b.score, b.roll_deg])
            .collect();
        output.put(&format!("faces.{name}"), &[faces.len(), 6], rows);
        let points: Vec<f32> = faces
            .iter()
            .filter_map(|face| face.landmarks)
            .flat_map(|landmarks| landmarks.points.concat())
            .collect();
        output.put(
            &format!("landmarks.{name}"),
            &[points.len() / (2 * LANDMARKS), LANDMARKS, 2],
            points,
        );
    }
    Ok(output)
}

/// Milliseconds of each look of both detectors, in turn, so that both see the same of what else the machine does.
pub fn detector_time(
    weights: [&Path; 2],
    looks: usize,
    input: &TensorFile,
    device: &Device,
) -> Result<String> {
    let mut names = input.names_after("picture.");
    let frame = [pictures::frame(
        input,
        names.next().context("there is no picture")?,
    )?];
    let detectors = DetectorKind::ALL
        .into_iter()
        .zip(weights)
        .map(|(kind, weights)| Detector { kind, weights }.open(device))
        .collect::<Result<Vec<_>>>()?;
    let mut times = vec![Vec::new(); detectors.len()];
    for look in 0..=looks {
        for (detector, times) in detectors.iter().zip(&mut times) {
            let begin = Instant::now();
            pollster::block_on(detector.detect_once(&frame, device))?;
            // The first look prepares the weights.
            if look > 0 {
                times.push(begin.elapsed().as_secs_f64() * 1000.0);
            }
        }
    }
    let named = DetectorKind::ALL.map(DetectorKind::name).into_iter().zip(times);
    Ok(serde_json::to_string(&named.collect::<BTreeMap<_, _>>())?)
}

/// A detector and the file of its weights.
pub struct Detector<'a> {
    pub kind: DetectorKind,
    pub weights: &'a Path,
}

impl Detector<'_> {
    fn read(&self) -> Result<Vec<u8>> {
        fs::read(self.weights).with_context(|| format!("reading {}", self.weights.display()))
    }

    pub fn open(&self, device: &Device) -> Result<FaceDetector> {
        FaceDetector::from_bytes(self.kind, &self.read()?, device)
            .with_context(|| self.weights.display().to_string())
    }
}

fn read_model(path: &Path) -> Result<ModelFile> {
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    ModelFile::from_bytes(&bytes).with_context(|| path.display().to_string())
}
