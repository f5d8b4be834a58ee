//! The command line of `mien synth`.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use clap::Args;
use clap::builder::RangedU64ValueParser;
use shared_model::expression::Expression;

use crate::stdout;
use crate::synth::{SynthSpec, SynthSummary, generate};

/// What to render.
#[derive(Debug, Args)]
pub struct Options {
    /// The folder to make; it must be absent or empty
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Labelled stills
    #[arg(long, value_name = "N", default_value_t = SynthSpec::default().images)]
    images: usize,
    /// Stills of the unlabelled pool
    #[arg(long, value_name = "N", default_value_t = SynthSpec::default().unlabelled)]
    unlabelled: usize,
    /// Videos; every third is for validation
    #[arg(long, value_name = "N", default_value_t = 24)]
    videos: usize,
    /// Length of every video in seconds (1 to 3600)
    #[arg(long, value_name = "S", default_value_t = SynthSpec::default().seconds, value_parser = between(1, 3600))]
    seconds: usize,
    /// Frames a second (1 to 120)
    #[arg(long, value_name = "F", default_value_t = SynthSpec::default().fps, value_parser = between(1, 120))]
    fps: usize,
    /// Side of every face picture in pixels (32 to 1024)
    #[arg(long, value_name = "PX", default_value_t = SynthSpec::default().size, value_parser = between(32, 1024))]
    size: usize,
    /// Side of a face picture in hundredths of the face's height (60 to 300): less looks closer
    #[arg(long, value_name = "N", default_value_t = SynthSpec::default().framing, value_parser = between(60, 300))]
    framing: usize,
    /// Seed of everything random: the same seed gives the same bytes
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// Folder of MakeHuman skins (square textures) in place of painted ones
    #[arg(long, value_name = "DIR")]
    skins: Option<PathBuf>,
}

/// A number within bounds; another is wrong use.
fn between(least: u64, most: u64) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(least..=most)
}

/// Renders, and prints what was made and how fast.
///
/// # Errors
/// As [`generate()`].
pub fn run(options: &Options) -> Result<()> {
    let videos_validation = options.videos / 3;
    let spec = SynthSpec {
        images: options.images,
        unlabelled: options.unlabelled,
        videos_train: options.videos - videos_validation,
        videos_validation,
        videos_temporal: 0,
        seconds: options.seconds,
        fps: options.fps,
        size: options.size,
        framing: options.framing,
        seed: options.seed,
        skins: options.skins.clone(),
    };
    let start = Instant::now();
    let summary = generate(&spec, &options.out)?;
    let elapsed_secs = start.elapsed().as_secs_f64();
    print_summary(&summary);
    stdout::line(format_args!(
        "{} faces in {elapsed_secs:.1} s: {:.0} faces/s on {} threads",
        summary.faces,
        summary.faces as f64 / elapsed_secs.max(1e-9),
        rayon::current_num_threads(),
    ));
    stdout::line(format_args!("{}", options.out.display()));
    Ok(())
}

fn print_summary(summary: &SynthSummary) {
    stdout::line(format_args!(
        "{:<10} {:>9} {:>10} {:>12} {:>17}",
        "class", "labelled", "unlabelled", "train frames", "validation frames"
    ));
    let columns = summary
        .labelled
        .iter()
        .zip(summary.unlabelled)
        .zip(summary.train_frames)
        .zip(summary.validation_frames);
    for (class, (((labelled, unlabelled), train), validation)) in Expression::ALL.into_iter().zip(columns) {
        stdout::line(format_args!(
            "{:<10} {labelled:>9} {unlabelled:>10} {train:>12} {validation:>17}",
            class.name()
        ));
    }
    stdout::line(format_args!(
        "{} frames not annotated (-1), {} without a crop, {} whole-frame videos",
        summary.unannotated_frames, summary.missing_crops, summary.whole_videos
    ));
    if let Some(reason) = &summary.whole_videos_left_out {
        stdout::line(format_args!("no whole-frame videos: {reason}"));
    }
}
