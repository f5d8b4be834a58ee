//! The demuxers on files that ffmpeg makes, beside what ffprobe says of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests may fail loudly, in their helpers too"
)]

mod common;

use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use common::{
    MATRICES, ffmpeg, has_encoder, place_of, probe, probed_packets, renamed, with_enabled, with_matrix,
    with_pose, with_shown_size, without_fragment,
};
use shared_model::display::PixelAspect;
use shared_model::orientation::Orientation;
use video_container::{DemuxError, Demuxer, DiskFile, Packet, VideoTrack};

const H264: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -bf 2 -g 10";
/// Colours that a Matroska names, and no checksum over them.
const MKV: &str = "-color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv -write_crc32 0";

fn source(size: &str, seconds: u32) -> String {
    format!("-f lavfi -i testsrc=size={size}:rate=25:duration={seconds}")
}

fn open(bytes: Vec<u8>) -> Result<Demuxer<Cursor<Arc<[u8]>>>, DemuxError> {
    Demuxer::open(Cursor::new(Arc::from(bytes)))
}

fn track_of(video: &Path) -> VideoTrack {
    let demuxer = Demuxer::open(DiskFile::open(video).unwrap()).unwrap();
    demuxer.track().clone()
}

fn packets(mut demuxer: Demuxer<DiskFile>) -> Vec<Packet> {
    std::iter::from_fn(|| demuxer.next_packet().unwrap()).collect()
}

/// Presentation times of the frames that are shown in seconds, in their order.
fn shown_times(video: &Path) -> Vec<f64> {
    let demuxer = Demuxer::open(DiskFile::open(video).unwrap()).unwrap();
    let shown = demuxer.track().shown_us.clone();
    let packets = packets(demuxer);
    assert!(packets.iter().all(|packet| !packet.bytes.is_empty()));
    assert!(packets[0].is_key);
    let times = packets.iter().map(|packet| packet.timestamp_us);
    let mut times: Vec<f64> = times
        .filter(|time| shown.contains(time))
        .map(|time| time / 1e6)
        .collect();
    times.sort_by(f64::total_cmp);
    times
}

/// Times from the first one are those that ffprobe tells.
fn assert_times(video: &Path, found: &[f64]) {
    let expected = probed_packets(video, 0);
    assert_eq!(found.len(), expected.len(), "{}", video.display());
    for (found_s, expected_s) in found.iter().zip(&expected) {
        let (found_s, expected_s) = (found_s - found[0], expected_s - expected[0]);
        assert!(
            (found_s - expected_s).abs() < 2e-6,
            "{}: {found_s} and {expected_s}",
            video.display()
        );
    }
}

fn read(folder: &Path, name: &str) -> Vec<u8> {
    std::fs::read(folder.join(name)).unwrap()
}

#[test]
fn packets_and_times_are_those_of_ffprobe() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let picture = source("64x48", 2);
    let vp9 = "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 10";
    for output in [
        format!("{H264} plain.mp4"),
        format!("{H264} -movflags +frag_keyframe+empty_moov+default_base_moof fragments.mp4"),
        format!("{H264} plain.mov"),
        format!("{H264} plain.mkv"),
        format!("{vp9} plain.webm"),
        format!("{vp9} -live 1 live.webm"),
    ] {
        ffmpeg(folder, &format!("{picture} {output}"));
        let video = folder.join(output.rsplit(' ').next().unwrap());
        let times = shown_times(&video);
        assert_eq!(times.len(), 50);
        assert_times(&video, &times);
        let track = track_of(&video);
        assert_eq!((track.width, track.height), (64, 48));
        assert!(
            (1.9..2.1).contains(&track.duration_s),
            "{output}: {}",
            track.duration_s
        );
        assert!((track.first_us.unwrap() / 1e6 - times[0]).abs() < 2e-6);
    }
}

#[test]
fn a_missing_fragment_leaves_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let make = format!(
        "{} {H264} -movflags +frag_keyframe+empty_moov+default_base_moof whole.mp4",
        source("64x48", 2)
    );
    ffmpeg(folder, &make);
    let video = folder.join("gap.mp4");
    std::fs::write(&video, without_fragment(&read(folder, "whole.mp4"), 1)).unwrap();
    let times = shown_times(&video);
    assert_times(&video, &times);
    assert_eq!(times.len(), 40);
    let largest = times.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
    assert!((largest - 0.44).abs() < 1e-6, "{largest}");
}

#[test]
fn a_movie_without_a_file_type_opens() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (options, name) in [("", "last.mov"), ("-movflags +faststart", "first.mov")] {
        ffmpeg(folder, &format!("{} {H264} {options} {name}", source("64x48", 1)));
        for first in [b"free", b"wide", b"skip"] {
            let video = folder.join("untyped.mov");
            std::fs::write(&video, renamed(read(folder, name), *b"ftyp", *first)).unwrap();
            let times = shown_times(&video);
            assert_eq!(times.len(), 25);
            assert_times(&video, &times);
        }
    }
    // Nothing but index and media.
    let whole = read(folder, "first.mov");
    let index = place_of(&whole, b"moov", 0) - 4;
    assert!(open(whole[index..].to_vec()).is_ok());
}

#[test]
fn a_stream_without_a_length_has_the_last_blocks() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let make = format!("{} -f lavfi -i sine=duration=2", source("64x48", 2));
    let codecs = "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus";
    for kind in ["webm", "matroska"] {
        let piped = ffmpeg(folder, &format!("{make} {codecs} -f {kind} pipe:1"));
        let video = folder.join(format!("piped.{kind}"));
        std::fs::write(&video, piped).unwrap();
        assert!(probe(&video, &["-show_format"])["format"]["duration"].is_null());
        let track = track_of(&video);
        let times = probed_packets(&video, 0);
        let length = times[49] - times[0];
        assert!(
            (track.duration_s - length).abs() < 1e-3,
            "{} and {length}",
            track.duration_s
        );
    }
}

/// What ffprobe says of the pixels' shape and of how the picture lies.
fn probed_display(video: &Path) -> (Option<PixelAspect>, Orientation) {
    let said = probe(video, &["-select_streams", "v:0", "-show_streams"]);
    let stream = &said["streams"][0];
    let aspect = stream["sample_aspect_ratio"].as_str().and_then(|text| {
        let (width, height) = text.split_once(':')?;
        PixelAspect::new(width.parse().ok()?, height.parse().ok()?)
    });
    let matrix = stream["side_data_list"].as_array().and_then(|list| {
        let text = list.iter().find_map(|data| data["displaymatrix"].as_str())?;
        let numbers: Vec<f64> = text
            .lines()
            .filter_map(|line| line.split_once(':'))
            .flat_map(|(_, row)| row.split_whitespace().map(|number| number.parse().unwrap()))
            .collect();
        Orientation::from_matrix([numbers[0], numbers[1], numbers[3], numbers[4]])
    });
    (aspect, matrix.unwrap_or_default())
}

#[test]
fn every_matrix_is_understood_as_by_ffprobe() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    ffmpeg(folder, &format!("{} {H264} plain.mp4", source("64x48", 1)));
    let plain = read(folder, "plain.mp4");
    let mut found: Vec<Orientation> = Vec::new();
    for matrix in MATRICES {
        let video = folder.join("turned.mp4");
        std::fs::write(&video, with_matrix(plain.clone(), matrix)).unwrap();
        let track = track_of(&video);
        assert_eq!(track.orientation, probed_display(&video).1, "{matrix:?}");
        assert!(!found.contains(&track.orientation));
        found.push(track.orientation);
    }
}

#[test]
fn a_pose_is_read_where_older_ffprobes_read_none() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    ffmpeg(folder, &format!("{} {H264} {MKV} plain.mkv", source("64x48", 1)));
    let plain = read(folder, "plain.mkv");
    // The matrices that ffmpeg makes of these poses, where it reads them.
    for (yaw, roll, matrix) in [
        (0.0, 0.0, MATRICES[0]),
        (0.0, -90.0, MATRICES[1]),
        (0.0, 180.0, MATRICES[2]),
        (0.0, 90.0, MATRICES[3]),
        (180.0, 0.0, MATRICES[4]),
        (180.0, 180.0, MATRICES[5]),
        (180.0, 90.0, MATRICES[6]),
        (180.0, -90.0, MATRICES[7]),
    ] {
        let video = folder.join("posed.mkv");
        std::fs::write(&video, with_pose(plain.clone(), yaw, roll)).unwrap();
        let expected = Orientation::from_matrix(matrix.map(f64::from)).unwrap();
        assert_eq!(track_of(&video).orientation, expected, "{yaw} {roll}");
        let by_ffprobe = probed_display(&video).1;
        assert!(
            by_ffprobe == expected || by_ffprobe == Orientation::UPRIGHT,
            "{yaw} {roll}"
        );
        let told = video_container::matroska_orientation(DiskFile::open(&video).unwrap(), 0).unwrap();
        assert_eq!(told, Some(expected));
        assert_eq!(shown_times(&video).len(), 25);
    }
    let told = video_container::matroska_orientation(Cursor::new(plain), 0).unwrap();
    assert_eq!(told, None);
}

#[test]
fn pixels_have_the_shape_that_ffprobe_tells() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (aspect, name) in [("2/1", "wide"), ("1/2", "high"), ("4/3", "odd")] {
        let make = format!("{} -vf setsar={aspect} {H264}", source("64x48", 1));
        for ending in ["mp4", "mkv", "mov"] {
            ffmpeg(folder, &format!("{make} {name}.{ending}"));
            let video = folder.join(format!("{name}.{ending}"));
            let found = track_of(&video).pixel_aspect;
            assert_eq!(found, probed_display(&video).0, "{name}.{ending}");
            assert_ne!(found.unwrap_or_default(), PixelAspect::SQUARE);
        }
    }
    // The track's shown size alone.
    ffmpeg(folder, &format!("{} {H264} plain.mp4", source("64x48", 1)));
    let plain = read(folder, "plain.mp4");
    for (width, height) in [(128, 48), (64, 96), (85, 48), (64, 48)] {
        let video = folder.join("sized.mp4");
        std::fs::write(&video, with_shown_size(plain.clone(), width, height)).unwrap();
        let expected = PixelAspect::new(48 * width as u64, 64 * height as u64).unwrap();
        let track = track_of(&video);
        assert_eq!(track.pixel_aspect.unwrap_or_default(), expected);
        assert_eq!(probed_display(&video).0.unwrap_or_default(), expected);
        assert_eq!((track.width, track.height), (64, 48));
    }
    // What only the coded pictures say is for the decoder to tell.
    ffmpeg(
        folder,
        &format!("{} -vf setsar=2/1 {H264} sps.mp4", source("64x48", 1)),
    );
    let bare = with_shown_size(read(folder, "sps.mp4"), 64, 48);
    assert_eq!(open(bare).unwrap().track().pixel_aspect, None);
}

#[test]
fn of_two_tracks_ffmpegs_own_choice_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    ffmpeg(folder, &format!("{} {H264} small.mp4", source("64x48", 1)));
    ffmpeg(folder, &format!("{} {H264} large.mp4", source("160x120", 1)));
    let join = "-i small.mp4 -i large.mp4 -map 0:v -map 1:v -c copy";
    let mut videos = Vec::new();
    for (options, name) in [
        ("-disposition:v:0 0 -disposition:v:1 0", "none.mkv"),
        ("-disposition:v:0 default -disposition:v:1 0", "first.mkv"),
        ("-disposition:v:0 default -disposition:v:1 default", "both.mkv"),
    ] {
        ffmpeg(folder, &format!("{join} {options} {name}"));
        videos.push(folder.join(name));
    }
    ffmpeg(folder, &format!("{join} two.mp4"));
    for (number, marks) in [[false, false], [true, false], [false, true], [true, true]]
        .into_iter()
        .enumerate()
    {
        let two = with_enabled(read(folder, "two.mp4"), 0, marks[0]);
        let video = folder.join(format!("two-{number}.mp4"));
        std::fs::write(&video, with_enabled(two, 1, marks[1])).unwrap();
        videos.push(video);
    }
    let mut sizes = Vec::new();
    for video in &videos {
        let name = video.file_name().unwrap().to_str().unwrap();
        ffmpeg(folder, &format!("-i {name} -frames:v 1 chosen.png"));
        let chosen = probe(&folder.join("chosen.png"), &["-show_streams"]);
        let track = track_of(video);
        let size = (u64::from(track.width), u64::from(track.height));
        let stream = &chosen["streams"][0];
        assert_eq!(Some(size.0), stream["width"].as_u64(), "{name}");
        assert_eq!(Some(size.1), stream["height"].as_u64(), "{name}");
        let all = packets(Demuxer::open(DiskFile::open(video).unwrap()).unwrap());
        assert_eq!(all.len(), 25, "{name}");
        sizes.push(size.0);
    }
    assert!(sizes.contains(&64) && sizes.contains(&160), "{sizes:?}");
}

#[test]
fn codec_strings_name_profile_level_and_depth() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let vp9 = "libvpx-vp9 -deadline realtime -cpu-used 8";
    let cases = [
        ("libx264 -profile:v high", "yuv420p", "avc1.64", ["mp4", "mkv"]),
        (
            "libx265 -x265-params log-level=error",
            "yuv420p",
            "hvc1.1.6.L",
            ["mp4", "mkv"],
        ),
        (
            "libx265 -x265-params log-level=error",
            "yuv420p10le",
            "hvc1.2.4.L",
            ["mp4", "mkv"],
        ),
        (vp9, "yuv420p", "vp09.00.", ["mp4", "webm"]),
        (vp9, "yuv420p10le", "vp09.02.", ["mp4", "webm"]),
        ("libaom-av1 -cpu-used 8", "yuv420p", "av01.0.", ["mp4", "mkv"]),
        ("libaom-av1 -cpu-used 8", "yuv420p10le", "av01.0.", ["mp4", "mkv"]),
    ];
    for (encoder, format, start, endings) in cases {
        if !has_encoder(encoder.split(' ').next().unwrap()) {
            continue;
        }
        for ending in endings {
            let tag = if encoder.starts_with("libx265") && ending == "mp4" {
                "-tag:v hvc1"
            } else {
                ""
            };
            let make = format!(
                "{} -frames:v 4 -pix_fmt {format} -c:v {encoder} {tag}",
                source("64x48", 1)
            );
            ffmpeg(folder, &format!("{make} coded.{ending}"));
            let video = folder.join(format!("coded.{ending}"));
            let codec = track_of(&video).codec;
            assert!(codec.starts_with(start), "{ending}: {codec}");
            let said = probe(&video, &["-show_streams"]);
            let level = said["streams"][0]["level"].as_i64().unwrap();
            if encoder.starts_with("libx265") {
                assert!(codec.contains(&format!(".L{level}")), "{codec} and level {level}");
            } else if encoder.starts_with("libx264") {
                assert!(
                    codec.ends_with(&format!("{level:02X}")),
                    "{codec} and level {level}"
                );
            } else {
                let depth = if format.contains("10") { ".10" } else { ".08" };
                assert!(codec.ends_with(depth), "{codec}");
            }
        }
    }
}

#[test]
fn hdr_is_told_by_its_transfer() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (transfer, is_hdr) in [("smpte2084", true), ("arib-std-b67", true), ("bt709", false)] {
        for ending in ["mp4", "mkv"] {
            let colours = format!("-color_primaries bt2020 -color_trc {transfer} -colorspace bt2020nc");
            let colr = if ending == "mp4" {
                "-movflags +write_colr"
            } else {
                ""
            };
            ffmpeg(
                folder,
                &format!("{} {H264} {colours} {colr} hdr.{ending}", source("64x48", 1)),
            );
            let track = track_of(&folder.join(format!("hdr.{ending}")));
            assert_eq!(track.is_hdr, is_hdr, "{transfer} {ending}");
        }
    }
}

#[test]
fn edit_lists_that_only_a_player_follows_are_left_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    ffmpeg(folder, &format!("{} {H264} plain.mp4", source("64x48", 1)));
    ffmpeg(folder, "-itsoffset 0.5 -i plain.mp4 -c copy late.mp4");
    let refused = |mp4: Vec<u8>| match open(mp4) {
        Err(DemuxError::UnknownKind(reason)) => reason,
        Err(DemuxError::Broken(reason)) => panic!("broken: {reason}"),
        Ok(_) => panic!("opened"),
    };
    // Behind the name: version and flags, the number of edits, and each with a length, a time and a rate.
    let mut fast = read(folder, "plain.mp4");
    let rate = place_of(&fast, b"elst", 0) + 20;
    assert_eq!(fast[rate..rate + 4], [0, 1, 0, 0]);
    fast[rate + 1] = 2;
    assert!(refused(fast).contains("another speed"));
    let mut joined = read(folder, "late.mp4");
    let time = place_of(&joined, b"elst", 0) + 16;
    assert_eq!(joined[time..time + 4], [0xFF; 4]);
    joined[time..time + 4].fill(0);
    assert!(refused(joined).contains("several pieces"));
    assert!(open(read(folder, "late.mp4")).is_ok());
}

#[test]
fn files_that_are_cut_anywhere_give_an_error_or_their_first_frames() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let picture = source("64x48", 1);
    ffmpeg(folder, &format!("{picture} {H264} -movflags +faststart a.mp4"));
    ffmpeg(
        folder,
        &format!("{picture} {H264} -movflags +frag_keyframe+empty_moov+default_base_moof b.mp4"),
    );
    ffmpeg(folder, &format!("{picture} {H264} c.mkv"));
    for name in ["a.mp4", "b.mp4", "c.mkv"] {
        let whole = read(folder, name);
        let mut counts = Vec::new();
        for len in (0..whole.len()).step_by(97) {
            let Ok(mut demuxer) = open(whole[..len].to_vec()) else {
                continue;
            };
            counts.push(std::iter::from_fn(|| demuxer.next_packet().ok().flatten()).count());
        }
        assert!(
            counts.is_sorted() && counts.iter().all(|count| *count <= 25),
            "{name}: {counts:?}"
        );
        assert!(
            counts.last().is_some_and(|count| *count >= 20),
            "{name}: {counts:?}"
        );
    }
}
