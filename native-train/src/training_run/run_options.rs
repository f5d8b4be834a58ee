//! What every kind of training is told on the command line.

use std::path::PathBuf;

use clap::Args;

use crate::device::DeviceChoice;

/// What to train.
#[derive(Debug, Args)]
pub struct RunOptions {
    /// The run's config (.toml); one file serves `pretrain`, `refine`, `evaluate` and `ablate`
    #[arg(long, value_name = "F.toml")]
    pub config: PathBuf,
    /// Go on from the last checkpoint; what is finished is not done again
    #[arg(long)]
    pub resume: bool,
    /// Where to compute
    #[arg(long, value_enum, default_value_t)]
    pub device: DeviceChoice,
}
