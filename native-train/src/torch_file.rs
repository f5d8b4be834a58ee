//! Checkpoints of torch: `.safetensors`, and `.pth` in the zip and the older format.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use half::{bf16, f16};
use pytorch_reader::{DType, PytorchReader, Tensor};
use shared_model::model_file::{Weight, Weights, read_weights};

/// What training scripts put in front of the network's own names.
const PREFIXES: [&str; 4] = ["state_dict.", "model.", "module.", "backbone."];

/// Reads a checkpoint's tensors in f32 under their plain names: wrappers' prefixes go, BatchNorm's
/// step counters and the tensors beside the network (an optimiser's) too.
///
/// # Errors
/// When the file cannot be read, is no checkpoint, or holds values that are not finite.
pub fn read(path: &Path) -> Result<Weights> {
    let fail = || format!("the checkpoint {} cannot be read", path.display());
    let is_safetensors = path
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("safetensors"));
    let weights = if is_safetensors {
        let bytes = std::fs::read(path).with_context(fail)?;
        read_weights(&bytes).with_context(fail)?
    } else {
        read_pickled(path).with_context(fail)?
    };
    if weights.is_empty() {
        bail!("the checkpoint {} holds no tensor", path.display());
    }
    Ok(without_prefixes(weights))
}

fn read_pickled(path: &Path) -> Result<Weights> {
    let reader = PytorchReader::new(path)?;
    let mut weights = Weights::new();
    for (name, tensor) in reader.tensors() {
        if name.ends_with("num_batches_tracked") {
            continue;
        }
        let Some(values) = floats(tensor).with_context(|| format!("tensor `{name}`"))? else {
            continue;
        };
        if !values.iter().all(|value| value.is_finite()) {
            bail!("tensor `{name}` holds NaN or infinite values");
        }
        let shape = tensor.shape().to_vec();
        weights.insert(name.clone(), Weight { shape, values });
    }
    Ok(weights)
}

/// A tensor's values in f32, `None` for whole numbers: they are counters, not weights.
fn floats(tensor: &Tensor) -> Result<Option<Vec<f32>>> {
    let size = tensor.dtype().size();
    let decode: fn(&[u8]) -> f32 = match tensor.dtype() {
        DType::F32 => |b| f32::from_le_bytes(fixed(b)),
        DType::F64 => |b| f64::from_le_bytes(fixed(b)) as f32,
        DType::F16 => |b| f16::from_le_bytes(fixed(b)).to_f32(),
        DType::BF16 => |b| bf16::from_le_bytes(fixed(b)).to_f32(),
        _ => return Ok(None),
    };
    let bytes = tensor.read()?;
    Ok(Some(bytes.chunks_exact(size).map(decode).collect()))
}

/// The bytes of one number; `chunks_exact` gives as many as it has.
fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().unwrap_or([0; N])
}

fn without_prefixes(mut weights: Weights) -> Weights {
    for prefix in PREFIXES {
        // A wrapper has the whole network inside: what stands beside it is an optimiser's or a
        // trainer's.
        if weights.contains_key(&format!("{prefix}conv1.weight"))
            || PREFIXES
                .iter()
                .any(|next| weights.contains_key(&format!("{prefix}{next}conv1.weight")))
            || is_deep_inside(&weights, prefix)
        {
            weights = weights
                .into_iter()
                .filter_map(|(name, weight)| Some((name.strip_prefix(prefix)?.to_owned(), weight)))
                .collect();
        }
    }
    weights
}

/// Whether the stem stands behind this prefix and more than one other.
fn is_deep_inside(weights: &Weights, prefix: &str) -> bool {
    weights
        .keys()
        .any(|name| name.starts_with(prefix) && name.ends_with(".conv1.weight") && !name.contains("layer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappers_and_what_stands_beside_the_network_go() {
        let weight = || Weight {
            shape: vec![1],
            values: vec![1.0],
        };
        for prefix in [
            "",
            "module.",
            "state_dict.module.",
            "model.backbone.",
            "state_dict.model.module.backbone.",
        ] {
            let names = ["conv1.weight", "layer1.0.conv1.weight", "fc.bias"];
            let mut weights: Weights = names.iter().map(|n| (format!("{prefix}{n}"), weight())).collect();
            if prefix.starts_with("state_dict.") {
                weights.insert("optimizer.state.0.momentum_buffer".into(), weight());
            }
            let found: Vec<String> = without_prefixes(weights).into_keys().collect();
            assert_eq!(
                found,
                ["conv1.weight", "fc.bias", "layer1.0.conv1.weight"],
                "{prefix}"
            );
        }
    }
}
