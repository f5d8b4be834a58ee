//! `mien refine`: stage 2.
//!
//! The way of a video: crops -> frozen backbone -> feature cache -> clips of 64 -> encoder; evaluation
//! plays the cached features through the recogniser that the app uses.

pub mod refine_data;

pub mod clip_batch;
pub mod clip_plan;

pub mod adam_w;
pub mod encoder_trainer;

pub mod run;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use burn::tensor::Device;

use crate::backbone_features::crop_reader::CropReader;
use crate::backbone_features::feature_cache::FeatureCache;
use crate::backbone_features::labelled_videos::videos_of;
use crate::run_config::RunConfig;
use crate::run_config::refine_config::RefineConfig;
use crate::training_run::checkpoint;
use crate::training_run::interruption::Interruption;
use crate::training_run::run_folder::{self, RunFolder};
use crate::training_run::run_options::RunOptions;
use crate::written_files::{WrittenFiles, is_same_file};
use crate::{atomic_file, model_store, stdout};
use refine_data::RefineData;

/// Trains as the config says and prints the path of the model.
///
/// # Errors
/// On a bad config or data, when training diverges, and
/// [`Interrupted`](crate::training_run::interruption::Interrupted).
pub fn run(options: &RunOptions) -> Result<()> {
    let config = RunConfig::read(&options.config)?;
    let folder = RefineConfig::folder_in(&config.run);
    run_folder::refuse_other_files(&folder, &options.config)?;
    refuse_other_model(&config, &folder)?;
    let device = options.device.open_and_say()?.device;
    atomic_file::make_folder(&folder)?;
    // Said before the videos are looked at, which takes a while.
    checkpoint::refuse_to_overwrite(&folder, options.resume)?;
    let data = read_data(&config, &device)?;
    checkpoint::refuse_another_run(
        &folder,
        options.resume,
        &run::begun_with(&config, &data),
        run::RESUMABLE_KEYS,
    )?;
    // Until here the cache keeps what was done, and Ctrl-C ends the program at once.
    let interruption = Interruption::listen()?;
    run_folder::keep_original(&folder, &options.config)?;
    let model = train(&config, &data, options.resume, &device, &interruption)?;
    stdout::line(format_args!("{}", model.display()));
    Ok(())
}

/// The model of a stage 2.
fn model_path(config: &RunConfig) -> PathBuf {
    config.run.join("model.safetensors")
}

/// Refuses to begin where the model would replace another's, or the one that it starts from.
fn refuse_other_model(config: &RunConfig, folder: &Path) -> Result<()> {
    if checkpoint::path_in(folder).is_file() {
        return Ok(());
    }
    let path = model_path(config);
    let start = config.refine().start;
    ensure!(
        !start.is_some_and(|start| is_same_file(&start, &path)),
        "`refine.start` is {}, which stage 2 would replace with its own model: choose another `run` folder",
        path.display()
    );
    WrittenFiles::check_run([path])?;
    Ok(())
}

/// A whole stage 2 in a run's folder; gives the path of the model, `model.safetensors`.
///
/// # Errors
/// When training diverges, the disk or the device fails, and
/// [`Interrupted`](crate::training_run::interruption::Interrupted).
pub fn train(
    config: &RunConfig,
    data: &RefineData,
    resume: bool,
    device: &Device,
    interruption: &Interruption,
) -> Result<PathBuf> {
    let folder = RunFolder::open(&RefineConfig::folder_in(&config.run))?;
    let found = folder.checkpoint(resume)?;
    if let Some(found) = &found {
        // Before the folder says that it is this config's.
        found.check_config(folder.path(), &run::begun_with(config, data), run::RESUMABLE_KEYS)?;
    }
    let step = found.as_ref().map_or(0, |found| found.state.step);
    folder.describe(&config.refine(), config.seed, step, &format!("{device:?}"))?;
    let model = run::train(config, data, &folder, found.as_ref(), device, interruption)?;
    let path = model_path(config);
    WrittenFiles::of_own_folder().write(&path, &model_store::bytes(&path, &model)?)?;
    Ok(path)
}

/// The model to start from and the features of its videos, from the cache where they are there.
///
/// # Errors
/// When the model or a folder cannot be read, there is no video, or the device fails.
pub fn read_data(config: &RunConfig, device: &Device) -> Result<RefineData> {
    let refine = config.refine();
    let student = config.run.join("student.safetensors");
    let path = refine.start.as_ref().unwrap_or(&student);
    let start = model_store::read(path)
        .context("stage 2 needs a stage-1 model: run `mien pretrain` first, or name one in `refine.start`")?;
    let [training, validation] = videos_of(config)?;
    let root = refine
        .cache
        .clone()
        .unwrap_or_else(|| RefineConfig::folder_in(&config.run).join("features"));
    let cache = FeatureCache::open(&root, &start)?;
    let reader = CropReader::new(&start, device)?;
    let (training, _) = cache.read_all(&training, &reader)?;
    let (validation, _) = cache.read_all(&validation, &reader)?;
    Ok(RefineData {
        start,
        training,
        validation,
    })
}
