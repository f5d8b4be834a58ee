//! Runs the parts of `shared-model` on given inputs and writes what they say, so that `check_*.py` can compare it with
//! reference implementations. Inputs and outputs are safetensors in f32, whatever they mean.

mod framed;
mod labels;
mod networks;
mod pictures;
mod tensor_file;
mod training;

use burn::tensor::Device;
use clap::{Parser, Subcommand};
use native_train::pretrain::semi_supervised::step::Rates;
use native_train::run_config::precision::Precision;
use native_train::run_config::semi_supervised_config::Feedback;
use networks::Detector;
use shared_model::framing::DetectorKind;
use std::path::PathBuf;
use std::process::ExitCode;
use tensor_file::TensorFile;

#[derive(Parser)]
#[command(
    name = "golden-runner",
    about = "Runs Mien's networks on given inputs, on the CPU"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Safetensors with the inputs
    #[arg(long, global = true, default_value = "input.safetensors")]
    input: PathBuf,
    /// Safetensors to write
    #[arg(long, global = true, default_value = "output.safetensors")]
    output: PathBuf,
}

#[derive(Subcommand)]
enum Command {
    /// `pictures` [n, 3, s, s] to `features` [n, f] and `logits` [n, 8]
    Backbone {
        /// Model file
        model: PathBuf,
        /// Fold batch normalisation into the convolutions
        #[arg(long)]
        folded: bool,
    },
    /// `features` [n, t, f] and `missing` [n, t] (0 or 1) to `logits` [n, t, 8]
    Temporal {
        /// Model file
        model: PathBuf,
    },
    /// `pictures` [n, 3, h, w], prepared as the detector wants them, to `scores` [n, p], `boxes` [n, p, 4] and, of YuNet,
    /// `landmarks` [n, p, 10]
    DetectorRaw {
        /// `ultraface` or `yunet`
        #[arg(value_parser = detector_kind)]
        kind: DetectorKind,
        /// The detector's weights
        weights: PathBuf,
    },
    /// `picture.NAME` `[h, w, 3]` (0 to 255) to `faces.NAME` `[n, 6]`: x, y, w, h, score, roll, and `landmarks.NAME` `[n, 5, 2]`
    DetectorFaces {
        /// `ultraface` or `yunet`
        #[arg(value_parser = detector_kind)]
        kind: DetectorKind,
        /// The detector's weights
        weights: PathBuf,
        /// Without the further looks
        #[arg(long)]
        once: bool,
    },
    /// Print milliseconds of each look of both detectors at one `picture.NAME` `[h, w, 3]`, in turn, as JSON: lists by detector
    DetectorTime {
        /// Weights of UltraFace
        ultraface: PathBuf,
        /// Weights of YuNet
        yunet: PathBuf,
        /// Looks of each
        #[arg(long, default_value_t = 50)]
        looks: usize,
    },
    /// `picture.NAME` `[h, w, 3]` to the per-frame `logits.NAME` `[3, 8]` and, where a face was found, its `box.NAME` `[1, 4]`: of the
    /// whole picture, of the best face in it (else of the whole picture), and of `box.NAME` `[4]` as it is given (else of the
    /// whole picture)
    Framed {
        /// Model file
        model: PathBuf,
    },
    /// `picture.NAME` `[h, w, 3]` and `box.NAME` `[4]` or `[5]` (with the roll) to the network's input `crop.NAME` `[3, size, size]`
    Crops {
        /// Turn the crop so that the face is upright
        #[arg(long)]
        upright: bool,
        /// Side of the network's input
        #[arg(long, default_value_t = 224)]
        size: usize,
    },
    /// `picture.NAME` `[h, w, 3]` to `resized.NAME` `[height, width, 3]`
    Resize {
        /// Width in pixels
        width: usize,
        /// Height in pixels
        height: usize,
    },
    /// `probabilities` `[t, 8]` to `WAY.WINDOW` `[t]`: the labels of each way of smoothing
    Smoothing {
        /// Windows in frames
        windows: Vec<usize>,
    },
    /// `logits` and `targets` `[n, 8]` to `losses` `[n]`, and `gradient` `[n, 8]` of their mean
    SoftCrossEntropy {
        /// Share of the targets' weight that is spread over all classes
        #[arg(long, default_value_t = 0.0)]
        smoothing: f64,
    },
    /// `labelled` `[l, 3, s, s]`, `targets` `[l, 8]`, `weak` and `strong` `[u, 3, s, s]` to `teacher.*` and `student.*` after
    /// some steps of both on these pictures, and the terms of each step
    Stage1 {
        /// The teacher's model file
        teacher: PathBuf,
        /// The student's model file
        student: PathBuf,
        /// Feedback by finite difference instead of the dot product
        #[arg(long)]
        finite_difference: bool,
        /// Learning rate of the teacher
        #[arg(long)]
        teacher_rate: f64,
        /// Learning rate of the student
        #[arg(long)]
        student_rate: f64,
        /// Momentum of both
        #[arg(long)]
        momentum: f64,
        /// Weight decay of both
        #[arg(long, default_value_t = 0.0)]
        weight_decay: f64,
        /// Largest norm of all gradients of a network together
        #[arg(long)]
        clip_norm: Option<f64>,
        /// Share of the labels' weight that is spread over all classes
        #[arg(long, default_value_t = 0.0)]
        label_smoothing: f64,
        /// Steps
        #[arg(long)]
        steps: usize,
    },
    /// `pictures` `[n, 3, s, s]` and `labels` `[n]` to the gradient of each parameter in this precision, and `loss`
    Gradients {
        /// Model file
        model: PathBuf,
        /// In what convolutions multiply
        #[arg(long, value_enum)]
        precision: Precision,
        /// What the loss is multiplied by on the way back
        #[arg(long, default_value_t = 1.0)]
        factor: f64,
    },
    /// `features` `[n, t, f]`, `missing` and `labels` `[n, t]` (-1: none) and `class_weights` `[8]` to the temporal encoder's weights
    /// after some steps on these clips, and the loss before each
    Stage2 {
        /// Model file
        model: PathBuf,
        /// Learning rate
        #[arg(long)]
        rate: f64,
        /// Decoupled weight decay
        #[arg(long)]
        weight_decay: f64,
        /// Steps
        #[arg(long)]
        steps: usize,
    },
    /// `picture.NAME` `[h, w, 3]` to the same after one operation of the strong augmentation
    Augment {
        /// Name of the operation
        operation: String,
        /// Its strength in its own unit
        #[arg(allow_negative_numbers = true)]
        value: f32,
    },
    /// Print the figures of `truth` `[t]` against `prediction` `[t]` as JSON
    Metrics,
    /// `weight` `[8, f]` and `bias` `[8]` of a head, fitted to `features` `[n, f]` with `truth` `[n]` that count `shares` `[n]`
    LinearHead {
        /// What logits are divided by
        #[arg(long)]
        temperature: f64,
    },
    /// Print the temperature that fits `logits` `[n, 8]` to `truth` `[n]` as JSON
    Temperature,
    /// Print the ELAN file of `labels` `[t]`
    Elan {
        /// Frames a second
        #[arg(long)]
        rate: f64,
    },
    /// Print the figures of `truth` `[t]` against `prediction` `[t]` (-1: none) over frames, stretches and windows as JSON
    Agreement {
        /// Frames a second
        #[arg(long)]
        rate: f64,
        /// Windows in seconds
        windows: Vec<f64>,
    },
}

fn detector_kind(name: &str) -> Result<DetectorKind, String> {
    let mut kinds = DetectorKind::ALL.into_iter();
    kinds
        .find(|kind| kind.name() == name)
        .ok_or_else(|| "expected ultraface or yunet".to_owned())
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
    let input = TensorFile::read(&arguments.input)?;
    let device = Device::flex();
    let output = match &arguments.command {
        Command::Backbone { model, folded } => networks::backbone(model, *folded, &input, &device)?,
        Command::Temporal { model } => networks::temporal(model, &input, &device)?,
        Command::DetectorRaw { kind, weights } => {
            networks::detector_raw(&Detector { kind: *kind, weights }, &input, &device)?
        }
        Command::DetectorFaces { kind, weights, once } => {
            networks::detector_faces(&Detector { kind: *kind, weights }, *once, &input, &device)?
        }
        Command::DetectorTime {
            ultraface,
            yunet,
            looks,
        } => {
            println!(
                "{}",
                networks::detector_time([ultraface, yunet], *looks, &input, &device)?
            );
            return Ok(());
        }
        Command::Framed { model } => framed::logits(model, &input, &device)?,
        Command::Crops { size, upright } => pictures::crops(*size, *upright, &input)?,
        Command::Resize { width, height } => pictures::resized(*width, *height, &input)?,
        Command::Smoothing { windows } => labels::smoothing(windows, &input)?,
        Command::LinearHead { temperature } => labels::linear_head(*temperature, &input)?,
        Command::SoftCrossEntropy { smoothing } => training::soft_cross_entropy(*smoothing, &input)?,
        Command::Stage1 {
            teacher,
            student,
            finite_difference,
            teacher_rate,
            student_rate,
            momentum,
            weight_decay,
            clip_norm,
            label_smoothing,
            steps,
        } => {
            let feedback = if *finite_difference {
                Feedback::FiniteDifference
            } else {
                Feedback::DotProduct
            };
            let rates = Rates {
                teacher: *teacher_rate,
                student: *student_rate,
                consistency: 1.0,
            };
            let course = training::Course {
                rates,
                momentum: *momentum,
                weight_decay: *weight_decay,
                clip_norm: *clip_norm,
                label_smoothing: *label_smoothing,
                steps: *steps,
            };
            training::stage1([teacher, student], feedback, &course, &input)?
        }
        Command::Gradients {
            model,
            precision,
            factor,
        } => training::gradients(model, *precision, *factor, &input)?,
        Command::Stage2 {
            model,
            rate,
            weight_decay,
            steps,
        } => training::stage2(model, *rate, *weight_decay, *steps, &input)?,
        Command::Augment { operation, value } => training::augment(operation, *value, &input)?,
        Command::Metrics => {
            println!("{}", labels::metrics(&input)?);
            return Ok(());
        }
        Command::Temperature => {
            println!("{}", labels::temperature(&input)?);
            return Ok(());
        }
        Command::Elan { rate } => {
            println!("{}", labels::elan(*rate, &input)?);
            return Ok(());
        }
        Command::Agreement { rate, windows } => {
            println!("{}", labels::agreement(*rate, windows, &input)?);
            return Ok(());
        }
    };
    output.write(&arguments.output)
}
