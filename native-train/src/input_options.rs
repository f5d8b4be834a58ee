//! What is read, by which model, and where the results go: options of several commands.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::device::DeviceChoice;

/// Inputs, model, place of the results and device.
#[derive(Debug, Args)]
pub struct InputOptions {
    /// Videos, pictures, or folders of frames
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,
    /// The model file
    #[arg(long, value_name = "M.safetensors")]
    pub(crate) model: PathBuf,
    /// Folder for the results [default: the current folder]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Where to compute
    #[arg(long, value_enum, default_value_t)]
    pub(crate) device: DeviceChoice,
}

impl InputOptions {
    /// The folder for the results.
    pub(crate) fn folder(&self) -> &Path {
        self.out.as_deref().unwrap_or(Path::new("."))
    }
}
