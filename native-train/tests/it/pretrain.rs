//! `mien pretrain` on small pictures made here.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

use std::path::{Path, PathBuf};

use crate::common::{mien_fails, mien_ok};
use burn::tensor::Device;
use native_train::pretrain::batch_loader::{Batch, BatchLoader};
use native_train::pretrain::class_balance::ClassBalance;
use native_train::pretrain::face_store::FaceStore;
use native_train::pretrain::picture_looks;
use native_train::pretrain::{labelled_pictures, read_data};
use native_train::run_config::RunConfig;
use native_train::run_config::augmentation_config::AugmentationConfig;
use native_train::run_config::mixing_config::MixingConfig;
use native_train::training_run::checkpoint::{Checkpoint, best_path_in, path_in};
use native_train::training_run::interruption::{Interrupted, Interruption};
use shared_model::face_crop::InputSpec;
use shared_model::face_detector::FaceDetector;
use shared_model::framing::{DetectorKind, Framing};
use shared_model::model_file::{ModelFile, ModelMetadata};

/// Writes pictures of three classes that stripes tell apart, 12 persons with two pictures a class.
fn write_pictures(folder: &Path) {
    let mut csv = "path,label,person\n".to_owned();
    for person in 0..12_u32 {
        for (class, period) in [(0, 3), (4, 6), (6, 12)] {
            for take in 0..2_u32 {
                let name = format!("{person}-{class}-{take}.png");
                let picture = image::RgbImage::from_fn(40, 40, |x, y| {
                    let stripe = if (y + take) % period < period / 2 { 200 } else { 40 };
                    let noise = (x * 7 + y * 13 + person * 29) % 32;
                    image::Rgb([(stripe + noise) as u8, stripe as u8, (stripe + person) as u8])
                });
                picture.save(folder.join(&name)).unwrap();
                csv.push_str(&format!("{name},{class},{person}\n"));
            }
        }
    }
    std::fs::write(folder.join("list.csv"), csv).unwrap();
}

fn config_text(run: &str, more: &str) -> String {
    format!(
        "mode = \"supervised\"\nrun = \"{run}\"\nseed = 3\n[data]\nlabelled = \"list.csv\"\nheld_back = 0.3\n\
         [model]\ninput_size = 32\nblocks = [1, 1, 1, 1]\nwidth = 4\n\
         [training]\nbatch = 6\nsteps = 8\nsteps_an_epoch = 4\nrate = 0.05\n{more}"
    )
}

fn run(
    config: &RunConfig,
    resume: bool,
    device: &Device,
    interruption: &Interruption,
) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(&config.run)?;
    let data = read_data(config, device)?;
    native_train::pretrain::train(config, &data, resume, device, interruption)
}

fn read_model(path: &Path) -> ModelFile {
    ModelFile::from_bytes(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_run_leaves_model_log_and_figures_and_learns() {
    let folder = tempfile::tempdir().unwrap();
    write_pictures(folder.path());
    // Two pictures that cannot be read: one is missing, one is none.
    let list = folder.path().join("list.csv");
    let mut csv = std::fs::read_to_string(&list).unwrap();
    csv.push_str("missing.png,0,1\nlist.csv,4,2\n");
    std::fs::write(&list, csv).unwrap();
    let more = "[temporal]\nlayers = 1\nheads = 2\nd_model = 16\nd_ff = 16\nbatch = 4\nsteps = 10\nrate = 1e-3\nviews = 2\n";
    let text = config_text("run", more)
        .replace("steps = 8", "steps = 60")
        .replace("epoch = 4", "epoch = 30");
    std::fs::write(folder.path().join("c.toml"), text).unwrap();
    let printed = mien_ok(
        folder.path(),
        &["pretrain", "--config", "c.toml", "--device", "cpu"],
    );
    assert_eq!(printed.trim(), "run/model.safetensors");
    let model = read_model(&folder.path().join("run/model.safetensors"));
    model.check_weights().unwrap();
    let training = &model.metadata.training;
    let told = &training["training"];
    assert!(
        told["weight_decay"].is_number() && told["precision"] == "f32",
        "{told}"
    );
    assert!(
        told.get("clip_norm").is_some() && training["start"].is_null(),
        "{training}"
    );
    assert!(
        training["temporal"]["data"]
            .as_str()
            .unwrap()
            .contains("No videos")
    );
    assert_eq!(
        training["data"]["training"]["unreadable"].as_u64().unwrap()
            + training["data"]["held_back"]["unreadable"].as_u64().unwrap(),
        2
    );
    assert_eq!(
        training["absent_classes"],
        serde_json::json!(["Anger", "Disgust", "Fear", "Sadness", "Other"])
    );
    // Stripes of three widths are easy: by chance it would be a third.
    let accuracy = training["held_back_persons"]["accuracy"].as_f64().unwrap();
    assert!(accuracy > 0.6, "{training:#}");
    let log = std::fs::read_to_string(folder.path().join("run/log.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let steps_with = |key: &str| -> Vec<u64> {
        let with = lines.iter().filter(|line| line.get(key).is_some());
        with.map(|line| line["step"].as_u64().unwrap()).collect()
    };
    assert_eq!(steps_with("held_back"), [30, 60]);
    for key in ["loss", "rate", "images_s"] {
        assert_eq!(steps_with(key), (1..=60).collect::<Vec<u64>>(), "{key}");
    }
    // The run is not overwritten by mistake, and what it made can be used.
    let said = mien_fails(
        folder.path(),
        1,
        &["pretrain", "--config", "c.toml", "--device", "cpu"],
    );
    assert!(said.contains("--resume"), "{said}");
    mien_ok(
        folder.path(),
        &[
            "analyze",
            "0-0-0.png",
            "--model",
            "run/model.safetensors",
            "--device",
            "cpu",
            "--whole-frame",
        ],
    );
}

#[test]
fn a_resumed_run_ends_as_one_that_was_never_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    write_pictures(folder.path());
    let device = Device::flex();
    // With what a step leaves to the next, and what is drawn for each.
    let more = "ema = 0.8\nlabel_smoothing = 0.1\nclass_balance = 0.5\n[mixing]\nmixup = 0.4\ncutmix = 0.4\n\
                [augmentation]\nzoom = 0.1\nshift = 0.1\n";
    let config = |run: &str, steps: u64| -> RunConfig {
        let path = folder.path().join(format!("{run}.toml"));
        let text = config_text(run, more).replace("steps = 8", &format!("steps = {steps}"));
        std::fs::write(&path, text).unwrap();
        let mut config = RunConfig::read(&path).unwrap();
        config.run = folder.path().join(run);
        config.data.labelled = Some(folder.path().join("list.csv"));
        config
    };
    let whole = config("whole", 8);
    run(&whole, false, &device, &Interruption::default()).unwrap();

    let broken = config("broken", 8);
    let interruption = Interruption::default();
    interruption.wish();
    let mut resume = false;
    // Each attempt does one step; the last reaches the end.
    for step in 1..8 {
        let error = run(&broken, resume, &device, &interruption).unwrap_err();
        assert_eq!(
            error.downcast_ref::<Interrupted>().map(|i| i.step),
            Some(step),
            "{error:#}"
        );
        resume = true;
    }
    run(&broken, true, &device, &interruption).unwrap();
    let read = |config: &RunConfig| Checkpoint::read(&path_in(&config.run)).unwrap();
    let (a, b) = (read(&whole), read(&broken));
    assert_eq!(a.state.step, b.state.step);
    // To the bit.
    assert!(a.network == b.network && a.optimiser == b.optimiser);
    let steps = |run: &str| {
        let log = std::fs::read_to_string(folder.path().join(run).join("log.jsonl")).unwrap();
        log.lines()
            .map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap()["step"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(steps("whole"), steps("broken"));
    // What is evaluated and written is the average, which is not what the last step left.
    let best = Checkpoint::read(&best_path_in(&whole.run)).unwrap();
    let student = read_model(&whole.run.join("student.safetensors"));
    let of = |name: &str| &best.network[name].values;
    assert_ne!(of("average.conv1.weight"), of("conv1.weight"));
    assert_eq!(
        of("average.conv1.weight"),
        &student.weights["backbone.conv1.weight"].values
    );
    assert_eq!(student.metadata.training["training"]["ema"], 0.8);
    // How sure it may be is measured on the held-back persons, and stands where program and page read it.
    let sureness = &student.metadata.training["calibration"];
    let header = student.metadata.temperatures.frame;
    assert!(
        (sureness["temperature"].as_f64().unwrap() - header).abs() < 1e-3,
        "{sureness} {header}"
    );
    assert!(sureness["error_before"].is_number(), "{sureness}");
    // Another config is not taken for the same run.
    let other = config("broken", 9);
    let error = run(&other, true, &device, &Interruption::default()).unwrap_err();
    assert!(format!("{error:#}").contains("another config"), "{error:#}");
    // One that was begun with other random streams would see its pictures in another order.
    let mut older = read(&broken);
    older.state.streams = 0;
    older.write(&path_in(&broken.run)).unwrap();
    let error = run(&broken, true, &device, &Interruption::default()).unwrap_err();
    assert!(format!("{error:#}").contains("random numbers"), "{error:#}");
}

#[test]
fn the_average_of_the_first_steps_forgets_the_start() {
    let folder = tempfile::tempdir().unwrap();
    write_pictures(folder.path());
    let device = Device::flex();
    // The network after each step, and its average after the last.
    let after = |steps: u64| -> Checkpoint {
        let name = format!("after-{steps}");
        let path = folder.path().join(format!("{name}.toml"));
        let text = config_text(&name, "ema = 0.999\n").replace("steps = 8", "steps = 4");
        std::fs::write(&path, text).unwrap();
        let mut config = RunConfig::read(&path).unwrap();
        config.run = folder.path().join(&name);
        config.data.labelled = Some(folder.path().join("list.csv"));
        // The same rates as in a whole run, and a stop on the way.
        let interruption = Interruption::default();
        interruption.wish();
        for step in 1..=steps {
            let ended = run(&config, step > 1, &device, &interruption);
            assert_eq!(ended.is_ok(), step == 4);
        }
        Checkpoint::read(&path_in(&config.run)).unwrap()
    };
    let mut expected: Option<Vec<f64>> = None;
    for step in 1..=4 {
        let found = after(step);
        let values = |name: &str| -> Vec<f64> {
            let values = &found.network[name].values;
            values.iter().map(|value| f64::from(*value)).collect()
        };
        let network = values("fc.weight");
        if let Some(average) = &mut expected {
            let decay = f64::from(u32::try_from(step).unwrap()) / f64::from(u32::try_from(step + 9).unwrap());
            for (value, new) in average.iter_mut().zip(&network) {
                *value = decay * *value + (1.0 - decay) * new;
            }
            let worst = average
                .iter()
                .zip(values("average.fc.weight"))
                .map(|(a, b)| (a - b).abs());
            assert!(worst.fold(0.0, f64::max) < 1e-6);
        } else {
            expected = Some(values("average.fc.weight"));
        }
    }
}

#[test]
fn a_run_starts_from_a_model_as_it_was_exported() {
    let folder = tempfile::tempdir().unwrap();
    write_pictures(folder.path());
    let write = |name: &str, more: &str, steps: &str, rate: &str| {
        let text = config_text(name, "").replace("width = 4\n", &format!("width = 4\n{more}"));
        let text = text.replace("steps = 8", steps).replace("rate = 0.05", rate);
        std::fs::write(folder.path().join(format!("{name}.toml")), text).unwrap();
    };
    let train = |name: &str| {
        let config = format!("{name}.toml");
        mien_ok(
            folder.path(),
            &["pretrain", "--config", &config, "--device", "cpu"],
        );
        read_model(&folder.path().join(format!("{name}/student.safetensors")))
    };
    write("first", "", "steps = 8", "rate = 0.05");
    train("first");
    mien_ok(
        folder.path(),
        &[
            "export",
            "--model",
            "first/student.safetensors",
            "--dtype",
            "f16",
            "--out",
            "small.safetensors",
        ],
    );
    // So slow that it stays where it begins.
    write(
        "second",
        "start = \"small.safetensors\"\n",
        "steps = 1",
        "rate = 1e-9",
    );
    let (exported, second) = (
        read_model(&folder.path().join("small.safetensors")),
        train("second"),
    );
    for (name, weight) in &exported.weights {
        if name.contains("running_") {
            continue;
        }
        let pairs = weight.values.iter().zip(&second.weights[name].values);
        let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-6, "{name}: {worst}");
    }
}

#[test]
fn a_loss_that_is_not_finite_stops_the_run_and_names_the_step() {
    let folder = tempfile::tempdir().unwrap();
    write_pictures(folder.path());
    let text = config_text("run", "").replace("rate = 0.05", "rate = 1e38");
    std::fs::write(folder.path().join("c.toml"), text).unwrap();
    let said = mien_fails(
        folder.path(),
        1,
        &["pretrain", "--config", "c.toml", "--device", "cpu"],
    );
    assert!(
        said.contains("the loss of step") && said.contains("training.rate"),
        "{said}"
    );
    let checkpoint = path_in(&folder.path().join("run"));
    // Either none was written yet, or it is a good one.
    assert!(!checkpoint.exists() || Checkpoint::read(&checkpoint).is_ok());
}

#[test]
fn batches_do_not_depend_on_threads_or_memory() {
    let folder = tempfile::tempdir().unwrap();
    write_pictures(folder.path());
    let device = Device::flex();
    let bytes = include_bytes!("../../../shared-model/assets/ultraface-rfb-320.safetensors");
    let detector = FaceDetector::from_bytes(DetectorKind::UltraFace, bytes, &device).unwrap();
    let pictures = labelled_pictures::read(&folder.path().join("list.csv")).unwrap();
    let input = InputSpec {
        size: 32,
        ..ModelMetadata::default().input
    };
    let augmentation = AugmentationConfig::default();
    let batches = |threads: usize, most_bytes: usize, mixing: MixingConfig| -> Vec<Batch> {
        let looks = picture_looks::look(&pictures, &detector, &device).unwrap();
        let checked = FaceStore::of_looks(&pictures, looks, Framing::default(), &input, most_bytes);
        let targets: Vec<_> = checked.store.pictures().iter().map(|p| p.target).collect();
        let loader = BatchLoader {
            store: &checked.store,
            balance: ClassBalance::new(&targets, 5),
            input: &input,
            augmentation: &augmentation,
            mixing,
            size: 16,
            seed: 5,
        };
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| (0..6).map(|step| loader.batch(step).unwrap()).collect())
    };
    let unmixed = MixingConfig::default();
    let both = MixingConfig {
        mixup: 0.4,
        cutmix: 1.0,
        chance: 0.5,
    };
    for mixing in [unmixed, both] {
        let one = batches(1, usize::MAX, mixing);
        assert_eq!(one, batches(4, usize::MAX, mixing));
        assert_eq!(one, batches(3, 0, mixing));
        assert_ne!(one[0], one[1]);
    }
    assert_ne!(batches(1, 0, unmixed)[0], batches(1, 0, both)[0]);
}

#[test]
fn folders_of_pictures_name_their_classes() {
    let folder = tempfile::tempdir().unwrap();
    for class in ["Happy", "3", "sadness"] {
        std::fs::create_dir(folder.path().join(class)).unwrap();
        image::RgbImage::new(2, 2)
            .save(folder.path().join(class).join("a.png"))
            .unwrap();
    }
    let read = || labelled_pictures::read(folder.path());
    let mut labels: Vec<usize> = read().unwrap().iter().map(|p| p.label.index()).collect();
    labels.sort_unstable();
    assert_eq!(labels, [3, 4, 5]);
    std::fs::create_dir(folder.path().join("cats")).unwrap();
    let error = format!("{:#}", read().unwrap_err());
    assert!(error.contains("cats") && error.contains("no class"), "{error}");
    let error = format!(
        "{:#}",
        labelled_pictures::read(&PathBuf::from("missing.csv")).unwrap_err()
    );
    assert!(error.contains("missing.csv"), "{error}");
}
