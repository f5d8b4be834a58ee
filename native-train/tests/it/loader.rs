//! The loader: batches depend on the seed and the step alone, and no broken picture ends a run.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

use std::path::Path;

use std::sync::Arc;

use crate::common::dataset_files::{jpeg, ms1mv2, write};
use burn::tensor::Device;
use native_train::pretrain::read_data;
use native_train::pretrain::semi_supervised::batches::{PairedBatch, PairedLoader};
use native_train::pretrain::supervised_data::SupervisedData;
use native_train::run_config::RunConfig;
use native_train::run_config::augmentation_config::AugmentationConfig;
use native_train::synth::performance;
use native_train::synth::studio::Studio;
use native_train::synth::videos::{Video, VideoPlan};
use shared_model::face_box::FaceBox;
use shared_model::face_crop::{resize, square_crop};
use shared_model::face_detector::FaceDetector;
use shared_model::frame::Frame;
use shared_model::framing::{DetectorKind, Framing};

/// Labelled pictures of two classes, and a pool of records and of what a quota leaves over. Nothing is
/// kept in memory, so that each picture is read whenever it is needed.
fn write_data(folder: &Path) -> RunConfig {
    let mut list = "path,label,person\n".to_owned();
    for number in 0..40_u8 {
        let name = format!("faces/{number}.jpg");
        write(&folder.join(&name), jpeg([number * 6, 250 - number * 6, 90]));
        list.push_str(&format!(
            "{name},{},p{number}\n",
            if number % 2 == 0 { 0 } else { 4 }
        ));
    }
    write(&folder.join("list.csv"), list);
    let mut records: Vec<_> = (0..30).map(|n| jpeg([n * 8, 40, n * 8])).collect();
    // A picture in the middle that is none.
    records[13] = b"\xff\xd8 no JPEG".to_vec();
    ms1mv2(folder, &records);
    let text = format!(
        "mode = \"semi-supervised\"\nrun = \"run\"\nseed = 5\n[data]\nlabelled = \"{0}/list.csv\"\nquota = 10\ncache_mib = 0\n\
         [[data.source]]\nkind = \"ms1mv2\"\nuse = \"unlabelled\"\npath = \"{0}/train.rec\"\n\
         [model]\ninput_size = 32\nblocks = [1, 1, 1, 1]\nwidth = 4\n[training]\nbatch = 5\n\
         [semi_supervised]\nunlabelled_ratio = 2\n",
        folder.display()
    );
    write(&folder.join("c.toml"), text);
    RunConfig::read(&folder.join("c.toml")).unwrap()
}

fn batches(config: &RunConfig, data: &SupervisedData, threads: usize, first: u64) -> Vec<PairedBatch> {
    let input = config.input();
    let loader = PairedLoader::of(config, data, &input);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    pool.install(|| (first..12).map(|step| loader.batch(step).unwrap()).collect())
}

#[test]
fn the_same_seed_gives_the_same_batches_whatever_the_threads_and_what_breaks() {
    let folder = tempfile::tempdir().unwrap();
    let config = write_data(folder.path());
    let data = read_data(&config, &Device::flex()).unwrap();
    let sound = batches(&config, &data, 2, 0);
    // Pictures break in the middle of a run: one is cut short, one is gone.
    let pictures = data.training.pictures();
    for (place, bytes) in [(1, Some(&jpeg([1; 3])[..60])), (4, None)] {
        let path = folder.path().join(format!(
            "faces/{}.jpg",
            pictures[place].person.trim_start_matches('p')
        ));
        match bytes {
            Some(bytes) => write(&path, bytes),
            None => std::fs::remove_file(path).unwrap(),
        }
    }
    let one = batches(&config, &data, 1, 0);
    assert!(data.training.lost() > 0);
    assert!(data.unlabelled.unreadable() > 0);
    for threads in [2, 7] {
        assert!(one == batches(&config, &data, threads, 0), "{threads} threads");
    }
    // What is replaced is another picture of the class; nothing else changes.
    assert!(one != sound);
    for (now, before) in one.iter().zip(&sound) {
        assert_eq!(now.labelled.targets, before.labelled.targets);
        assert_eq!(now.weak, before.weak);
    }
    let picture = 3 * 32 * 32;
    let pairs = || {
        one.iter().zip(&sound).flat_map(|(now, before)| {
            now.labelled
                .pictures
                .chunks(picture)
                .zip(before.labelled.pictures.chunks(picture))
        })
    };
    let changed = pairs().filter(|(now, before)| now != before).count();
    assert!(changed > 0 && changed < pairs().count() / 2, "{changed}");
}

#[test]
fn batches_from_the_middle_are_those_of_an_uninterrupted_run() {
    let folder = tempfile::tempdir().unwrap();
    let config = write_data(folder.path());
    let data = read_data(&config, &Device::flex()).unwrap();
    let whole = batches(&config, &data, 2, 0);
    // A pool of some 40 pictures, 10 a step: the order is taken up within and between its rounds.
    for first in [1, 3, 4, 9] {
        assert!(
            batches(&config, &data, 2, first) == whole[first as usize..],
            "from step {first}"
        );
    }
    // As a run gets them: ahead, through the bounded queue, after the data was read anew.
    let again = read_data(&config, &Device::flex()).unwrap();
    let input = config.input();
    let loader = PairedLoader::of(&config, &again, &input);
    std::thread::scope(|scope| {
        let stream = loader.stream(scope, 5, 12);
        assert!(
            stream
                .into_iter()
                .map(Result::unwrap)
                .eq(whole[5..].iter().cloned())
        );
        // A receiver that leaves early does not hold the thread up.
        drop(loader.stream(scope, 0, u64::MAX));
    });
}

#[test]
fn a_pool_that_cannot_be_read_at_all_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = write_data(folder.path());
    ms1mv2(folder.path(), &vec![b"none".to_vec(); 30]);
    config.data.quota = 0;
    let data = read_data(&config, &Device::flex()).unwrap();
    let input = config.input();
    let error = format!(
        "{:#}",
        PairedLoader::of(&config, &data, &input).batch(0).unwrap_err()
    );
    assert!(error.contains("the unlabelled pictures of step 0"), "{error}");
    assert!(error.contains("train.rec") && error.contains("[data]"), "{error}");
}

#[test]
fn what_stands_in_brings_its_own_label() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = write_data(folder.path());
    config.training.balanced = false;
    config.augmentation = AugmentationConfig {
        flip: 0.0,
        rotation: 0.0,
        jitter: 0.0,
        greyscale: 0.0,
        erase: 0.0,
        ..AugmentationConfig::default()
    };
    let data = read_data(&config, &Device::flex()).unwrap();
    for picture in data.training.pictures().iter().step_by(3) {
        let number = picture.person.trim_start_matches('p');
        write(&folder.path().join(format!("faces/{number}.jpg")), b"broken");
    }
    let input = config.input();
    for batch in batches(&config, &data, 2, 0) {
        let pictures = batch.labelled.pictures.chunks(3 * 32 * 32);
        for (picture, target) in pictures.zip(batch.labelled.targets) {
            // Its red says which picture it is, and its number which class.
            let red = (picture[0] * input.std[0] + input.mean[0]) * 255.0;
            let number = (red / 6.0).round() as usize;
            let mut expected = [0.0; 8];
            expected[4 * (number % 2)] = 1.0;
            assert_eq!(target, expected, "{red}");
        }
    }
    assert!(data.training.lost() > 0);
}

/// Whole frames of rendered videos, each with a face somewhere near its middle.
fn frames_with_faces(count: usize) -> Vec<Frame> {
    let studio = Studio::open(9, None).unwrap();
    let plan = performance::plan(count, 2, 9, 0);
    let numbered = plan.iter().enumerate();
    let frame = |(number, classes): (usize, &Vec<_>)| {
        let plan = VideoPlan {
            name: String::new(),
            number,
            person: number,
            classes,
            seconds: 2,
            fps: 10,
            size: 48,
            framing: 1.18,
        };
        Video::new(&studio, plan, 9).scene(&studio, 5).unwrap()
    };
    numbered.map(frame).collect()
}

fn save(path: &Path, frame: &Frame) {
    let (width, height) = (frame.width() as u32, frame.height() as u32);
    let picture = image::RgbImage::from_raw(width, height, frame.rgb().to_vec()).unwrap();
    picture.save(path).unwrap();
}

fn best_face(frame: &Frame) -> Option<FaceBox> {
    let device = Device::flex();
    let bytes = include_bytes!("../../../shared-model/assets/ultraface-rfb-320.safetensors");
    let detector = FaceDetector::from_bytes(DetectorKind::UltraFace, bytes, &device).unwrap();
    let found = pollster::block_on(detector.detect(std::slice::from_ref(frame), &device)).unwrap();
    found[0].first().map(|face| face.face_box)
}

#[test]
fn faces_of_the_pool_are_looked_for_once_and_framed_the_same_whatever_the_threads() {
    let folder = tempfile::tempdir().unwrap();
    write_data(folder.path());
    let pool = folder.path().join("pool");
    std::fs::create_dir(&pool).unwrap();
    let mut frames = frames_with_faces(6);
    let grey = Frame::from_rgb(64, 64, vec![128; 3 * 64 * 64]).unwrap();
    frames.push(grey);
    for (number, frame) in frames.iter().enumerate() {
        save(&pool.join(format!("{number}.png")), frame);
    }
    let text = std::fs::read_to_string(folder.path().join("c.toml")).unwrap();
    let (before, after) = text.split_once("[[data.source]]").unwrap();
    let (_, after) = after.split_once("[model]").unwrap();
    let source = format!(
        "faces = \"detect\"\n[[data.source]]\nkind = \"folder\"\nuse = \"unlabelled\"\npath = \"{}\"\n[model]",
        pool.display()
    );
    write(&folder.path().join("c.toml"), format!("{before}{source}{after}"));
    let mut config = RunConfig::read(&folder.path().join("c.toml")).unwrap();
    config.data.quota = 0;
    let one = batches(&config, &read_data(&config, &Device::flex()).unwrap(), 1, 0);
    for threads in [2, 7] {
        let data = read_data(&config, &Device::flex()).unwrap();
        assert!(one == batches(&config, &data, threads, 0), "{threads} threads");
        assert_eq!(data.unlabelled.without_face(), 1, "the grey picture");
        assert_eq!(data.unlabelled.len(), frames.len());
        // From the middle: what is looked for when does not matter.
        let again = read_data(&config, &Device::flex()).unwrap();
        assert!(one[5..] == batches(&config, &again, threads, 5));
    }
    let data = read_data(&config, &Device::flex()).unwrap();
    let side = config.input().resized();
    let expected = |frame: &Frame, face: Option<FaceBox>| match face {
        Some(face) => resize(&square_crop(frame, &face, &Framing::default()), side, side).unwrap(),
        None => resize(frame, side, side).unwrap(),
    };
    let round = |number: u64| -> Vec<Arc<Frame>> {
        let places = 0..frames.len() as u64;
        places
            .map(|place| {
                data.unlabelled
                    .face(3, number * frames.len() as u64 + place)
                    .unwrap()
                    .0
            })
            .collect()
    };
    let boxes: Vec<Option<FaceBox>> = frames.iter().map(best_face).collect();
    let found = boxes.iter().filter(|face| face.is_some()).count();
    assert_eq!(
        found,
        frames.len() - 1,
        "a detector that finds the rendered faces"
    );
    let faces = round(0);
    for (frame, face) in frames.iter().zip(&boxes) {
        let framed = expected(frame, *face);
        assert!(faces.iter().any(|seen| seen.rgb() == framed.rgb()));
    }
    // Nothing is kept of the pixels here, so that the second round reads the files again: the boxes are those of the
    // first, although there is no face any more.
    let mut frames_changed = Vec::new();
    for (number, frame) in frames.iter().enumerate() {
        let dark = Frame::from_rgb(
            frame.width(),
            frame.height(),
            frame
                .rgb()
                .iter()
                .enumerate()
                .map(|(at, _)| (at % 251) as u8)
                .collect(),
        )
        .unwrap();
        save(&pool.join(format!("{number}.png")), &dark);
        frames_changed.push(dark);
    }
    let faces = round(1);
    for (frame, face) in frames_changed.iter().zip(&boxes) {
        let framed = expected(frame, *face);
        assert!(faces.iter().any(|seen| seen.rgb() == framed.rgb()));
    }
}
