//! One face, come in three ways: as a whole picture, found by the detector, and in a given box.

use crate::pictures;
use crate::tensor_file::TensorFile;
use anyhow::{Context as _, Result};
use burn::tensor::{Device, Tensor, TensorData};
use native_train::{detectors, model_store};
use shared_model::backbone::BACKBONE_PREFIX;
use shared_model::expression::CLASS_COUNT;
use std::path::Path;

/// The per-frame logits of each way, framed as the model's header says.
pub fn logits(model: &Path, input: &TensorFile, device: &Device) -> Result<TensorFile> {
    let model = model_store::read(model)?;
    let metadata = &model.metadata;
    let (spec, framing) = (&metadata.input, &metadata.framing);
    let network = metadata
        .backbone
        .init(device)
        .load(&model.weights, BACKBONE_PREFIX, device)?
        .fold();
    let detector = detectors::open(framing.detector, device)?;
    let mut output = TensorFile::default();
    for name in input.names_after("picture.") {
        let frame = pictures::frame(input, name)?;
        let found = pollster::block_on(detector.detect(std::slice::from_ref(&frame), device))?;
        let found = found.into_iter().flatten().next().map(|face| face.face_box);
        let given = match input.get(&format!("box.{name}")) {
            Ok(_) => Some(pictures::face_box(input, name)?),
            Err(_) => None,
        };
        let mut values = spec.whole_tensor(&frame)?;
        for face in [found, given] {
            values.extend(match face {
                Some(face) => spec.tensor(&frame, &face, framing)?,
                None => spec.whole_tensor(&frame)?,
            });
        }
        let pictures = TensorData::new(values, [3, 3, spec.size, spec.size]);
        let (_, logits) = network.forward(Tensor::<4>::from_data(pictures, device));
        let logits = logits
            .try_into_vec_as::<f32>()
            .map_err(|error| anyhow::anyhow!("{error}"));
        output.put(
            &format!("logits.{name}"),
            &[3, CLASS_COUNT],
            logits.context("the logits")?,
        );
        if let Some(face) = found {
            output.put(
                &format!("box.{name}"),
                &[1, 4],
                vec![face.x, face.y, face.w, face.h],
            );
        }
    }
    Ok(output)
}
