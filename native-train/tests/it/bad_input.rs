//! Bad input: the message names the file and the cause, and what can be kept is kept.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

use std::path::Path;

use crate::common::decoders::Decoder;
use crate::common::{
    CPU, ffmpeg, image_file, mien, mien_fails, mien_ok, probed_times, random_model, row_count, stderr,
    write_random_model,
};
use shared_model::frame_table;

/// Analyses inputs that must not all succeed; gives standard error.
fn analyze_fails(folder: &Path, inputs: &[&str]) -> String {
    mien_fails(folder, 1, &arguments(folder, inputs))
}

fn arguments<'a>(folder: &Path, inputs: &[&'a str]) -> Vec<&'a str> {
    write_random_model(folder);
    [&["analyze"], inputs, &["--model", "model.safetensors"], &CPU].concat()
}

#[test]
fn a_truncated_video_keeps_its_frames_and_fails() {
    let folder = tempfile::tempdir().unwrap();
    let make = "-f lavfi -i testsrc=size=320x240:rate=25:duration=4 -c:v libx264 -g 5 -movflags +faststart whole.mp4";
    if !ffmpeg(folder.path(), make) {
        return;
    }
    assert!(ffmpeg(folder.path(), "-i whole.mp4 -c copy whole.mkv"));
    for (whole, cut) in [("whole.mp4", "cut.mp4"), ("whole.mkv", "cut.mkv")] {
        let bytes = std::fs::read(folder.path().join(whole)).unwrap();
        std::fs::write(folder.path().join(cut), &bytes[..bytes.len() * 2 / 3]).unwrap();
        for decoder in Decoder::all() {
            let said = decoder.mien_fails(folder.path(), &arguments(folder.path(), &[cut]));
            assert!(said.contains(cut) && said.contains("ends early"), "{said}");
            let rows = row_count(&folder.path().join("cut.csv"));
            assert!((20..100).contains(&rows), "{cut}: {rows}");
            let lost = 100 - rows;
            let end = format!(" at the end, after frame {} (", rows - 1);
            assert!(
                said.contains(&format!("{lost} frames lost: ")) && said.contains(&end),
                "{said}"
            );
        }
    }
    // Without its index at the end nothing can be read.
    assert!(ffmpeg(folder.path(), "-i whole.mp4 -c copy late.mp4"));
    let bytes = std::fs::read(folder.path().join("late.mp4")).unwrap();
    std::fs::write(folder.path().join("index.mp4"), &bytes[..bytes.len() / 2]).unwrap();
    let said = analyze_fails(folder.path(), &["index.mp4"]);
    assert!(
        said.contains("index.mp4") && said.contains("index is missing"),
        "{said}"
    );
    assert!(!folder.path().join("index.csv").exists());
}

/// Where frames are missing in the damaged video: how many, and the number and time of the frame before them.
fn missing(whole: &[f64], damaged: &[f64]) -> Vec<(usize, usize, f64)> {
    let mut places: Vec<(usize, usize, f64)> = Vec::new();
    let mut next = 0;
    for time in whole {
        if damaged
            .get(next)
            .is_some_and(|found| (found - time).abs() < 0.002)
        {
            next += 1;
            continue;
        }
        match places.last_mut().filter(|(_, before, _)| before + 1 == next) {
            Some((count, ..)) => *count += 1,
            None => places.push((1, next - 1, damaged[next - 1])),
        }
    }
    places
}

#[test]
fn frames_lost_in_the_middle_are_counted_and_placed() {
    let folder = tempfile::tempdir().unwrap();
    // Complete after every frame of which others need nothing: a hole costs pictures, and not the rest.
    let make =
        "-f lavfi -i testsrc2=size=320x240:rate=25:duration=2.88 -c:v libx264 -g 12 -b:v 600k whole.mp4";
    if !ffmpeg(folder.path(), make) {
        return;
    }
    let sound = "-i whole.mp4 -f lavfi -i sine=duration=3 -map 0 -map 1 -c:v copy -c:a aac";
    for name in ["whole.ts", "whole.mkv"] {
        assert!(ffmpeg(folder.path(), &format!("{sound} {name}")));
    }
    for (ending, unit) in [("ts", 188), ("mp4", 200), ("mkv", 200)] {
        let whole = folder.path().join(format!("whole.{ending}"));
        let name = format!("hole.{ending}");
        let mut bytes = std::fs::read(&whole).unwrap();
        let middle = bytes.len() / 2 / unit * unit;
        bytes[middle..middle + 40 * unit].fill(0xff);
        std::fs::write(folder.path().join(&name), bytes).unwrap();
        let arguments = arguments(folder.path(), &[&name]);
        for decoder in Decoder::all() {
            let said = decoder.mien_fails(folder.path(), &arguments);
            let csv = std::fs::File::open(folder.path().join("hole.csv")).unwrap();
            let rows = frame_table::read(csv).unwrap();
            let times: Vec<f64> = rows.iter().map(|named| named.row.time_s).collect();
            let places = missing(&probed_times(&whole), &times);
            assert!(!places.is_empty() && times.len() > 40, "{name}: {}", times.len());
            let noun = if times.len() == 71 { "frame" } else { "frames" };
            let total = format!("{} {noun} lost: ", 72 - times.len());
            assert!(said.contains(&total), "`{total}` in {said}");
            for (count, before, time_s) in places {
                let is_end = before + 1 == times.len();
                let end = if is_end { "at the end, " } else { "" };
                let place = format!("{count} {end}after frame {before} ({time_s:.3} s)");
                assert!(said.contains(&place), "`{place}` in {said}");
            }
        }
    }
}

#[test]
fn frames_missing_at_the_end_after_an_error_are_lost_whatever_the_error_says() {
    let folder = tempfile::tempdir().unwrap();
    for (ending, make) in [
        (
            "webm",
            // Below 0: above, the encoder follows the clock, and each run has other frames.
            "-c:v libvpx -deadline realtime -cpu-used -8 -b:v 600k -g 300",
        ),
        ("gif", ""),
    ] {
        let whole = format!("whole.{ending}");
        let make = format!("-f lavfi -i testsrc2=size=160x120:rate=25:duration=2 {make} {whole}");
        if !ffmpeg(folder.path(), &make) {
            return;
        }
        let name = format!("hole.{ending}");
        let mut bytes = std::fs::read(folder.path().join(&whole)).unwrap();
        let middle = bytes.len() / 2;
        // Longer than a frame, so that the head of one is in it.
        bytes[middle..middle + 4500].fill(0);
        std::fs::write(folder.path().join(&name), bytes).unwrap();
        let arguments = arguments(folder.path(), &[&name]);
        for decoder in Decoder::all() {
            let said = decoder.mien_fails(folder.path(), &arguments);
            assert!(
                said.contains(&name) && said.contains("damaged or ends early"),
                "{said}"
            );
            let rows = row_count(&folder.path().join("hole.csv"));
            assert!((5..50).contains(&rows), "{name}: {rows}");
            if ending == "webm" {
                let lost = format!("{} frames lost: ", 50 - rows);
                assert!(
                    said.contains(&lost) && said.contains(" at the end"),
                    "`{lost}` in {said}"
                );
            }
        }
    }
}

#[test]
fn a_healthy_video_of_variable_rate_has_lost_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let make = "-f lavfi -i testsrc=size=64x48:rate=25:duration=4 -f lavfi -i sine=duration=4 \
                -vf select='not(mod(n,5))+not(mod(n,11))+lt(n,20)' -fps_mode passthrough -c:v libx264 -c:a aac v.mkv";
    if !ffmpeg(folder.path(), make) {
        return;
    }
    assert!(ffmpeg(folder.path(), "-i v.mkv -c copy v.ts"));
    // Damage in the sound alone is none of the frames' business.
    let sound = "-i v.mkv -map 0:a -c copy -bsf:a noise=amount=20 noisy.mkv";
    assert!(ffmpeg(folder.path(), sound));
    assert!(ffmpeg(
        folder.path(),
        "-i v.mkv -i noisy.mkv -map 0:v -map 1:a -c copy noisy-sound.mkv"
    ));
    let inputs = ["v.mkv", "v.ts", "noisy-sound.mkv"];
    for decoder in Decoder::all() {
        let arguments = arguments(folder.path(), &inputs);
        let output = decoder.mien(folder.path(), &arguments);
        assert!(output.status.success(), "{}", stderr(&output));
    }
}

#[test]
fn one_bad_input_does_not_lose_the_others() {
    let folder = tempfile::tempdir().unwrap();
    if !ffmpeg(
        folder.path(),
        "-f lavfi -i testsrc=size=64x48:rate=10:duration=1 -c:v libx264 good.mp4",
    ) {
        return;
    }
    assert!(ffmpeg(
        folder.path(),
        "-f lavfi -i sine=duration=1 -c:a aac sound.mp4"
    ));
    std::fs::write(folder.path().join("text.mp4"), "this is no video\n").unwrap();
    std::fs::write(folder.path().join("empty.mp4"), "").unwrap();
    std::fs::create_dir(folder.path().join("hollow")).unwrap();
    let inputs = [
        "missing.mp4",
        "text.mp4",
        "sound.mp4",
        "(it is empty)",
        "hollow",
        "good.mp4",
    ];
    for decoder in Decoder::all() {
        let said = decoder.mien_fails(folder.path(), &arguments(folder.path(), &inputs));
        for part in [
            "missing.mp4 cannot be opened",
            "text.mp4 cannot be used as a video: it is no video that ffmpeg can read: Invalid data found when processing input \
             (it is a text file)",
            "sound.mp4 cannot be used as a video: it has no picture stream (sound only)",
            "(it is empty)",
            "hollow holds no picture",
            "5 of 6 inputs",
        ] {
            assert!(said.contains(part), "`{part}` in {said}");
        }
        assert_eq!(row_count(&folder.path().join("good.csv")), 10);
        let left: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".csv") || name.starts_with(".mien"))
            .collect();
        assert_eq!(left, ["good.csv"]);
    }
}

#[test]
fn zero_frames() {
    let folder = tempfile::tempdir().unwrap();
    let make = "-f lavfi -i testsrc=size=64x48:rate=10:duration=1 -frames:v 0 -c:v libx264 none.mkv";
    if !ffmpeg(folder.path(), make) {
        return;
    }
    for decoder in Decoder::all() {
        let said = decoder.mien_fails(folder.path(), &arguments(folder.path(), &["none.mkv"]));
        assert!(said.contains("none.mkv"), "{said}");
        assert!(!folder.path().join("none.csv").exists());
        // Nor is a folder left for results that there are not.
        let into = [
            &arguments(folder.path(), &["none.mkv"])[..],
            &["--out", "results"],
        ]
        .concat();
        decoder.mien_fails(folder.path(), &into);
        assert!(!folder.path().join("results").exists());
    }
}

#[test]
fn ffmpeg_that_is_not_installed_is_said_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    write_random_model(folder.path());
    std::fs::write(folder.path().join("a.mp4"), "x").unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_mien"))
        .current_dir(folder.path())
        .env("PATH", folder.path())
        .args([
            "analyze",
            "a.mp4",
            "--model",
            "model.safetensors",
            "--device",
            "cpu",
        ])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(
        said.contains("is not installed") && said.contains("apt install ffmpeg"),
        "{said}"
    );
}

#[test]
fn folders_that_cannot_be_read_or_written() {
    let folder = tempfile::tempdir().unwrap();
    write_random_model(folder.path());
    // A file stands where a folder is needed: refused for every user, root too.
    std::fs::write(folder.path().join("file"), "x").unwrap();
    let picture = image_file(folder.path(), "a.png", 4, 4);
    let arguments = [
        "analyze",
        &picture,
        "--model",
        "model.safetensors",
        "--device",
        "cpu",
        "--out",
        "file/out",
    ];
    let said = mien_fails(folder.path(), 1, &arguments);
    assert!(said.contains("output folder file/out"), "{said}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let closed = folder.path().join("closed");
        std::fs::create_dir(&closed).unwrap();
        std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000)).unwrap();
        if std::fs::read_dir(&closed).is_ok() {
            println!("skipped: this user may read closed folders");
            return;
        }
        let said = analyze_fails(folder.path(), &["closed"]);
        assert!(said.contains("the folder closed cannot be read"), "{said}");
        std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn folders_of_frames_in_natural_order_with_a_broken_one() {
    let folder = tempfile::tempdir().unwrap();
    let frames = folder.path().join("frames");
    std::fs::create_dir(&frames).unwrap();
    for (name, width) in [("f2.png", 20), ("f10.png", 30), ("f1.png", 10)] {
        image_file(&frames, name, width, 16);
    }
    std::fs::write(frames.join("f3.png"), "no picture").unwrap();
    let said = analyze_fails(folder.path(), &["frames", "--fps", "10"]);
    assert!(said.contains("f3.png"), "{said}");
    let csv = std::fs::File::open(folder.path().join("frames.csv")).unwrap();
    let rows = frame_table::read(csv).unwrap();
    let widths: Vec<_> = rows
        .iter()
        .map(|named| named.row.face_box.map(|face| face.w))
        .collect();
    assert_eq!(widths, [Some(10.0), Some(20.0), None, Some(30.0)]);
    let times: Vec<_> = rows.iter().map(|named| named.row.time_s).collect();
    assert_eq!(times, [0.0, 0.1, 0.2, 0.3]);
    assert!(
        rows.iter()
            .all(|named| named.row.probabilities.is_some() && named.video == "frames")
    );
}

#[test]
fn pictures_of_one_pixel_and_of_8k() {
    let folder = tempfile::tempdir().unwrap();
    write_random_model(folder.path());
    let one = image_file(folder.path(), "one.png", 1, 1);
    let large = image_file(folder.path(), "large.png", 7680, 4320);
    for whole in [true, false] {
        let mut arguments = vec![
            "analyze",
            &one,
            &large,
            "--model",
            "model.safetensors",
            "--device",
            "cpu",
        ];
        if whole {
            arguments.push("--whole-frame");
        }
        mien_ok(folder.path(), &arguments);
        for name in ["one.csv", "large.csv"] {
            assert_eq!(row_count(&folder.path().join(name)), 1);
        }
    }
}

#[test]
fn damaged_models_are_named_with_the_cause() {
    let folder = tempfile::tempdir().unwrap();
    let good = std::fs::read(write_random_model(folder.path())).unwrap();
    let model = crate::common::random_model(true);
    let mut cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("cut.safetensors", good[..good.len() - 10].to_vec(), "cut short"),
        ("text.safetensors", b"no model at all".to_vec(), "cut short"),
    ];
    let mut other = model.clone();
    other.weights.get_mut("backbone.fc.bias").unwrap().values[3] = f32::NAN;
    cases.push((
        "nan.safetensors",
        other.to_bytes().unwrap(),
        "backbone.fc.bias` holds NaN",
    ));
    let mut other = model.clone();
    other.metadata.backbone.width = 8;
    cases.push(("shape.safetensors", other.to_bytes().unwrap(), "expected [8"));
    let mut other = model.clone();
    let spare = other.weights["backbone.fc.bias"].clone();
    other.weights.insert("backbone.spare".into(), spare);
    cases.push((
        "extra.safetensors",
        other.to_bytes().unwrap(),
        "`backbone.spare` belongs to no part",
    ));
    let mut other = model;
    other.weights.remove("temporal.head.bias");
    cases.push((
        "less.safetensors",
        other.to_bytes().unwrap(),
        "`temporal.head.bias` is missing",
    ));
    let version = |bytes: &[u8]| {
        let old = b"\"format_version\":\"1\"";
        let at = bytes.windows(old.len()).position(|w| w == old).unwrap();
        let mut bytes = bytes.to_vec();
        bytes[at + old.len() - 2] = b'7';
        bytes
    };
    cases.push(("version.safetensors", version(&good), "version 7"));
    for (name, bytes, cause) in cases {
        std::fs::write(folder.path().join(name), bytes).unwrap();
        let said = mien_fails(folder.path(), 1, &["info", name]);
        assert!(said.contains(name) && said.contains(cause), "{said}");
    }
    let said = mien_fails(folder.path(), 1, &["info", "missing.safetensors"]);
    assert!(said.contains("missing.safetensors"), "{said}");
}

#[test]
fn wrong_use_is_status_2() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["analyze"][..],
        &["analyze", "a.mp4", "--model", "m", "--smoothing", "heavy"],
        &["analyze", "a.mp4", "--model", "m", "--window", "0"],
        &["analyze", "a.mp4", "--model", "m", "--device", "tpu"],
        &["unheard-of"],
    ] {
        assert_eq!(
            mien(folder.path(), arguments).status.code(),
            Some(2),
            "{arguments:?}"
        );
    }
    // A value below 0 is a wrong value, not an option that nobody knows.
    let said = mien_fails(
        folder.path(),
        2,
        &["analyze", "a.mp4", "--model", "m", "--window", "-3"],
    );
    assert!(said.contains("invalid value '-3' for '--window"), "{said}");
}

#[test]
fn a_network_that_overflows_gives_an_error_and_no_labels() {
    let folder = tempfile::tempdir().unwrap();
    let picture = image_file(folder.path(), "face.png", 64, 64);
    let mut model = random_model(false);
    for scale in ["backbone.bn1.weight", "backbone.fc.weight"] {
        model.weights.get_mut(scale).unwrap().values.fill(3e38);
    }
    std::fs::write(folder.path().join("model.safetensors"), model.to_bytes().unwrap()).unwrap();
    let said = mien_fails(
        folder.path(),
        1,
        &[&["analyze", &picture, "--model", "model.safetensors"][..], &CPU].concat(),
    );
    assert!(said.contains("not finite"), "{said}");
    assert!(!folder.path().join("face.csv").exists());
}

#[test]
fn frames_whose_numbers_have_gaps_are_told() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("frames")).unwrap();
    for name in ["frames/00001.png", "frames/00004.png"] {
        image_file(folder.path(), name, 64, 64);
    }
    write_random_model(folder.path());
    let arguments = [&["analyze", "frames", "--model", "model.safetensors"][..], &CPU].concat();
    let said = stderr(&mien(folder.path(), &arguments));
    assert!(said.contains("numbers 2 to 3 are missing"), "{said}");
}
