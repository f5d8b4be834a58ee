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

/// The commands, each with what it says of itself, its options and what runs it: a new one is its own module and a line here.
macro_rules! commands {
    ($($(#[$words:meta])* $name:ident($options:ty) => $run:expr;)*) => {
        #[derive(Subcommand)]
        enum Command {
            $($(#[$words])* $name($options),)*
        }

        impl Command {
            fn run(&self) -> anyhow::Result<()> {
                match self {
                    $(Self::$name(options) => $run(options),)*
                }
            }
        }
    };
}

commands! {
    /// Videos, pictures or folders of frames to per-frame predictions
    Analyze(analyze::Options) => analyze::run;
    /// Rendered faces with known expressions: stills, an unlabelled pool, videos
    Synth(synth::Options) => synth::run;
    /// What a config's data holds: counts, missing and unreadable pictures, augmentations
    Data(data::Options) => data::run;
    /// Results of several shards of an analysis or an evaluation as one
    Merge(merge::Options) => merge::run;
    /// Stage 1 of training, as a config file says
    Pretrain(RunOptions) => pretrain::run;
    /// Stage 2: the temporal encoder on a frozen stage-1 model, as the config's `[refine]` table says
    Refine(RunOptions) => refine::run;
    /// The rows of the paper's Table 1, or of one's own, each from its own run, as the config's `[ablate]` table says
    Ablate(RunOptions) => ablate::run;
    /// A model on labelled videos: macro F1 before and after each step, predictions, submission
    Evaluate(evaluate::options::Options) => evaluate::run;
    /// Predictions against the truth: macro F1, its table, the confusion matrix
    Score(score::Options) => score::run;
    /// A model in 8, 16 or 32 bits, under torchvision's plain names, or as ONNX
    Export(export::Options) => export::run;
    /// What the backbone makes of each face, as NumPy's .npy with a csv beside
    Features(features::Options) => features::run;
    /// A torchvision-named ResNet checkpoint to a model
    Import(import::Options) => import::run;
    /// Pictures a second on this machine
    Bench(bench::Options) => bench::run;
    /// All that training asks of a GPU, checked and measured on this machine, as a report
    GpuCheck(gpu_check::Options) => gpu_check::run;
    /// What a model file holds and how it was trained
    Info(info::Options) => info::run;
    /// Completions of these commands for a shell, on standard output
    Completions(command_help::CompletionOptions) => print_completions;
    /// Manual pages of these commands, for `man`
    Manual(command_help::ManualOptions) => write_manual;
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
    arguments.command.run()
}

fn print_completions(options: &command_help::CompletionOptions) -> anyhow::Result<()> {
    command_help::print_completions(options, Arguments::command());
    Ok(())
}

fn write_manual(options: &command_help::ManualOptions) -> anyhow::Result<()> {
    command_help::write_manual(options, Arguments::command())
}
