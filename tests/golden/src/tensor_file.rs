//! Named f32 tensors in a safetensors file.

use anyhow::{Context, Result, bail};
use burn::tensor::{Device, Tensor, TensorData};
use safetensors::tensor::{Dtype, TensorView};
use shared_model::model_file::{Weight, Weights, read_weights};
use std::fs;
use std::path::Path;

/// What goes in or comes out.
#[derive(Debug, Default)]
pub struct TensorFile {
    tensors: Weights,
}

impl TensorFile {
    /// # Errors
    /// When the file is missing, no safetensors, or holds values that are not finite.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        let tensors = read_weights(&bytes).with_context(|| path.display().to_string())?;
        Ok(Self { tensors })
    }

    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let stored: Vec<(&String, &Weight, Vec<u8>)> = self
            .tensors
            .iter()
            .map(|(name, tensor)| {
                let bytes = tensor.values.iter().flat_map(|value| value.to_le_bytes());
                (name, tensor, bytes.collect())
            })
            .collect();
        let views = stored
            .iter()
            .map(|(name, tensor, bytes)| {
                Ok((*name, TensorView::new(Dtype::F32, tensor.shape.clone(), bytes)?))
            })
            .collect::<Result<Vec<_>>>()?;
        let bytes = safetensors::serialize(views, None)?;
        fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
    }

    /// The tensor of this name.
    ///
    /// # Errors
    /// When it is missing.
    pub fn get(&self, name: &str) -> Result<&Weight> {
        self.tensors
            .get(name)
            .with_context(|| format!("the input has no tensor `{name}`"))
    }

    /// The tensor of this name on a device.
    ///
    /// # Errors
    /// When it is missing or has another number of dimensions.
    pub fn tensor<const D: usize>(&self, name: &str, device: &Device) -> Result<Tensor<D>> {
        let Weight { shape, values } = self.get(name)?;
        let Ok(shape) = <[usize; D]>::try_from(shape.as_slice()) else {
            bail!("`{name}` has shape {shape:?}, expected {D} dimensions");
        };
        Ok(Tensor::from_data(TensorData::new(values.clone(), shape), device))
    }

    /// Names behind `prefix`, in order.
    pub fn names_after<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.tensors
            .keys()
            .filter_map(move |name| name.strip_prefix(prefix))
    }

    pub fn put(&mut self, name: &str, shape: &[usize], values: Vec<f32>) {
        let shape = shape.to_vec();
        self.tensors.insert(name.to_owned(), Weight { shape, values });
    }

    /// # Errors
    /// When the device cannot be read.
    pub fn put_tensor<const D: usize>(&mut self, name: &str, tensor: Tensor<D>) -> Result<()> {
        let shape = tensor.dims();
        let values = tensor
            .try_into_vec_as::<f32>()
            .map_err(|error| anyhow::anyhow!("reading `{name}` back failed: {error}"))?;
        self.put(name, &shape, values);
        Ok(())
    }
}
