//! Labels from files: every format that the page and `mien score` take, told apart by its content.

mod change_points;
mod elan_tiers;
mod frame_labels;
mod label_spans;

use thiserror::Error;

use crate::affwild2::{self, AnnotationError};
use crate::csv_reader;
use crate::expression::Expression;
use crate::frame_table::{self, FrameTableError, NamedRow};
use crate::project::{Project, ProjectError};
use crate::reviewed_segment::{self, ReviewedSegment, SegmentFault};
use crate::timeline::FrameRow;

pub use change_points::ChangePointError;
pub use elan_tiers::ElanError;
pub use frame_labels::{FrameLabels, MOST_FRAMES};
pub use label_spans::{LabelSpan, LabelSpans};

/// What a label file holds.
#[derive(Debug, Clone, PartialEq)]
pub enum LabelFile {
    /// One label a frame, for the face with the lowest number in it, such as Aff-Wild2's annotation.
    Annotation(FrameLabels),
    /// The rows of a per-frame csv, or those of a project.
    Table(Vec<NamedRow>),
    /// Labels from time to time, of an ELAN file or a list of change points.
    Spans(LabelSpans),
}

/// Why a label file cannot be taken.
#[derive(Debug, Error)]
pub enum LabelFileError {
    #[error(transparent)]
    Annotation(#[from] AnnotationError),
    #[error(transparent)]
    Table(#[from] FrameTableError),
    #[error(transparent)]
    Project(#[from] ProjectError),
    #[error(transparent)]
    Elan(#[from] ElanError),
    #[error(transparent)]
    ChangePoints(#[from] ChangePointError),
    #[error("{0}")]
    Segments(#[from] SegmentFault),
    #[error("frame {0} is beyond any video that is read here (at most {MOST_FRAMES} frames)")]
    FrameNumber(usize),
    #[error("it begins with `{0}`, which is none of the known formats: {known}", known = known_formats())]
    Unknown(String),
    #[error("no frame is labelled in it")]
    Empty,
    #[error("the file is empty")]
    NoText,
}

/// A format of labels.
struct LabelFormat {
    /// What it is, in words.
    title: &'static str,
    /// Whether a text that begins so is one, where none of the formats before it is.
    is_it: fn(&Beginning<'_>) -> bool,
    /// Reads all of it.
    read: fn(&str) -> Result<LabelFile, LabelFileError>,
}

/// All formats, in the order in which they are tried: the surest signs first. A new one is a file beside this one and a value
/// here.
const FORMATS: &[LabelFormat] = &[
    LabelFormat {
        title: "an ELAN .eaf",
        is_it: |beginning| beginning.text.trim_start().starts_with('<'),
        read: |text| Ok(LabelFile::Spans(elan_tiers::read(text)?)),
    },
    LabelFormat {
        title: "a project that Mien writes",
        is_it: |beginning| beginning.text.trim_start().starts_with('{'),
        read: |text| Ok(LabelFile::Table(project_rows(&Project::from_json(text)?)?)),
    },
    LabelFormat {
        title: "its csv",
        is_it: is_table,
        read: |text| Ok(LabelFile::Table(frame_table::read(text.as_bytes())?)),
    },
    LabelFormat {
        title: "an Aff-Wild2 annotation",
        is_it: names_classes,
        read: |text| Ok(LabelFile::Annotation(affwild2::read(text)?)),
    },
    LabelFormat {
        title: "lines of `seconds label`",
        is_it: |beginning| change_points::looks_like(beginning.text),
        read: |text| Ok(LabelFile::Spans(change_points::read(text)?)),
    },
];

/// What all formats are called, for messages and help.
#[must_use]
pub fn known_formats() -> String {
    let titles: Vec<&str> = FORMATS.iter().map(|format| format.title).collect();
    titles.join(", ")
}

/// What a text begins with.
struct Beginning<'a> {
    text: &'a str,
    /// The first line with anything on it, behind what a spreadsheet says of its separator.
    first_line: &'a str,
    separator: char,
}

impl<'a> Beginning<'a> {
    fn of(text: &'a str) -> Self {
        let (dialect, start) = csv_reader::sniff(text.as_bytes());
        let mut lines = text.get(start..).unwrap_or("").lines();
        Self {
            text,
            first_line: lines.find(|line| !line.trim().is_empty()).unwrap_or(""),
            separator: char::from(dialect.separator),
        }
    }

    /// The cells of the first line.
    fn cells(&self) -> impl Iterator<Item = &'a str> {
        self.first_line.split(self.separator)
    }
}

/// Reads labels, whatever the file is called.
///
/// # Errors
/// When the text is none of the formats, is damaged, contradicts itself or labels nothing.
pub fn read(text: &str) -> Result<LabelFile, LabelFileError> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim().is_empty() {
        return Err(LabelFileError::NoText);
    }
    let beginning = Beginning::of(text);
    let Some(format) = FORMATS.iter().find(|format| (format.is_it)(&beginning)) else {
        let line = beginning.first_line.chars().take(60).collect();
        return Err(LabelFileError::Unknown(line));
    };
    let file = (format.read)(text)?;
    if let LabelFile::Table(rows) = &file
        && let Some(row) = rows.iter().find(|named| named.row.frame >= MOST_FRAMES)
    {
        return Err(LabelFileError::FrameNumber(row.row.frame));
    }
    if file.is_empty() {
        return Err(LabelFileError::Empty);
    }
    Ok(file)
}

impl LabelFile {
    fn is_empty(&self) -> bool {
        match self {
            Self::Annotation(labels) => labels.iter().all(Option::is_none),
            Self::Table(rows) => rows.iter().all(|named| final_label(&named.row).is_none()),
            Self::Spans(spans) => spans.is_empty(),
        }
    }
}

/// A video's name without its file's ending. An ending has a letter: `session.1` and `session.2` are two names.
#[must_use]
pub fn stem(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && is_ending(ending) => stem,
        _ => name,
    }
}

fn is_ending(text: &str) -> bool {
    text.chars().all(char::is_alphanumeric) && text.chars().any(char::is_alphabetic)
}

/// The column of a table that counts as its labels: the reviewed one where any frame has been reviewed, so that
/// computed labels never pass for a person's; else the last one that was computed.
#[must_use]
pub fn best_column<'a>(
    rows: impl Iterator<Item = &'a FrameRow> + Clone,
) -> fn(&FrameRow) -> Option<Expression> {
    let columns: [fn(&FrameRow) -> Option<Expression>; 4] = [
        |row| row.reviewed,
        |row| row.smoothed,
        |row| row.temporal,
        |row| row.raw,
    ];
    let [.., raw] = columns;
    columns
        .into_iter()
        .find(|column| rows.clone().any(|row| column(row).is_some()))
        .unwrap_or(raw)
}

fn final_label(row: &FrameRow) -> Option<Expression> {
    row.reviewed.or(row.smoothed).or(row.temporal).or(row.raw)
}

/// Whether a line is the header of a per-frame csv, perhaps of one with columns missing.
fn is_table(beginning: &Beginning<'_>) -> bool {
    let known = beginning
        .cells()
        .filter(|column| frame_table::COLUMNS.contains(&column.trim().trim_matches('"')));
    known.count() >= 2
}

/// Whether a line is the header of an annotation, perhaps of another order of classes.
fn names_classes(beginning: &Beginning<'_>) -> bool {
    let known = beginning.cells().filter(|name| Expression::parse(name).is_some());
    known.count() >= 4
}

fn project_rows(project: &Project) -> Result<Vec<NamedRow>, LabelFileError> {
    let reviewed = reviewed_segment::sorted(&project.reviewed)?;
    let mut rows = project.timeline.rows(project.smoothing, project.window.max(1));
    for row in &mut rows {
        row.reviewed = reviewed_label(&reviewed, row);
    }
    let video = |row| NamedRow {
        video: project.video.clone(),
        row,
    };
    Ok(rows.into_iter().map(video).collect())
}

/// The confirmed label of a row; one without a face takes that of any face there.
fn reviewed_label(reviewed: &[ReviewedSegment], row: &FrameRow) -> Option<Expression> {
    let of_track = |track: u32| {
        let after = reviewed.partition_point(|segment| (segment.track, segment.start) <= (track, row.frame));
        let segment = reviewed.get(after.checked_sub(1)?)?;
        (segment.track == track && segment.end > row.frame && segment.confirmed).then_some(segment.label)
    };
    if let Some(track) = row.track {
        return of_track(track);
    }
    let mut tracks: Vec<u32> = reviewed.iter().map(|segment| segment.track).collect();
    tracks.dedup();
    tracks.into_iter().find_map(of_track)
}

#[cfg(test)]
mod tests;
