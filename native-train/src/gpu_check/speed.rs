//! Steps a second, by the means of `mien bench`, with PyTorch in turns where there is one.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::child::output_within;
use super::golden::{PRECISIONS, lack_of, name_of};
use super::machine::NvidiaGpu;
use super::report::{Check, Outcome};
use crate::bench::beside::{Beside, Wish};
use crate::bench::steps::{Step, Steps};
use crate::bench::{Measured, measured};
use crate::device::{DeviceChoice, NamedDevice};
use crate::run_config::precision::Precision;
use crate::run_config::semi_supervised_config::SemiSupervisedConfig;
use crate::training_run::device_failure::without_panics;
use shared_model::backbone::BackboneShape;

/// The same steps in PyTorch.
const SCRIPT: &str = include_str!("torch_steps.py");
/// Pythons that are tried, one after the other.
const PYTHONS: [&str; 3] = ["python3", "/usr/bin/python3", "python"];
/// PyTorch's import takes seconds, on a network file system many.
const IMPORT_LIMIT: Duration = Duration::from_secs(60);

/// What is measured.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub shape: BackboneShape,
    pub batch: usize,
    pub size: usize,
    /// Whether it is the small network.
    pub is_small: bool,
}

impl Setting {
    /// The paper's batch on a GPU; the processor takes what it can in the time.
    pub(super) fn of(quick: bool, device: DeviceChoice) -> Self {
        if quick {
            return Self {
                shape: BackboneShape::bottleneck([1; 4], 16),
                batch: 2,
                size: 64,
                is_small: true,
            };
        }
        Self {
            shape: BackboneShape::default(),
            batch: if device == DeviceChoice::Cpu { 8 } else { 32 },
            size: 224,
            is_small: false,
        }
    }

    /// In words.
    pub(super) fn words(&self) -> String {
        let network = if self.is_small {
            "small network"
        } else {
            "ResNet-50"
        };
        format!(
            "{network}, {size}x{size} pixels, batch {}",
            self.batch,
            size = self.size
        )
    }
}

/// Measures forward, training and stage-1 step in all precisions that the device has.
///
/// # Errors
/// When there is no temporary folder; what the device cannot is a failed check.
pub(super) fn run(
    device: &NamedDevice,
    gpu: Option<&NvidiaGpu>,
    quick: bool,
    python: Option<&Path>,
    say: &mut dyn FnMut(Check),
) -> Result<()> {
    let setting = Setting::of(quick, device.choice);
    let torch = Torch::find(python, device, gpu);
    match &torch {
        Ok(torch) => say(Check::new("PyTorch", Outcome::Measured, torch.words())),
        Err(lack) => say(Check::new("PyTorch", Outcome::NotThere, lack.clone())),
    }
    for precision in PRECISIONS {
        if let Some(lack) = lack_of(precision, device, gpu) {
            say(Check::new(name_of(precision), Outcome::NotThere, lack));
            continue;
        }
        // The processor computes 16 bits by way of 32, for tests alone.
        if device.choice == DeviceChoice::Cpu && precision != Precision::F32 {
            continue;
        }
        let torch = torch.as_ref().ok();
        if let Err(error) = without_panics(|| steps(&setting, precision, device, torch, say)) {
            let name = format!("steps in {}", name_of(precision));
            say(Check::new(name, Outcome::Failed, format!("{error:#}")));
        }
    }
    Ok(())
}

fn steps(
    setting: &Setting,
    precision: Precision,
    device: &NamedDevice,
    torch: Option<&Torch>,
    say: &mut dyn FnMut(Check),
) -> Result<()> {
    let mut beside = match torch.map(|torch| torch.start(setting, precision)).transpose() {
        Ok(beside) => beside,
        Err(error) => {
            let name = format!("PyTorch, {}", name_of(precision));
            say(Check::new(name, Outcome::NotThere, format!("{error:#}")));
            None
        }
    };
    let config = SemiSupervisedConfig::default();
    let mut steps = Steps::new(
        &setting.shape,
        setting.batch,
        setting.size,
        precision,
        &config,
        &device.device,
    );
    for step in [Step::Forward, Step::Training, Step::Stage1] {
        let found = measured(step, &mut steps, beside.as_mut())?;
        say(line(step, &found, setting, precision));
    }
    if let Some(beside) = &mut beside {
        let bytes = beside.answer("memory")?;
        if bytes > 0.0 {
            let name = format!("PyTorch's memory, {}", name_of(precision));
            let said = format!("{:.2} GiB at most over these steps", bytes / f64::from(1 << 30));
            say(Check::new(name, Outcome::Measured, said).with("bytes", bytes));
        }
    }
    Ok(())
}

fn line(step: Step, found: &Measured, setting: &Setting, precision: Precision) -> Check {
    let rate = |seconds: f64| step.pictures(setting.batch) as f64 / seconds;
    let what = match step {
        Step::Forward => "forward",
        Step::Training => "training step",
        Step::Stage1 => "stage-1 step",
    };
    let mut said = format!(
        "{:.2} images/s ({:.1} ms a step; {})",
        rate(found.ours),
        1e3 * found.ours,
        setting.words()
    );
    let has_theirs = found.theirs.is_finite();
    if has_theirs {
        said += &format!(
            "; PyTorch {:.2} images/s, ours is {:.2} of it",
            rate(found.theirs),
            found.ratio
        );
    }
    let check = Check::new(format!("{what}, {}", name_of(precision)), Outcome::Measured, said)
        .with("step", step.word())
        .with("precision", name_of(precision))
        .with("images_a_second", rate(found.ours))
        .with("seconds_a_step", found.ours);
    if !has_theirs {
        return check;
    }
    check
        .with("pytorch_images_a_second", rate(found.theirs))
        .with("ours_over_pytorch", found.ratio)
}

/// A Python with PyTorch on the same kind of device.
struct Torch {
    python: PathBuf,
    version: String,
    /// Its name of the device.
    device: &'static str,
    script: tempfile::NamedTempFile,
}

impl Torch {
    /// Looks for one; without one, says what is missing.
    fn find(python: Option<&Path>, device: &NamedDevice, gpu: Option<&NvidiaGpu>) -> Result<Self, String> {
        const ASK: &str = "import torch; print(torch.__version__, torch.cuda.is_available())";
        let named = python.map(Path::to_path_buf);
        let candidates = named.map_or_else(|| PYTHONS.map(PathBuf::from).to_vec(), |named| vec![named]);
        let found = candidates.into_iter().find_map(|python| {
            let said = output_within(Command::new(&python).args(["-c", ASK]), IMPORT_LIMIT)?;
            let (version, has_cuda) = said.trim().split_once(' ')?;
            Some((python, version.to_owned(), has_cuda == "True"))
        });
        let Some((python, version, has_cuda)) = found else {
            return Err("no Python with PyTorch was found (`--python` names one)".to_owned());
        };
        let on_gpu = device.choice == DeviceChoice::Cuda || (gpu.is_some() && !device.is_software);
        let device = match (on_gpu && device.choice != DeviceChoice::Cpu, has_cuda) {
            (true, true) => "cuda",
            (true, false) => return Err(format!("PyTorch {version} sees no CUDA device")),
            (false, _) if device.choice == DeviceChoice::Cpu || device.is_software => "cpu",
            (false, _) => return Err(format!("PyTorch {version} does not compute on this GPU")),
        };
        let script = script_file().map_err(|error| format!("{error:#}"))?;
        Ok(Self {
            python,
            version,
            device,
            script,
        })
    }

    fn words(&self) -> String {
        format!(
            "{} of {}, on `{}`",
            self.version,
            self.python.display(),
            self.device
        )
    }

    fn start(&self, setting: &Setting, precision: Precision) -> Result<Beside> {
        let mut beside = Beside::start(&Wish {
            python: &self.python,
            script: self.script.path(),
            batch: setting.batch,
            size: setting.size,
            is_small: setting.is_small,
            device: self.device,
            precision: Some(name_of(precision)),
        })?;
        // Not every PyTorch has every precision on every device: it says so in its first step.
        beside.seconds(Step::Forward).with_context(|| {
            format!(
                "PyTorch {} does not take this step on `{}`",
                self.version, self.device
            )
        })?;
        Ok(beside)
    }
}

fn script_file() -> Result<tempfile::NamedTempFile> {
    let mut file = tempfile::Builder::new()
        .suffix(".py")
        .tempfile()
        .context("a temporary file")?;
    file.write_all(SCRIPT.as_bytes()).context("a temporary file")?;
    Ok(file)
}
