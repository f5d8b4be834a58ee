//! Weights as bytes: 32, 16 or 8 bits a number in the file, 32 in memory.
//!
//! In 8 bits a tensor of two or more dimensions has one scale for each of its outermost rows, which are output channels: the largest
//! of a row is 127, and a value is its whole number times the row's scale (symmetric, as `torch.quantize_per_channel` with zero
//! points of 0). The scales stand beside it as `NAME.scale`. Tensors of one dimension, biases and statistics, stay in 32 bits.

use std::collections::BTreeMap;

use half::{bf16, f16};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use crate::model_file_error::ModelFileError;

/// Behind a tensor's name in that of its scales.
const SCALE: &str = ".scale";
/// The largest whole number of 8 bits that is used; so the range is symmetric.
const MOST: f32 = 127.0;

/// Storage type of the weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WeightType {
    /// 32-bit, for training.
    F32,
    /// 16-bit, for the web.
    F16,
    /// 8-bit with a scale per output channel, for the web: half of 16-bit.
    I8,
}

/// A named weight in f32.
#[derive(Debug, Clone, PartialEq)]
pub struct Weight {
    /// Dimensions, outermost first.
    pub shape: Vec<usize>,
    /// Values in row-major order.
    pub values: Vec<f32>,
}

/// Weights by name (`backbone.*`, `temporal.*`).
pub type Weights = BTreeMap<String, Weight>;

/// A tensor as it lies in a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoredTensor {
    pub(crate) name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl StoredTensor {
    pub(crate) fn view(&self) -> Result<TensorView<'_>, safetensors::SafeTensorError> {
        TensorView::new(self.dtype, self.shape.clone(), &self.bytes)
    }
}

/// A weight in a number type, with its scales where it has some.
pub(crate) fn stored(name: &str, weight: &Weight, weight_type: WeightType) -> Vec<StoredTensor> {
    let values = weight.values.iter();
    let tensor = |dtype: Dtype, bytes: Vec<u8>| StoredTensor {
        name: name.to_owned(),
        dtype,
        shape: weight.shape.clone(),
        bytes,
    };
    match weight_type {
        WeightType::I8 if weight.shape.len() > 1 && !weight.values.is_empty() => {
            let (numbers, scales) = quantised(weight);
            let bytes = numbers.into_iter().map(i8::cast_unsigned).collect();
            let scale = StoredTensor {
                name: format!("{name}{SCALE}"),
                dtype: Dtype::F32,
                shape: vec![scales.len()],
                bytes: scales.iter().flat_map(|scale| scale.to_le_bytes()).collect(),
            };
            vec![tensor(Dtype::I8, bytes), scale]
        }
        WeightType::F32 | WeightType::I8 => {
            vec![tensor(
                Dtype::F32,
                values.flat_map(|value| value.to_le_bytes()).collect(),
            )]
        }
        WeightType::F16 => {
            let bytes = values.flat_map(|value| f16::from_f32(*value).to_le_bytes());
            vec![tensor(Dtype::F16, bytes.collect())]
        }
    }
}

/// Whole numbers, and the scale of each outermost row.
fn quantised(weight: &Weight) -> (Vec<i8>, Vec<f32>) {
    let rows = weight.shape.first().copied().unwrap_or(1).max(1);
    let len = (weight.values.len() / rows).max(1);
    let mut numbers = Vec::with_capacity(weight.values.len());
    let mut scales = Vec::with_capacity(rows);
    for row in weight.values.chunks(len) {
        let largest = row
            .iter()
            .fold(0.0_f32, |largest, value| largest.max(value.abs()));
        // A row of zeros has any scale.
        let scale = if largest > 0.0 { largest / MOST } else { 1.0 };
        numbers.extend(
            row.iter()
                .map(|value| (value / scale).round_ties_even().clamp(-MOST, MOST) as i8),
        );
        scales.push(scale);
    }
    (numbers, scales)
}

/// Reads all tensors of a safetensors file, with or without Mien's metadata.
///
/// # Errors
/// On a truncated file, another number type, and values that are not finite.
pub fn read_weights(bytes: &[u8]) -> Result<Weights, ModelFileError> {
    let file = SafeTensors::deserialize(bytes).map_err(ModelFileError::container)?;
    let is_scale = |name: &str| {
        let of = name.strip_suffix(SCALE).and_then(|of| file.tensor(of).ok());
        of.is_some_and(|of| of.dtype() == Dtype::I8)
    };
    let mut weights = Weights::new();
    for (name, view) in file.tensors() {
        // torchvision's step counters of BatchNorm carry no weight.
        if name.ends_with("num_batches_tracked") || is_scale(&name) {
            continue;
        }
        let values = if view.dtype() == Dtype::I8 {
            let scales = file.tensor(&format!("{name}{SCALE}")).ok();
            unfolded(&view, scales.as_ref()).ok_or_else(|| ModelFileError::Scales(name.clone()))?
        } else {
            decode(&name, &view)?
        };
        if !values.iter().all(|value| value.is_finite()) {
            return Err(ModelFileError::NotFinite(name));
        }
        weights.insert(
            name,
            Weight {
                shape: view.shape().to_vec(),
                values,
            },
        );
    }
    Ok(weights)
}

/// `None` where the scales are missing, or are not one for each outermost row.
fn unfolded(view: &TensorView<'_>, scales: Option<&TensorView<'_>>) -> Option<Vec<f32>> {
    let scales = scales.filter(|scales| scales.dtype() == Dtype::F32)?;
    let rows = *view.shape().first()?;
    if scales.shape() != [rows] {
        return None;
    }
    let len = view.data().len().checked_div(rows)?.max(1);
    let rows = view.data().chunks(len).zip(words(scales.data()));
    Some(
        rows.flat_map(|(row, scale)| row.iter().map(move |byte| f32::from(byte.cast_signed()) * scale))
            .collect(),
    )
}

fn words(data: &[u8]) -> impl Iterator<Item = f32> + '_ {
    data.as_chunks::<4>()
        .0
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
}

fn decode(name: &str, view: &TensorView<'_>) -> Result<Vec<f32>, ModelFileError> {
    let halves = || view.data().as_chunks::<2>().0.iter();
    match view.dtype() {
        Dtype::F32 => Ok(words(view.data()).collect()),
        Dtype::F16 => Ok(halves()
            .map(|bytes| f16::from_le_bytes(*bytes).to_f32())
            .collect()),
        Dtype::BF16 => Ok(halves()
            .map(|bytes| bf16::from_le_bytes(*bytes).to_f32())
            .collect()),
        other => Err(ModelFileError::Dtype {
            name: name.to_owned(),
            dtype: format!("{other:?}"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes_of(tensors: &[StoredTensor]) -> Vec<u8> {
        let views = tensors
            .iter()
            .map(|tensor| (tensor.name.as_str(), tensor.view().unwrap()));
        safetensors::serialize(views, None).unwrap()
    }

    #[test]
    fn eight_bits_are_near_by_half_a_step_of_each_row() {
        let weight = Weight {
            shape: vec![3, 2, 2],
            values: vec![0.5, -1.0, 0.3, 0.0, 1e-6, -2e-6, 5e-7, 0.0, 0.0, 0.0, 0.0, 0.0],
        };
        let stored = stored("a", &weight, WeightType::I8);
        let read = read_weights(&bytes_of(&stored)).unwrap();
        assert_eq!(read.keys().collect::<Vec<_>>(), ["a"]);
        assert_eq!(read["a"].shape, weight.shape);
        for (row, (before, after)) in weight
            .values
            .chunks(4)
            .zip(read["a"].values.chunks(4))
            .enumerate()
        {
            let step = before.iter().fold(0.0_f32, |most, value| most.max(value.abs())) / MOST;
            for (before, after) in before.iter().zip(after) {
                assert!((before - after).abs() <= 0.5001 * step, "{row}: {before} {after}");
            }
        }
        let line = Weight {
            shape: vec![3],
            values: vec![0.1, 1e-9, -7.0],
        };
        let read = read_weights(&bytes_of(&super::stored("b", &line, WeightType::I8))).unwrap();
        assert_eq!(read["b"], line);
    }

    #[test]
    fn eight_bits_without_their_scales_are_named() {
        let weight = Weight {
            shape: vec![2, 2],
            values: vec![1.0, 2.0, 3.0, 4.0],
        };
        let whole = stored("a", &weight, WeightType::I8);
        let error = read_weights(&bytes_of(&whole[..1])).unwrap_err().to_string();
        assert!(error.contains("`a`") && error.contains("scale"), "{error}");
        let mut fewer = whole.clone();
        fewer[1].shape = vec![1];
        fewer[1].bytes.truncate(4);
        assert!(matches!(
            read_weights(&bytes_of(&fewer)),
            Err(ModelFileError::Scales(_))
        ));
        let mut endless = whole;
        endless[1].bytes[..4].copy_from_slice(&f32::INFINITY.to_le_bytes());
        assert!(matches!(
            read_weights(&bytes_of(&endless)),
            Err(ModelFileError::NotFinite(_))
        ));
    }
}
