//! `mien import`: torchvision-named ResNet checkpoints to a model file.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use burn::tensor::Device;
use clap::Args;
use serde_json::json;
use shared_model::backbone::{BACKBONE_PREFIX, BackboneShape};
use shared_model::expression::CLASS_COUNT;
use shared_model::face_crop::InputSpec;
use shared_model::model_file::{ModelFile, ModelMetadata, Weights};
use shared_model::weight_shapes::check_against;

use crate::export::refuse_own_input;
use crate::written_files::WrittenFiles;
use crate::{model_store, stdout, torch_file};

/// What to import.
#[derive(Debug, Args)]
pub struct Options {
    /// The checkpoint (.pth, .pt or .safetensors) of a ResNet with bottleneck blocks
    #[arg(long, value_name = "FILE")]
    torch: PathBuf,
    /// The model file to write
    #[arg(long, value_name = "M.safetensors")]
    out: PathBuf,
    /// Side of the network's input in pixels
    #[arg(long, default_value_t = 224, value_parser = clap::value_parser!(u16).range(32..=1024))]
    input_size: u16,
    /// Seed of the head's random weights where the checkpoint has no head of 8 classes
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Replace what stands in a result's place also where mien did not write it, or where it was changed since
    #[arg(long)]
    force: bool,
}

/// Reads the checkpoint, checks it tensor by tensor, and writes a per-frame model.
///
/// # Errors
/// When the checkpoint cannot be read or is no such ResNet, or the model cannot be written or replaced.
pub fn run(options: &Options) -> Result<()> {
    let name = options.torch.display();
    refuse_own_input(&options.torch, &options.out, options.force)?;
    let files = WrittenFiles::open_file(&options.out, options.force)?;
    ensure!(
        !std::fs::read(&options.torch).is_ok_and(|bytes| ModelFile::from_bytes(&bytes).is_ok()),
        "{name} is a model of Mien already: use it as it is, or give it torch's names with `mien export --torch`"
    );
    let mut weights = torch_file::read(&options.torch)?;
    let backbone = BackboneShape::of_weights(&weights).with_context(|| {
        format!(
            "{name} is no ResNet under torchvision's names (`conv1.weight`, `layer1.0.conv1.weight`, ... `layer4`)"
        )
    })?;
    let found_classes = weights.get("fc.weight").and_then(|fc| fc.shape.first().copied());
    let head = if found_classes == Some(CLASS_COUNT) {
        "from the checkpoint"
    } else {
        let found = found_classes.map_or("no head".to_owned(), |n| format!("a head of {n} classes"));
        tracing::info!(
            "note: {name} has {found}; the model gets a new, random one of {CLASS_COUNT} classes, to be trained"
        );
        weights.remove("fc.weight");
        weights.remove("fc.bias");
        weights.extend(random_head(&backbone, options.seed)?);
        "random"
    };
    check_against(&weights, &backbone.weight_shapes())
        .with_context(|| format!("{name} is no ResNet with bottleneck blocks (as ResNet-50)"))?;
    let metadata = ModelMetadata {
        input: InputSpec {
            size: usize::from(options.input_size),
            ..ModelMetadata::default().input
        },
        backbone,
        training: json!({
            "note": "Imported from a torch checkpoint.",
            "source": options.torch.file_name().map(|name| name.to_string_lossy()),
            "head": head,
        }),
        ..ModelMetadata::default()
    };
    let weights = weights
        .into_iter()
        .map(|(name, weight)| (format!("{BACKBONE_PREFIX}{name}"), weight))
        .collect();
    let bytes = model_store::bytes(&options.out, &ModelFile { metadata, weights })?;
    files.write(&options.out, &bytes)?;
    stdout::line(format_args!("{}", options.out.display()));
    Ok(())
}

fn random_head(backbone: &BackboneShape, seed: u64) -> Result<Weights> {
    let device = Device::flex();
    device.seed(seed);
    // Only the head is wanted: the smallest network with this feature length has the same.
    let small = BackboneShape {
        blocks: [1; 4],
        ..backbone.clone()
    };
    let head = format!("{}.", backbone.layers().head.name);
    let mut weights = small.init(&device).save("")?;
    weights.retain(|name, _| name.starts_with(&head));
    Ok(weights)
}
