//! The options of `mien gpu-check`, and how it calls itself for its parts.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};

use crate::device::DeviceChoice;
use crate::run_config::precision::Precision;

/// What to check, and where the report goes.
#[derive(Debug, Args)]
pub struct Options {
    /// Folder for the report (gpu-check.md, gpu-check.json): absent, empty, or with an older report
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
    /// Which device; `auto` never takes a software adapter or the processor
    #[arg(long, value_enum, default_value_t)]
    pub(super) device: DeviceChoice,
    /// Small networks and pictures: for software adapters, processors and tests
    #[arg(long)]
    pub(super) quick: bool,
    /// Most minutes that all of it may take (1 to 240)
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=240))]
    pub(super) minutes: u64,
    /// The Python whose PyTorch is measured beside; else those on the PATH are tried
    #[arg(long, value_name = "PROGRAM")]
    pub(super) python: Option<PathBuf>,
    /// The part that this process does
    #[arg(long, value_enum, hide = true)]
    pub(super) part: Option<Part>,
    #[arg(long, value_enum, default_value_t, hide = true)]
    pub(super) precision: Precision,
    #[arg(long, hide = true)]
    pub(super) recompute: bool,
    #[arg(long, default_value_t = 112, hide = true)]
    pub(super) size: usize,
}

/// What a process of its own does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Part {
    Device,
    Golden,
    Speed,
    Memory,
    StepMemory,
    Training,
}

impl Part {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Golden => "golden",
            Self::Speed => "speed",
            Self::Memory => "memory",
            Self::StepMemory => "step-memory",
            Self::Training => "training",
        }
    }
}

impl Options {
    /// This program again, for a part of its own; the device is still to be named.
    pub(super) fn command(&self, part: Part) -> Result<Command> {
        let mut command = Command::new(std::env::current_exe().context("this program's own path")?);
        command
            .args(["gpu-check", "--part", part.name(), "--out"])
            .arg(&self.out);
        if self.quick {
            command.arg("--quick");
        }
        if let Some(python) = &self.python {
            command.arg("--python").arg(python);
        }
        Ok(command)
    }
}

/// Its name on the command line.
pub(super) fn word_of(choice: DeviceChoice) -> String {
    choice
        .to_possible_value()
        .map_or_else(String::new, |value| value.get_name().to_owned())
}
