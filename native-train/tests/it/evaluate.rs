//! `mien evaluate` on small videos made here.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

use std::path::Path;

use crate::common::{
    mien, mien_fails, mien_ok, random_model, stderr, write_random_model, write_video, write_videos,
};
use burn::tensor::Device;
use native_train::datasets::affwild2;
use native_train::picture;
use native_train::video_evaluation::prediction::predict_on;
use serde_json::Value;
use shared_model::recognizer::Recognizer;
use shared_model::smoothing::Smoothing;
use shared_model::timeline::Timeline;

fn evaluate(folder: &Path, more: &[&str]) -> String {
    let given = [
        "evaluate",
        "--model",
        "model.safetensors",
        "--device",
        "cpu",
        "--crops",
        "crops",
    ];
    mien_ok(folder, &[&given, more].concat())
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn predictions_are_those_of_analyze_to_the_letter() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_random_model(folder);
    let shown: Vec<Option<u32>> = (0..110).map(|frame| Some(frame / 10 % 6)).collect();
    write_video(folder, "truth", "talk_left", &[0; 110], &shown);
    evaluate(
        folder,
        &["--annotations", "truth", "--window", "7", "--out", "ours"],
    );
    let model = ["--model", "model.safetensors", "--device", "cpu", "--window", "7"];
    let analyze = [
        "analyze",
        "crops/talk_left",
        "--whole-frame",
        "--out",
        "theirs",
        "--format",
        "csv,affwild2",
    ];
    mien_ok(folder, &[&analyze[..], &model[..]].concat());
    for ending in ["csv", "txt"] {
        let read = |path: String| std::fs::read_to_string(folder.join(path)).unwrap();
        let ours = read(format!("ours/predictions/talk_left.{ending}"));
        assert_eq!(ours.lines().count(), 111);
        assert_eq!(ours, read(format!("theirs/talk_left.{ending}")), "{ending}");
    }
}

#[test]
fn missing_crops_are_interpolated_as_the_recogniser_does_whatever_the_batches_are() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_videos(folder);
    // A long gap ends a track in the app, so it does here.
    let shown: Vec<Option<u32>> = (0..140)
        .map(|f| (!(50..90).contains(&f) && f > 2).then_some(f / 20))
        .collect();
    write_video(folder, "validation", "f", &[4; 140], &shown);
    let model = random_model(true);
    let device = Device::flex();
    let videos = affwild2::read_videos(&folder.join("crops"), &folder.join("validation")).unwrap();
    let predicted = predict_on(&videos, &model, &device).unwrap();
    assert_eq!(predicted.len(), 3);
    for (video, ours) in videos.iter().zip(&predicted) {
        let mut recognizer = Recognizer::new(&model, None, &device).unwrap();
        let mut timeline = Timeline::new();
        for (number, frame) in video.frames.iter().enumerate() {
            let time_s = number as f64 / 25.0;
            let said = match &frame.picture {
                Some(path) => {
                    let crop = picture::read(path).unwrap();
                    pollster::block_on(recognizer.push(&[time_s], &[crop])).unwrap()
                }
                None => pollster::block_on(recognizer.push_unreadable(time_s)).unwrap(),
            };
            timeline.extend(said);
        }
        timeline.extend(pollster::block_on(recognizer.finish()).unwrap());
        for way in Smoothing::ALL.iter().copied() {
            let theirs = timeline.rows(way, 30);
            assert_eq!(theirs.len(), video.frames.len());
            let labels: Vec<_> = theirs.iter().map(|row| row.smoothed).collect();
            assert!(labels.iter().all(Option::is_some), "every frame has a label");
            assert_eq!(ours.smoothed(way, 30), labels, "{}, {}", video.name, way.name);
            for (a, b) in ours.timeline.rows(way, 30).iter().zip(&theirs) {
                let (a, b) = (a.probabilities.unwrap(), b.probabilities.unwrap());
                assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5));
            }
        }
    }
}

#[test]
fn figures_agree_with_score_and_the_sweep_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_videos(folder);
    write_random_model(folder);
    let said = json(&evaluate(
        folder,
        &["--annotations", "validation", "--sweep", "--json", "--out", "out"],
    ));
    let of = |name: &str| said[name]["macro_f1"].as_f64().unwrap();
    let score = [
        "score",
        "--predictions",
        "scored",
        "--truth",
        "validation",
        "--json",
        "--out",
        "score",
    ];
    std::fs::create_dir(folder.join("scored")).unwrap();
    for name in ["d", "e"] {
        let copied = std::fs::copy(
            folder.join(format!("out/predictions/{name}.txt")),
            folder.join(format!("scored/{name}.txt")),
        );
        copied.unwrap();
    }
    let scored = json(&mien_ok(folder, &score));
    assert_eq!(scored["macro_f1"], said["smoothed"]["macro_f1"]);
    assert_eq!(scored["confusion"], said["smoothed"]["confusion"]);
    // 130 frames, every eleventh without a label, every seventeenth without a crop.
    assert_eq!(
        (said["frames"].as_u64(), said["videos"].as_u64()),
        (Some(130), Some(2))
    );
    assert_eq!(said["unannotated_frames"], 9 + 3);
    assert_eq!(said["frames_without_crop"], 6 + 2);
    assert_eq!(said["smoothed"]["frames"], 130 - 12);
    let absent = said["raw"]["absent"].as_array().unwrap();
    assert!(absent.len() <= 5);
    let rows = said["sweep"]["rows"].as_array().unwrap();
    let at = |window: u64| rows.iter().find(|row| row["window"] == window).unwrap();
    for way in ["sliding", "block", "mean"] {
        // A window of one frame changes nothing.
        assert!(
            (at(1)[way].as_f64().unwrap() - of("temporal")).abs() < 1e-12,
            "{way}"
        );
    }
    assert!((at(30)["sliding"].as_f64().unwrap() - of("smoothed")).abs() < 1e-12);
    for name in [
        "confusion-raw",
        "confusion-temporal",
        "confusion-smoothed",
        "sweep",
    ] {
        for ending in ["svg", "png"] {
            assert!(
                folder.join(format!("out/{name}.{ending}")).is_file(),
                "{name}.{ending}"
            );
        }
    }
    assert!(folder.join("out/sweep.csv").is_file() && folder.join("score/confusion.png").is_file());
    let text = evaluate(folder, &["--annotations", "validation", "--sweep"]);
    for word in [
        "raw (per-frame head)",
        "temporal",
        "smoothed (sliding, 30 frames)",
        "absent",
        "window",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn a_folder_in_the_datasets_layout_and_a_config_name_the_same_videos() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_videos(folder);
    write_random_model(folder);
    std::fs::create_dir_all(folder.join("set/annotations")).unwrap();
    std::fs::rename(folder.join("crops"), folder.join("set/cropped_aligned")).unwrap();
    std::fs::rename(
        folder.join("validation"),
        folder.join("set/annotations/Validation_Set"),
    )
    .unwrap();
    std::fs::rename(folder.join("train"), folder.join("set/annotations/Train_Set")).unwrap();
    let text = "mode = \"supervised\"\nrun = \"r\"\n[[data.source]]\nkind = \"affwild2\"\nuse = \"labelled\"\n\
                pictures = \"set/cropped_aligned\"\nannotations = \"set/annotations/Train_Set\"\n[[data.source]]\n\
                kind = \"affwild2\"\nuse = \"validation\"\npictures = \"set/cropped_aligned\"\n\
                annotations = \"set/annotations/Validation_Set\"\n";
    std::fs::write(folder.join("c.toml"), text).unwrap();
    let of = |data: &str| {
        let given = [
            "evaluate",
            "--model",
            "model.safetensors",
            "--device",
            "cpu",
            "--json",
            "--data",
            data,
        ];
        mien_ok(folder, &given)
    };
    assert_eq!(of("set"), of("c.toml"));
    assert_eq!(json(&of("set"))["videos"], 2);
}

#[test]
fn a_submission_has_exactly_the_rows_of_its_example() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_videos(folder);
    write_random_model(folder);
    let header = "image_location,Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other";
    let locations = [
        "e/00030.jpg",
        "d/00004.jpg",
        "d/00001.jpg",
        "e/00001.jpg",
        "d/00099.jpg",
        "e/00034.jpg",
    ];
    let write = |name: &str, header: &str, rows: &[&str]| {
        let rows: String = rows.iter().map(|row| format!("{row}\n")).collect();
        std::fs::write(folder.join(name), format!("{header}\n{rows}")).unwrap();
    };
    write(
        "example.txt",
        header,
        &locations
            .map(|row| format!("{row},0"))
            .each_ref()
            .map(String::as_str),
    );
    let given = ["--submission", "example.txt", "--out", "mine.txt"];
    assert_eq!(evaluate(folder, &given).trim(), "mine.txt");
    let mine = std::fs::read_to_string(folder.join("mine.txt")).unwrap();
    let mut lines = mine.lines();
    assert_eq!(lines.next(), Some(header));
    // The labels are those of the evaluation; frames 4 (no crop) and 34 (behind the last crop) have one too.
    evaluate(folder, &["--annotations", "validation", "--out", "out"]);
    for (line, location) in lines.by_ref().zip(locations) {
        let (row, label) = line.rsplit_once(',').unwrap();
        assert_eq!(row, location);
        let (video, file) = location.split_once('/').unwrap();
        let frame: usize = file.trim_end_matches(".jpg").parse().unwrap();
        let labels = std::fs::read_to_string(folder.join(format!("out/predictions/{video}.txt"))).unwrap();
        if video == "d" {
            assert_eq!(labels.lines().nth(frame), Some(label), "{location}");
        }
        assert!(label.parse::<usize>().unwrap() < 8);
    }
    assert_eq!(lines.next(), None);
    assert_eq!(mine.lines().count(), 1 + locations.len());
    let fails = |rows: &[&str], header: &str| {
        write("bad.txt", header, rows);
        let given = [
            "evaluate",
            "--model",
            "model.safetensors",
            "--device",
            "cpu",
            "--crops",
            "crops",
        ];
        mien_fails(
            folder,
            1,
            &[&given[..], &["--submission", "bad.txt", "--out", "x.txt"][..]].concat(),
        )
    };
    let said = fails(&["nobody/00001.jpg"], header);
    assert!(said.contains("`nobody`"), "{said}");
    let said = fails(
        &[
            "nobody/00001.jpg",
            "d/00001.jpg",
            "no-one/00001.jpg",
            "nobody/00002.jpg",
        ],
        header,
    );
    assert!(
        said.contains("3 of 4 rows") && said.contains("2 videos: `no-one`, `nobody`"),
        "{said}"
    );
    let said = fails(&["d/99999.jpg"], header);
    assert!(said.contains("frame 99999 of `d`"), "{said}");
    let said = fails(&["d/00001.jpg", "d-2"], header);
    assert!(said.contains("line 3") && said.contains("`d-2`"), "{said}");
    let said = fails(&["d/00001.jpg"], "image,Neutral");
    assert!(said.contains("expected `image_location,Neutral"), "{said}");
    assert!(!folder.join("x.txt").exists());
}

#[test]
fn a_video_without_any_crop_and_a_broken_crop_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_random_model(folder);
    write_video(folder, "truth", "gone", &[0, 4, 4], &[None; 3]);
    write_video(folder, "truth", "here", &[4, 4], &[Some(1), Some(1)]);
    std::fs::write(folder.join("crops/here/00002.jpg"), "no picture").unwrap();
    let given = [
        "evaluate",
        "--model",
        "model.safetensors",
        "--device",
        "cpu",
        "--crops",
        "crops",
    ];
    let output = mien(
        folder,
        &[&given[..], &["--annotations", "truth", "--json"][..]].concat(),
    );
    let (said, found) = (stderr(&output), json(&String::from_utf8(output.stdout).unwrap()));
    assert!(said.contains("3 frames are of videos without any crop"), "{said}");
    assert!(
        said.contains("00002.jpg") && said.contains("1 crops cannot be read"),
        "{said}"
    );
    assert_eq!(
        (
            &found["unreadable_crops"],
            &found["frames_of_videos_without_crop"]
        ),
        (&1.into(), &3.into())
    );
    assert_eq!(found["smoothed"]["frames"], 5);
}
