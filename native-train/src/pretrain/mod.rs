//! `mien pretrain`: stage 1.
//!
//! The way of a picture: catalogue -> split by person, quota -> square face -> class-balanced, augmented batch
//! -> training step; then evaluation, checkpoint, model.

pub mod labelled_pictures;

pub mod unlabelled_pictures;

mod face_cache;
mod face_search;
pub mod face_store;
pub mod picture_looks;

pub mod run_data;

pub mod augmentation;
pub mod batch_loader;
pub mod class_balance;
pub mod picture_mixing;
pub mod rand_augment;

pub mod moving_average;
mod provenance;
mod resumable_keys;
pub mod semi_supervised;
pub mod sgd;
pub mod soft_cross_entropy;
pub mod supervised;
pub mod supervised_data;
pub mod temporal;

pub mod evaluation;
mod grown_start;
mod start;

use std::path::PathBuf;

use anyhow::Result;
use burn::tensor::Device;

use crate::run_config::{Mode, RunConfig};
use crate::training_run::checkpoint;
use crate::training_run::device_failure::{Work, guarded};
use crate::training_run::interruption::Interruption;
use crate::training_run::run_folder::{self, RunFolder};
use crate::training_run::run_options::RunOptions;
use crate::written_files::WrittenFiles;
use crate::{atomic_file, model_store, stdout};
use resumable_keys::RESUMABLE_KEYS;
pub use run_data::read_data;
use supervised_data::SupervisedData;

/// Trains as the config says and prints the path of the model.
///
/// # Errors
/// On a bad config or data, when training diverges, and [`Interrupted`](crate::training_run::interruption::Interrupted).
pub fn run(options: &RunOptions) -> Result<()> {
    let config = RunConfig::read(&options.config)?;
    run_folder::refuse_other_files(&config.run, &options.config)?;
    let device = options.device.open_and_say()?.device;
    // All that can be said before the pictures are looked at, which takes a while.
    if !checkpoint::path_in(&config.run).is_file() {
        start::check(&config)?;
    }
    atomic_file::make_folder(&config.run)?;
    let resolved = serde_json::to_value(&config)?;
    checkpoint::refuse_another_run(&config.run, options.resume, &resolved, RESUMABLE_KEYS)?;
    let data = read_data(&config, &device)?;
    // Until here there is nothing to keep, and Ctrl-C ends the program at once.
    let interruption = Interruption::listen()?;
    run_folder::keep_original(&config.run, &options.config)?;
    let model = train(&config, &data, options.resume, &device, &interruption)?;
    stdout::line(format_args!("{}", model.display()));
    Ok(())
}

/// A whole run, in a folder that is there; gives the path of its model: `model.safetensors` with a
/// temporal encoder, else `student.safetensors`, in the run's folder.
///
/// # Errors
/// When training diverges, the disk or the device fails, and [`Interrupted`](crate::training_run::interruption::Interrupted).
pub fn train(
    config: &RunConfig,
    data: &SupervisedData,
    resume: bool,
    device: &Device,
    interruption: &Interruption,
) -> Result<PathBuf> {
    let folder = RunFolder::open(&config.run)?;
    let found = folder.checkpoint(resume)?;
    if let Some(found) = &found {
        // Before the folder says that it is this config's.
        found.check_config(folder.path(), &serde_json::to_value(config)?, RESUMABLE_KEYS)?;
    }
    let step = found.as_ref().map_or(0, |found| found.state.step);
    folder.describe(config, config.seed, step, &format!("{device:?}"))?;
    let stage = match config.mode {
        Mode::Supervised => supervised::train,
        Mode::SemiSupervised => semi_supervised::run::train,
    };
    let student = stage(config, data, &folder, found.as_ref(), device, interruption)?;
    let lost = data.training.lost() + data.held_back.lost();
    if lost > 0 {
        tracing::warn!(
            "labelled pictures that were readable at the start could not be read {lost} times; others of their \
             class stood in for them, and evaluations left them out"
        );
    }
    let Some(temporal) = &config.temporal else {
        return Ok(config.run.join("student.safetensors"));
    };
    let work = Work {
        what: format!("the temporal encoder ({} clips a step)", temporal.batch),
        lower: "`temporal.batch`, in a new run".to_owned(),
        kept: "the student is kept: `--resume` goes on from there".to_owned(),
    };
    let model = guarded(&work, || {
        temporal::train(student, config, temporal, data, device, interruption)
    })?;
    let path = config.run.join("model.safetensors");
    WrittenFiles::of_own_folder().write(&path, &model_store::bytes(&path, &model)?)?;
    Ok(path)
}
