//! `mien analyze` on videos made by ffmpeg: every frame, at its own time, upright.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

mod common;

use std::path::Path;

use common::{ffmpeg, mien, mien_ok, probed_times, stderr, write_random_model};
use native_train::video_frames::VideoFrames;
use shared_model::frame_table::{self, NamedRow};

/// Analyses whole frames and gives the rows of the csv.
fn rows(folder: &Path, video: &str) -> Vec<NamedRow> {
    rows_with(folder, video, &[])
}

fn rows_with(folder: &Path, video: &str, more: &[&str]) -> Vec<NamedRow> {
    let model = write_random_model(folder);
    let mut arguments = vec![
        "analyze",
        video,
        "--model",
        model.to_str().unwrap(),
        "--device",
        "cpu",
        "--whole-frame",
    ];
    arguments.extend(more);
    let printed = mien_ok(folder, &arguments);
    let csv = folder.join(printed.trim());
    frame_table::read(std::fs::File::open(csv).unwrap()).unwrap()
}

fn assert_times(rows: &[NamedRow], expected: &[f64]) {
    assert_eq!(rows.len(), expected.len());
    for (number, (named, expected)) in rows.iter().zip(expected).enumerate() {
        assert_eq!(named.row.frame, number);
        assert!(
            (named.row.time_s - expected).abs() < 2e-6,
            "frame {number}: {} and {expected}",
            named.row.time_s
        );
        let probabilities = named.row.probabilities.unwrap();
        assert!((probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-4);
        assert!(named.row.smoothed.is_some() && named.row.temporal.is_some());
    }
}

#[test]
fn constant_rate_with_odd_sides() {
    let folder = tempfile::tempdir().unwrap();
    let make =
        "-f lavfi -i testsrc=size=161x97:rate=30000/1001:duration=3 -pix_fmt yuv444p -c:v libx264 a.mp4";
    if !ffmpeg(folder.path(), make) {
        return;
    }
    let rows = rows(folder.path(), "a.mp4");
    assert_eq!(rows.len(), 90);
    assert_times(&rows, &probed_times(&folder.path().join("a.mp4")));
    let face = rows[0].row.face_box.unwrap();
    assert_eq!((face.w, face.h), (161.0, 97.0));
    assert!(rows.iter().all(|named| named.video == "a.mp4"));
}

#[test]
fn a_stride_skips_frames_and_interpolates_them() {
    let folder = tempfile::tempdir().unwrap();
    let make = "-f lavfi -i testsrc=size=64x48:rate=25:duration=2 -c:v libx264 s.mp4";
    if !ffmpeg(folder.path(), make) {
        return;
    }
    let all = rows(folder.path(), "s.mp4");
    assert_eq!(rows_with(folder.path(), "s.mp4", &["--stride", "1"]), all);
    let some = rows_with(folder.path(), "s.mp4", &["--stride", "4"]);
    assert_times(&some, &probed_times(&folder.path().join("s.mp4")));
    for (every, fourth) in all.iter().zip(&some) {
        let is_looked_at = every.row.frame % 4 == 0;
        assert_eq!(fourth.row.face_box.is_some(), is_looked_at);
        assert_eq!(fourth.row.track.is_some(), is_looked_at);
        if is_looked_at {
            assert_eq!(fourth.row.raw, every.row.raw);
        }
    }
    let wrong = mien(
        folder.path(),
        &["analyze", "s.mp4", "--model", "m", "--stride", "17"],
    );
    assert_eq!(wrong.status.code(), Some(2), "{}", stderr(&wrong));
}

#[test]
fn variable_rate_and_a_late_start() {
    let folder = tempfile::tempdir().unwrap();
    // Frames 0, 1, 2, 5, 6, 11, ... of 25 a second, the first of them at 3 s.
    let make = "-f lavfi -i testsrc=size=64x48:rate=25:duration=4 \
                -vf select='not(mod(n,5))+not(mod(n,11))+eq(n,1)+eq(n,2)',setpts=PTS+3/TB -fps_mode passthrough \
                -c:v libx264 -bf 2 v.mkv";
    if !ffmpeg(folder.path(), make) {
        return;
    }
    let rows = rows(folder.path(), "v.mkv");
    let times = probed_times(&folder.path().join("v.mkv"));
    assert_times(&rows, &times);
    let steps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(
        steps.iter().any(|step| *step > 0.15) && steps.iter().any(|step| *step < 0.05),
        "{steps:?}"
    );
}

#[test]
fn a_rotated_video_comes_upright() {
    let folder = tempfile::tempdir().unwrap();
    // Left half red, right half blue; the flag asks for a quarter turn clockwise for display.
    let make = "-f lavfi -i color=red:size=40x64:rate=5:duration=1 -f lavfi -i color=blue:size=40x64:rate=5:duration=1 \
                -filter_complex hstack -c:v libx264 -pix_fmt yuv420p -colorspace smpte170m plain.mp4";
    if !ffmpeg(folder.path(), make) {
        return;
    }
    assert!(ffmpeg(
        folder.path(),
        "-i plain.mp4 -c copy -metadata:s:v:0 rotate=90 turned.mp4"
    ));
    let first = |name: &str| {
        let mut video = VideoFrames::open(&folder.path().join(name)).unwrap();
        video.next_frame().unwrap().unwrap().1
    };
    let (plain, turned) = (first("plain.mp4"), first("turned.mp4"));
    assert_eq!((plain.width(), plain.height()), (80, 64));
    assert_eq!((turned.width(), turned.height()), (64, 80));
    // What ffmpeg itself shows, which turns by default.
    assert!(ffmpeg(folder.path(), "-i turned.mp4 -frames:v 1 shown.png"));
    let shown = native_train::picture::read(&folder.path().join("shown.png")).unwrap();
    assert_eq!((shown.width(), shown.height()), (64, 80));
    let worst = shown
        .rgb()
        .iter()
        .zip(turned.rgb())
        .map(|(a, b)| a.abs_diff(*b))
        .max()
        .unwrap();
    // Chroma is interpolated there and not here; the two halves' border may differ.
    let many = shown
        .rgb()
        .iter()
        .zip(turned.rgb())
        .filter(|(a, b)| a.abs_diff(**b) > 6)
        .count();
    assert!(
        many < shown.rgb().len() / 10,
        "{many} of {} values differ, at worst by {worst}",
        shown.rgb().len()
    );
}

#[test]
fn full_range_is_full_range() {
    let folder = tempfile::tempdir().unwrap();
    let make = "-f lavfi -i color=white:size=32x32:rate=5:duration=1 -vf scale=out_range=full -pix_fmt yuvj420p \
                -color_range pc -c:v libx264 full.mp4";
    if !ffmpeg(folder.path(), make) {
        return;
    }
    let make =
        "-f lavfi -i color=white:size=32x32:rate=5:duration=1 -pix_fmt yuv420p -c:v libx264 limited.mp4";
    assert!(ffmpeg(folder.path(), make));
    for name in ["full.mp4", "limited.mp4"] {
        let mut video = VideoFrames::open(&folder.path().join(name)).unwrap();
        let frame = video.next_frame().unwrap().unwrap().1;
        assert!(
            frame.rgb().iter().all(|value| *value >= 252),
            "{name}: {:?}",
            &frame.rgb()[..3]
        );
    }
}

#[test]
fn a_change_of_size_in_the_middle() {
    let folder = tempfile::tempdir().unwrap();
    let make = |size: &str, name: &str| {
        let make = format!(
            "-f lavfi -i testsrc=size={size}:rate=10:duration=1 -c:v libx264 -bsf:v h264_mp4toannexb {name}"
        );
        ffmpeg(folder.path(), &make)
    };
    if !make("64x48", "a.h264") {
        return;
    }
    assert!(make("96x80", "b.h264"));
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    std::fs::write(
        folder.path().join("ab.h264"),
        [read("a.h264"), read("b.h264")].concat(),
    )
    .unwrap();
    let mut video = VideoFrames::open(&folder.path().join("ab.h264")).unwrap();
    let mut sizes = Vec::new();
    while let Some((_, frame)) = video.next_frame().unwrap() {
        sizes.push((frame.width(), frame.height()));
    }
    assert_eq!(sizes, [[(64, 48); 10], [(96, 80); 10]].concat());
}

#[test]
fn a_video_without_faces_has_every_frame() {
    let folder = tempfile::tempdir().unwrap();
    if !ffmpeg(
        folder.path(),
        "-f lavfi -i color=gray:size=320x240:rate=10:duration=2 -c:v libx264 grey.mp4",
    ) {
        return;
    }
    let model = write_random_model(folder.path());
    let model = model.to_str().unwrap();
    let arguments = [
        "analyze",
        "grey.mp4",
        "--model",
        model,
        "--device",
        "cpu",
        "--format",
        "csv,json,affwild2,vtt",
    ];
    let output = mien(folder.path(), &arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("20 frames without a face"),
        "{}",
        stderr(&output)
    );
    let csv = std::fs::File::open(folder.path().join("grey.csv")).unwrap();
    let rows = frame_table::read(csv).unwrap();
    assert_eq!(rows.len(), 20);
    assert!(
        rows.iter()
            .all(|named| named.row.track.is_none() && named.row.probabilities.is_none())
    );
    let annotation = std::fs::read_to_string(folder.path().join("grey.predicted.txt")).unwrap();
    assert_eq!(annotation.lines().skip(1).collect::<Vec<_>>(), ["-1"; 20]);
    let project = std::fs::read_to_string(folder.path().join("grey.json")).unwrap();
    let project = shared_model::project::Project::from_json(&project).unwrap();
    assert_eq!(project.timeline.frames().len(), 20);
    assert_eq!(
        std::fs::read_to_string(folder.path().join("grey.vtt")).unwrap(),
        "WEBVTT\n"
    );
}

#[test]
fn the_result_does_not_depend_on_other_inputs_and_names_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("other")).unwrap();
    if !ffmpeg(
        folder.path(),
        "-f lavfi -i testsrc=size=64x48:rate=10:duration=2 -c:v libx264 a.mp4",
    ) {
        return;
    }
    assert!(ffmpeg(
        folder.path(),
        "-f lavfi -i testsrc2=size=64x48:rate=10:duration=1 -c:v libx264 other/a.mp4"
    ));
    let model = write_random_model(folder.path());
    let model = model.to_str().unwrap();
    let common = ["--model", model, "--device", "cpu", "--whole-frame", "--out"];
    let alone = [&["analyze", "a.mp4"][..], &common, &["alone"]].concat();
    mien_ok(folder.path(), &alone);
    let both = [&["analyze", "other/a.mp4", "a.mp4"][..], &common, &["both"]].concat();
    let printed = mien_ok(folder.path(), &both);
    assert_eq!(printed.lines().count(), 2);
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    let cues = [
        &["analyze", "a.mp4", "--format", "vtt,eaf"][..],
        &common,
        &["cues"],
    ]
    .concat();
    mien_ok(folder.path(), &cues);
    let text = |name: &str| String::from_utf8(std::fs::read(folder.path().join(name)).unwrap()).unwrap();
    let count = text("cues/a.vtt").matches(" --> ").count();
    assert!(count > 0);
    assert_eq!(text("cues/a.eaf").matches("<ANNOTATION_VALUE>").count(), count);
    assert_eq!(read("alone/a.csv"), read("both/a-2.csv"));
    assert_ne!(read("both/a.csv"), read("both/a-2.csv"));
}
