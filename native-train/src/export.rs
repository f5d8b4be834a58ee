//! `mien export`: a model in another number type, under torchvision's plain names, or as ONNX.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use safetensors::tensor::{Dtype, TensorView};
use shared_model::backbone::BACKBONE_PREFIX;
use shared_model::model_file::{ModelFile, Weight, WeightType};

use crate::written_files::{WrittenFiles, is_same_file};
use crate::wrong_use::WrongUse;
use crate::{model_store, onnx_file, stdout};

/// Number types for the weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Number {
    /// 16 bits, for the web
    F16,
    /// 32 bits, for training
    F32,
    /// 8 bits with a scale per output channel, for the web: half the size of f16
    Int8,
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
    #[arg(long, conflicts_with = "onnx")]
    torch: bool,
    /// Write the backbone and its per-frame head as ONNX, in 32 bits
    #[arg(long)]
    onnx: bool,
    /// Replace what stands in a result's place also where mien did not write it, or where it was changed since
    #[arg(long)]
    force: bool,
}

/// Writes the file and prints its path.
///
/// # Errors
/// [`WrongUse`] for 8 bits under torchvision's names, and for other than 32 bits as ONNX; when the model cannot be read, a weight does not fit into 16 bits, or the file cannot be written or may not be replaced.
pub fn run(options: &Options) -> Result<()> {
    if options.onnx && options.dtype != Number::F32 {
        let why = "`--onnx` writes 32 bits: take `--dtype f32`";
        return Err(WrongUse(why.to_owned()).into());
    }
    if options.torch && options.dtype == Number::Int8 {
        let why = "`--torch` writes what torchvision reads, which knows no such 8 bits: take `--dtype f16` or `f32`";
        return Err(WrongUse(why.to_owned()).into());
    }
    refuse_own_input(&options.model, &options.out, options.force)?;
    let files = WrittenFiles::open_file(&options.out, options.force)?;
    let mut model = model_store::read(&options.model)?;
    model.metadata.weight_type = match options.dtype {
        Number::F16 => WeightType::F16,
        Number::F32 => WeightType::F32,
        Number::Int8 => WeightType::I8,
    };
    if options.dtype == Number::F16 {
        check_range(&model)?;
    }
    let bytes = if options.onnx {
        onnx_file::bytes(&model).with_context(|| format!("{}", options.out.display()))?
    } else if options.torch {
        torch_bytes(&model).with_context(|| format!("{}", options.out.display()))?
    } else {
        model_store::bytes(&options.out, &model)?
    };
    files.write(&options.out, &bytes)?;
    stdout::line(format_args!("{}", options.out.display()));
    Ok(())
}

/// A model that its own export would replace may be the only one with these weights.
pub(crate) fn refuse_own_input(input: &Path, out: &Path, force: bool) -> Result<(), WrongUse> {
    if force || !is_same_file(input, out) {
        return Ok(());
    }
    Err(WrongUse(format!(
        "`--out` is {}, the file that is read: name another, or have it replaced with `--force`",
        input.display()
    )))
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
        WeightType::F32 | WeightType::I8 => Dtype::F32,
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
