//! Kinds of files that the results of an analysis are written as.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::ValueEnum;
use shared_model::timeline::{FrameRow, Timeline, span_of};
use shared_model::{affwild2, elan, frame_table, webvtt};

/// Kinds of files that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One row a frame and face
    Csv,
    /// The whole analysis, which the page opens
    Json,
    /// One class index a frame, as Aff-Wild2's EXPR annotation
    Affwild2,
    /// Subtitles
    Vtt,
    /// ELAN annotation
    Eaf,
}

impl Format {
    /// What is written of these rows of a video; `None` of a project, which is made of more than rows.
    #[must_use]
    pub fn text(self, video: &str, rows: &[FrameRow], timeline: &Timeline) -> Option<String> {
        let end_s = end_of(timeline);
        match self {
            Self::Csv => Some(frame_table::to_string(video, rows)),
            Self::Affwild2 => Some(affwild2::write(rows)),
            Self::Vtt => Some(webvtt::write(rows, end_s)),
            Self::Eaf => Some(elan::write(video, rows, &[], end_s, now_unix_s())),
            Self::Json => None,
        }
    }

    /// The kind of a result by the ending of its name; `None` where it is no result's.
    #[must_use]
    pub fn of_path(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "csv" => Some(Self::Csv),
            "txt" => Some(Self::Affwild2),
            "vtt" => Some(Self::Vtt),
            "eaf" => Some(Self::Eaf),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

fn now_unix_s() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// The end of the last frame in seconds.
fn end_of(timeline: &Timeline) -> f64 {
    let times_s = timeline.times_s();
    times_s
        .len()
        .checked_sub(1)
        .map_or(0.0, |last| span_of(&times_s, last).1)
}

/// The input's own name, also for `.` and `..`.
#[must_use]
pub fn video_name(input: &Path) -> String {
    let named = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    named(input)
        .or_else(|| named(&input.canonicalize().ok()?))
        .unwrap_or_else(|| input.display().to_string())
}
