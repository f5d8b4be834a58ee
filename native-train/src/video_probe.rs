//! What ffprobe says of a video's picture stream.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use shared_model::display::{Display, PixelAspect};
use shared_model::frame::YuvMatrix;
use shared_model::orientation::Orientation;
use video_container::{Candidate, DiskFile, matroska_orientation, preferred};

use crate::ffmpeg_program;
use crate::lost_frames::Announced;

/// The properties of a picture stream that decide how its frames become RGB.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoStream {
    /// How its pictures are shown.
    pub display: Display,
    /// Whether the stream names a transfer of HDR (PQ or HLG).
    pub is_hdr: bool,
    /// The matrix that the stream names, `None` when it names none.
    pub matrix: Option<YuvMatrix>,
    /// Whether samples use all of 0..255.
    pub full_range: bool,
    /// Frames that the container announces, where it does.
    pub frame_count: Option<u64>,
    /// The stream's number in its file.
    pub(crate) index: usize,
    /// Its start on the container's clock in seconds.
    pub(crate) start_s: Option<f64>,
    /// The earliest start of all the file's streams on the same clock. Cover art has no place in time.
    pub(crate) earliest_start_s: Option<f64>,
    /// Codecs that the file's other streams have and this one has not.
    pub(crate) other_codecs: Vec<String>,
    /// What the container says of the frames' number and times.
    pub(crate) announced: Announced,
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
    #[serde(default)]
    index: usize,
    codec_type: Option<String>,
    codec_name: Option<String>,
    pix_fmt: Option<String>,
    color_range: Option<String>,
    color_space: Option<String>,
    color_transfer: Option<String>,
    sample_aspect_ratio: Option<String>,
    #[serde(default)]
    width: u32,
    #[serde(default)]
    height: u32,
    nb_frames: Option<String>,
    avg_frame_rate: Option<String>,
    time_base: Option<String>,
    start_pts: Option<i64>,
    start_time: Option<String>,
    duration: Option<String>,
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
    default: u8,
    #[serde(default)]
    attached_pic: u8,
}

#[derive(Deserialize, Default)]
struct Tags {
    rotate: Option<String>,
    /// Matroska's end of a stream, as `00:00:04.000000000`.
    #[serde(rename = "DURATION")]
    end: Option<String>,
}

#[derive(Deserialize)]
struct SideData {
    /// The display matrix as text, three numbers a line behind the line's own.
    displaymatrix: Option<String>,
    rotation: Option<f64>,
}

/// The path as an ffmpeg input; the protocol in front keeps names with a colon from meaning another.
pub(crate) fn file_url(path: &Path) -> OsString {
    let mut url = OsString::from("file:");
    url.push(path);
    url
}

/// Asks ffprobe about the picture stream that ffmpeg would take by itself. Cover art is none.
///
/// # Errors
/// When ffprobe is not installed, the file is no video, or it has sound only.
pub fn probe(path: &Path) -> Result<VideoStream> {
    let mut command = ffmpeg_program::command("ffprobe");
    command
        .args(["-v", "error", "-show_streams", "-show_format", "-of", "json"])
        .arg(file_url(path));
    let output = ffmpeg_program::run(&mut command)?;
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
    let format = probe.format.and_then(|format| format.format_name);
    if format.as_deref() == Some("tty") {
        bail!("it is a text file, not a video");
    }
    let is_video = |stream: &&Stream| stream.codec_type.as_deref() == Some("video") && !stream.is_cover();
    let candidate = |stream: &&Stream| Candidate {
        size: (stream.width, stream.height),
        is_default: stream.disposition.default != 0,
    };
    let Some(stream) = preferred(probe.streams.iter().filter(is_video), candidate) else {
        bail!("it has no picture stream (sound only)");
    };
    let starts = probe.streams.iter().filter(|stream| !stream.is_cover());
    let earliest_start_s = starts.filter_map(Stream::start_s).reduce(f64::min);
    let codecs = probe.streams.iter().filter_map(|other| other.codec_name.clone());
    let other_codecs = codecs
        .filter(|codec| !codec.is_empty() && stream.codec_name.as_ref() != Some(codec))
        .collect();
    let mut properties = stream.properties();
    let is_matroska = format.is_some_and(|names| names.contains("matroska"));
    if is_matroska && stream.matrix().is_none() {
        // Older versions tell no pose.
        let posed = DiskFile::open(path).and_then(|file| matroska_orientation(file, stream.index));
        if let Some(orientation) = posed.context("its header cannot be read")? {
            properties.display.orientation = orientation;
        }
    }
    Ok(VideoStream {
        earliest_start_s,
        other_codecs,
        ..properties
    })
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

/// Two numbers with `/` or `:` between them, as a quotient.
fn quotient(text: &str) -> Option<f64> {
    let (above, below) = text.split_once(['/', ':'])?;
    let quotient = above.parse::<f64>().ok()? / below.parse::<f64>().ok()?;
    quotient.is_finite().then_some(quotient)
}

/// Seconds of `00:00:04.000000000`.
fn clock_time(text: &str) -> Option<f64> {
    text.split(':').try_fold(0.0, |sum, part| {
        let number: f64 = part.trim().parse().ok()?;
        Some(sum * 60.0 + number)
    })
}

impl Stream {
    fn is_cover(&self) -> bool {
        self.disposition.attached_pic != 0
    }

    /// On the container's clock in seconds. The ticks are exact, the text has six digits.
    fn start_s(&self) -> Option<f64> {
        let tick = self.time_base.as_deref().and_then(quotient);
        let exact = tick.zip(self.start_pts).map(|(tick, ticks)| ticks as f64 * tick);
        exact.or_else(|| self.start_time.as_deref()?.parse().ok())
    }

    fn announced(&self) -> Announced {
        let end = self.tags.end.as_deref().and_then(clock_time);
        let length = || self.duration.as_deref()?.parse::<f64>().ok();
        Announced {
            frame_count: self.nb_frames.as_deref().and_then(|n| n.parse().ok()),
            start_s: self.start_s(),
            end_s: end.or_else(|| Some(self.start_s()? + length()?)),
            step_s: self
                .avg_frame_rate
                .as_deref()
                .and_then(quotient)
                .filter(|rate| *rate > 0.0)
                .map(|rate| 1.0 / rate),
        }
    }

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
            display: Display {
                orientation: self.orientation(),
                pixel_aspect: self.pixel_aspect().unwrap_or_default(),
            },
            is_hdr: matches!(self.color_transfer.as_deref(), Some("smpte2084" | "arib-std-b67")),
            matrix,
            full_range: self.color_range.as_deref() == Some("pc") || pixels.starts_with("yuvj"),
            frame_count: self.announced().frame_count,
            index: self.index,
            start_s: self.start_s(),
            earliest_start_s: None,
            other_codecs: Vec::new(),
            announced: self.announced(),
        }
    }

    /// The 2x2 part of the display matrix.
    fn matrix(&self) -> Option<[f64; 4]> {
        let text = self
            .side_data_list
            .iter()
            .find_map(|data| data.displaymatrix.as_deref())?;
        let rows: Vec<[f64; 3]> = text
            .lines()
            .filter_map(|line| {
                let mut numbers = line.split_once(':')?.1.split_whitespace().map(str::parse::<f64>);
                let mut next = || numbers.next()?.ok();
                Some([next()?, next()?, next()?])
            })
            .collect();
        match rows.as_slice() {
            [[a, b, _], [c, d, _], ..] => Some([*a, *b, *c, *d]),
            _ => None,
        }
    }

    /// By the display matrix; where there is none, by what older versions tell: an angle that counts counter-clockwise, or a tag
    /// that counts clockwise.
    fn orientation(&self) -> Orientation {
        if let Some(matrix) = self.matrix() {
            return Orientation::from_matrix(matrix).unwrap_or_default();
        }
        let angle = self.side_data_list.iter().find_map(|data| data.rotation);
        let tag = || {
            self.tags
                .rotate
                .as_deref()
                .and_then(|text| text.parse::<f64>().ok())
        };
        Orientation::clockwise(angle.map(|degrees| -degrees).or_else(tag).unwrap_or(0.0))
    }

    fn pixel_aspect(&self) -> Option<PixelAspect> {
        let (width, height) = self.sample_aspect_ratio.as_deref()?.split_once(':')?;
        PixelAspect::new(width.parse().ok()?, height.parse().ok()?)
    }
}
