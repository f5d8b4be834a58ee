//! `mien bench`: pictures a second, where a step's time goes, what it keeps in memory, and another program beside it.

pub(crate) mod beside;
mod forward;
mod loader;
pub mod memory;
mod pipeline;
pub(crate) mod steps;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Args;
use serde::Serialize;
use shared_model::backbone::BackboneShape;
use shared_model::face_crop::InputSpec;
use shared_model::model_file::ModelMetadata;

use crate::device::{DeviceChoice, NamedDevice};
use crate::run_config::precision::Precision;
use crate::run_config::semi_supervised_config::SemiSupervisedConfig;
use crate::{model_store, stdout};
use beside::{Beside, Wish};
use forward::{ForwardBeside, ForwardFigures};
use memory::{Keeping, StepBytes};
use pipeline::PipelineFigures;
use steps::{Parts, Step, Steps};

/// Runs that are measured, after the warm-up.
const MOST_RUNS: usize = 9;
const FEWEST_RUNS: usize = 3;
/// Measuring ends here once there are [`FEWEST_RUNS`].
const TIME_A_FIGURE: Duration = Duration::from_secs(10);
/// What the loader alone must deliver of what the step consumes.
const LOADER_MARGIN: f64 = 2.0;

/// What `--pipeline` takes if nothing is named, from the project's root.
const SAMPLE_FILM: &str = "www/sample/six-expressions.mp4";
const DEMO_MODEL: &str = "www/models/demo.safetensors";

/// What to measure.
#[derive(Debug, Args)]
pub struct Options {
    /// Where to compute
    #[arg(long, value_enum, default_value_t)]
    device: DeviceChoice,
    /// Pictures a batch; a stage-1 step sees as many unlabelled ones, in two views
    #[arg(long, default_value = "8")]
    batch: NonZeroUsize,
    /// A small network at 64 pixels instead of ResNet-50 at 224
    #[arg(long)]
    small: bool,
    /// Side of the pictures in pixels
    #[arg(long, value_name = "PIXELS")]
    size: Option<NonZeroUsize>,
    /// In what convolutions multiply
    #[arg(long, value_enum, default_value_t)]
    precision: Precision,
    /// Stage-1 steps as by `semi_supervised.recompute_teacher`: slower, in less memory
    #[arg(long)]
    recompute_teacher: bool,
    /// Only count what a stage-1 step keeps in memory
    #[arg(long)]
    memory: bool,
    /// A program that takes the same steps in turns, such as tests/golden/bench_training.py
    #[arg(long, value_name = "SCRIPT")]
    beside: Option<PathBuf>,
    /// The Python that runs it
    #[arg(long, value_name = "PROGRAM", default_value = "python3", requires = "beside")]
    python: PathBuf,
    /// Only inference: no step of training
    #[arg(long, conflicts_with_all = ["recompute_teacher", "memory"])]
    forward: bool,
    /// Instead: where a frame's time goes in an analysis of this video, from decoding to rows [default video: the sample film of
    /// the project, from its root]
    #[arg(
        long,
        value_name = "VIDEO",
        num_args = 0..=1,
        default_missing_value = SAMPLE_FILM,
        conflicts_with_all = ["batch", "small", "size", "precision", "recompute_teacher", "memory", "beside", "forward"]
    )]
    pipeline: Option<PathBuf>,
    /// The model of the analysis of `--pipeline`
    #[arg(long, value_name = "M.safetensors", requires = "pipeline", default_value = DEMO_MODEL)]
    model: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Figures {
    device: String,
    threads: usize,
    network: &'static str,
    input_size: usize,
    batch: usize,
    precision: Precision,
    /// Medians.
    forward_images_a_second: f64,
    training_images_a_second: f64,
    stage1_images_a_second: f64,
    /// Shares of a stage-1 step whose parts are taken one after the other.
    shares: Shares,
    loader_images_a_second: f64,
    /// Cores with which the loader alone delivers twice what the stage-1 step consumes.
    loader_cores_needed: usize,
    /// The other program, where there was one.
    beside: Option<BesideFigures>,
}

#[derive(Debug, Serialize)]
struct Shares {
    teacher_forward: f64,
    teacher_backward: f64,
    student: f64,
    optimiser: f64,
}

/// The other program's figures, and ours over its: above 1 we are faster.
#[derive(Debug, Serialize)]
struct BesideFigures {
    program: String,
    threads: usize,
    forward_images_a_second: f64,
    training_images_a_second: f64,
    stage1_images_a_second: f64,
    forward_ratio: f64,
    training_ratio: f64,
    stage1_ratio: f64,
}

/// Measures and prints.
///
/// # Errors
/// When the device or the other program is not there or fails.
pub fn run(options: &Options) -> Result<()> {
    let batch = options.batch.get();
    let (network, shape, usual_size) = if options.small {
        let shape = BackboneShape::bottleneck([1; 4], 16);
        ("small bottleneck network", shape, 64)
    } else {
        ("ResNet-50", BackboneShape::default(), 224)
    };
    let size = options.size.map_or(usual_size, NonZeroUsize::get);
    if options.memory {
        print_memory(network, &shape, batch, size);
        return Ok(());
    }
    let opened = options.device.open()?;
    if let Some(video) = &options.pipeline {
        let figures = pipeline::measure(video, &model_store::read(&options.model)?, &opened)?;
        return show(options, &figures, PipelineFigures::print);
    }
    options.precision.check(&opened.device)?;
    let is_f32 = options.precision == Precision::F32;
    ensure!(
        !options.forward || is_f32 || !opened.name.starts_with("CPU"),
        "the processor infers in f32 alone: leave out `--precision`"
    );
    let mut beside = options.beside(size, &opened)?;
    let semi_supervised = SemiSupervisedConfig {
        recompute_teacher: options.recompute_teacher,
        ..SemiSupervisedConfig::default()
    };
    let mut steps = Steps::new(
        &shape,
        batch,
        size,
        options.precision,
        &semi_supervised,
        &opened.device,
    );
    let network = Network { name: network, size };
    if options.forward {
        let forward = measured(Step::Forward, &mut steps, beside.as_mut())?;
        let figures = ForwardFigures {
            device: opened.name,
            threads: rayon::current_num_threads(),
            network: network.name,
            input_size: size,
            batch,
            precision: options.precision,
            ms: 1000.0 * forward.ours,
            beside: beside.as_ref().map(|beside| ForwardBeside {
                program: beside.introduction.program.clone(),
                threads: beside.introduction.threads,
                ms: 1000.0 * forward.theirs,
                ratio: forward.ratio,
            }),
        };
        return show(options, &figures, ForwardFigures::print);
    }
    let figures = Figures::measure(options, &network, opened.name, &mut steps, beside)?;
    show(options, &figures, Figures::print)
}

/// What is measured.
struct Network {
    name: &'static str,
    /// Side of its pictures in pixels.
    size: usize,
}

/// As one JSON object, or in words.
fn show<F: Serialize>(options: &Options, figures: &F, print: impl FnOnce(&F)) -> Result<()> {
    if options.json {
        stdout::line(format_args!("{}", serde_json::to_string(figures)?));
    } else {
        print(figures);
    }
    Ok(())
}

impl Options {
    /// The other program on the same kind of device, where one is named.
    fn beside(&self, size: usize, opened: &NamedDevice) -> Result<Option<Beside>> {
        let Some(script) = &self.beside else {
            return Ok(None);
        };
        let device = if opened.name.starts_with("CUDA") {
            "cuda"
        } else {
            "cpu"
        };
        let beside = Beside::start(&Wish {
            python: &self.python,
            script,
            batch: self.batch.get(),
            size,
            is_small: self.small,
            device,
            precision: None,
        })?;
        Ok(Some(beside))
    }
}

impl Shares {
    fn of(parts: Parts) -> Self {
        let whole = parts.teacher_forward + parts.teacher_backward + parts.student + parts.optimiser;
        Self {
            teacher_forward: parts.teacher_forward / whole,
            teacher_backward: parts.teacher_backward / whole,
            student: parts.student / whole,
            optimiser: parts.optimiser / whole,
        }
    }
}

impl Figures {
    /// Takes all steps, in turns with the other program where there is one.
    fn measure(
        options: &Options,
        network: &Network,
        device: String,
        steps: &mut Steps,
        mut beside: Option<Beside>,
    ) -> Result<Self> {
        let batch = options.batch.get();
        let [forward, training, stage1] = [
            measured(Step::Forward, steps, beside.as_mut())?,
            measured(Step::Training, steps, beside.as_mut())?,
            measured(Step::Stage1, steps, beside.as_mut())?,
        ];
        let rate = |step: Step, seconds: f64| step.pictures(batch) as f64 / seconds;
        let stage1_rate = rate(Step::Stage1, stage1.ours);
        let loader = loader::pictures_a_second(&InputSpec {
            size: network.size,
            ..ModelMetadata::default().input
        })?;
        let threads = rayon::current_num_threads();
        Ok(Self {
            device,
            threads,
            network: network.name,
            input_size: network.size,
            batch,
            precision: options.precision,
            forward_images_a_second: rate(Step::Forward, forward.ours),
            training_images_a_second: rate(Step::Training, training.ours),
            stage1_images_a_second: stage1_rate,
            shares: Shares::of(steps.parts()?),
            loader_images_a_second: loader,
            loader_cores_needed: (LOADER_MARGIN * stage1_rate * threads as f64 / loader).ceil() as usize,
            beside: beside.map(|beside| BesideFigures {
                program: beside.introduction.program.clone(),
                threads: beside.introduction.threads,
                forward_images_a_second: rate(Step::Forward, forward.theirs),
                training_images_a_second: rate(Step::Training, training.theirs),
                stage1_images_a_second: rate(Step::Stage1, stage1.theirs),
                forward_ratio: forward.ratio,
                training_ratio: training.ratio,
                stage1_ratio: stage1.ratio,
            }),
        })
    }

    fn print(&self) {
        let line = |name: &str, text: String| stdout::line(format_args!("{name:<10} {text}"));
        line(
            "device",
            format!("{} ({} threads on the processor)", self.device, self.threads),
        );
        line(
            "network",
            format!(
                "{}, {size}x{size} pixels, batch {}, {:?}",
                self.network,
                self.batch,
                self.precision,
                size = self.input_size
            ),
        );
        let rates = [
            (
                "forward",
                self.forward_images_a_second,
                "batch normalisation folded",
            ),
            (
                "training",
                self.training_images_a_second,
                "forward, backward, SGD",
            ),
            (
                "stage 1",
                self.stage1_images_a_second,
                "teacher and student; labelled and unlabelled images",
            ),
        ];
        for (name, rate, what) in rates {
            line(name, format!("{rate:.2} images/s ({what})"));
        }
        let share = |part: f64| format!("{:.0}%", 100.0 * part);
        line(
            "of stage 1",
            format!(
                "teacher forward {}, teacher backward {}, student {}, optimiser {}",
                share(self.shares.teacher_forward),
                share(self.shares.teacher_backward),
                share(self.shares.student),
                share(self.shares.optimiser)
            ),
        );
        line(
            "loader",
            format!(
                "{:.0} images/s alone on {} threads; cores for twice what the step consumes: {}",
                self.loader_images_a_second, self.threads, self.loader_cores_needed
            ),
        );
        if let Some(beside) = &self.beside {
            line(
                "beside",
                format!("{} ({} threads), in turns", beside.program, beside.threads),
            );
            let ratios = [
                ("forward", beside.forward_images_a_second, beside.forward_ratio),
                ("training", beside.training_images_a_second, beside.training_ratio),
                ("stage 1", beside.stage1_images_a_second, beside.stage1_ratio),
            ];
            for (name, rate, ratio) in ratios {
                line(
                    "",
                    format!("{name}: {rate:.2} images/s; ours is {ratio:.2} of it"),
                );
            }
        }
    }
}

/// Medians of a step's seconds, and of the other program's seconds over ours, turn by turn.
pub(crate) struct Measured {
    pub(crate) ours: f64,
    /// Not a number where there is no other program.
    pub(crate) theirs: f64,
    pub(crate) ratio: f64,
}

/// Takes turns until there are enough, after one turn to warm up.
///
/// # Errors
/// When the device or the other program fails.
pub(crate) fn measured(step: Step, steps: &mut Steps, mut beside: Option<&mut Beside>) -> Result<Measured> {
    let mut turn = || -> Result<[f64; 2]> {
        let ours = steps.seconds(step)?;
        let theirs = beside
            .as_deref_mut()
            .map(|beside| beside.seconds(step))
            .transpose()?;
        Ok([ours, theirs.unwrap_or(f64::NAN)])
    };
    turn()?;
    let started = Instant::now();
    let mut turns = Vec::new();
    while turns.len() < FEWEST_RUNS || (turns.len() < MOST_RUNS && started.elapsed() < TIME_A_FIGURE) {
        turns.push(turn()?);
    }
    Ok(Measured {
        ours: median(turns.iter().map(|[ours, _]| *ours)),
        theirs: median(turns.iter().map(|[_, theirs]| *theirs)),
        ratio: median(turns.iter().map(|[ours, theirs]| theirs / ours)),
    })
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// What a stage-1 step keeps, for each way of computing.
fn print_memory(network: &str, shape: &BackboneShape, batch: usize, size: usize) {
    let counts = memory::counts(shape, size);
    stdout::line(format_args!(
        "{network}, {size}x{size} pixels, {batch} labelled and {batch} unlabelled pictures in two views"
    ));
    stdout::line(format_args!(
        "{:.2} million parameters; a picture's {:.2} million values after convolutions, {:.2} after ReLU and pool, {:.2} before ReLU",
        counts.parameters as f64 / 1e6,
        counts.convolved as f64 / 1e6,
        counts.activated as f64 / 1e6,
        counts.cut as f64 / 1e6
    ));
    let gib = |bytes: u64| bytes as f64 / f64::from(1 << 30);
    for (name, keeping) in [
        ("processor's own operations", Keeping::Fused),
        ("burn's layers", Keeping::Layers),
        ("burn's layers, gradient checkpointing", Keeping::Checkpointed),
    ] {
        for (precision, bytes) in [("f32", 4), ("f16 or bf16", 2)] {
            let step = StepBytes::of(&counts, batch as u64, 1, bytes, keeping);
            stdout::line(format_args!(
                "{name}, {precision}: networks {:.2} GiB, teacher {:.2} GiB, student {:.2} GiB, together {:.2} GiB, with \
                 recompute_teacher {:.2} GiB",
                gib(step.networks),
                gib(step.teacher),
                gib(step.student),
                gib(step.total()),
                gib(step.total_recomputed())
            ));
        }
    }
}
