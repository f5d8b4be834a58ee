//! A video's frames with their own timestamps, decoded by an ffmpeg process.
//!
//! One pass in constant memory: the frames come as raw 4:2:0 planes over ffmpeg's standard output,
//! and ffmpeg's `showinfo` filter announces each of them, with its timestamp and size, on standard
//! error. Every decoded frame comes, none is doubled, whatever the frame rate does. Both outputs are
//! read by threads of their own, and no wait is without an end.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel, sync_channel};

use anyhow::{Context as _, Result, bail};
use shared_model::frame::{Frame, MAX_PIXELS, YuvMatrix};
use video_container::HDR_NOTICE;

use crate::ffmpeg_log::{Announcement, FfmpegLog};
use crate::ffmpeg_program::{self, Ffmpeg, GRACE_S, Running, Waited};
use crate::piped_bytes::PipedBytes;
use crate::video_probe::{self, VideoStream};

/// Announcements that wait; ffmpeg itself is never more than some dozens of frames ahead.
const MOST_ANNOUNCED: usize = 1024;

/// Times on the container's clock that differ by less are one time, which was rounded to microseconds somewhere.
const ROUNDING_S: f64 = 2e-6;

/// A running decoder.
#[derive(Debug)]
pub struct VideoFrames {
    path: PathBuf,
    stream: VideoStream,
    ffmpeg: Ffmpeg,
    child: Running,
    planes: PipedBytes,
    announced: Receiver<Announcement>,
    /// All of ffmpeg's log, once it has ended.
    log: Receiver<FfmpegLog>,
    first: Option<Announcement>,
    /// The last frame's time on the container's clock.
    last_s: f64,
    frames: usize,
}

impl VideoFrames {
    /// Asks for the stream's properties and starts to decode.
    ///
    /// # Errors
    /// When the file is missing or no video, has sound only, or ffmpeg is not installed or too old.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_with(Ffmpeg::on_path()?, path)
    }

    /// The same with this ffmpeg.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(ffmpeg: Ffmpeg, path: &Path) -> Result<Self> {
        std::fs::File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
        let stream = video_probe::probe(path)
            .with_context(|| format!("{} cannot be used as a video", path.display()))?;
        if stream.is_hdr {
            tracing::warn!("{}: {HDR_NOTICE}", path.display());
        }
        let mut child = Running::start(
            ffmpeg
                .command()
                .args(["-nostdin", "-hide_banner", "-nostats"])
                // Where the clock of some containers begins is told at level `verbose` only.
                .args(["-loglevel", "repeat+level+verbose"])
                .args(["-noautorotate", "-i"])
                .arg(video_probe::file_url(path))
                .args(["-map", &format!("0:{}", stream.index), "-an", "-sn", "-dn"])
                .args(["-vf", "format=yuv420p|yuvj420p,showinfo=checksum=0"])
                // Of ffmpeg's ways to 8 bits, the one in which all versions agree to the bit; the usual one is another from 7.0 on.
                .args(["-sws_dither", "ed"])
                .args(ffmpeg.passthrough())
                .args(["-f", "rawvideo", "pipe:1"])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped()),
        )?;
        let patience_s = child.patience_s();
        let (Some(stdout), Some(stderr)) = (child.child().stdout.take(), child.child().stderr.take()) else {
            bail!("ffmpeg's output cannot be read");
        };
        let (announce, announced) = sync_channel(MOST_ANNOUNCED);
        let (give_log, log) = channel();
        let empty = FfmpegLog::new(stream.index, stream.other_codecs.clone(), stream.announced);
        std::thread::spawn(move || {
            let log = empty.read(stderr, &announce);
            // The receiver is gone when the caller stopped early.
            let _ = give_log.send(log);
        });
        Ok(Self {
            path: path.to_owned(),
            stream,
            ffmpeg,
            child,
            planes: PipedBytes::new(stdout, patience_s),
            announced,
            log,
            first: None,
            last_s: 0.0,
            frames: 0,
        })
    }

    /// Frames that the container announces, where it does.
    #[must_use]
    pub fn frame_count(&self) -> Option<u64> {
        self.stream.frame_count
    }

    /// The time of the file's first frame on the media's own clock in seconds, where 0 is the earliest start of all its streams;
    /// 0 before a frame was given, and for streams without times.
    #[must_use]
    pub fn start_s(&self) -> f64 {
        let (Some(first), Some(earliest_s)) = (&self.first, self.stream.earliest_start_s) else {
            return 0.0;
        };
        let lost_s = self.lost_first_s();
        let exact = self.stream.start_s;
        let exact = exact.filter(|start_s| (start_s + lost_s - first.container_s).abs() < ROUNDING_S);
        let start_s = exact.unwrap_or(first.container_s - lost_s) - earliest_s;
        if start_s.abs() < ROUNDING_S { 0.0 } else { start_s }
    }

    /// Seconds before the first frame that came in which the file has frames that are lost: it begins earlier, and ffmpeg
    /// complained before that frame.
    fn lost_first_s(&self) -> f64 {
        let Some((first, start_s)) = self.first.as_ref().zip(self.stream.start_s) else {
            return 0.0;
        };
        let lost_s = first.container_s - start_s;
        if first.is_after_complaint && lost_s > ROUNDING_S {
            lost_s
        } else {
            0.0
        }
    }

    /// The next frame as it is shown, with its presentation time in seconds (0 at the file's first frame), or `None` after
    /// the last.
    ///
    /// # Errors
    /// At the end, when the file turned out to be damaged, cut short or without any frame; and when ffmpeg gives
    /// nothing any more, or frames without saying what they are. All frames that could be decoded have come before.
    pub fn next_frame(&mut self) -> Result<Option<(f64, Frame)>> {
        match self.planes.wait() {
            Waited::Got(()) => {}
            Waited::Closed => {
                self.end()?;
                return Ok(None);
            }
            Waited::Silent => return self.silent(),
        }
        // ffmpeg announces a frame before it writes its first byte.
        let grace_s = GRACE_S.min(self.child.patience_s());
        let Waited::Got(next) = ffmpeg_program::wait_for(&self.announced, grace_s) else {
            bail!(
                "{}: frame {} comes without its time and size, so ffmpeg {}'s output cannot be used; \
                 is `ffmpeg` on the PATH a script that changes what it prints?",
                self.path.display(),
                self.frames,
                self.ffmpeg.version()
            );
        };
        self.check_size(&next)?;
        let (width, height) = (next.width, next.height);
        let chroma = width.div_ceil(2) * height.div_ceil(2);
        let planes = match self.planes.take(width * height + 2 * chroma) {
            Waited::Got(planes) => planes,
            Waited::Closed => {
                self.end()?;
                bail!(
                    "{}: ffmpeg ended within frame {}",
                    self.path.display(),
                    self.frames
                );
            }
            Waited::Silent => return self.silent(),
        };
        let matrix = self.stream.matrix.unwrap_or(YuvMatrix::UNNAMED);
        let full_range = self.stream.full_range || next.full_range_format;
        let frame = Frame::from_i420(width, height, &planes, matrix, full_range)?;
        self.frames += 1;
        self.last_s = next.container_s;
        let time_s = next.time_s - self.first.get_or_insert_with(|| next.clone()).time_s;
        let shown = frame.shown(&self.stream.display)?;
        Ok(Some((time_s + self.lost_first_s(), shown)))
    }

    fn silent<T>(&self) -> Result<T> {
        let said = ffmpeg_program::silent("ffmpeg", self.child.patience_s());
        bail!("{}, after {} frames: {said}", self.path.display(), self.frames)
    }

    fn check_size(&self, next: &Announcement) -> Result<()> {
        let (path, number) = (self.path.display(), self.frames);
        let (width, height) = (next.width, next.height);
        if width == 0 || height == 0 || width.saturating_mul(height) > MAX_PIXELS {
            bail!(
                "{path}: frame {number} has {width}x{height} pixels; at most {MAX_PIXELS} pixels can be used"
            );
        }
        let is_changed = |first: &Announcement| (first.width, first.height) != (width, height);
        if !self.ffmpeg.keeps_sizes() && self.first.as_ref().is_some_and(is_changed) {
            bail!(
                "{path}: the picture changes its size at frame {number}; that needs ffmpeg 4.4 or newer, and `ffmpeg` is \
                 version {}",
                self.ffmpeg.version()
            );
        }
        Ok(())
    }

    /// Looks at how ffmpeg ended.
    fn end(&mut self) -> Result<()> {
        let path = self.path.display();
        let status = (self.child.end()).with_context(|| format!("{path}, after {} frames", self.frames))?;
        // Another process may hold ffmpeg's standard error open.
        let log = match ffmpeg_program::wait_for(&self.log, GRACE_S) {
            Waited::Got(log) => Some(log),
            Waited::Closed | Waited::Silent => None,
        };
        let loss = log.as_ref().and_then(FfmpegLog::loss);
        let last_error = log.as_ref().and_then(FfmpegLog::last_error);
        let reason = match (loss, status.success()) {
            (_, false) if status.code().is_none() => Some(format!("ffmpeg was ended by {status}")),
            (Some(loss), _) => Some(loss.to_owned()),
            (None, false) => {
                Some(last_error.map_or_else(|| format!("ffmpeg ended with {status}"), str::to_owned))
            }
            (None, true) => None,
        };
        let lost = log
            .as_ref()
            .and_then(|log| log.lost_in_words(self.frames, self.last_s));
        match (self.frames, reason) {
            (0, None) => bail!("{path} holds no video frame"),
            (0, Some(reason)) => bail!("no frame of {path} can be decoded: {reason}"),
            (frames, None) if self.announced.try_recv().is_ok() => {
                bail!("{path}: ffmpeg announced more than the {frames} frames that it gave")
            }
            (_, None) => Ok(()),
            (frames, Some(reason)) => {
                let lost = lost.map_or_else(String::new, |lost| format!("{lost}; "));
                bail!("{path} is damaged or ends early: {lost}{frames} frames could be decoded: {reason}")
            }
        }
    }
}
