//! What ffprobe says of a video's picture stream.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use shared_model::frame::YuvMatrix;

/// The properties of a picture stream that decide how its frames become RGB.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoStream {
    /// Clockwise turn for display: 0, 90, 180 or 270 degrees.
    pub rotation: u32,
    /// The matrix that the stream names, `None` when it names none.
    pub matrix: Option<YuvMatrix>,
    /// Whether samples use all of 0..255.
    pub full_range: bool,
    /// Frames that the container announces, where it does.
    pub frame_count: Option<u64>,
}

#[derive(Deserialize)]
struct Probe {
    #[serde(default)]
    streams: Vec<Stream>,
    format: Option<Format>,
}

#[derive(Deserialize)]
struct Format {
    format_name: Option<String>,
}

#[derive(Deserialize)]
struct Stream {
    codec_type: Option<String>,
    pix_fmt: Option<String>,
    color_range: Option<String>,
    color_space: Option<String>,
    nb_frames: Option<String>,
    #[serde(default)]
    disposition: Disposition,
    #[serde(default)]
    tags: Tags,
    #[serde(default)]
    side_data_list: Vec<SideData>,
}

#[derive(Deserialize, Default)]
struct Disposition {
    #[serde(default)]
    attached_pic: u8,
}

#[derive(Deserialize, Default)]
struct Tags {
    rotate: Option<String>,
}

#[derive(Deserialize)]
struct SideData {
    rotation: Option<f64>,
}

/// The message when a program of ffmpeg's does not start.
pub(crate) fn not_started(program: &str, error: &std::io::Error) -> anyhow::Error {
    if error.kind() == std::io::ErrorKind::NotFound {
        anyhow::anyhow!(
            "`{program}` is not installed, and videos are decoded with it: install ffmpeg (Debian and Ubuntu: \
             `apt install ffmpeg`, macOS: `brew install ffmpeg`, Windows: `winget install ffmpeg`)"
        )
    } else {
        anyhow::anyhow!("`{program}` cannot be started: {error}")
    }
}

/// The path as an ffmpeg input; the protocol in front keeps names with a colon from meaning another.
pub(crate) fn file_url(path: &Path) -> OsString {
    let mut url = OsString::from("file:");
    url.push(path);
    url
}

/// Asks ffprobe about the first picture stream that is no cover art.
///
/// # Errors
/// When ffprobe is not installed, the file is no video, or it has sound only.
pub fn probe(path: &Path) -> Result<VideoStream> {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-show_streams", "-show_format", "-of", "json"])
        .arg(file_url(path))
        .stdin(Stdio::null())
        .output()
        .map_err(|error| not_started("ffprobe", &error))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let reason = said.lines().map(str::trim).rfind(|line| !line.is_empty());
        // ffprobe puts the file's name in front; ours is in front already.
        let reason = reason.unwrap_or("ffprobe gave no reason");
        let reason = reason.rsplit_once(": ").map_or(reason, |(_, reason)| reason);
        bail!(
            "it is no video that ffmpeg can read: {reason}{}",
            hint(path, &said)
        );
    }
    let probe: Probe = serde_json::from_slice(&output.stdout).context("ffprobe's answer cannot be read")?;
    if probe.format.and_then(|format| format.format_name).as_deref() == Some("tty") {
        bail!("it is a text file, not a video");
    }
    let is_video = |stream: &&Stream| {
        stream.codec_type.as_deref() == Some("video") && stream.disposition.attached_pic == 0
    };
    let Some(stream) = probe.streams.iter().find(is_video) else {
        bail!("it has no picture stream (sound only)");
    };
    Ok(stream.properties())
}

/// What the file's first bytes add to ffprobe's reason.
fn hint(path: &Path, said: &str) -> &'static str {
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(512).read_to_end(&mut start));
    let is_text = |bytes: &[u8]| {
        bytes
            .iter()
            .all(|b| matches!(b, b'\t' | b'\n' | b'\r' | b' '..=b'~'))
    };
    if read.is_err() {
        ""
    } else if start.is_empty() {
        " (it is empty)"
    } else if is_text(&start) {
        " (it is a text file)"
    } else if said.contains("moov") {
        " (its index is missing: the file was cut short, or its recording never ended)"
    } else {
        ""
    }
}

impl Stream {
    fn properties(&self) -> VideoStream {
        let pixels = self.pix_fmt.as_deref().unwrap_or("");
        let converted = [
            "rgb", "bgr", "gbr", "argb", "abgr", "pal", "gray", "mono", "0rgb", "0bgr",
        ];
        let matrix = match self.color_space.as_deref() {
            // ffmpeg's conversion of RGB and palettes to YCbCr uses BT.601.
            _ if converted.iter().any(|start| pixels.starts_with(start)) => Some(YuvMatrix::Bt601),
            Some("bt709" | "bt2020nc" | "bt2020c") => Some(YuvMatrix::Bt709),
            Some("bt470bg" | "smpte170m" | "fcc") => Some(YuvMatrix::Bt601),
            _ => None,
        };
        VideoStream {
            rotation: self.rotation(),
            matrix,
            full_range: self.color_range.as_deref() == Some("pc") || pixels.starts_with("yuvj"),
            frame_count: self.nb_frames.as_deref().and_then(|n| n.parse().ok()),
        }
    }

    /// The display matrix counts counter-clockwise, the older tag clockwise.
    fn rotation(&self) -> u32 {
        let matrix = self.side_data_list.iter().find_map(|data| data.rotation);
        let tag = || {
            self.tags
                .rotate
                .as_deref()
                .and_then(|text| text.parse::<f64>().ok())
        };
        let clockwise = matrix.map(|degrees| -degrees).or_else(tag).unwrap_or(0.0);
        let quarters = (clockwise / 90.0).round();
        if quarters.is_finite() {
            90 * (quarters as i64).rem_euclid(4) as u32
        } else {
            0
        }
    }
}
