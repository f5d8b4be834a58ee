//! Videos whose pictures are shown otherwise than they are coded: turned, mirrored, of wide pixels, in HDR, one of several tracks.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests may fail loudly, in their helpers too"
)]

#[path = "../../../web-app/container/tests/common/mod.rs"]
mod made;

use std::path::Path;

use crate::common::decoders::Decoder;
use crate::common::{mien, mien_ok, stderr, write_random_model};
use made::{MATRICES, ffmpeg, probe, with_enabled, with_matrix, with_pose, with_shown_size};
use shared_model::frame::Frame;
use shared_model::frame_table::{self, NamedRow};

/// Each pixel comes back as it was.
const LOSSLESS: &str = "-c:v libx264 -preset ultrafast -qp 0 -pix_fmt yuv420p";
const CLIP: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../tests/browser/clips/1001_DFA_HAP_XX.mp4"
);

fn can_make(folder: &Path) -> bool {
    crate::common::ffmpeg(folder, "-f lavfi -i color=size=16x16 -frames:v 1 -y probe.png")
}

fn frames(decoder: &Decoder, video: &Path) -> Vec<(f64, Frame)> {
    let mut video = decoder.open(video);
    // A damaged file ends with an error.
    std::iter::from_fn(|| video.next_frame().ok().flatten()).collect()
}

#[test]
fn every_matrix_gives_the_picture_that_ffmpeg_shows() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    if !can_make(folder) {
        return;
    }
    ffmpeg(
        folder,
        &format!("-f lavfi -i testsrc=size=64x48:rate=5:duration=1 {LOSSLESS} plain.mp4"),
    );
    let plain = std::fs::read(folder.join("plain.mp4")).unwrap();
    for matrix in MATRICES {
        std::fs::write(folder.join("turned.mp4"), with_matrix(plain.clone(), matrix)).unwrap();
        // ffmpeg turns by itself where it is not told otherwise.
        ffmpeg(folder, &format!("-i turned.mp4 {LOSSLESS} shown.mp4"));
        for decoder in Decoder::all() {
            let [turned, shown] =
                ["turned.mp4", "shown.mp4"].map(|name| frames(&decoder, &folder.join(name)));
            assert_eq!(turned.len(), 5);
            assert!(turned == shown, "{matrix:?}");
        }
    }
}

#[test]
fn a_matroskas_pose_turns_its_picture() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    if !can_make(folder) {
        return;
    }
    let colours = "-color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv";
    let picture = "-f lavfi -i testsrc=size=64x48:rate=5:duration=1";
    ffmpeg(
        folder,
        &format!("{picture} {LOSSLESS} {colours} -write_crc32 0 plain.mkv"),
    );
    let plain = std::fs::read(folder.join("plain.mkv")).unwrap();
    for (yaw, roll, filter) in [
        (0.0, -90.0, "transpose=clock"),
        (0.0, 90.0, "transpose=cclock"),
        (0.0, 180.0, "hflip,vflip"),
        (180.0, 0.0, "hflip"),
        (180.0, 180.0, "vflip"),
        (180.0, 90.0, "transpose=cclock_flip"),
        (180.0, -90.0, "transpose=clock_flip"),
    ] {
        std::fs::write(folder.join("posed.mkv"), with_pose(plain.clone(), yaw, roll)).unwrap();
        // From the same coded picture: what has fewer colours than pixels does not turn as its source would.
        ffmpeg(folder, &format!("-i plain.mkv -vf {filter} {LOSSLESS} shown.mkv"));
        for decoder in Decoder::all() {
            let [posed, shown] = ["posed.mkv", "shown.mkv"].map(|name| frames(&decoder, &folder.join(name)));
            assert_eq!(posed.len(), 5);
            assert!(posed == shown, "{yaw} {roll}");
        }
    }
}

#[cfg(unix)]
#[test]
fn where_ffprobe_tells_no_pose_the_header_does() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    if !can_make(folder) {
        return;
    }
    let colours = "-color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv";
    let make =
        format!("-f lavfi -i testsrc=size=64x48:rate=5:duration=1 {LOSSLESS} {colours} -write_crc32 0 a.mkv");
    ffmpeg(folder, &make);
    let posed = with_pose(std::fs::read(folder.join("a.mkv")).unwrap(), 0.0, -90.0);
    std::fs::write(folder.join("posed.mkv"), posed).unwrap();
    let model = write_random_model(folder);
    let older = Decoder::from_script(
        "ffprobe",
        "\"$REAL\" \"$@\" | sed 's/displaymatrix/other/; s/\"rotation\"/\"other\"/'",
    );
    let model = model.to_str().unwrap();
    let arguments = [
        "analyze",
        "posed.mkv",
        "--model",
        model,
        "--device",
        "cpu",
        "--whole-frame",
    ];
    let printed = older.mien_ok(folder, &arguments);
    let rows = frame_table::read(std::fs::File::open(folder.join(printed.trim())).unwrap()).unwrap();
    let face = rows[0].row.face_box.unwrap();
    assert_eq!((face.w, face.h), (48.0, 64.0));
}

#[test]
fn one_side_of_wide_or_high_pixels_grows() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    if !can_make(folder) {
        return;
    }
    let picture = "-f lavfi -i testsrc=size=64x48:rate=5:duration=1";
    let size = |name: &str| {
        let (_, frame) = frames(&Decoder::all()[0], &folder.join(name)).remove(0);
        (frame.width(), frame.height())
    };
    for (aspect, expected) in [
        ("2/1", (128, 48)),
        ("1/2", (64, 96)),
        ("4/3", (85, 48)),
        ("1/1", (64, 48)),
    ] {
        for name in ["a.mp4", "a.mkv"] {
            ffmpeg(
                folder,
                &format!("{picture} -vf setsar={aspect} {LOSSLESS} {name}"),
            );
            assert_eq!(size(name), expected, "{aspect} {name}");
        }
    }
    ffmpeg(folder, &format!("{picture} {LOSSLESS} plain.mp4"));
    let plain = std::fs::read(folder.join("plain.mp4")).unwrap();
    // Turned by a quarter, the sides that its header names are still those of the coded picture.
    let wide = with_shown_size(plain, 128, 48);
    std::fs::write(folder.join("wide.mp4"), with_matrix(wide, MATRICES[1])).unwrap();
    assert_eq!(size("wide.mp4"), (48, 128));
}

#[test]
fn of_two_tracks_the_one_is_read_that_ffmpeg_takes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    if !can_make(folder) {
        return;
    }
    for (name, size) in [("small", "64x48"), ("large", "160x120")] {
        let make = format!("-f lavfi -i testsrc=size={size}:rate=5:duration=1 {LOSSLESS} {name}.mp4");
        ffmpeg(folder, &make);
    }
    ffmpeg(
        folder,
        "-i small.mp4 -i large.mp4 -map 0:v -map 1:v -c copy both.mp4",
    );
    let both = std::fs::read(folder.join("both.mp4")).unwrap();
    for (marks, expected) in [
        ([true, true], "large.mp4"),
        ([true, false], "small.mp4"),
        ([false, true], "large.mp4"),
    ] {
        let marked = with_enabled(with_enabled(both.clone(), 0, marks[0]), 1, marks[1]);
        std::fs::write(folder.join("marked.mp4"), marked).unwrap();
        for decoder in Decoder::all() {
            let [found, expected] = ["marked.mp4", expected].map(|name| frames(&decoder, &folder.join(name)));
            assert_eq!(found.len(), 5);
            assert!(found == expected, "{marks:?}");
        }
    }
}

#[test]
fn frames_behind_lost_ones_keep_their_times() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    if !can_make(folder) {
        return;
    }
    let options = "-c:v libx264 -preset ultrafast -bf 0 -g 10 -sc_threshold 0";
    ffmpeg(
        folder,
        &format!("-f lavfi -i testsrc=size=64x48:rate=25:duration=2 {options} whole.mp4"),
    );
    let video = folder.join("whole.mp4");
    let mut damaged = std::fs::read(&video).unwrap();
    let packets = probe(&video, &["-show_packets"]);
    for packet in packets["packets"].as_array().unwrap().iter().take(10) {
        // A length beyond the packet's end.
        let place: usize = packet["pos"].as_str().unwrap().parse().unwrap();
        damaged[place..place + 4].copy_from_slice(&[0x7F, 0xFF, 0xFF, 0xFF]);
    }
    std::fs::write(folder.join("damaged.mp4"), damaged).unwrap();
    for decoder in Decoder::all() {
        let mut video = decoder.open(&folder.join("damaged.mp4"));
        let times: Vec<f64> = std::iter::from_fn(|| video.next_frame().ok().flatten())
            .map(|(time_s, _)| time_s)
            .collect();
        assert_eq!(times.len(), 40);
        for (number, time_s) in times.iter().enumerate() {
            let expected = 0.4 + number as f64 / 25.0;
            assert!((time_s - expected).abs() < 2e-6, "{number}: {time_s}");
        }
        assert!(video.start_s().abs() < 2e-6, "{}", video.start_s());
    }
}

/// Rows of a video in which faces are looked for.
fn rows(folder: &Path, video: &str) -> Vec<NamedRow> {
    let model = write_random_model(folder);
    let model = model.to_str().unwrap();
    let printed = mien_ok(
        folder,
        &["analyze", video, "--model", model, "--device", "cpu", "--force"],
    );
    frame_table::read(std::fs::File::open(folder.join(printed.trim())).unwrap()).unwrap()
}

/// How much of two boxes is shared, 0 to 1.
fn shared_part(one: &NamedRow, other: &NamedRow) -> f32 {
    let (a, b) = (one.row.face_box.unwrap(), other.row.face_box.unwrap());
    let overlap = |a: f32, a_len: f32, b: f32, b_len: f32| ((a + a_len).min(b + b_len) - a.max(b)).max(0.0);
    let shared = overlap(a.x, a.w, b.x, b.w) * overlap(a.y, a.h, b.y, b.h);
    shared / (a.w * a.h + b.w * b.h - shared)
}

fn assert_near(found: &[NamedRow], expected: &[NamedRow], most_l1: f32, least_shared: f32) {
    assert_eq!(found.len(), expected.len());
    for (one, other) in found.iter().zip(expected) {
        let (p, q) = (one.row.probabilities.unwrap(), other.row.probabilities.unwrap());
        let l1: f32 = p.iter().zip(q).map(|(p, q)| (p - q).abs()).sum();
        let part = shared_part(one, other);
        assert!(l1 <= most_l1 && part >= least_shared, "L1 {l1}, IoU {part}");
        assert_eq!(
            (one.row.frame, one.row.time_s),
            (other.row.frame, other.row.time_s)
        );
    }
}

#[test]
fn an_analysis_is_that_of_the_shown_picture() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    if !can_make(folder) {
        return;
    }
    let clip = format!("-i {CLIP} -an -frames:v 6");
    ffmpeg(folder, &format!("{clip} {LOSSLESS} upright.mp4"));
    let expected = rows(folder, "upright.mp4");
    assert!(expected.iter().all(|row| row.row.face_box.is_some()));
    // Lies on its other side in the file.
    ffmpeg(
        folder,
        &format!("{clip} -vf transpose=cclock {LOSSLESS} lying.mp4"),
    );
    let lying = std::fs::read(folder.join("lying.mp4")).unwrap();
    std::fs::write(folder.join("turned.mp4"), with_matrix(lying, MATRICES[1])).unwrap();
    assert_near(&rows(folder, "turned.mp4"), &expected, 1e-6, 0.9999);
    for (scale, aspect) in [("iw/2:ih", "2/1"), ("iw:ih/2", "1/2")] {
        let make = format!("{clip} -vf scale={scale}:flags=area,setsar={aspect} {LOSSLESS} squeezed.mp4");
        ffmpeg(folder, &make);
        assert_near(&rows(folder, "squeezed.mp4"), &expected, 0.05, 0.85);
    }
}

#[test]
fn hdr_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    if !can_make(folder) {
        return;
    }
    let model = write_random_model(folder);
    let model = model.to_str().unwrap();
    for (transfer, is_warned) in [("smpte2084", true), ("arib-std-b67", true), ("bt709", false)] {
        let colours = format!("-color_primaries bt2020 -color_trc {transfer} -colorspace bt2020nc");
        let picture = "-f lavfi -i testsrc=size=64x48:rate=5:duration=1";
        ffmpeg(
            folder,
            &format!("{picture} -c:v libx264 -pix_fmt yuv420p {colours} hdr.mp4"),
        );
        let arguments = [
            "analyze",
            "hdr.mp4",
            "--model",
            model,
            "--device",
            "cpu",
            "--whole-frame",
            "--force",
        ];
        let output = mien(folder, &arguments);
        assert!(output.status.success(), "{}", stderr(&output));
        let said = stderr(&output).contains("colours were not mapped from HDR (PQ): labels may be wrong");
        assert_eq!(said, is_warned, "{transfer}: {}", stderr(&output));
    }
}
