//! A graphics adapter is trusted only after it has computed what the CPU computes.
//!
//! Drivers and shader compilers have given wrong results without an error; a recogniser that is quietly wrong is worse
//! than a slow one. The CPU path is the reference: it is checked against PyTorch and onnxruntime by the golden checks.

use burn::tensor::Device;
use shared_model::face_detector::FaceDetector;
use shared_model::face_reader::FaceReader;
use shared_model::frame::Frame;
use shared_model::framing::DetectorKind;
use shared_model::model_file::ModelFile;

/// Largest difference, in units of the largest value (at least 1).
const TOLERANCE: f32 = 1e-3;

/// Compares the detector and the model's backbone on `device` with the CPU. It also compiles the kernels of both.
///
/// # Errors
/// Says what differs and by how much, or what failed.
pub async fn run(model: &ModelFile, detector: &[u8], device: &Device) -> Result<(), String> {
    let cpu = Device::flex();
    let kind = model.metadata.framing.detector;
    let expected = detect(kind, detector, &cpu).await?;
    compare(
        "the face detector",
        &expected,
        &detect(kind, detector, device).await?,
    )?;
    let expected = recognise(model, &cpu).await?;
    compare("the recogniser", &expected, &recognise(model, device).await?)
}

/// A picture with edges, slopes and all brightnesses, the same everywhere.
fn pattern(width: usize, height: usize) -> Result<Frame, String> {
    let rgb = (0..width * height)
        .flat_map(|i| {
            let (x, y) = (i % width, i / width);
            [x * 7 + y * 3, x * y / 5, (x / 9 + y / 11) % 2 * 200 + x % 50].map(|value| (value % 256) as u8)
        })
        .collect();
    Frame::from_rgb(width, height, rgb).map_err(|error| error.to_string())
}

async fn detect(kind: DetectorKind, bytes: &[u8], device: &Device) -> Result<Vec<f32>, String> {
    let detector = FaceDetector::from_bytes(kind, bytes, device).map_err(|error| error.to_string())?;
    let frame = pattern(320, 240)?;
    let outputs = detector.raw_outputs(&[frame], device).await;
    outputs.map_err(|error| error.to_string())
}

async fn recognise(model: &ModelFile, device: &Device) -> Result<Vec<f32>, String> {
    let reader = FaceReader::new(model, None, device).map_err(|error| error.to_string())?;
    let faces = reader
        .read(&[pattern(96, 96)?])
        .await
        .map_err(|error| error.to_string())?;
    let values = faces.into_iter().flatten();
    Ok(values
        .flat_map(|face| face.logits.into_iter().chain(face.feature))
        .collect())
}

fn compare(what: &str, expected: &[f32], found: &[f32]) -> Result<(), String> {
    if expected.len() != found.len() {
        return Err(format!(
            "{what} gave {} numbers instead of {}",
            found.len(),
            expected.len()
        ));
    }
    let largest = expected
        .iter()
        .fold(1.0_f32, |largest, value| largest.max(value.abs()));
    // `max` would pass over NaN.
    let is_off = |(a, b): (&f32, &f32)| {
        let difference = (a - b).abs() / largest;
        difference.is_nan() || difference > TOLERANCE
    };
    match expected.iter().zip(found).find(|(a, b)| is_off((*a, *b))) {
        None => Ok(()),
        Some((expected, found)) => Err(format!("{what} computes {found} where {expected} is right")),
    }
}
