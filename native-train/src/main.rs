//! `mien`: the native program.

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use native_train::training_run::interruption::{self, Interrupted};
use native_train::training_run::run_options::RunOptions;
use native_train::wrong_use::{self, WrongUse};
use native_train::{
    ablate, analyze, bench, command_help, data, evaluate, export, features, gpu_check, import, info,
    log_lines, merge, pretrain, refine, score, synth,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
    /// Rendered faces with known expressions: stills, an unlabelled pool, videos
    Synth(synth::Options),
    /// What a config's data holds: counts, missing and unreadable pictures, augmentations
    Data(data::Options),
    /// Results of several shards of an analysis or an evaluation as one
    Merge(merge::Options),
    /// Stage 1 of training, as a config file says
    Pretrain(RunOptions),
    /// Stage 2: the temporal encoder on a frozen stage-1 model, as the config's `[refine]` table says
    Refine(RunOptions),
    /// The rows of the paper's Table 1, each from its own run, as the config's `[ablate]` table says
    Ablate(RunOptions),
    /// A model on labelled videos: macro F1 before and after each step, predictions, submission
    Evaluate(evaluate::options::Options),
    /// Predictions against the truth: macro F1, its table, the confusion matrix
    Score(score::Options),
    /// A model in 8, 16 or 32 bits, under torchvision's plain names, or as ONNX
    Export(export::Options),
    /// What the backbone makes of each face, as NumPy's .npy with a csv beside
    Features(features::Options),
    /// A torchvision-named ResNet checkpoint to a model
    Import(import::Options),
    /// Pictures a second on this machine
    Bench(bench::Options),
    /// All that training asks of a GPU, checked and measured on this machine, as a report
    GpuCheck(gpu_check::Options),
    /// What a model file holds and how it was trained
    Info(info::Options),
    /// Completions of these commands for a shell, on standard output
    Completions(command_help::CompletionOptions),
    /// Manual pages of these commands, for `man`
    Manual(command_help::ManualOptions),
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            if error.downcast_ref::<Interrupted>().is_some() {
                ExitCode::from(interruption::EXIT_STATUS)
            } else if error.downcast_ref::<WrongUse>().is_some() {
                ExitCode::from(wrong_use::EXIT_STATUS)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    log_lines::start()?;
    match &arguments.command {
        Command::Analyze(options) => analyze::run(options),
        Command::Data(options) => data::run(options),
        Command::Merge(options) => merge::run(options),
        Command::Pretrain(options) => pretrain::run(options),
        Command::Refine(options) => refine::run(options),
        Command::Ablate(options) => ablate::run(options),
        Command::Evaluate(options) => evaluate::run(options),
        Command::Synth(options) => synth::run(options),
        Command::Score(options) => score::run(options),
        Command::Export(options) => export::run(options),
        Command::Features(options) => features::run(options),
        Command::Import(options) => import::run(options),
        Command::Bench(options) => bench::run(options),
        Command::GpuCheck(options) => gpu_check::run(options),
        Command::Info(options) => info::run(options),
        Command::Completions(options) => {
            command_help::print_completions(options, Arguments::command());
            Ok(())
        }
        Command::Manual(options) => command_help::write_manual(options, Arguments::command()),
    }
}
