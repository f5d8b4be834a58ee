//! A video's frames with their own timestamps, decoded by an ffmpeg process.
//!
//! One pass in constant memory: the frames come as raw 4:2:0 planes over ffmpeg's standard output,
//! and ffmpeg's `showinfo` filter announces each of them, with its timestamp and size, on standard
//! error. Every decoded frame comes, none is doubled, whatever the frame rate does.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use anyhow::{Context as _, Result, bail};
use shared_model::frame::{Frame, MAX_PIXELS, YuvMatrix};

use crate::video_probe::{self, VideoStream};

/// What ffmpeg says when a file is cut short or damaged so that pictures are missing or wrong.
/// Other complaints of its decoders are no loss.
const SIGNS_OF_LOSS: [&str; 12] = [
    "partial file",
    "ended prematurely",
    "truncat",
    "invalid data found",
    "error while decoding",
    "error submitting",
    "error during demuxing",
    "input/output error",
    "corrupt",
    "invalid nal",
    "missing picture",
    "concealing",
];

/// A running decoder.
#[derive(Debug)]
pub struct VideoFrames {
    path: PathBuf,
    stream: VideoStream,
    child: Child,
    planes: ChildStdout,
    announced: Receiver<Announcement>,
    listener: Option<JoinHandle<Complaints>>,
    first_time_s: Option<f64>,
    frames: usize,
}

/// What is known of a frame before its pixels.
#[derive(Debug, Clone, PartialEq)]
struct Announcement {
    time_s: f64,
    width: usize,
    height: usize,
    /// ffmpeg's own name for full-range 4:2:0.
    full_range_format: bool,
}

/// ffmpeg's errors: the first that means loss, and the last of any kind.
#[derive(Debug, Default)]
struct Complaints {
    loss: Option<String>,
    last: Option<String>,
}

impl VideoFrames {
    /// Asks for the stream's properties and starts to decode.
    ///
    /// # Errors
    /// When the file is missing or no video, has sound only, or ffmpeg is not installed.
    pub fn open(path: &Path) -> Result<Self> {
        std::fs::File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
        let stream = video_probe::probe(path)
            .with_context(|| format!("{} cannot be used as a video", path.display()))?;
        let mut child = Command::new("ffmpeg")
            .args(["-nostdin", "-hide_banner", "-nostats"])
            .args(["-loglevel", "repeat+level+info"])
            .args(["-noautorotate", "-i"])
            .arg(video_probe::file_url(path))
            .args(["-map", "0:V:0", "-an", "-sn", "-dn"])
            .args(["-vf", "format=yuv420p|yuvj420p,showinfo=checksum=0"])
            // No frame is dropped or doubled, and each keeps its own size.
            .args(["-fps_mode", "passthrough", "-autoscale", "0"])
            .args(["-f", "rawvideo", "pipe:1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| video_probe::not_started("ffmpeg", &error))?;
        let (Some(planes), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            bail!("ffmpeg's output cannot be read");
        };
        let (sender, announced) = channel();
        let listener = std::thread::spawn(move || listen(stderr, &sender));
        Ok(Self {
            path: path.to_owned(),
            stream,
            child,
            planes,
            announced,
            listener: Some(listener),
            first_time_s: None,
            frames: 0,
        })
    }

    /// Frames that the container announces, where it does.
    #[must_use]
    pub fn frame_count(&self) -> Option<u64> {
        self.stream.frame_count
    }

    /// The first frame's time on the media's own clock in seconds, where 0 is the earliest start of all its streams; 0 before
    /// that frame was given.
    #[must_use]
    pub fn start_s(&self) -> f64 {
        0.0
    }

    /// The next frame, turned for display, with its presentation time in seconds (0 at the first
    /// frame), or `None` after the last.
    ///
    /// # Errors
    /// At the end, when the file turned out to be damaged, cut short or without any frame. All
    /// frames that could be decoded have come before.
    pub fn next_frame(&mut self) -> Result<Option<(f64, Frame)>> {
        let Ok(next) = self.announced.recv() else {
            self.end()?;
            return Ok(None);
        };
        let (width, height) = (next.width, next.height);
        if width == 0 || height == 0 || width.saturating_mul(height) > MAX_PIXELS {
            bail!(
                "{}: frame {} has {width}x{height} pixels; at most {MAX_PIXELS} pixels can be used",
                self.path.display(),
                self.frames
            );
        }
        let chroma = width.div_ceil(2) * height.div_ceil(2);
        let mut planes = vec![0; width * height + 2 * chroma];
        if self.planes.read_exact(&mut planes).is_err() {
            self.end()?;
            bail!(
                "{}: ffmpeg ended within frame {}",
                self.path.display(),
                self.frames
            );
        }
        let matrix = self.stream.matrix.unwrap_or(YuvMatrix::UNNAMED);
        let full_range = self.stream.full_range || next.full_range_format;
        let frame = Frame::from_i420(width, height, &planes, matrix, full_range)?;
        let first = *self.first_time_s.get_or_insert(next.time_s);
        self.frames += 1;
        Ok(Some((next.time_s - first, frame.rotated(self.stream.rotation))))
    }

    /// Looks at how ffmpeg ended.
    fn end(&mut self) -> Result<()> {
        let status = self.child.wait().context("ffmpeg cannot be waited for")?;
        let complaints = match self.listener.take().map(JoinHandle::join) {
            Some(Ok(complaints)) => complaints,
            _ => Complaints::default(),
        };
        let path = self.path.display();
        let reason = match (complaints.loss, status.success()) {
            (Some(loss), _) => Some(loss),
            (None, false) => Some(
                complaints
                    .last
                    .unwrap_or_else(|| format!("ffmpeg ended with {status}")),
            ),
            (None, true) => None,
        };
        match (self.frames, reason) {
            (0, None) => bail!("{path} holds no video frame"),
            (0, Some(reason)) => bail!("no frame of {path} can be decoded: {reason}"),
            (_, None) => Ok(()),
            (frames, Some(reason)) => {
                bail!("{path} is damaged or ends early; {frames} frames could be decoded: {reason}")
            }
        }
    }
}

impl Drop for VideoFrames {
    fn drop(&mut self) {
        // It may have ended already; then both calls do nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads ffmpeg's standard error to its end, so that ffmpeg never waits for a reader.
fn listen(stderr: ChildStderr, sender: &Sender<Announcement>) -> Complaints {
    let mut complaints = Complaints::default();
    let mut reader = BufReader::new(stderr);
    let mut line = Vec::new();
    // Seconds a tick, as numerator and denominator.
    let mut time_base = (1.0, 1.0);
    loop {
        line.clear();
        match reader.read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return complaints,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim();
        if let Some(message) = showinfo_message(text) {
            if let Some(found) = message.strip_prefix("config in time_base:").and_then(ratio) {
                time_base = found;
            } else if let Some(announcement) = announcement(message, time_base) {
                // The receiver is gone when the caller stopped early.
                let _ = sender.send(announcement);
            }
        } else if let Some(error) = error_message(text) {
            let lower = error.to_lowercase();
            if complaints.loss.is_none() && SIGNS_OF_LOSS.iter().any(|sign| lower.contains(sign)) {
                complaints.loss = Some(error.to_owned());
            }
            complaints.last = Some(error.to_owned());
        }
    }
}

/// What the `showinfo` filter says in this line.
fn showinfo_message(line: &str) -> Option<&str> {
    let (_, message) = line.strip_prefix("[Parsed_showinfo_")?.split_once("] [info] ")?;
    Some(message.trim_start())
}

/// The message of a line of level error or worse, with its component in front.
fn error_message(line: &str) -> Option<&str> {
    ["[error] ", "[fatal] ", "[panic] "]
        .into_iter()
        .find_map(|level| {
            let at = line.find(level)?;
            let prefix = line.get(..at)?;
            let is_level = prefix.is_empty() || (prefix.starts_with('[') && prefix.ends_with("] "));
            is_level.then(|| line.get(at + level.len()..).unwrap_or(""))
        })
}

fn ratio(text: &str) -> Option<(f64, f64)> {
    let (numerator, rest) = text.trim_start().split_once('/')?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (numerator, denominator): (f64, f64) = (numerator.parse().ok()?, rest.get(..end)?.parse().ok()?);
    (denominator > 0.0).then_some((numerator, denominator))
}

/// Reads `n: 0 pts: 512 pts_time:0.04 ... fmt:yuv420p ... s:160x120 ...`. The time is taken from the
/// integer timestamp, since `pts_time` has six digits only.
fn announcement(message: &str, (numerator, denominator): (f64, f64)) -> Option<Announcement> {
    message.strip_prefix("n:")?;
    let value = |key: &str| {
        let at = message.find(key)? + key.len();
        message.get(at..)?.split_whitespace().next()
    };
    let (width, height) = value(" s:")?.split_once('x')?;
    // A frame without a timestamp says NOPTS.
    let ticks: Option<f64> = value(" pts:").and_then(|text| text.parse().ok());
    let seconds: Option<f64> = value(" pts_time:").and_then(|text| text.parse().ok());
    Some(Announcement {
        time_s: ticks
            .map(|ticks| ticks * numerator / denominator)
            .or(seconds)
            .unwrap_or(0.0),
        width: width.parse().ok()?,
        height: height.parse().ok()?,
        full_range_format: value(" fmt:") == Some("yuvj420p"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_ffmpeg_are_understood() {
        let line = "[Parsed_showinfo_1 @ 0x55ee] [info] n:   1 pts:    512 pts_time:0.04    pos:     2435 \
                    fmt:yuvj420p sar:1/1 s:161x120 i:P iskey:0 type:P";
        let message = showinfo_message(line).unwrap();
        let found = announcement(message, (1.0, 12800.0)).unwrap();
        assert_eq!(
            (found.width, found.height, found.full_range_format),
            (161, 120, true)
        );
        assert!((found.time_s - 0.04).abs() < 1e-12);
        assert_eq!(ratio(" 1001/30000, frame_rate: 25/1"), Some((1001.0, 30000.0)));
        assert!(announcement("color_range:pc color_space:bt709", (1.0, 1.0)).is_none());
    }

    #[test]
    fn only_the_level_makes_an_error() {
        assert_eq!(
            error_message("[h264 @ 0x1] [error] partial file"),
            Some("partial file")
        );
        assert_eq!(error_message("[error] bad"), Some("bad"));
        assert_eq!(error_message("[info]   title : a [error] in a title"), None);
    }
}
