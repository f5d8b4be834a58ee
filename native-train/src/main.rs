//! `mien`: the native program.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use shared_model::model_file::ModelFile;

/// Facial expression recognition over time.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// What a model file holds and how it was trained.
    Info {
        /// The model file (.safetensors).
        model: PathBuf,
    },
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.command {
        Command::Info { model } => {
            let bytes = std::fs::read(model).with_context(|| format!("reading {}", model.display()))?;
            let file = ModelFile::from_bytes(&bytes).with_context(|| format!("{}", model.display()))?;
            println!("{:#?}", file.metadata);
            println!("{} tensors", file.weights.len());
            Ok(())
        }
    }
}
