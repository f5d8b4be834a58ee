//! Videos for tests: made by ffmpeg, then changed where no version of ffmpeg, or not every one, makes them so.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::path::Path;
use std::process::Command;

/// The 2x2 parts of the eight display matrices, in units of 1/65536.
pub const MATRICES: [[i32; 4]; 8] = [
    [1, 0, 0, 1],
    [0, 1, -1, 0],
    [-1, 0, 0, -1],
    [0, -1, 1, 0],
    [-1, 0, 0, 1],
    [1, 0, 0, -1],
    [0, 1, 1, 0],
    [0, -1, -1, 0],
];

/// Runs ffmpeg on arguments separated by spaces, which must succeed; gives its standard output.
pub fn ffmpeg(folder: &Path, arguments: &str) -> Vec<u8> {
    let output = Command::new("ffmpeg")
        .current_dir(folder)
        .args(["-nostdin", "-y", "-loglevel", "error"])
        .args(arguments.split_whitespace())
        .output()
        .expect("ffmpeg cannot be run");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "ffmpeg {arguments}: {said}");
    output.stdout
}

/// Whether ffmpeg has an encoder; prints why a test skips what needs it.
pub fn has_encoder(name: &str) -> bool {
    let output = Command::new("ffmpeg")
        .args(["-hide_banner", "-encoders"])
        .output()
        .unwrap();
    let has = String::from_utf8_lossy(&output.stdout).contains(&format!(" {name} "));
    if !has {
        println!("skipped: this ffmpeg has no encoder {name}");
    }
    has
}

/// What ffprobe says of a file, as JSON.
pub fn probe(video: &Path, options: &[&str]) -> serde_json::Value {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-of", "json"])
        .args(options)
        .arg(video)
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Presentation times in seconds of the packets of a stream that are shown, in their order, by ffprobe.
pub fn probed_packets(video: &Path, stream: usize) -> Vec<f64> {
    let stream = stream.to_string();
    let entries = "packet=pts_time,flags";
    let said = probe(video, &["-select_streams", &stream, "-show_entries", entries]);
    let mut times: Vec<f64> = said["packets"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|packet| !packet["flags"].as_str().unwrap().contains('D'))
        .map(|packet| packet["pts_time"].as_str().unwrap().parse().unwrap())
        .collect();
    times.sort_by(f64::total_cmp);
    times
}

/// Where `kind` stands in the file, of which its first `skip` occurrences are passed over.
pub fn place_of(bytes: &[u8], kind: &[u8], skip: usize) -> usize {
    let found = bytes
        .windows(kind.len())
        .enumerate()
        .filter(|(_, window)| *window == kind);
    found
        .map(|(place, _)| place)
        .nth(skip)
        .expect("the file has no such part")
}

fn put(bytes: &mut [u8], place: usize, value: i32) {
    bytes[place..place + 4].copy_from_slice(&value.to_be_bytes());
}

/// An MP4 whose first track has this display matrix.
pub fn with_matrix(mut mp4: Vec<u8>, [a, b, c, d]: [i32; 4]) -> Vec<u8> {
    let matrix = place_of(&mp4, b"tkhd", 0) + 44;
    for (number, value) in [a, b, 0, c, d, 0, 0, 0].into_iter().enumerate() {
        put(&mut mp4, matrix + 4 * number, value * 0x1_0000);
    }
    put(&mut mp4, matrix + 32, 0x4000_0000);
    mp4
}

/// An MP4 whose first track is shown at this size, and which says nothing else of its pixels' shape.
pub fn with_shown_size(mut mp4: Vec<u8>, width: i32, height: i32) -> Vec<u8> {
    let size = place_of(&mp4, b"tkhd", 0) + 80;
    put(&mut mp4, size, width << 16);
    put(&mut mp4, size + 4, height << 16);
    renamed(mp4, *b"pasp", *b"free")
}

/// The file with its first box of a kind under another name.
pub fn renamed(mut mp4: Vec<u8>, kind: [u8; 4], other: [u8; 4]) -> Vec<u8> {
    if let Some(place) = mp4.windows(4).position(|window| window == kind) {
        mp4[place..place + 4].copy_from_slice(&other);
    }
    mp4
}

/// An MP4 in fragments without the one of this number, counted from 0.
pub fn without_fragment(mp4: &[u8], number: usize) -> Vec<u8> {
    let begin = place_of(mp4, b"moof", number) - 4;
    let end = place_of(mp4, b"moof", number + 1) - 4;
    [&mp4[..begin], &mp4[end..]].concat()
}

/// An MP4 whose track `number`, counted from 0, is or is not marked as enabled.
pub fn with_enabled(mut mp4: Vec<u8>, number: usize, is_enabled: bool) -> Vec<u8> {
    let flags = place_of(&mp4, b"tkhd", number) + 7;
    mp4[flags] = mp4[flags] & !1 | u8::from(is_enabled);
    mp4
}

/// A Matroska with a pose in the place of its colours, which it must have, written without checksums.
pub fn with_pose(mut mkv: Vec<u8>, yaw: f32, roll: f32) -> Vec<u8> {
    let colour = place_of(&mkv, &[0x55, 0xB0], 0);
    let size_len = mkv[colour + 2].leading_zeros() as usize + 1;
    let head = colour + 2 + size_len;
    let len = if size_len == 1 {
        usize::from(mkv[colour + 2] & 0x7F)
    } else {
        usize::from(mkv[head - 1])
    };
    let mut pose = Vec::new();
    for (id, angle) in [(0x73_u8, yaw), (0x75, roll)] {
        pose.extend([0x76, id, 0x84]);
        pose.extend(angle.to_be_bytes());
    }
    // The rest is void.
    let rest = len - pose.len();
    assert!((2..100).contains(&rest), "{len}");
    pose.extend([0xEC, 0x80 | (rest - 2) as u8]);
    pose.resize(len, 0);
    mkv[colour..colour + 2].copy_from_slice(&[0x76, 0x70]);
    mkv[head..head + len].copy_from_slice(&pose);
    mkv
}
