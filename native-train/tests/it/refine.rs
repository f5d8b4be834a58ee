//! `mien refine` on small videos made here.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::{mien, mien_fails, mien_ok, random_model, stderr, write_videos};
use burn::tensor::{Device, Distribution, Tensor};
use native_train::backbone_features::crop_reader::CropReader;
use native_train::backbone_features::feature_cache::{CacheReport, FeatureCache, key_of};
use native_train::backbone_features::video_features::VideoFeatures;
use native_train::datasets::affwild2;
use native_train::refine::clip_batch::ClipBatch;
use native_train::refine::clip_plan::{ClipPlan, inverse_frequencies};
use native_train::refine::encoder_trainer::EncoderTrainer;
use shared_model::expression::{CLASS_COUNT, Expression};
use shared_model::model_file::{ModelFile, TemporalShape};
use shared_model::temporal_encoder::TemporalEncoder;

const REFINE: [&str; 5] = ["refine", "--config", "c.toml", "--device", "cpu"];
const RESUME: [&str; 6] = ["refine", "--config", "c.toml", "--device", "cpu", "--resume"];

fn write_config(folder: &Path, more: &str) {
    write_videos(folder);
    std::fs::create_dir_all(folder.join("run")).unwrap();
    let start = random_model(false).to_bytes().unwrap();
    std::fs::write(folder.join("run/student.safetensors"), start).unwrap();
    let text = format!(
        "mode = \"supervised\"\nrun = \"run\"\nseed = 3\n[data]\nlabelled = \"none.csv\"\n[refine]\n\
         training = {{ crops = \"crops\", annotations = \"train\" }}\n\
         validation = {{ crops = \"crops\", annotations = \"validation\" }}\n\
         layers = 1\nheads = 2\nd_model = 16\nd_ff = 16\nbatch = 2\n{more}"
    );
    std::fs::write(folder.join("c.toml"), text).unwrap();
}

fn log(folder: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(folder.join("run/refine/log.jsonl")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn encoder(device: &Device) -> TemporalEncoder {
    let shape = TemporalShape {
        layers: 2,
        heads: 2,
        d_model: 16,
        d_ff: 24,
        positions: true,
    };
    shape.init(6, 0.0, device)
}

/// Two clips of eight frames: the second is padded from its sixth on; in both the third frame has no crop
/// and the fourth no label.
fn batch(filling: f32) -> ClipBatch {
    let missing: Vec<bool> = (0..16).map(|i| i % 8 == 2 || i >= 13).collect();
    let labels = (0..16)
        .map(|i| (i % 8 != 3).then(|| Expression::ALL[i % 5]))
        .collect();
    let features = (0..16 * 6).map(|i| {
        if missing[i / 6] {
            filling
        } else {
            ((i * 37) % 23) as f32 / 11.0 - 1.0
        }
    });
    ClipBatch {
        clips: 2,
        frames: 8,
        features: features.collect(),
        missing,
        labels,
    }
}

#[test]
fn missing_and_padded_frames_change_neither_outputs_nor_loss() {
    let device = Device::flex();
    let encoder = encoder(&device);
    let (a, b) = (batch(0.0), batch(50.0));
    let weights = [1.0; CLASS_COUNT];
    let loss = |batch: &ClipBatch| batch.loss(&encoder, &weights, &device).into_scalar::<f32>();
    assert!((loss(&a) - loss(&b)).abs() < 1e-6);
    // Also their labels do not count.
    let mut c = batch(50.0);
    c.missing
        .iter()
        .zip(&mut c.labels)
        .filter(|(missing, _)| **missing)
        .for_each(|(_, l)| *l = None);
    assert_eq!(loss(&b), loss(&c));
    let rows = |batch: &ClipBatch| {
        batch
            .logits(&encoder, &device)
            .into_data()
            .try_into_vec::<f32>()
            .unwrap()
    };
    for (row, (x, y)) in rows(&a).chunks(8).zip(rows(&b).chunks(8)).enumerate() {
        let same = x.iter().zip(y).all(|(x, y)| (x - y).abs() < 1e-5);
        assert!(same || a.missing[row], "frame {row}");
    }
}

#[test]
fn only_labelled_frames_with_a_crop_have_a_gradient_and_class_weights_divide_out() {
    let device = Device::flex();
    let training = device.clone().autodiff();
    let batch = batch(0.0);
    let logits = Tensor::<2>::random([16, 8], Distribution::Normal(0.0, 1.0), &training).require_grad();
    let weights = [0.5, 2.0, 1.0, 3.0, 0.1, 1.0, 1.0, 1.0];
    let loss = batch.loss_of(logits.clone(), &weights, &training);
    let gradient = logits.grad(&loss.clone().backward()).unwrap();
    let gradient = gradient.into_data().try_into_vec::<f32>().unwrap();
    for (row, values) in gradient.chunks(8).enumerate() {
        let counts = batch.labels[row].is_some() && !batch.missing[row];
        assert_eq!(values.iter().any(|value| *value != 0.0), counts, "frame {row}");
    }
    // By the definition: sum of w * -log p over sum of w.
    let values = logits.into_data().try_into_vec::<f32>().unwrap();
    let (mut sum, mut whole) = (0.0, 0.0);
    for (row, scores) in values.chunks(8).enumerate() {
        if let (Some(label), false) = (batch.labels[row], batch.missing[row]) {
            let weight = f64::from(weights[label.index()]);
            let partition: f64 = scores.iter().map(|score| f64::from(*score).exp()).sum();
            sum += weight * (partition.ln() - f64::from(scores[label.index()]));
            whole += weight;
        }
    }
    assert!((f64::from(loss.into_scalar::<f32>()) - sum / whole).abs() < 1e-5);
}

fn features_of(folder: &Path, set: &str) -> Vec<VideoFeatures> {
    let videos = affwild2::read_videos(&folder.join("crops"), &folder.join(set)).unwrap();
    let model = random_model(false);
    let reader = CropReader::new(&model, &Device::flex()).unwrap();
    let cache = FeatureCache::open(&folder.join("cache"), &model).unwrap();
    cache.read_all(&videos, &reader).unwrap().0
}

#[test]
fn every_clip_comes_once_a_round_and_covers_every_frame_that_teaches() {
    let folder = tempfile::tempdir().unwrap();
    write_videos(folder.path());
    let videos = features_of(folder.path(), "train");
    let plan = ClipPlan::new(&videos, 64, 32, 7);
    // 90 frames: 0 and 26; 40 frames: 0, padded; 150 frames: 0, 32, 64, 86.
    assert_eq!(plan.len(), 7);
    let learnable: usize = videos
        .iter()
        .map(|v| (0..v.len()).filter(|f| v.learnable(*f).is_some()).count())
        .sum();
    let counted = |batch: &ClipBatch| {
        let frames = batch.labels.iter().zip(&batch.missing);
        frames
            .filter(|(label, missing)| label.is_some() && !**missing)
            .count()
    };
    let round = plan.batch(&videos, 0, 7);
    assert_eq!(
        (round.clips, round.frames, round.features.len()),
        (7, 64, 7 * 64 * videos[0].feature_len)
    );
    assert!(counted(&round) >= learnable);
    // Another round has the same clips in another order, whatever the size of the batch.
    let next = plan.batch(&videos, 1, 7);
    assert_ne!(next, round);
    assert_eq!(counted(&next), counted(&round));
    let singly: usize = (0..7).map(|step| counted(&plan.batch(&videos, step, 1))).sum();
    assert_eq!(singly, counted(&round));
    let padded = round
        .missing
        .chunks(64)
        .filter(|clip| clip[40..].iter().all(|m| *m))
        .count();
    assert_eq!(padded, 1);
    let weights = inverse_frequencies(&videos);
    let total: f32 = videos
        .iter()
        .flat_map(|v| (0..v.len()).filter_map(|f| v.learnable(f)))
        .map(|label| weights[label.index()])
        .sum();
    assert!((total / learnable as f32 - 1.0).abs() < 1e-4);
    assert_eq!(weights[Expression::Fear.index()], 1.0);
}

#[test]
fn the_cache_belongs_to_its_model_and_crops_and_mends_itself() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_videos(folder);
    let videos = affwild2::read_videos(&folder.join("crops"), &folder.join("train")).unwrap();
    let model = random_model(false);
    let read = |model: &ModelFile| {
        let cache = FeatureCache::open(&folder.join("cache"), model).unwrap();
        let reader = CropReader::new(model, &Device::flex()).unwrap();
        (cache.read_all(&videos, &reader).unwrap(), cache)
    };
    let report = |found, computed, damaged| CacheReport {
        found,
        computed,
        damaged,
        unreadable: 0,
    };
    let ((first, said), cache) = read(&model);
    assert_eq!(said, report(0, 3, 0));
    assert_eq!(first[0].feature(3), None);
    let ((second, said), _) = read(&model);
    assert_eq!(said, report(3, 0, 0));
    assert_eq!(first, second);
    // A damaged byte, and a file that is cut short.
    let path = cache.path_of("a");
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.len() - 700;
    bytes[last] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let cut = cache.path_of("c");
    std::fs::write(&cut, &std::fs::read(&cut).unwrap()[..999]).unwrap();
    let ((mended, said), _) = read(&model);
    assert_eq!(said, report(1, 2, 2));
    assert_eq!(mended, first);
    // Another crop in the place of one.
    let crop = |number: &str| folder.join("crops/b_left").join(number);
    std::fs::copy(folder.join("crops/a/00001.jpg"), crop("00007.jpg")).unwrap();
    std::fs::remove_file(crop("00008.jpg")).unwrap();
    let videos = affwild2::read_videos(&folder.join("crops"), &folder.join("train")).unwrap();
    let reader = CropReader::new(&model, &Device::flex()).unwrap();
    let (changed, said) = cache.read_all(&videos, &reader).unwrap();
    assert_eq!(said, report(2, 1, 0));
    assert_eq!(changed[1].feature(7), None);
    // Another backbone or input is another key; a temporal encoder is not.
    let mut other = random_model(false);
    other.weights.get_mut("backbone.conv1.weight").unwrap().values[0] += 1e-3;
    assert_ne!(key_of(&other), key_of(&model));
    let mut other = random_model(false);
    other.metadata.input.mean[0] += 1e-3;
    assert_ne!(key_of(&other), key_of(&model));
    assert_eq!(key_of(&random_model(true)), key_of(&model));
}

#[test]
fn training_stops_when_nothing_gets_better_and_leaves_a_model_and_plots() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // A rate that changes nothing.
    write_config(
        folder,
        "rate = 1e-30\nweight_decay = 0.0\nsteps = 100\nsteps_an_evaluation = 2\npatience = 3\n",
    );
    let printed = mien_ok(folder, &REFINE);
    assert_eq!(printed.trim(), "run/model.safetensors");
    // The first evaluation is the best, three are no better.
    assert_eq!(log(folder).last().unwrap()["step"], 8);
    let again = mien_ok(folder, &RESUME);
    assert_eq!(
        (printed, log(folder).last().unwrap()["step"].as_u64()),
        (again, Some(8))
    );
    let model = ModelFile::from_bytes(&std::fs::read(folder.join("run/model.safetensors")).unwrap()).unwrap();
    model.check_weights().unwrap();
    assert_eq!(model.metadata.training["temporal"]["steps"], 2);
    for name in ["loss.svg", "loss.png", "f1.svg", "f1.png", "config.toml"] {
        assert!(folder.join("run/refine").join(name).is_file(), "{name}");
    }
    let said = mien_fails(folder, 1, &REFINE);
    assert!(said.contains("--resume"), "{said}");
}

#[test]
fn training_learns_and_a_killed_run_ends_with_the_same_bytes() {
    let more =
        "rate = 1e-3\nsteps = 30\nsteps_an_evaluation = 10\ncheckpoint_minutes = 0.0\nclass_weights = true\n";
    let (whole, broken) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for folder in [&whole, &broken] {
        write_config(folder.path(), more);
    }
    mien_ok(whole.path(), &REFINE);
    let entries = log(whole.path());
    let loss = |entries: &[serde_json::Value]| {
        let losses: Vec<f64> = entries
            .iter()
            .filter_map(|entry| entry["loss"].as_f64())
            .collect();
        losses.iter().sum::<f64>() / losses.len() as f64
    };
    assert!(loss(&entries[20..]) < loss(&entries[..10]), "{entries:?}");
    let folder = broken.path();
    let mut killed = 0;
    for lines in [3, 12, 21] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mien"))
            .current_dir(folder)
            .args(RESUME)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        let count = || {
            std::fs::read_to_string(folder.join("run/refine/log.jsonl")).map_or(0, |log| log.lines().count())
        };
        while count() < lines && child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < Duration::from_secs(120), "nothing happens");
            std::thread::sleep(Duration::from_micros(200));
        }
        killed += usize::from(child.try_wait().unwrap().is_none());
        // SIGKILL.
        let _ = child.kill();
        child.wait().unwrap();
    }
    assert!(killed >= 2, "the run ended too early to be killed");
    let ended = mien(folder, &RESUME);
    assert!(ended.status.success(), "{}", stderr(&ended));
    // What was computed before is found.
    assert!(
        stderr(&ended).contains("3 videos from the cache"),
        "{}",
        stderr(&ended)
    );
    let bytes = |folder: &Path| std::fs::read(folder.join("run/model.safetensors")).unwrap();
    let [one, other] = [whole.path(), folder].map(|folder| ModelFile::from_bytes(&bytes(folder)).unwrap());
    assert_eq!(one.metadata, other.metadata);
    for (name, weight) in &one.weights {
        assert!(*weight == other.weights[name], "{name} is another");
    }
    assert!(bytes(whole.path()) == bytes(folder), "the files differ");
}

#[test]
fn a_step_after_loading_is_the_step_without() {
    let device = Device::flex();
    let shape = TemporalShape {
        layers: 2,
        heads: 2,
        d_model: 16,
        d_ff: 24,
        positions: true,
    };
    let new = || EncoderTrainer::new(&shape, 6, 0.0, 0.01, 5, &device);
    let mut trainer = new();
    for at in 0..3 {
        trainer.learn(at, &batch(0.0), 1e-2).unwrap();
    }
    let (weights, moments) = (
        trainer.encoder.save("").unwrap(),
        trainer.optimiser.save().unwrap(),
    );
    let mut loaded = new();
    loaded.encoder = loaded
        .encoder
        .load(&weights, "", &device.clone().autodiff())
        .unwrap();
    loaded.optimiser.load(&moments, &device).unwrap();
    assert_eq!(loaded.encoder.save("").unwrap(), weights);
    assert_eq!(loaded.optimiser.save().unwrap(), moments);
    let [a, b] = [&mut trainer, &mut loaded].map(|trainer| {
        let loss = trainer.learn(3, &batch(0.0), 1e-2).unwrap();
        (
            loss,
            trainer.optimiser.save().unwrap(),
            trainer.encoder.save("").unwrap(),
        )
    });
    assert_eq!(a.0.to_bits(), b.0.to_bits());
    for (name, moment) in &a.1 {
        assert!(*moment == b.1[name], "{name} is another");
    }
    assert_eq!(a.2, b.2);
}

#[test]
fn what_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_config(folder, "steps = 2\n");
    let text = std::fs::read_to_string(folder.join("c.toml")).unwrap();
    std::fs::write(folder.join("c.toml"), text.replace("\"validation\"", "\"train\"")).unwrap();
    let said = mien_fails(folder, 1, &REFINE);
    assert!(
        said.contains("the video a is among the training and the validation videos"),
        "{said}"
    );
    std::fs::write(folder.join("c.toml"), text.replace("batch = 2", "bach = 2")).unwrap();
    assert!(mien_fails(folder, 1, &REFINE).contains("did you mean `batch`"));
    std::fs::write(
        folder.join("c.toml"),
        text.replace("stride", "x").replace("heads = 2", "heads = 3"),
    )
    .unwrap();
    assert!(mien_fails(folder, 1, &REFINE).contains("`refine`"));
    std::fs::write(folder.join("c.toml"), &text).unwrap();
    std::fs::remove_file(folder.join("run/student.safetensors")).unwrap();
    let said = mien_fails(folder, 1, &REFINE);
    assert!(
        said.contains("mien pretrain") && said.contains("student.safetensors"),
        "{said}"
    );
}
