//! `mien export`: a model in another number type, or under torchvision's plain names.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use safetensors::tensor::{Dtype, TensorView};
use shared_model::model_file::{ModelFile, Weight, WeightType};
use shared_model::resnet50::BACKBONE_PREFIX;

use crate::{atomic_file, model_store, stdout};

/// Number types for the weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Number {
    /// 16 bits, for the web
    F16,
    /// 32 bits, for training
    F32,
}

/// What to export.
#[derive(Debug, Args)]
pub struct Options {
    /// The model file
    #[arg(long, value_name = "M.safetensors")]
    model: PathBuf,
    /// Number type of the weights
    #[arg(long, value_enum)]
    dtype: Number,
    /// The file to write
    #[arg(long, value_name = "W.safetensors")]
    out: PathBuf,
    /// Write the backbone alone under torchvision's names, for `load_state_dict(strict=True)`
    #[arg(long)]
    torch: bool,
}

/// Writes the file and prints its path.
///
/// # Errors
/// When the model cannot be read, a weight does not fit into 16 bits, or the file cannot be written.
pub fn run(options: &Options) -> Result<()> {
    let mut model = model_store::read(&options.model)?;
    model.metadata.weight_type = match options.dtype {
        Number::F16 => WeightType::F16,
        Number::F32 => WeightType::F32,
    };
    if options.dtype == Number::F16 {
        check_range(&model)?;
    }
    if options.torch {
        let bytes = torch_bytes(&model).with_context(|| format!("{}", options.out.display()))?;
        atomic_file::write(&options.out, &bytes)?;
    } else {
        model_store::write(&options.out, &model)?;
    }
    stdout::line(format_args!("{}", options.out.display()));
    Ok(())
}

fn check_range(model: &ModelFile) -> Result<()> {
    let most = half::f16::MAX.to_f32();
    for (name, weight) in &model.weights {
        if let Some(value) = weight.values.iter().find(|value| value.abs() > most) {
            bail!("tensor `{name}` holds {value}, more than 16 bits can hold ({most}): export it as f32");
        }
    }
    Ok(())
}

/// The backbone as torchvision's state dict, with the step counters that `strict=True` asks for.
fn torch_bytes(model: &ModelFile) -> Result<Vec<u8>> {
    let dtype = match model.metadata.weight_type {
        WeightType::F16 => Dtype::F16,
        WeightType::F32 => Dtype::F32,
    };
    let mut stored: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
    for (name, weight) in &model.weights {
        let Some(name) = name.strip_prefix(BACKBONE_PREFIX) else {
            continue;
        };
        if let Some(norm) = name.strip_suffix("running_var") {
            let counter = format!("{norm}num_batches_tracked");
            stored.push((counter, Dtype::I64, Vec::new(), 0_i64.to_le_bytes().to_vec()));
        }
        stored.push((
            name.to_owned(),
            dtype,
            weight.shape.clone(),
            encode(weight, dtype),
        ));
    }
    let views = stored
        .iter()
        .map(|(name, dtype, shape, bytes)| Ok((name, TensorView::new(*dtype, shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>>>()?;
    Ok(safetensors::serialize(views, None)?)
}

fn encode(weight: &Weight, dtype: Dtype) -> Vec<u8> {
    let values = weight.values.iter();
    if dtype == Dtype::F16 {
        values
            .flat_map(|v| half::f16::from_f32(*v).to_le_bytes())
            .collect()
    } else {
        values.flat_map(|v| v.to_le_bytes()).collect()
    }
}
