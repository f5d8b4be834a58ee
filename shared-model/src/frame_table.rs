//! The per-frame csv: one row a frame and track.

use std::collections::HashMap;

use thiserror::Error;

use crate::expression::{CLASS_COUNT, ClassScores, Expression};
use crate::face_box::FaceBox;
use crate::timeline::FrameRow;

/// The header, in order.
pub const COLUMNS: [&str; 20] = [
    "video",
    "track",
    "frame",
    "time_s",
    "x",
    "y",
    "w",
    "h",
    "p_neutral",
    "p_anger",
    "p_disgust",
    "p_fear",
    "p_happiness",
    "p_sadness",
    "p_surprise",
    "p_other",
    "raw",
    "temporal",
    "smoothed",
    "reviewed",
];

/// The csv cannot be read.
#[derive(Debug, Error)]
pub enum FrameTableError {
    #[error("the csv has no column {0}; expected the columns that `mien analyze` writes")]
    MissingColumns(String),
    #[error("line {line}: `{value}` is no valid `{column}`")]
    Value {
        line: u64,
        column: String,
        value: String,
    },
    #[error("line {line}: the face of frame {frame} stands in line {before} already")]
    Twice { line: u64, frame: usize, before: u64 },
    #[error(transparent)]
    Csv(#[from] csv::Error),
}

/// The rows of one video with its file name.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedRow {
    /// File name of the video.
    pub video: String,
    /// The row.
    pub row: FrameRow,
}

/// Writes the header and the rows of one or more videos, each with its file name.
///
/// # Errors
/// When writing fails.
pub fn write<'a>(
    out: impl std::io::Write,
    videos: impl IntoIterator<Item = (&'a str, &'a [FrameRow])>,
) -> Result<(), csv::Error> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(COLUMNS)?;
    for (video, rows) in videos {
        for row in rows {
            writer.write_record(record(video, row))?;
        }
    }
    writer.flush()?;
    Ok(())
}

/// The csv of one video as text.
#[must_use]
pub fn to_string(video: &str, rows: &[FrameRow]) -> String {
    let mut out = Vec::new();
    // Writing to memory cannot fail; an empty text would show it if it did.
    if write(&mut out, [(video, rows)]).is_err() {
        return String::new();
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn record(video: &str, row: &FrameRow) -> Vec<String> {
    let label = |label: Option<Expression>| label.map_or(String::new(), |l| l.index().to_string());
    let mut fields = vec![
        video.to_owned(),
        row.track.map_or(String::new(), |track| track.to_string()),
        row.frame.to_string(),
        format!("{:.6}", row.time_s),
    ];
    match &row.face_box {
        Some(b) => fields.extend([b.x, b.y, b.w, b.h].map(|v| format!("{v:.2}"))),
        None => fields.extend(std::iter::repeat_n(String::new(), 4)),
    }
    match &row.probabilities {
        Some(p) => fields.extend(p.iter().map(|v| format!("{v:.6}"))),
        None => fields.extend(std::iter::repeat_n(String::new(), CLASS_COUNT)),
    }
    fields.extend([row.raw, row.temporal, row.smoothed, row.reviewed].map(label));
    fields
}

/// Reads the csv of one or more videos. Columns may stand in any order; unknown ones are ignored.
///
/// # Errors
/// When a column is missing or a value cannot be read: the line, the column and the value; and when a face of a frame stands
/// there twice.
pub fn read(input: impl std::io::Read) -> Result<Vec<NamedRow>, FrameTableError> {
    let mut reader = csv::Reader::from_reader(input);
    let found = reader.headers()?.clone();
    let places: Vec<usize> = COLUMNS
        .iter()
        .filter_map(|name| found.iter().position(|f| f.trim() == *name))
        .collect();
    if places.len() < COLUMNS.len() {
        let is_missing = |name: &&str| !found.iter().any(|f| f.trim() == *name);
        let missing: Vec<String> = COLUMNS
            .into_iter()
            .filter(is_missing)
            .map(|name| format!("`{name}`"))
            .collect();
        return Err(FrameTableError::MissingColumns(missing.join(", ")));
    }
    let mut rows = Vec::new();
    let mut seen: HashMap<String, HashMap<(usize, Option<u32>), u64>> = HashMap::new();
    for record in reader.records() {
        let record = record?;
        let line = record.position().map_or(0, csv::Position::line);
        let cells = Cells {
            record: &record,
            places: &places,
            line,
        };
        let row = cells.row()?;
        let of_video = seen.entry(row.video.clone()).or_default();
        if let Some(before) = of_video.insert((row.row.frame, row.row.track), line) {
            let frame = row.row.frame;
            return Err(FrameTableError::Twice { line, frame, before });
        }
        rows.push(row);
    }
    Ok(rows)
}

struct Cells<'a> {
    record: &'a csv::StringRecord,
    places: &'a [usize],
    line: u64,
}

impl Cells<'_> {
    fn text(&self, column: usize) -> &str {
        self.places
            .get(column)
            .and_then(|p| self.record.get(*p))
            .unwrap_or("")
            .trim()
    }

    fn number<T: std::str::FromStr>(&self, column: usize) -> Result<Option<T>, FrameTableError> {
        let text = self.text(column);
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| self.bad(column))
    }

    fn label(&self, column: usize) -> Result<Option<Expression>, FrameTableError> {
        match self.number::<usize>(column)? {
            None => Ok(None),
            Some(index) => Expression::from_index(index)
                .map(Some)
                .ok_or_else(|| self.bad(column)),
        }
    }

    fn bad(&self, column: usize) -> FrameTableError {
        FrameTableError::Value {
            line: self.line,
            column: COLUMNS.get(column).copied().unwrap_or("").to_owned(),
            value: self.text(column).to_owned(),
        }
    }

    fn row(&self) -> Result<NamedRow, FrameTableError> {
        let edges: [Option<f32>; 4] = [self.number(4)?, self.number(5)?, self.number(6)?, self.number(7)?];
        let face_box = match edges {
            [Some(x), Some(y), Some(w), Some(h)] => Some(FaceBox {
                x,
                y,
                w,
                h,
                score: 1.0,
                roll_deg: 0.0,
            }),
            _ => None,
        };
        let mut probabilities: Option<ClassScores> = Some([0.0; CLASS_COUNT]);
        for class in 0..CLASS_COUNT {
            match (self.number::<f32>(8 + class)?, probabilities.as_mut()) {
                (Some(p), Some(all)) if p.is_finite() => all[class] = p,
                (Some(_), Some(_)) => return Err(self.bad(8 + class)),
                _ => probabilities = None,
            }
        }
        Ok(NamedRow {
            video: self.text(0).to_owned(),
            row: FrameRow {
                track: self.number(1)?,
                frame: self.number(2)?.ok_or_else(|| self.bad(2))?,
                time_s: self.number(3)?.ok_or_else(|| self.bad(3))?,
                face_box,
                probabilities,
                raw: self.label(16)?,
                temporal: self.label(17)?,
                smoothed: self.label(18)?,
                reviewed: self.label(19)?,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<FrameRow> {
        let empty = FrameRow {
            frame: 0,
            time_s: 0.0,
            track: None,
            face_box: None,
            probabilities: None,
            raw: None,
            temporal: None,
            smoothed: None,
            reviewed: None,
        };
        let face = FrameRow {
            frame: 1,
            time_s: 0.04,
            track: Some(2),
            face_box: Some(FaceBox {
                x: 1.5,
                y: 2.25,
                w: 30.0,
                h: 40.0,
                score: 1.0,
                roll_deg: 0.0,
            }),
            probabilities: Some([0.125; CLASS_COUNT]),
            raw: Some(Expression::Neutral),
            temporal: Some(Expression::Other),
            smoothed: Some(Expression::Fear),
            reviewed: None,
        };
        vec![empty, face]
    }

    #[test]
    fn a_face_stands_once_in_a_frame() {
        let text = to_string("a.mp4", &rows());
        let last = text.trim_end().lines().last().unwrap();
        let twice = format!("{text}{last}\n");
        let error = read(twice.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("frame 1") && error.contains("already"), "{error}");
        // The same frame of another video is another.
        let other = format!("{text}{}\n", last.replace("a.mp4", "b.mp4"));
        assert_eq!(read(other.as_bytes()).unwrap().len(), 3);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let text = to_string("a, \"b\".mp4", &rows());
        assert!(text.starts_with("video,track,frame,time_s,x,y,w,h,p_neutral,"));
        let back = read(text.as_bytes()).unwrap();
        assert!(back.iter().all(|named| named.video == "a, \"b\".mp4"));
        assert_eq!(
            back.into_iter().map(|named| named.row).collect::<Vec<_>>(),
            rows()
        );
    }

    #[test]
    fn bad_tables_name_the_place() {
        let error = read("video,track\n".as_bytes()).unwrap_err().to_string();
        assert!(error.contains("`frame`"), "{error}");
        let text = to_string("v", &rows()).replace(",0,7,3,", ",0,9,3,");
        let error = read(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("line 3") && error.contains("temporal"), "{error}");
    }
}
