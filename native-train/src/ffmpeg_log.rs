//! What a decoding ffmpeg prints on standard error: the frames' announcements by its `showinfo` filter, where its clock
//! begins, and complaints.
//!
//! ffmpeg's threads write their lines in parts, so a line may begin in the middle of another one's.

use std::io::{BufRead as _, BufReader, Read};
use std::sync::mpsc::SyncSender;

use crate::lost_frames::{Announced, LostFrames};

/// What ffmpeg says, as an error, when a file is cut short or damaged so that pictures are missing or wrong. Other errors
/// of its decoders are a loss only where frames are missing after them.
const SIGNS_OF_LOSS: [&str; 17] = [
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
    "reference picture missing",
    CONCEALED,
    // Matroska and GIF.
    "invalid as first byte of an ebml",
    "exceeds containing master element",
    "decode failed",
    "invalid block label",
];

/// What it says, at a level that differs from decoder to decoder, when parts of a picture are made up.
const CONCEALED: &str = "concealing";

/// What it says as a warning when a packet or a frame is damaged.
const WARNED_LOSS: &str = "corrupt";

/// The filter that announces frames. It prints a line in several parts, and holds nothing of the file's own words.
const ANNOUNCER: &str = "Parsed_showinfo";

/// Bytes of a line that are looked at together.
const MOST_LINE_BYTES: u64 = 64 << 10;

/// What is known of a frame before its pixels.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Announcement {
    /// Seconds on ffmpeg's clock, which may begin with the first frame, the first sound, or at the container's zero.
    pub(crate) time_s: f64,
    /// Seconds on the container's clock.
    pub(crate) container_s: f64,
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// ffmpeg's own name for full-range 4:2:0.
    pub(crate) full_range_format: bool,
    /// Whether ffmpeg complained of the stream before the first frame.
    pub(crate) is_after_complaint: bool,
}

/// All that was read so far.
#[derive(Debug)]
pub(crate) struct FfmpegLog {
    /// The picture stream's number in its file.
    stream: usize,
    /// Codecs of the file's other streams, whose decoders complain while ffmpeg looks at the file.
    other_codecs: Vec<String>,
    /// Seconds a tick, as numerator and denominator.
    time_base: (f64, f64),
    /// The container's time at ffmpeg's zero in seconds.
    clock_start_s: f64,
    lost: LostFrames,
    loss: Option<String>,
    last_error: Option<String>,
}

impl FfmpegLog {
    pub(crate) fn new(stream: usize, other_codecs: Vec<String>, announced: Announced) -> Self {
        Self {
            stream,
            other_codecs,
            time_base: (1.0, 1.0),
            clock_start_s: 0.0,
            lost: LostFrames::new(announced),
            loss: None,
            last_error: None,
        }
    }

    /// Reads to the end, so that ffmpeg never waits for a reader, and passes the announcements on.
    pub(crate) fn read(mut self, stderr: impl Read, sender: &SyncSender<Announcement>) -> Self {
        let mut reader = BufReader::new(stderr);
        let mut line = Vec::new();
        loop {
            line.clear();
            match reader.by_ref().take(MOST_LINE_BYTES).read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return self,
                Ok(_) => {}
            }
            if let Some(announcement) = self.line(String::from_utf8_lossy(&line).trim()) {
                // The receiver is gone when the caller stopped early.
                let _ = sender.send(announcement);
            }
        }
    }

    /// The first complaint that means loss, if any does.
    pub(crate) fn loss(&self) -> Option<&str> {
        let is_missing = || self.lost.has_clear_gap() || self.lost.is_short();
        let with_gap = self.last_error.as_ref().filter(|_| is_missing());
        self.loss.as_ref().or(with_gap).map(String::as_str)
    }

    /// The last error, whatever it means.
    pub(crate) fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }

    /// How many frames are lost and where, of a video that is known to be damaged and of which so many frames came, the last
    /// of them at `last_s` on the container's clock.
    pub(crate) fn lost_in_words(&self, frames: usize, last_s: f64) -> Option<String> {
        self.lost.in_words(frames, last_s)
    }

    /// One line; gives the frame that it announces.
    fn line(&mut self, line: &str) -> Option<Announcement> {
        if let Some((mut announcement, rest)) = announcement(line, self.time_base, self.clock_start_s) {
            announcement.is_after_complaint = self.lost.has_complained_early();
            self.lost.frame(announcement.container_s);
            // Another thread's error may have come before this line's end, then without its level.
            if has_sign(rest) {
                self.complain(rest, true);
            }
            return Some(announcement);
        }
        if let Some(found) = after(line, "config in time_base:").and_then(ratio) {
            self.time_base = found;
        } else if let Some(start_s) = start_of_input(line) {
            self.clock_start_s = start_s;
        } else if let Some(microseconds) = correction_of_start(line) {
            // The clock of some containers begins with the streams that are read.
            self.clock_start_s += microseconds / 1e6;
        } else if component(line).is_some_and(|name| self.is_of_another_stream(name)) {
            return None;
        } else if component(line).is_some_and(|name| name.starts_with(ANNOUNCER)) && has_sign(line) {
            // Another thread's error came between two parts, then without its level.
            self.complain(line, true);
        } else if let Some(error) = message(line, &["error", "fatal", "panic"]) {
            self.complain(error, has_sign(error));
        } else if let Some(warning) = message(line, &["warning"])
            && warning.to_lowercase().contains(WARNED_LOSS)
        {
            self.complain(warning, true);
        } else if let Some(said) = message(line, &["info"])
            && said.to_lowercase().starts_with(CONCEALED)
        {
            self.complain(said, true);
        }
        None
    }

    /// Decoders are named after their codec, some with more around it: `mp3float`.
    fn is_of_another_stream(&self, component: &str) -> bool {
        self.other_codecs.iter().any(|codec| component.contains(codec))
    }

    fn complain(&mut self, text: &str, is_loss: bool) {
        if stream_number(text).is_some_and(|number| number != self.stream) {
            return;
        }
        self.lost.complained();
        if is_loss && self.loss.is_none() {
            self.loss = Some(text.to_owned());
        }
        self.last_error = Some(text.to_owned());
    }
}

fn has_sign(text: &str) -> bool {
    let lower = text.to_lowercase();
    SIGNS_OF_LOSS.iter().any(|sign| lower.contains(sign))
}

fn after<'a>(line: &'a str, words: &str) -> Option<&'a str> {
    line.find(words).and_then(|at| line.get(at + words.len()..))
}

/// The message of a line of one of these levels, with its component in front.
fn message<'a>(line: &'a str, levels: &[&str]) -> Option<&'a str> {
    levels.iter().find_map(|level| {
        let level = format!("[{level}] ");
        let at = line.find(&level)?;
        let prefix = line.get(..at)?;
        let is_level = prefix.is_empty() || (prefix.starts_with('[') && prefix.ends_with("] "));
        is_level.then(|| line.get(at + level.len()..).unwrap_or(""))
    })
}

/// `aac` of `[aac @ 0x55fbf62e83c0] [error] ...`.
fn component(line: &str) -> Option<&str> {
    let (name, _) = line.strip_prefix('[')?.split_once(" @ ")?;
    Some(name)
}

/// The stream that a complaint names: `Packet corrupt (stream = 1, dts = 3)`, `corrupt input packet in stream 1`.
fn stream_number(text: &str) -> Option<usize> {
    let rest = after(text, "stream = ").or_else(|| after(text, "in stream "))?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}

/// `Duration: 00:00:02.27, start: 1.466733, bitrate: 464 kb/s`; the start is ffmpeg's zero.
fn start_of_input(line: &str) -> Option<f64> {
    let rest = after(message(line, &["info"])?, "Duration: ")?;
    let text = after(rest, ", start: ")?.split(',').next()?;
    text.trim().parse().ok().filter(|start: &f64| start.is_finite())
}

/// `Correcting start time of Input #0 by 500000 us.`, in older versions `Correcting start time by 500000`.
fn correction_of_start(line: &str) -> Option<f64> {
    let rest = after(message(line, &["verbose"])?, "Correcting start time ")?;
    after(rest, "by ")?.split_whitespace().next()?.parse().ok()
}

fn ratio(text: &str) -> Option<(f64, f64)> {
    let (numerator, rest) = text.trim_start().split_once('/')?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (numerator, denominator): (f64, f64) = (numerator.parse().ok()?, rest.get(..end)?.parse().ok()?);
    (numerator > 0.0 && denominator > 0.0).then_some((numerator, denominator))
}

/// Reads `n: 0 pts: 512 pts_time:0.04 ... fmt:yuv420p ... s:160x120 ... type:P` and gives what stands behind it. The time is
/// taken from the integer timestamp, since `pts_time` has six digits only.
fn announcement(
    line: &str,
    (numerator, denominator): (f64, f64),
    clock_start_s: f64,
) -> Option<(Announcement, &str)> {
    let before = line.get(..line.find(" pts:")?)?;
    let start = before.rfind("n:")?;
    let number = before.get(start + 2..)?.trim();
    // The file's own tags are printed as `name : value`, and may hold anything.
    if number.parse::<u64>().is_err() || before.contains(" : ") {
        return None;
    }
    let told = line.get(start..)?;
    let value = |key: &str| after(told, key)?.split_whitespace().next();
    let (width, height) = value(" s:")?.split_once('x')?;
    // A frame without a timestamp says NOPTS.
    let ticks: Option<f64> = value(" pts:").and_then(|text| text.parse().ok());
    let seconds: Option<f64> = value(" pts_time:").and_then(|text| text.parse().ok());
    let tick_s = numerator / denominator;
    let time_s = ticks
        .map(|ticks| ticks * numerator / denominator)
        .or(seconds)
        .unwrap_or(0.0);
    // ffmpeg moves its zero by whole ticks.
    let clock_start_s = (clock_start_s / tick_s).round() * tick_s;
    let announcement = Announcement {
        time_s,
        container_s: time_s + clock_start_s,
        width: width.parse().ok()?,
        height: height.parse().ok()?,
        full_range_format: value(" fmt:") == Some("yuvj420p"),
        is_after_complaint: false,
    };
    let rest = after(told, " type:").and_then(|rest| rest.get(1..));
    Some((announcement, rest.unwrap_or("")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log() -> FfmpegLog {
        FfmpegLog::new(0, vec!["mp3".to_owned()], Announced::default())
    }

    const FRAME: &str = "[Parsed_showinfo_1 @ 0x55ee] [info] n:   1 pts:    512 pts_time:0.04    pos:     2435 \
                         fmt:yuvj420p sar:1/1 s:161x120 i:P iskey:0 type:P";

    #[test]
    fn frames_are_announced_on_the_containers_clock() {
        let mut log = log();
        for line in [
            "[info]   Duration: 00:00:02.27, start: 1.400000, bitrate: 464 kb/s",
            "[verbose] Correcting start time of Input #0 by 60000 us.",
            "[mpegts @ 0x39674780] [verbose] Correcting start time by 40000",
            "[Parsed_showinfo_1 @ 0x55ee] [info] config in time_base: 1/12800, frame_rate: 25/1",
            "[Parsed_showinfo_1 @ 0x55ee] [info] color_range:pc color_space:bt709",
            "[info]     title : n: 7 pts: 0 pts_time:0 s:9x9 type:I",
        ] {
            assert_eq!(log.line(line), None, "{line}");
        }
        let found = log.line(FRAME).unwrap();
        assert_eq!(
            (found.width, found.height, found.full_range_format),
            (161, 120, true)
        );
        assert!((found.time_s - 0.04).abs() < 1e-12 && (found.container_s - 1.54).abs() < 1e-12);
        assert_eq!(ratio(" 1001/30000, frame_rate: 25/1"), Some((1001.0, 30000.0)));
    }

    #[test]
    fn lines_of_several_threads_may_run_into_each_other() {
        let mut log = log();
        let told = FRAME.split_once("[info] ").unwrap().1;
        assert!(log.line(&format!("[info]   Stream #0:0{told}")).is_some());
        assert_eq!(log.loss(), None);
        assert!(
            log.line(&format!("{FRAME} error while decoding MB 7 19"))
                .is_some()
        );
        assert!(log.loss().unwrap().contains("MB 7 19"));
    }

    #[test]
    fn an_error_may_stand_within_another_line_of_the_announcer() {
        let mut log = log();
        let line = "[Parsed_showinfo_1 @ 0x7fab] [info] color_range:tv color_space:bt470bg";
        log.line(&format!("{line} color_primaries:unknown color_trc:unknown"));
        assert_eq!(log.loss(), None);
        log.line(&format!(
            "{line}0x00 at pos 58075 (0xe2db) invalid as first byte of an EBML number"
        ));
        assert!(log.loss().unwrap().contains("at pos 58075"));
    }

    #[test]
    fn concealed_parts_are_a_loss_at_every_level() {
        for level in ["info", "error"] {
            let mut log = log();
            let said = "concealing 142 DC, 142 AC, 142 MV errors in P frame";
            log.line(&format!("[h264 @ 0x1] [{level}] {said}"));
            assert_eq!(log.loss(), Some(said));
        }
    }

    #[test]
    fn the_level_and_the_stream_decide_what_is_a_loss() {
        let mut log = log();
        for line in [
            "[info]   title : a [error] corrupt in a title",
            "[mpegts @ 0x1] [warning] Packet corrupt (stream = 1, dts = 210084).",
            "[warning] file:a.ts: corrupt input packet in stream 1",
            "[mp3float @ 0x1] [error] invalid data found",
            "[h264 @ 0x1] [error] mmco: unref short failure",
        ] {
            log.line(line);
            assert_eq!(log.loss(), None, "{line}");
        }
        assert_eq!(log.last_error(), Some("mmco: unref short failure"));
        log.line("[mpegts @ 0x1] [warning] Packet corrupt (stream = 0, dts = 210084).");
        assert_eq!(log.loss(), Some("Packet corrupt (stream = 0, dts = 210084)."));
    }

    #[test]
    fn damaged_lines_never_stop_the_reader() {
        let good = [
            FRAME,
            "[info]   Duration: 00:00:02.27, start: 1.400000, bitrate: 464 kb/s",
            "[verbose] Correcting start time of Input #0 by 60000 us.",
            "[Parsed_showinfo_1 @ 0x55ee] [info] config in time_base: 1/12800, frame_rate: 25/1",
            "[mpegts @ 0x1] [warning] Packet corrupt (stream = 0, dts = 210084).",
            "[h264 @ 0x1] [error] error while decoding MB 7 19",
        ];
        let whole = good.join("\n");
        mutation::Inputs::of("ffmpeg-log", good.into_iter().chain([whole.as_str()])).try_all(|bytes| {
            let (sender, receiver) = std::sync::mpsc::sync_channel(1024);
            let log = log().read(bytes, &sender);
            let announced = receiver.try_iter().count();
            let _ = (log.loss(), log.last_error());
            let _ = log.lost_in_words(announced, 0.04);
        });
    }
}
