//! `mien pretrain`: stage 1.
//!
//! The way of a picture: list -> split by person -> square face -> class-balanced, augmented batch
//! -> training step; then evaluation, checkpoint, model.

pub mod config;

pub mod labelled_pictures;

pub mod person_split;
pub mod unlabelled_pictures;

pub mod face_store;

pub mod augmentation;
pub mod batch_loader;
pub mod class_balance;
pub mod rand_augment;

pub mod gradients;
pub mod precision;
pub mod semi_supervised;
pub mod sgd;
pub mod supervised;
pub mod temporal;

pub mod evaluation;

pub mod checkpoint;
pub mod interruption;
pub mod training_log;

use std::collections::HashSet;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use burn::tensor::Device;
use clap::Args;
use serde_json::{Value, json};
use shared_model::expression::Expression;
use shared_model::face_detector::FaceDetector;

use crate::device::DeviceChoice;
use crate::{atomic_file, model_store, stdout};
use config::{Mode, PretrainConfig};
use face_store::{Checked, FaceStore};
use interruption::Interruption;
use labelled_pictures::LabelledPicture;
use person_split::PersonSplit;
use semi_supervised::run::SemiSupervisedRun;
use supervised::{SupervisedData, SupervisedRun};
use unlabelled_pictures::UnlabelledPool;

/// Unreadable pictures that are named; the others are counted.
const MOST_NAMED: usize = 10;

/// What to train.
#[derive(Debug, Args)]
pub struct Options {
    /// The run's config (.toml)
    #[arg(long, value_name = "F.toml")]
    config: PathBuf,
    /// Go on from the run's last checkpoint
    #[arg(long)]
    resume: bool,
    /// Where to compute
    #[arg(long, value_enum, default_value_t)]
    device: DeviceChoice,
}

/// Trains as the config says and prints the path of the model.
///
/// # Errors
/// On a bad config or data, when training diverges, and [`interruption::Interrupted`].
pub fn run(options: &Options) -> Result<()> {
    let config = PretrainConfig::read(&options.config)?;
    let device = options.device.open_and_say()?.device;
    atomic_file::make_folder(&config.run)?;
    // Said before the pictures are looked at, which takes a while.
    checkpoint::find(&config.run, options.resume)?;
    let data = read_data(&config, &device)?;
    // Until here there is nothing to keep, and Ctrl-C ends the program at once.
    let interruption = Interruption::listen()?;
    let model = train(&config, &data, options.resume, &device, &interruption)?;
    stdout::line(format_args!("{}", model.display()));
    Ok(())
}

/// A whole run, in a folder that is there; gives the path of its model: `model.safetensors` with a
/// temporal encoder, else `student.safetensors`, in the run's folder.
///
/// # Errors
/// When training diverges, the disk or the device fails, and [`interruption::Interrupted`].
pub fn train(
    config: &PretrainConfig,
    data: &SupervisedData,
    resume: bool,
    device: &Device,
    interruption: &Interruption,
) -> Result<PathBuf> {
    let student = match config.mode {
        Mode::Supervised => {
            SupervisedRun::new(config, data, config.input(), resume, device)?.train(interruption)?
        }
        Mode::SemiSupervised => SemiSupervisedRun::new(config, data, resume, device)?.train(interruption)?,
    };
    let Some(temporal) = &config.temporal else {
        return Ok(config.run.join("student.safetensors"));
    };
    let model = temporal::train(student, config, temporal, data, device, interruption)?;
    let path = config.run.join("model.safetensors");
    model_store::write(&path, &model)?;
    Ok(path)
}

/// The labelled pictures of a run, split by person; those that cannot be read are reported and left
/// out.
///
/// # Errors
/// When there is no list, or a side of the split has no picture.
pub fn read_data(config: &PretrainConfig, device: &Device) -> Result<SupervisedData> {
    let pictures = labelled_pictures::read(&config.data.labelled)?;
    let split = PersonSplit::new(pictures, config.data.held_back, config.seed);
    let detector = FaceDetector::from_bytes(crate::DETECTOR, device).context("the face detector")?;
    let load = |name: &str, pictures: Vec<LabelledPicture>| -> Result<Checked> {
        let most_bytes = config.data.cache_mib << 20;
        let checked = FaceStore::check(
            &pictures,
            config.data.faces,
            &detector,
            device,
            &config.input(),
            most_bytes,
        )?;
        report(name, &checked);
        ensure!(
            !checked.store.pictures().is_empty(),
            "no picture is left for {name}: change `data.held_back` or `seed`, or check the paths"
        );
        Ok(checked)
    };
    let training = load("training", split.training)?;
    let held_back = load("evaluation", split.held_back)?;
    let listed = config
        .data
        .labelled
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let pool = match (&config.data.unlabelled, config.mode) {
        (Some(source), Mode::SemiSupervised) => unlabelled_pictures::read(source)?,
        _ => Vec::new(),
    };
    if !pool.is_empty() {
        eprintln!("unlabelled: {} pictures", pool.len());
    }
    let description = json!({
        "unlabelled_pictures": pool.len(),
        "list": listed,
        "origin": config.data.origin,
        "faces": config.data.faces,
        "split": format!("by person: {:.0}% of the persons held back", 100.0 * config.data.held_back),
        "training": describe(&training),
        "held_back": describe(&held_back),
    });
    Ok(SupervisedData {
        training: training.store,
        held_back: held_back.store,
        unlabelled: UnlabelledPool::new(pool, config.input().resized(), config.data.cache_mib << 20),
        description,
    })
}

fn report(name: &str, checked: &Checked) {
    for message in checked.unreadable.iter().take(MOST_NAMED) {
        eprintln!("warning: {message}");
    }
    let count = checked.unreadable.len();
    if count > 0 {
        eprintln!("warning: {count} pictures for {name} cannot be read and are left out");
    }
    let described = describe(checked);
    eprintln!("{name}: {described}");
}

fn describe(checked: &Checked) -> Value {
    let pictures = checked.store.pictures();
    let persons: HashSet<&str> = pictures.iter().map(|picture| picture.person.as_str()).collect();
    let by_class: serde_json::Map<String, Value> = Expression::ALL
        .iter()
        .map(|class| {
            let count = pictures.iter().filter(|picture| picture.label == *class).count();
            (class.name().to_owned(), count.into())
        })
        .collect();
    json!({
        "persons": persons.len(),
        "pictures": by_class,
        "unreadable": checked.unreadable.len(),
        "taken_whole_for_want_of_a_detected_face": checked.without_face,
    })
}
