//! `mien`: the native program.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use native_train::training_run::interruption::{self, Interrupted};
use native_train::{analyze, bench, evaluate, export, import, info, pretrain, refine, score};

/// Facial expression recognition over time.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Videos, pictures or folders of frames to per-frame predictions
    Analyze(analyze::Options),
    /// Stage 1 of training, as a config file says
    Pretrain(pretrain::Options),
    /// Stage 2: the temporal encoder on a frozen stage-1 model
    Refine(refine::Options),
    /// A model on labelled videos: macro F1 before and after each step, predictions, submission
    Evaluate(evaluate::Options),
    /// Predictions against the truth: macro F1, its table, the confusion matrix
    Score(score::Options),
    /// A model in 16 or 32 bits, or under torchvision's plain names
    Export(export::Options),
    /// A torchvision-named ResNet checkpoint to a model
    Import(import::Options),
    /// Pictures a second on this machine
    Bench(bench::Options),
    /// What a model file holds and how it was trained
    Info(info::Options),
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            if error.downcast_ref::<Interrupted>().is_some() {
                ExitCode::from(interruption::EXIT_STATUS)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.command {
        Command::Analyze(options) => analyze::run(options),
        Command::Pretrain(options) => pretrain::run(options),
        Command::Refine(options) => refine::run(options),
        Command::Evaluate(options) => evaluate::run(options),
        Command::Score(options) => score::run(options),
        Command::Export(options) => export::run(options),
        Command::Import(options) => import::run(options),
        Command::Bench(options) => bench::run(options),
        Command::Info(options) => info::run(options),
    }
}
