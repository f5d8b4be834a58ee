//! `mien info`: what a model file holds and how it was trained.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};
use shared_model::expression::Expression;
use shared_model::model_file::ModelFile;

use crate::{model_store, stdout};

/// Which model.
#[derive(Debug, Args)]
pub struct Options {
    /// The model file (.safetensors)
    model: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Prints the description on stdout.
///
/// # Errors
/// When the file cannot be read or is no model.
pub fn run(options: &Options) -> Result<()> {
    let model = model_store::read(&options.model)?;
    let described = describe(&model);
    if options.json {
        stdout::line(format_args!("{described}"));
        return Ok(());
    }
    stdout::line(format_args!("{}", options.model.display()));
    print_indented(&described, 1);
    Ok(())
}

fn describe(model: &ModelFile) -> Value {
    let metadata = &model.metadata;
    let values: usize = model.weights.values().map(|weight| weight.values.len()).sum();
    json!({
        "classes": Expression::ALL.map(Expression::name),
        "dtype": metadata.weight_type,
        "input_size": metadata.input.size,
        "mean": metadata.input.mean,
        "std": metadata.input.std,
        "colour": metadata.input.colour,
        "framing": metadata.framing,
        "clip_length": metadata.clip_length,
        "window": metadata.window,
        "backbone": metadata.backbone,
        "feature_len": metadata.backbone.feature_len(),
        "temporal": metadata.temporal,
        "temperature": metadata.temperatures,
        "not_sure_below": metadata.not_sure_below,
        "tensors": model.weights.len(),
        "values": values,
        "training": metadata.training,
    })
}

fn print_indented(value: &Value, depth: usize) {
    let indent = "  ".repeat(depth);
    let Value::Object(fields) = value else { return };
    for (key, value) in fields {
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                stdout::line(format_args!("{indent}{key}:"));
                print_indented(value, depth + 1);
            }
            Value::String(text) => stdout::line(format_args!("{indent}{key}: {text}")),
            Value::Null => stdout::line(format_args!("{indent}{key}: none")),
            other => stdout::line(format_args!("{indent}{key}: {other}")),
        }
    }
}
