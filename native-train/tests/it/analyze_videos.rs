//! `mien analyze` on videos made by ffmpeg: every frame, at its own time, upright.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

use std::path::Path;

use crate::common::decoders::Decoder;
use crate::common::{
    ffmpeg, mien, probed_container_times, probed_start, probed_times, stderr, write_random_model,
};
use shared_model::frame::Frame;
use shared_model::frame_table::{self, NamedRow};
use shared_model::project::Project;

/// Analyses whole frames and gives the rows of the csv.
fn rows(decoder: &Decoder, folder: &Path, video: &str) -> Vec<NamedRow> {
    rows_with(decoder, folder, video, &[])
}

fn rows_with(decoder: &Decoder, folder: &Path, video: &str, more: &[&str]) -> Vec<NamedRow> {
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
    let printed = decoder.mien_ok(folder, &arguments);
    // The csv is the first of the files.
    let csv = folder.join(printed.lines().next().unwrap());
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
    for decoder in Decoder::all() {
        let rows = rows(&decoder, folder.path(), "a.mp4");
        assert_eq!(rows.len(), 90);
        assert_times(&rows, &probed_times(&folder.path().join("a.mp4")));
        let face = rows[0].row.face_box.unwrap();
        assert_eq!((face.w, face.h), (161.0, 97.0));
        assert!(rows.iter().all(|named| named.video == "a.mp4"));
    }
}

#[test]
fn a_stride_skips_frames_and_interpolates_them() {
    let folder = tempfile::tempdir().unwrap();
    let make = "-f lavfi -i testsrc=size=64x48:rate=25:duration=2 -c:v libx264 s.mp4";
    if !ffmpeg(folder.path(), make) {
        return;
    }
    for decoder in Decoder::all() {
        let all = rows(&decoder, folder.path(), "s.mp4");
        let every = rows_with(&decoder, folder.path(), "s.mp4", &["--stride", "1"]);
        assert_eq!(every, all);
        let some = rows_with(&decoder, folder.path(), "s.mp4", &["--stride", "4"]);
        assert_times(&some, &probed_times(&folder.path().join("s.mp4")));
        for (every, fourth) in all.iter().zip(&some) {
            let is_looked_at = every.row.frame % 4 == 0;
            assert_eq!(fourth.row.face_box.is_some(), is_looked_at);
            assert_eq!(fourth.row.track.is_some(), is_looked_at);
            if is_looked_at {
                assert_eq!(fourth.row.raw, every.row.raw);
            }
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
    let times = probed_times(&folder.path().join("v.mkv"));
    let steps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(
        steps.iter().any(|step| *step > 0.15) && steps.iter().any(|step| *step < 0.05),
        "{steps:?}"
    );
    for decoder in Decoder::all() {
        assert_times(&rows(&decoder, folder.path(), "v.mkv"), &times);
    }
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
    let plain = std::fs::read(folder.path().join("plain.mp4")).unwrap();
    std::fs::write(folder.path().join("turned.mp4"), turned_clockwise(plain)).unwrap();
    // What ffmpeg itself shows, which turns by default.
    assert!(ffmpeg(folder.path(), "-i turned.mp4 -frames:v 1 shown.png"));
    let shown = native_train::picture::read(&folder.path().join("shown.png")).unwrap();
    assert_eq!((shown.width(), shown.height()), (64, 80));
    for decoder in Decoder::all() {
        let first = |name: &str| {
            let mut video = decoder.open(&folder.path().join(name));
            video.next_frame().unwrap().unwrap().1
        };
        let (plain, turned) = (first("plain.mp4"), first("turned.mp4"));
        assert_eq!((plain.width(), plain.height()), (80, 64));
        assert_eq!((turned.width(), turned.height()), (64, 80));
        assert_looks_like(&turned, &shown);
    }
}

/// An mp4 with one track that asks for a quarter turn: its track header's display matrix is replaced. Options for it
/// differ between versions of ffmpeg.
fn turned_clockwise(mut mp4: Vec<u8>) -> Vec<u8> {
    let header = mp4.windows(4).position(|word| word == b"tkhd").unwrap();
    let turn: [i32; 9] = [0, 0x1_0000, 0, -0x1_0000, 0, 0, 0, 0, 0x4000_0000];
    let bytes: Vec<u8> = turn.iter().flat_map(|number| number.to_be_bytes()).collect();
    mp4[header + 44..header + 80].copy_from_slice(&bytes);
    mp4
}

/// Chroma is interpolated by ffmpeg and not here; the border between two colours may differ.
fn assert_looks_like(frame: &Frame, shown: &Frame) {
    let many = shown
        .rgb()
        .iter()
        .zip(frame.rgb())
        .filter(|(a, b)| a.abs_diff(**b) > 6)
        .count();
    assert!(
        many < shown.rgb().len() / 10,
        "{many} of {} values differ",
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
    for decoder in Decoder::all() {
        for name in ["full.mp4", "limited.mp4"] {
            let mut video = decoder.open(&folder.path().join(name));
            let frame = video.next_frame().unwrap().unwrap().1;
            assert!(
                frame.rgb().iter().all(|value| *value >= 252),
                "{name}: {:?}",
                &frame.rgb()[..3]
            );
        }
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
    let all = [[(64, 48); 10], [(96, 80); 10]].concat();
    for decoder in Decoder::all() {
        let mut video = decoder.open(&folder.path().join("ab.h264"));
        let mut sizes = Vec::new();
        let end = loop {
            match video.next_frame() {
                Ok(Some((_, frame))) => sizes.push((frame.width(), frame.height())),
                Ok(None) => break None,
                Err(error) => break Some(error.to_string()),
            }
        };
        // Before 4.4 ffmpeg can only scale such frames.
        match end {
            None => assert_eq!(sizes, all),
            Some(error) => {
                assert!(
                    error.contains("at frame 10; that needs ffmpeg 4.4 or newer"),
                    "{error}"
                );
                assert_eq!(sizes, all[..10]);
            }
        }
    }
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
    for decoder in Decoder::all() {
        let output = decoder.mien(folder.path(), &arguments);
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
    for decoder in Decoder::all() {
        let alone = [&["analyze", "a.mp4"][..], &common, &["alone"]].concat();
        decoder.mien_ok(folder.path(), &alone);
        let both = [&["analyze", "other/a.mp4", "a.mp4"][..], &common, &["both"]].concat();
        let printed = decoder.mien_ok(folder.path(), &both);
        assert_eq!(printed.lines().count(), 2);
        let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
        let cues = [
            &["analyze", "a.mp4", "--format", "vtt,eaf"][..],
            &common,
            &["cues"],
        ]
        .concat();
        decoder.mien_ok(folder.path(), &cues);
        let text = |name: &str| String::from_utf8(std::fs::read(folder.path().join(name)).unwrap()).unwrap();
        let count = text("cues/a.vtt").matches(" --> ").count();
        assert!(count > 0);
        let eaf = text("cues/a.eaf");
        let own = eaf
            .split("TIER_ID=\"Face 1\">")
            .nth(1)
            .unwrap()
            .split("</TIER>")
            .next()
            .unwrap();
        assert_eq!(own.matches("<ANNOTATION_VALUE>").count(), count);
        assert_eq!(read("alone/a.csv"), read("both/a-2.csv"));
        assert_ne!(read("both/a.csv"), read("both/a-2.csv"));
    }
}

/// All frames with their times, and where the first of them stands on the media's clock.
fn decoded(decoder: &Decoder, video: &Path) -> (Vec<(f64, Frame)>, f64) {
    let mut video = decoder.open(video);
    let mut frames = Vec::new();
    while let Some(frame) = video.next_frame().unwrap() {
        frames.push(frame);
    }
    let start_s = video.start_s();
    (frames, start_s)
}

#[test]
fn all_versions_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let make = |size: &str, output: &str| {
        let make = format!("-f lavfi -i testsrc2=size={size}:rate=10:duration=1 {output}");
        ffmpeg(folder.path(), &make)
    };
    let videos = [
        ("162x98", "-c:v libx264 -pix_fmt yuv420p 420.mp4"),
        ("162x98", "-c:v libx264 -pix_fmt yuv422p 422.mp4"),
        ("162x98", "-c:v libx264 -pix_fmt yuv444p 444.mp4"),
        ("162x98", "-c:v libx264 -pix_fmt yuv420p10le 10-bit.mp4"),
        ("162x98", "-c:v libx264rgb -pix_fmt rgb24 rgb.mp4"),
        ("162x98", "-c:v ffv1 -pix_fmt gray gray.mkv"),
        ("162x98", "-c:v ffv1 -pix_fmt yuv420p16le 16-bit.mkv"),
        ("162x98", "-c:v mjpeg -pix_fmt yuvj444p jpeg.avi"),
        ("161x97", "-c:v libvpx-vp9 -pix_fmt yuv420p odd.webm"),
        ("160x96", "drawn.gif"),
    ];
    for (size, output) in videos {
        if !make(size, output) {
            return;
        }
        let video = folder.path().join(output.rsplit(' ').next().unwrap());
        let mut all = Decoder::all().into_iter();
        let first = decoded(&all.next().unwrap(), &video);
        assert_eq!(first.0.len(), 10);
        for decoder in all {
            let second = decoded(&decoder, &video);
            assert!(first == second, "{output}");
        }
    }
}

#[test]
fn the_first_frame_has_its_place_on_the_medias_clock() {
    let folder = tempfile::tempdir().unwrap();
    let parts = [
        "-f lavfi -i testsrc=size=64x48:rate=25:duration=2 -c:v libx264 -bf 2 picture.mp4",
        "-f lavfi -i testsrc=size=64x48:rate=25:duration=2 -c:v libvpx-vp9 picture.webm",
        "-f lavfi -i sine=duration=2 -c:a aac sound.mp4",
        "-f lavfi -i sine=duration=2 -c:a libopus sound.webm",
        "-f lavfi -i testsrc=size=64x48 -frames:v 1 cover.png",
    ];
    for make in parts {
        if !ffmpeg(folder.path(), make) {
            return;
        }
    }
    // Copied, since an encoder at a constant rate would fill the time before the picture.
    let (picture, sound, late, copy) = ("-i picture.mp4", "-i sound.mp4", "-itsoffset 0.5", "-c copy");
    let cover = "-i cover.png -map 0 -map 1 -map 2 -disposition:v:1 attached_pic";
    let videos = [
        format!("{late} {picture} {sound} {copy} late-picture.mp4"),
        format!("{late} {picture} {sound} {copy} late-picture.mkv"),
        format!("{late} {picture} {sound} {copy} late-picture.ts"),
        format!("{late} -i picture.webm -i sound.webm {copy} late-picture.webm"),
        format!("{picture} {late} {sound} {copy} late-sound.mp4"),
        format!("{picture} {late} {sound} {copy} late-sound.ts"),
        format!("{picture} {sound} {copy} together.mp4"),
        format!("{picture} {sound} {copy} together.ts"),
        format!("{picture} {copy} silent.ts"),
        format!("{late} {picture} {copy} silent.mkv"),
        format!("{late} {picture} {late} {sound} {cover} {copy} cover.mp4"),
    ];
    for make in videos {
        if !ffmpeg(folder.path(), &make) {
            return;
        }
        let name = make.rsplit(' ').next().unwrap();
        let video = folder.path().join(name);
        let expected = probed_container_times(&video)[0] - probed_start(&video);
        if name.starts_with("late-picture") {
            assert!((0.4..0.6).contains(&expected), "{name}: {expected}");
        }
        for decoder in Decoder::all() {
            let (frames, start_s) = decoded(&decoder, &video);
            assert!(
                (start_s - expected).abs() < 2e-6,
                "{name}: {start_s} and {expected}"
            );
            assert_eq!((frames.len(), frames[0].0), (50, 0.0));
        }
    }
}

#[test]
fn labels_by_time_stand_on_the_players_clock() {
    let folder = tempfile::tempdir().unwrap();
    let picture =
        "-f lavfi -i testsrc=size=96x96:rate=25:duration=2 -pix_fmt yuv420p -c:v libx264 picture.mp4";
    let joined = "-f lavfi -i sine=duration=3 -itsoffset 0.5 -i picture.mp4 -map 1:v -map 0:a -c:v copy -c:a aac a.mp4";
    if !ffmpeg(folder.path(), picture) || !ffmpeg(folder.path(), joined) {
        return;
    }
    let decoder = &Decoder::all()[0];
    let rows = rows_with(decoder, folder.path(), "a.mp4", &[]);
    // Its agreement with ffprobe has a test of its own.
    let start_s = rows[0].row.media_s.unwrap();
    assert!(start_s > 0.4, "{start_s}");
    let model = write_random_model(folder.path());
    let analyze = [
        "analyze",
        "a.mp4",
        "--model",
        model.to_str().unwrap(),
        "--device",
        "cpu",
        "--whole-frame",
        "--format",
        "eaf,vtt",
    ];
    decoder.mien_ok(folder.path(), &analyze);
    let cues = std::fs::read_to_string(folder.path().join("a.vtt")).unwrap();
    let first = format!("\n00:00:00.{:03} --> ", (start_s * 1000.0).round());
    assert!(cues.contains(&first), "{start_s}: {cues}");
    // What was written agrees with the frames that it was written from.
    let score = ["score", "--predictions", "a.csv", "--truth", "a.eaf", "--json"];
    let report: serde_json::Value = serde_json::from_str(&decoder.mien_ok(folder.path(), &score)).unwrap();
    assert_eq!(report["accuracy"], 1.0, "{report}");
}

#[test]
fn a_project_says_who_is_who() {
    let folder = tempfile::tempdir().unwrap();
    if !ffmpeg(
        folder.path(),
        "-f lavfi -i testsrc=size=64x48:rate=10:duration=1 -pix_fmt yuv420p a.mp4",
    ) {
        return;
    }
    for decoder in Decoder::all() {
        let tracked = rows_with(
            &decoder,
            folder.path(),
            "a.mp4",
            &["--format", "csv,json", "--force"],
        );
        let kept = std::fs::read_to_string(folder.path().join("a.json")).unwrap();
        let mut project = Project::from_json(&kept).unwrap();
        // From frame 4 on it is somebody else.
        project.people.split(0, 4, 7);
        std::fs::write(folder.path().join("who.json"), project.to_json().unwrap()).unwrap();
        let more = [
            "--people", "who.json", "--out", "told", "--format", "csv,json", "--force",
        ];
        let told = rows_with(&decoder, folder.path(), "a.mp4", &more);
        for (told, tracked) in told.iter().zip(&tracked) {
            assert_eq!(told.row.track, Some(if told.row.frame < 4 { 0 } else { 7 }));
            assert_eq!(told.row.raw_probabilities, tracked.row.raw_probabilities);
        }
        let kept = std::fs::read_to_string(folder.path().join("told/a.json")).unwrap();
        assert_eq!(Project::from_json(&kept).unwrap().people, project.people);

        // Who is left out has no rows, and frames without a face stay.
        project.people.set_ignored(7, true);
        std::fs::write(folder.path().join("who.json"), project.to_json().unwrap()).unwrap();
        let told = rows_with(&decoder, folder.path(), "a.mp4", &more);
        assert_eq!(told.len(), tracked.len());
        assert!(
            told.iter()
                .all(|named| named.row.face_box.is_some() == (named.row.frame < 4))
        );
    }
}

#[test]
fn a_project_that_is_not_of_this_analysis_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::create_dir(folder.join("other")).unwrap();
    for (name, seconds) in [("a.mp4", "1"), ("other/a.mp4", "0.5")] {
        let make =
            format!("-f lavfi -i testsrc=size=64x48:rate=10:duration={seconds} -pix_fmt yuv420p {name}");
        if !ffmpeg(folder, &make) {
            return;
        }
    }
    let model = write_random_model(folder);
    let said = |inputs: &[&str], people: &str| {
        let options = [
            "--model",
            model.to_str().unwrap(),
            "--device",
            "cpu",
            "--whole-frame",
            "--format",
            "json",
        ];
        let out = ["--out", "told", "--force", "--people", people];
        let refused = mien(folder, &[&["analyze"], inputs, &options, &out].concat());
        assert_eq!(refused.status.code(), Some(1));
        stderr(&refused)
    };
    rows_with(&Decoder::all()[0], folder, "a.mp4", &["--format", "csv,json"]);
    std::fs::write(folder.join("none.json"), "frame,time").unwrap();
    for (inputs, people, expected) in [
        (&["b.mp4"][..], "a.json", "none of the inputs"),
        (&["a.mp4", "other/a.mp4"], "a.json", "2 inputs have that name"),
        (&["a.mp4"], "none.json", "none.json: `--people` needs a project"),
        (&["a.mp4"], "nowhere.json", "nowhere.json cannot be read"),
        // Another film of the same name: its people would be others' faces.
        (
            &["other/a.mp4"],
            "a.json",
            "of 10 frames and 1 tracks, and here are 5 and 1",
        ),
    ] {
        let said = said(inputs, people);
        assert!(said.contains(expected), "{said}");
    }
    assert!(!folder.join("told/a.json").exists());
}
