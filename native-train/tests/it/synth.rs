//! `mien synth`: what it renders is what its labels say, the same bytes for the same seed, and faces to
//! a detector that was made by others.

#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::common::{mien_fails, mien_ok};
use native_train::datasets::affwild2;
use native_train::detectors;
use native_train::synth::random::{Purpose, stream};
use native_train::synth::recipe::Showing;
use native_train::synth::studio::Studio;
use native_train::synth::videos::{Video, VideoPlan};
use native_train::synth::{SynthSpec, generate, performance, stills};
use shared_model::expression::Expression;
use shared_model::face_detector::FaceDetector;
use shared_model::framing::DetectorKind;

fn small(seed: u64) -> SynthSpec {
    SynthSpec {
        images: 9,
        unlabelled: 7,
        videos_train: 1,
        videos_validation: 1,
        videos_temporal: 0,
        seconds: 2,
        fps: 5,
        size: 48,
        framing: 118,
        seed,
        skins: None,
    }
}

/// Every file below `folder` with its bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                all.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    all
}

fn rendered(seed: u64, threads: usize) -> BTreeMap<String, Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("set");
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    pool.install(|| generate(&small(seed), &out)).unwrap();
    files(&out)
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let (one, three) = (rendered(5, 1), rendered(5, 3));
    assert!(one.len() > 30, "{} files", one.len());
    assert_eq!(one.keys().collect::<Vec<_>>(), three.keys().collect::<Vec<_>>());
    for (name, bytes) in &one {
        assert!(three.get(name) == Some(bytes), "{name} differs");
    }
    let other = rendered(6, 2);
    let picture = "labelled/000000.jpg";
    assert_ne!(one[picture], other[picture]);
}

#[test]
fn videos_for_the_temporal_encoder_change_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("set");
    let spec = SynthSpec {
        videos_temporal: 2,
        ..small(5)
    };
    let summary = generate(&spec, &out).unwrap();
    assert!(summary.temporal_frames.iter().sum::<usize>() > 0);
    let (without, with) = (rendered(5, 2), files(&out));
    for (name, bytes) in without.iter().filter(|(name, _)| *name != "README.md") {
        assert!(with.get(name) == Some(bytes), "{name} differs");
    }
    let crops = out.join("affwild2/cropped_aligned");
    let videos = affwild2::read_videos(&crops, &out.join("affwild2/annotations/Temporal_Set")).unwrap();
    let names: Vec<&str> = videos.iter().map(|video| video.name.as_str()).collect();
    assert_eq!(names, ["temporal-000", "temporal-001"]);
}

#[test]
fn tables_and_annotations_name_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("set");
    let summary = generate(&small(1), &out).unwrap();
    let mut people = BTreeSet::new();
    for (table, count) in [("labelled.csv", 9), ("unlabelled.csv", 7)] {
        let mut reader = csv::Reader::from_path(out.join(table)).unwrap();
        assert_eq!(reader.headers().unwrap(), vec!["path", "label", "person"]);
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), count);
        for row in &rows {
            assert!(Expression::parse(&row[1]).is_some(), "{row:?}");
            let picture = image::open(out.join(&row[0])).unwrap();
            assert_eq!((picture.width(), picture.height()), (48, 48));
            people.insert(row[2].to_owned());
        }
    }
    assert!(people.len() < 9, "people appear several times: {people:?}");
    let mut missing = 0;
    for (set, counts) in [
        ("Train_Set", summary.train_frames),
        ("Validation_Set", summary.validation_frames),
    ] {
        let crops = out.join("affwild2/cropped_aligned");
        let videos = affwild2::read_videos(&crops, &out.join("affwild2/annotations").join(set)).unwrap();
        assert_eq!(videos.len(), 1);
        assert_eq!(videos[0].frames.len(), 10);
        for class in Expression::ALL {
            let frames = videos[0]
                .frames
                .iter()
                .filter(|frame| frame.label == Some(class))
                .count();
            assert_eq!(frames, counts[class.index()], "{set}, {}", class.name());
        }
        missing += videos[0]
            .frames
            .iter()
            .filter(|frame| frame.picture.is_none())
            .count();
    }
    assert_eq!(missing, summary.missing_crops);
    assert!(
        std::fs::read_to_string(out.join("README.md"))
            .unwrap()
            .contains("CC0")
    );
}

#[test]
fn videos_are_uneven_have_gaps_and_show_every_class() {
    let studio = Studio::open(3, None).unwrap();
    for split in 0..2 {
        let plan = performance::plan(8, 12, 3, split);
        let mut frames = [0_usize; 8];
        let (mut unannotated, mut missing, mut all) = (0, 0, 0);
        for (number, classes) in plan.iter().enumerate() {
            let plan = VideoPlan {
                name: String::new(),
                number: split * 100 + number,
                person: split * 100 + number,
                classes,
                seconds: 12,
                fps: 10,
                size: 48,
                framing: 1.18,
            };
            let video = Video::new(&studio, plan, 3);
            all += video.labels.len();
            missing += video.missing.iter().filter(|missing| **missing).count();
            unannotated += video.labels.iter().filter(|label| label.is_none()).count();
            for label in video.labels.iter().flatten() {
                frames[label.index()] += 1;
            }
        }
        assert!(frames.iter().all(|count| *count > 0), "{frames:?}");
        let most = frames.iter().max().unwrap();
        assert_eq!(*most, frames[0], "{frames:?}");
        assert!(frames.iter().any(|count| 4 * count < *most), "{frames:?}");
        let share = |count: usize| count as f64 / all as f64;
        assert!(
            (0.01..0.035).contains(&share(missing)),
            "{missing} of {all} crops"
        );
        assert!(
            (0.01..0.06).contains(&share(unannotated)),
            "{unannotated} of {all} labels"
        );
    }
}

#[test]
fn the_pool_is_mostly_neutral_and_smiling_and_labelled_stills_are_balanced() {
    let count = |pool, class| {
        stills::plan(pool, 800, 2)
            .iter()
            .filter(|still| still.class == class)
            .count()
    };
    for class in Expression::ALL {
        assert_eq!(count(stills::Pool::Labelled, class), 100);
    }
    let calm = count(stills::Pool::Unlabelled, Expression::Neutral)
        + count(stills::Pool::Unlabelled, Expression::Happiness);
    assert!((560..680).contains(&calm), "{calm}");
}

/// Mean movement (left, up, forward; decimetres) of vertices of MakeHuman's base mesh between a
/// person's face at rest and a class at full strength, over people and ways to show it.
fn movement(studio: &Studio, class: Expression, vertices: &[u16]) -> [f32; 3] {
    let mut sum = [0.0; 3];
    let mut count = 0.0;
    for number in 0..12 {
        let person = studio.person(number).identity;
        let showing = Showing::draw(class, number, &mut stream(1, Purpose::LabelledPicture, number));
        let calm = studio
            .head
            .expressed(&person.shape, &person.style.face_units(&[0.0; 24], 0.0));
        let units = person.style.face_units(&showing.actions, showing.asymmetry);
        let moved = studio.head.expressed(&person.shape, &units);
        for vertex in vertices {
            let vertex = studio.head.vertex(*vertex).unwrap();
            for (sum, value) in sum.iter_mut().zip((moved[vertex] - calm[vertex]).to_array()) {
                *sum += value;
            }
            count += 1.0;
        }
    }
    sum.map(|value| value / count)
}

/// Numbers of MakeHuman's base mesh, known from the mesh itself.
const MOUTH_CORNERS: [u16; 2] = [712, 7435];
const INNER_BROWS: [u16; 2] = [208, 6983];
const OUTER_BROWS: [u16; 2] = [207, 6982];
const CHIN: [u16; 1] = [5225];
const UPPER_LIDS: [u16; 1] = [6789];

#[test]
fn recipes_move_the_face_as_facs_says() {
    let studio = Studio::open(3, None).unwrap();
    let up = |class, vertices: &[u16]| movement(&studio, class, vertices)[1];
    assert!(up(Expression::Happiness, &MOUTH_CORNERS) > 0.03);
    assert!(up(Expression::Sadness, &MOUTH_CORNERS) < -0.01);
    assert!(up(Expression::Sadness, &INNER_BROWS) > 0.01);
    assert!(up(Expression::Surprise, &CHIN) < -0.05);
    assert!(up(Expression::Surprise, &OUTER_BROWS) > 0.02);
    assert!(up(Expression::Anger, &INNER_BROWS) < -0.01);
    assert!(up(Expression::Fear, &INNER_BROWS) > 0.005);
    assert!(up(Expression::Fear, &UPPER_LIDS) > 0.0);
    // AU20 draws the corners apart: the left one to the left.
    assert!(movement(&studio, Expression::Fear, &[7435])[0] > 0.005);
    assert!(up(Expression::Neutral, &MOUTH_CORNERS).abs() < 1e-6);
}

#[test]
fn a_detector_finds_the_face_in_whole_frames() {
    let device = burn::tensor::Device::flex();
    for kind in DetectorKind::ALL {
        finds_the_face_in_whole_frames(&detectors::open(kind, &device).unwrap(), &device);
    }
}

fn finds_the_face_in_whole_frames(detector: &FaceDetector, device: &burn::tensor::Device) {
    let studio = Studio::open(9, None).unwrap();
    let plan = performance::plan(20, 4, 9, 0);
    let (mut found, mut all) = (0, 0);
    for (number, classes) in plan.iter().enumerate() {
        let plan = VideoPlan {
            name: String::new(),
            number,
            person: number,
            classes,
            seconds: 4,
            fps: 10,
            size: 48,
            framing: 1.18,
        };
        let video = Video::new(&studio, plan, 9);
        let frames = [5, 25].map(|frame| video.scene(&studio, frame).unwrap());
        for faces in pollster::block_on(detector.detect(&frames, device)).unwrap() {
            all += 1;
            // The face is near the middle, and a good third of the frame high.
            found += usize::from(faces.iter().map(|face| face.face_box).any(|face| {
                let (x, y) = face.center();
                (x - 240.0).abs() < 90.0 && (y - 216.0).abs() < 70.0 && (60.0..240.0).contains(&face.h)
            }));
        }
    }
    println!("faces found in {found} of {all} frames");
    assert!(found * 100 >= all * 95, "{found} of {all}");
}

#[test]
fn the_command_prints_its_speed_and_never_mixes_two_sets() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "synth",
        "--out",
        "set",
        "--images",
        "8",
        "--unlabelled",
        "0",
        "--videos",
        "0",
        "--size",
        "32",
    ];
    let said = mien_ok(folder.path(), &arguments);
    assert!(said.contains("faces/s"), "{said}");
    let before = files(&folder.path().join("set"));
    let error = mien_fails(folder.path(), 1, &arguments);
    assert!(error.contains("holds something already"), "{error}");
    assert_eq!(before, files(&folder.path().join("set")));
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn bad_skins_and_sizes_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::create_dir(at.join("empty")).unwrap();
    std::fs::create_dir(at.join("flat")).unwrap();
    std::fs::create_dir(at.join("broken")).unwrap();
    image::RgbImage::new(300, 200)
        .save(at.join("flat/skin.png"))
        .unwrap();
    std::fs::write(at.join("broken/skin.jpg"), b"no picture").unwrap();
    for (skins, expected) in [
        ("absent", "absent"),
        ("empty", "there is no picture in"),
        ("flat", "300x200"),
        ("broken", "skin.jpg"),
    ] {
        let error = mien_fails(
            at,
            1,
            &["synth", "--out", "set", "--images", "1", "--skins", skins],
        );
        assert!(error.contains(expected), "{error}");
        assert!(!at.join("set").exists());
    }
    for (flag, value) in [
        ("--size", "8"),
        ("--framing", "10"),
        ("--fps", "0"),
        ("--seconds", "0"),
    ] {
        // Wrong use, as a value that is no number is.
        let error = mien_fails(at, 2, &["synth", "--out", "set", flag, value]);
        assert!(error.contains(flag) && error.contains(" is not in "), "{error}");
        assert!(!at.join("set").exists());
    }
    let spec = SynthSpec {
        framing: 10,
        ..small(1)
    };
    let error = generate(&spec, &at.join("set")).unwrap_err().to_string();
    assert!(error.contains("framing is 10"), "{error}");
    assert!(toml::from_str::<SynthSpec>("image = 3").is_err());
    assert_eq!(toml::from_str::<SynthSpec>("images = 3").unwrap().images, 3);
}
