//! What a stage-1 step takes in memory, with and without `recompute_teacher`: counted, and measured where the device can
//! say.

use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared_model::backbone::BackboneShape;

use super::child::{self, last_error};
use super::golden::{lack_of, name_of};
use super::machine::{self, NvidiaGpu};
use super::options::{Options, Part, word_of};
use super::report::{Check, Outcome};
use super::speed::Setting;
use crate::bench::memory::{Keeping, StepBytes, counts};
use crate::bench::steps::{Step, Steps};
use crate::device::{DeviceChoice, NamedDevice};
use crate::run_config::precision::Precision;
use crate::run_config::semi_supervised_config::SemiSupervisedConfig;
use crate::stdout;

/// The paper's batch.
const PAPER_BATCH: u64 = 32;
const PAPER_SIZE: usize = 224;
/// Steps before a look: the second one finds all buffers made.
const STEPS: usize = 2;
/// For one process with two steps; the section's own limit is the usual end.
const LIMIT: Duration = Duration::from_secs(120);
/// Between two looks at the whole GPU's memory.
const POLL: Duration = Duration::from_millis(200);

/// What a process that took the steps found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Taken {
    /// Bytes that the program holds on the device, pages kept for later included.
    reserved_bytes: Option<u64>,
    /// Largest resident memory of the process, where the system says it.
    host_peak_bytes: Option<u64>,
    seconds_a_step: f64,
}

/// Counts, and measures each way in a process of its own, so that none meets another's pages.
///
/// # Errors
/// When no process can be started.
pub(super) fn run(
    options: &Options,
    device: &NamedDevice,
    gpu: Option<&NvidiaGpu>,
    say: &mut dyn FnMut(Check),
) -> Result<()> {
    counted(device.choice, say);
    let setting = Setting::of(options.quick, device.choice);
    for precision in [Precision::F32, Precision::F16] {
        let is_slow = device.choice == DeviceChoice::Cpu && precision != Precision::F32;
        if is_slow || lack_of(precision, device, gpu).is_some() {
            continue;
        }
        let mut any_fits = false;
        // The smaller need first: where it does not fit, nothing does.
        for recompute in [true, false] {
            let name = format!(
                "measured, {}, {} `recompute_teacher`",
                name_of(precision),
                if recompute { "with" } else { "without" }
            );
            say(match measured(options, precision, recompute, gpu) {
                Ok((taken, gpu_mib)) => {
                    any_fits = true;
                    measured_line(name, &setting, &taken, gpu_mib)
                }
                Err(error) => {
                    let said = format!("{error:#}");
                    let lacks_memory = said.contains("memory");
                    // Without it the step may be too much for the card: that is what the option is for.
                    let outcome = if any_fits && lacks_memory {
                        Outcome::NotThere
                    } else {
                        Outcome::Failed
                    };
                    Check::new(name, outcome, said)
                }
            });
        }
    }
    Ok(())
}

/// `--part step-memory`: takes the steps and prints what they took.
///
/// # Errors
/// When the device fails.
pub(super) fn step(options: &Options, device: &NamedDevice) -> Result<()> {
    let setting = Setting::of(options.quick, device.choice);
    let config = SemiSupervisedConfig {
        recompute_teacher: options.recompute,
        ..SemiSupervisedConfig::default()
    };
    let mut steps = Steps::new(
        &setting.shape,
        setting.batch,
        setting.size,
        options.precision,
        &config,
        &device.device,
    );
    let mut seconds = 0.0;
    for _ in 0..STEPS {
        seconds = steps.seconds(Step::Stage1)?;
    }
    let taken = Taken {
        reserved_bytes: device
            .device
            .memory_pool_usage()
            .map(|usage| usage.bytes_reserved),
        host_peak_bytes: peak_of_process(),
        seconds_a_step: seconds,
    };
    stdout::line(format_args!("{}", serde_json::to_string(&taken)?));
    Ok(())
}

fn counted(choice: DeviceChoice, say: &mut dyn FnMut(Check)) {
    let counts = counts(&BackboneShape::default(), PAPER_SIZE);
    let keeping = if choice == DeviceChoice::Cpu {
        Keeping::Fused
    } else {
        Keeping::Layers
    };
    for (name, bytes) in [("f32", 4), ("f16 or bf16", 2)] {
        let step = StepBytes::of(&counts, PAPER_BATCH, 1, bytes, keeping);
        let said = format!(
            "ResNet-50, {PAPER_SIZE} pixels, {PAPER_BATCH} labelled and {PAPER_BATCH} unlabelled pictures: {:.2} GiB, with \
             `recompute_teacher` {:.2} GiB; workspaces of kernels come on top",
            gib(step.total()),
            gib(step.total_recomputed())
        );
        let check = Check::new(format!("counted, {name}"), Outcome::Measured, said)
            .with("bytes", step.total())
            .with("bytes_with_recompute_teacher", step.total_recomputed());
        say(check);
    }
}

fn measured_line(name: String, setting: &Setting, taken: &Taken, gpu_mib: Option<f64>) -> Check {
    let mut words = vec![setting.words()];
    if let Some(bytes) = taken.reserved_bytes {
        words.push(format!("{:.2} GiB held on the device", gib(bytes)));
    }
    if let Some(mib) = gpu_mib {
        words.push(format!("{:.2} GiB more in use by nvidia-smi", mib / 1024.0));
    }
    if let Some(bytes) = taken.host_peak_bytes {
        words.push(format!("{:.2} GiB resident on the processor at most", gib(bytes)));
    }
    words.push(format!("{:.0} ms a step", 1e3 * taken.seconds_a_step));
    Check::new(name, Outcome::Measured, words.join("; "))
        .with("device_reserved_bytes", Value::from(taken.reserved_bytes))
        .with("nvidia_smi_mib", Value::from(gpu_mib))
        .with("host_peak_bytes", Value::from(taken.host_peak_bytes))
        .with("batch", setting.batch)
        .with("size", setting.size)
}

fn measured(
    options: &Options,
    precision: Precision,
    recompute: bool,
    gpu: Option<&NvidiaGpu>,
) -> Result<(Taken, Option<f64>)> {
    let mut command = options.command(Part::StepMemory)?;
    command.args(["--device", &word_of(options.device)]);
    command.args(["--precision", name_of(precision)]);
    if recompute {
        command.arg("--recompute");
    }
    let log = tempfile::NamedTempFile::new().context("a temporary file")?;
    let file = log.reopen().context("a temporary file")?;
    let before = gpu.and_then(|_| machine::gpu_memory_used_mib());
    let (taken, most) = beside_polling(before.is_some(), || take(&mut command, file));
    let taken = taken.map_err(|error| match last_words(&log) {
        Some(words) => error.context(words),
        None => error,
    })?;
    let more = before.zip(most).map(|(before, most)| (most - before).max(0.0));
    Ok((taken, more))
}

fn take(command: &mut std::process::Command, log: File) -> Result<Taken> {
    let mut taken = None;
    let end = child::run(command, log, LIMIT, &|| false, &mut |line| {
        taken = serde_json::from_str(line).ok().or(taken.take());
        Ok(())
    })?;
    match taken {
        Some(taken) if end.is_success() => Ok(taken),
        _ => bail!("the process that took the steps did not come to its end ({end:?})"),
    }
}

/// Does the work, and meanwhile looks at the GPU's memory again and again; gives the most in MiB.
fn beside_polling<T>(is_wanted: bool, work: impl FnOnce() -> T) -> (T, Option<f64>) {
    let is_done = AtomicBool::new(!is_wanted);
    std::thread::scope(|scope| {
        let polling = scope.spawn(|| {
            let mut most = None::<f64>;
            while !is_done.load(Ordering::Relaxed) {
                let now = machine::gpu_memory_used_mib();
                most = most.into_iter().chain(now).reduce(f64::max);
                std::thread::sleep(POLL);
            }
            most
        });
        let done = work();
        is_done.store(true, Ordering::Relaxed);
        (done, polling.join().unwrap_or(None))
    })
}

/// The last error that a process wrote.
fn last_words(log: &tempfile::NamedTempFile) -> Option<String> {
    let text = std::fs::read(log.path()).ok()?;
    last_error(&String::from_utf8_lossy(&text))
}

fn peak_of_process() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

fn gib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 30)
}
