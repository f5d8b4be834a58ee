//! What the device computes against what the processor computes, network by network and precision by precision.
//!
//! The processor's values are the reference: the golden checks hold them against PyTorch and onnxruntime.

use anyhow::{Result, anyhow};
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Bool, DType, Device, Int, Tensor, TensorData};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use shared_model::backbone::BackboneShape;
use shared_model::expression::CLASS_COUNT;
use shared_model::framing::DetectorKind;
use shared_model::model_file::{TemporalShape, Weights};
use shared_model::temporal_encoder::TEMPORAL_PREFIX;
use shared_model::ultraface::{DETECTOR_HEIGHT, DETECTOR_WIDTH, UltraFace};

use super::closeness::{Closeness, Tolerance};
use super::machine::NvidiaGpu;
use super::report::{Check, Outcome};
use crate::detectors;
use crate::device::{DeviceChoice, NamedDevice};
use crate::pretrain::soft_cross_entropy::soft_cross_entropy;
use crate::run_config::precision::Precision;
use crate::training_run::device_failure::without_panics;

pub(super) const PRECISIONS: [Precision; 3] = [Precision::F32, Precision::F16, Precision::Bf16];
const SEED: u64 = 11;
const CLIP: usize = 64;
/// The detector's probabilities.
const SCORES: &str = "scores";
/// The detector's boxes.
const BOXES: &str = "boxes";
const GRADIENTS: &str = "gradients";

/// Why a device does not compute in a precision, where it does not.
pub(super) fn lack_of(precision: Precision, device: &NamedDevice, gpu: Option<&NvidiaGpu>) -> Option<String> {
    if let Err(error) = precision.check(&device.device) {
        let text = error.to_string();
        return Some(text.split(':').next().unwrap_or(&text).to_owned());
    }
    let gpu = gpu.filter(|_| device.choice == DeviceChoice::Cuda && precision == Precision::Bf16);
    gpu.and_then(NvidiaGpu::lack_of_bf16)
}

/// A network with its weights and inputs, which can be computed anywhere.
struct Golden {
    name: String,
    /// How near each output must be, by its name.
    tolerance: fn(Precision, &str) -> Tolerance,
    /// Outputs by name.
    compute: Box<Compute>,
}

type Compute = dyn Fn(&Device, Precision) -> Result<Outputs>;
type Outputs = Vec<(&'static str, Vec<f32>)>;

/// Compares all networks in all precisions that the device has.
///
/// # Errors
/// When the processor cannot compute; what the device cannot is a failed check.
pub(super) fn run(
    device: &NamedDevice,
    gpu: Option<&NvidiaGpu>,
    quick: bool,
    say: &mut dyn FnMut(Check),
) -> Result<()> {
    for precision in PRECISIONS {
        if let Some(lack) = lack_of(precision, device, gpu) {
            say(Check::new(name_of(precision), Outcome::NotThere, lack));
        }
    }
    for golden in networks(quick)? {
        let right = (golden.compute)(&Device::flex(), Precision::F32)?;
        for precision in PRECISIONS {
            if lack_of(precision, device, gpu).is_none() {
                say(check(&golden, precision, &right, device, gpu));
            }
        }
    }
    Ok(())
}

/// Its name in a config.
pub(super) fn name_of(precision: Precision) -> &'static str {
    match precision {
        Precision::F32 => "f32",
        Precision::F16 => "f16",
        Precision::Bf16 => "bf16",
    }
}

fn check(
    golden: &Golden,
    precision: Precision,
    right: &Outputs,
    device: &NamedDevice,
    gpu: Option<&NvidiaGpu>,
) -> Check {
    let name = format!("{}, {}", golden.name, name_of(precision));
    let found = match without_panics(|| (golden.compute)(&device.device, precision)) {
        Ok(found) => found,
        Err(error) => return Check::new(name, Outcome::Failed, format!("{error:#}")),
    };
    let mut check = Check::new(name, Outcome::Passed, "");
    let mut words = Vec::new();
    for ((output, right), (_, found)) in right.iter().zip(&found) {
        // Probabilities are on a scale of 1, however small those of one picture are.
        let least_scale = if *output == SCORES { 1.0 } else { 0.0 };
        let near = Closeness::of(right, found, least_scale);
        let tolerance = (golden.tolerance)(precision, output);
        if !near.is_within(tolerance) {
            // TF32 multiplies numbers of 10 bits after the point, as f16 does, where f32 is asked for.
            let has_tf32 = gpu.is_some_and(|gpu| gpu.compute_capability.is_some_and(|value| value >= 8.0));
            let as_tf32 = precision == Precision::F32
                && device.choice == DeviceChoice::Cuda
                && has_tf32
                && near.is_within((golden.tolerance)(Precision::F16, output));
            if as_tf32 {
                words.push(format!("{output} as by TF32, not by f32"));
            } else {
                check.outcome = Outcome::Failed;
            }
        }
        words.push(format!(
            "{output}: cosine {:.7} ({} or more), largest difference {:.2e}, {:.2e} of the largest value ({} or less)",
            near.cosine,
            tolerance.cosine,
            near.largest_difference,
            near.relative_difference,
            tolerance.relative_difference
        ));
        check = check
            .with(&format!("{output}_cosine"), near.cosine)
            .with(&format!("{output}_least_cosine"), tolerance.cosine)
            .with(&format!("{output}_largest_difference"), near.largest_difference)
            .with(&format!("{output}_relative_difference"), near.relative_difference)
            .with(
                &format!("{output}_most_relative_difference"),
                tolerance.relative_difference,
            );
    }
    check.said = words.join("; ");
    check
}

/// Some times what 16 bits differ from 32: features and logits by less than 0.006, the detector's boxes more, which are offsets
/// in steps of its grid: on the processor 0.011 in f16 and 0.087 in bf16, on a software Vulkan adapter 0.020 in f16.
fn of_outputs(precision: Precision, output: &str) -> Tolerance {
    let (cosine, relative_difference) = match (precision, output) {
        (Precision::F32, _) => (0.999_99, 1e-3),
        (Precision::F16, BOXES) => (0.999, 0.05),
        (Precision::F16, _) => (0.999, 0.02),
        (Precision::Bf16, BOXES) => (0.99, 0.2),
        (Precision::Bf16, _) => (0.99, 0.15),
    };
    Tolerance {
        cosine,
        relative_difference,
    }
}

/// Batch normalisation over few pictures carries rounding into all of them: 16 bits keep the direction alone. Cosines seen:
/// on the processor 0.986 in f16 and 0.967 in bf16, on a software Vulkan adapter 0.978 in f16.
fn of_gradients(precision: Precision, output: &str) -> Tolerance {
    if output != GRADIENTS {
        return of_outputs(precision, output);
    }
    let (cosine, relative_difference) = match precision {
        Precision::F32 => (0.9999, 0.01),
        Precision::F16 => (0.95, 0.4),
        Precision::Bf16 => (0.9, 0.6),
    };
    Tolerance {
        cosine,
        relative_difference,
    }
}

fn networks(quick: bool) -> Result<Vec<Golden>> {
    let small = BackboneShape::bottleneck([1, 2, 1, 1], 16);
    let (full_batch, temporal) = if quick {
        let small = TemporalShape {
            layers: 2,
            heads: 4,
            d_model: 64,
            d_ff: 64,
            positions: true,
        };
        (1, small)
    } else {
        (4, TemporalShape::default())
    };
    Ok(vec![
        detector(),
        backbone("small backbone, 64 pixels", &small, 4, 64)?,
        backbone(
            "ResNet-50, 224 pixels",
            &BackboneShape::default(),
            full_batch,
            224,
        )?,
        encoder(temporal, if quick { 256 } else { 2048 })?,
        gradients(&small)?,
    ])
}

fn detector() -> Golden {
    let mut random = StdRng::seed_from_u64(SEED);
    let values = smooth_pictures(1, DETECTOR_WIDTH, DETECTOR_HEIGHT, &mut random);
    Golden {
        name: "face detector".to_owned(),
        tolerance: of_outputs,
        compute: Box::new(move |device, precision| {
            let detector = UltraFace::from_bytes(detectors::weights(DetectorKind::UltraFace), device)?
                .map(&mut Cast(precision.dtype()));
            let data = TensorData::new(values.clone(), [1, 3, DETECTOR_HEIGHT, DETECTOR_WIDTH]);
            let (scores, boxes) = detector.forward(precision.of(Tensor::from_data(data, device)));
            Ok(vec![(SCORES, read(scores)?), (BOXES, read(boxes)?)])
        }),
    }
}

fn backbone(name: &str, shape: &BackboneShape, batch: usize, size: usize) -> Result<Golden> {
    let shape = shape.clone();
    let mut random = StdRng::seed_from_u64(SEED);
    let weights = random_backbone(&shape, &mut random)?;
    let values = smooth_pictures(batch, size, size, &mut random);
    Ok(Golden {
        name: name.to_owned(),
        tolerance: of_outputs,
        compute: Box::new(move |device, precision| {
            let network = shape.init(device).load(&weights, "", device)?.fold();
            let data = TensorData::new(values.clone(), [batch, 3, size, size]);
            let (features, logits) = network.forward(precision.of(Tensor::from_data(data, device)));
            Ok(vec![("features", read(features)?), ("logits", read(logits)?)])
        }),
    })
}

fn encoder(shape: TemporalShape, feature_len: usize) -> Result<Golden> {
    let cpu = Device::flex();
    cpu.seed(SEED);
    let weights = shape.init(feature_len, 0.0, &cpu).save(TEMPORAL_PREFIX)?;
    let mut random = StdRng::seed_from_u64(SEED);
    let values: Vec<f32> = (0..2 * CLIP * feature_len)
        .map(|_| random.random_range(0.0..1.0))
        .collect();
    // The second clip ends early.
    let missing: Vec<bool> = (0..2 * CLIP).map(|frame| frame >= 2 * CLIP - 10).collect();
    Ok(Golden {
        name: "temporal encoder".to_owned(),
        tolerance: of_outputs,
        compute: Box::new(move |device, precision| {
            let network = shape
                .init(feature_len, 0.0, device)
                .load(&weights, TEMPORAL_PREFIX, device)?;
            let network = network.map(&mut Cast(precision.dtype()));
            let features =
                Tensor::<3>::from_data(TensorData::new(values.clone(), [2, CLIP, feature_len]), device);
            let missing = Tensor::<2, Bool>::from_data(TensorData::new(missing.clone(), [2, CLIP]), device);
            let logits = network.forward(features.cast(precision.dtype()), missing);
            Ok(vec![("logits", read(logits)?)])
        }),
    })
}

/// The way back: the gradients of all parameters of one training step.
fn gradients(shape: &BackboneShape) -> Result<Golden> {
    const BATCH: usize = 8;
    const SIZE: usize = 64;
    let shape = shape.clone();
    let mut random = StdRng::seed_from_u64(SEED);
    let weights = random_backbone(&shape, &mut random)?;
    let values = smooth_pictures(BATCH, SIZE, SIZE, &mut random);
    Ok(Golden {
        name: "small backbone, gradients of a training step".to_owned(),
        tolerance: of_gradients,
        compute: Box::new(move |device, precision| {
            let training = device.clone().autodiff();
            let network = shape.init(&training).load(&weights, "", &training)?;
            let data = TensorData::new(values.clone(), [BATCH, 3, SIZE, SIZE]);
            let (_, logits) = network.forward(precision.of(Tensor::from_data(data, &training)));
            let labels: Vec<i64> = (0..BATCH as i64).map(|n| n % CLASS_COUNT as i64).collect();
            let labels = Tensor::<1, Int>::from_data(labels.as_slice(), &training);
            let targets = labels.one_hot::<2>(CLASS_COUNT).float();
            let loss = soft_cross_entropy(logits, targets, 0.0).mean();
            let value = read(loss.clone())?;
            // Small gradients would vanish in 16 bits: the loss is scaled as in training.
            let scale = if precision == Precision::F16 { 1024.0 } else { 1.0 };
            let mut all = Flat {
                gradients: GradientsParams::from_grads((loss * scale).backward(), &network),
                values: Ok(Vec::new()),
            };
            network.visit(&mut all);
            let gradients = all.values?.iter().map(|value| value / scale).collect();
            Ok(vec![("loss", value), (GRADIENTS, gradients)])
        }),
    })
}

/// Random weights as of a trained network: scales, shifts and statistics are none of them trivial, and values stay of
/// order one through all layers.
fn random_backbone(shape: &BackboneShape, random: &mut StdRng) -> Result<Weights> {
    let cpu = Device::flex();
    cpu.seed(SEED);
    let mut weights = shape.init(&cpu).save("")?;
    for (name, weight) in &mut weights {
        let is_norm = name.contains("bn") || name.contains("downsample.1");
        // The sum over the blocks of a stage would grow without end otherwise.
        let scale = if name.contains("bn3") { 0.5 } else { 1.0 };
        let range = if name.ends_with("running_mean") {
            -0.2..0.2
        } else if name.ends_with("running_var") {
            0.7..1.4
        } else if is_norm && name.ends_with("weight") {
            0.6 * scale..1.4 * scale
        } else if is_norm && name.ends_with("bias") {
            -0.3..0.3
        } else {
            continue;
        };
        weight.values.fill_with(|| random.random_range(range.clone()));
    }
    Ok(weights)
}

/// Smooth pictures with some noise, of values of order one: `[count, 3, height, width]`.
fn smooth_pictures(count: usize, width: usize, height: usize, random: &mut StdRng) -> Vec<f32> {
    let mut values = Vec::with_capacity(count * 3 * width * height);
    for _ in 0..count * 3 {
        let mut draw = |range| random.random_range::<f32, _>(range);
        let (across, down, turn) = (draw(0.02..0.3), draw(0.02..0.3), draw(0.0..6.0));
        for y in 0..height {
            for x in 0..width {
                let wave = (x as f32 * across + turn).sin() + (y as f32 * down).cos();
                values.push(0.7 * wave + random.random_range(-0.2..0.2));
            }
        }
    }
    values
}

fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>> {
    tensor
        .try_into_vec_as::<f32>()
        .map_err(|error| anyhow!("values cannot be read from the device: {error}"))
}

/// Brings all weights into a precision.
struct Cast(DType);

impl ModuleMapper for Cast {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|weight| weight.cast(self.0))
    }
}

/// All gradients in one list, in the order of the module's parameters.
struct Flat {
    gradients: GradientsParams,
    values: Result<Vec<f32>>,
}

impl ModuleVisitor for Flat {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let (Some(gradient), Ok(values)) = (self.gradients.get::<D>(param.id), &mut self.values) else {
            return;
        };
        match read(gradient.without_autodiff()) {
            Ok(more) => values.extend(more),
            Err(error) => self.values = Err(error),
        }
    }
}
