//! `mien bench`: pictures a second, forward and in a training step.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Distribution, Int, Tensor};
use clap::Args;
use serde::Serialize;
use shared_model::model_file::BackboneShape;

use crate::device::DeviceChoice;
use crate::pretrain::sgd::Sgd;
use crate::stdout;

/// Runs that are measured, after the warm-up.
const MOST_RUNS: usize = 9;
const FEWEST_RUNS: usize = 3;
/// Measuring ends here once there are [`FEWEST_RUNS`].
const TIME_A_FIGURE: Duration = Duration::from_secs(10);

/// What to measure.
#[derive(Debug, Args)]
pub struct Options {
    /// Where to compute
    #[arg(long, value_enum, default_value_t)]
    device: DeviceChoice,
    /// Pictures a batch
    #[arg(long, default_value = "8")]
    batch: NonZeroUsize,
    /// A small network at 64 pixels instead of ResNet-50 at 224
    #[arg(long)]
    small: bool,
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
    /// Medians.
    forward_images_a_second: f64,
    training_images_a_second: f64,
}

/// Measures and prints.
///
/// # Errors
/// When the device is not there or fails.
pub fn run(options: &Options) -> Result<()> {
    let opened = options.device.open()?;
    let batch = options.batch.get();
    let (network, shape, input_size) = if options.small {
        let shape = BackboneShape {
            blocks: [1; 4],
            width: 16,
        };
        ("small bottleneck network", shape, 64)
    } else {
        ("ResNet-50", BackboneShape::default(), 224)
    };
    let figures = Figures {
        device: opened.name,
        threads: rayon::current_num_threads(),
        network,
        input_size,
        batch,
        forward_images_a_second: forward(&shape, batch, input_size, &opened.device)?,
        training_images_a_second: training(&shape, batch, input_size, &opened.device)?,
    };
    if options.json {
        stdout::line(format_args!("{}", serde_json::to_string(&figures)?));
        return Ok(());
    }
    stdout::line(format_args!(
        "device     {} ({} threads on the processor)",
        figures.device, figures.threads
    ));
    stdout::line(format_args!(
        "network    {network}, {input_size}x{input_size} pixels, batch {batch}"
    ));
    stdout::line(format_args!(
        "forward    {:.2} images/s (batch normalisation folded)",
        figures.forward_images_a_second
    ));
    stdout::line(format_args!(
        "training   {:.2} images/s (forward, backward, SGD)",
        figures.training_images_a_second
    ));
    Ok(())
}

fn forward(shape: &BackboneShape, batch: usize, size: usize, device: &Device) -> Result<f64> {
    let network = shape.init(device).fold();
    let pictures = random_pictures(batch, size, device);
    rate(batch, || wait_for(network.forward(pictures.clone()).1))
}

fn training(shape: &BackboneShape, batch: usize, size: usize, device: &Device) -> Result<f64> {
    let device = device.clone().autodiff();
    let mut network = shape.init(&device);
    let pictures = random_pictures(batch, size, &device);
    let labels = Tensor::<1, Int>::zeros([batch], &device);
    let loss = CrossEntropyLossConfig::new().init(&device);
    let mut sgd = Sgd::new(0.9);
    rate(batch, || {
        let (_, logits) = network.forward(pictures.clone());
        let gradients = loss.forward(logits, labels.clone()).backward();
        let gradients = GradientsParams::from_grads(gradients, &network);
        network = sgd.step(1e-4, network.clone(), &gradients);
        device
            .sync()
            .map_err(|error| anyhow!("the device failed: {error:?}"))
    })
}

fn random_pictures(batch: usize, size: usize, device: &Device) -> Tensor<4> {
    Tensor::random([batch, 3, size, size], Distribution::Normal(0.0, 1.0), device)
}

/// Reading a value back waits for all that it depends on.
fn wait_for<const D: usize>(tensor: Tensor<D>) -> Result<()> {
    tensor
        .try_into_vec_as::<f32>()
        .map(|_| ())
        .map_err(|error| anyhow!("the device failed: {error}"))
}

/// Pictures a second of the median run, after one run to warm up.
fn rate(batch: usize, mut run: impl FnMut() -> Result<()>) -> Result<f64> {
    run()?;
    let started = Instant::now();
    let mut seconds = Vec::new();
    while seconds.len() < FEWEST_RUNS || (seconds.len() < MOST_RUNS && started.elapsed() < TIME_A_FIGURE) {
        let begin = Instant::now();
        run()?;
        seconds.push(begin.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    let median = seconds.get(seconds.len() / 2).copied().unwrap_or(f64::INFINITY);
    Ok(batch as f64 / median)
}
