//! The face detectors' weights, which the program carries with it.

use anyhow::{Context as _, Result};
use burn::tensor::Device;
use shared_model::face_detector::FaceDetector;
use shared_model::framing::DetectorKind;

/// The weight file of this kind.
#[must_use]
pub fn weights(kind: DetectorKind) -> &'static [u8] {
    match kind {
        DetectorKind::UltraFace => include_bytes!("../../shared-model/assets/ultraface-rfb-320.safetensors"),
        DetectorKind::YuNet => include_bytes!("../../shared-model/assets/yunet-2026may.safetensors"),
    }
}

/// The detector of this kind.
///
/// # Errors
/// When the program's own copy of its weights is damaged.
pub fn open(kind: DetectorKind, device: &Device) -> Result<FaceDetector> {
    FaceDetector::from_bytes(kind, weights(kind), device)
        .with_context(|| format!("the face detector `{}`", kind.name()))
}
