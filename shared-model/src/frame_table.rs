//! The per-frame csv: one row a frame and track.

use std::collections::HashMap;

use thiserror::Error;

use crate::expression::{CLASS_COUNT, ClassScores, Expression};
use crate::face_box::FaceBox;
use crate::timeline::FrameRow;

/// The header, in order. Columns are only ever added at the end.
pub const COLUMNS: [&str; 29] = [
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
    "raw_p_neutral",
    "raw_p_anger",
    "raw_p_disgust",
    "raw_p_fear",
    "raw_p_happiness",
    "raw_p_sadness",
    "raw_p_surprise",
    "raw_p_other",
    "media_s",
];
/// Columns that every table has; those behind them are not in older ones.
pub const FIRST_COLUMNS: usize = 20;
/// Places of the first of the final probabilities, of the first of the per-frame head's, and of the time on the media's clock.
const PROBABILITIES: usize = 8;
const RAW_PROBABILITIES: usize = 20;
const MEDIA_S: usize = 28;

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
    let scores = |scores: &Option<ClassScores>| match scores {
        Some(p) => p.map(|v| format!("{v:.6}")),
        None => Default::default(),
    };
    fields.extend(scores(&row.probabilities));
    fields.extend([row.raw, row.temporal, row.smoothed, row.reviewed].map(label));
    fields.extend(scores(&row.raw_probabilities));
    fields.push(row.media_s.map_or(String::new(), |time_s| format!("{time_s:.6}")));
    fields
}

/// Reads the csv of one or more videos. Columns may stand in any order; unknown ones are ignored, and of those behind the first
/// [`FIRST_COLUMNS`] any may be missing.
///
/// # Errors
/// When a column is missing or a value cannot be read: the line, the column and the value; and when a face of a frame stands
/// there twice.
pub fn read(input: impl std::io::Read) -> Result<Vec<NamedRow>, FrameTableError> {
    let mut reader = csv::Reader::from_reader(input);
    let found = reader.headers()?.clone();
    let places = COLUMNS.map(|name| found.iter().position(|f| f.trim() == name));
    let missing: Vec<String> = COLUMNS
        .into_iter()
        .zip(places)
        .take(FIRST_COLUMNS)
        .filter(|(_, place)| place.is_none())
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    if !missing.is_empty() {
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
    /// Where each of [`COLUMNS`] stands.
    places: &'a [Option<usize>],
    line: u64,
}

impl Cells<'_> {
    fn text(&self, column: usize) -> &str {
        self.places
            .get(column)
            .and_then(|place| self.record.get((*place)?))
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

    /// Probabilities of all classes, from this column on; `None` where one is missing.
    fn scores(&self, first: usize) -> Result<Option<ClassScores>, FrameTableError> {
        let mut scores: Option<ClassScores> = Some([0.0; CLASS_COUNT]);
        for class in 0..CLASS_COUNT {
            match (self.number::<f32>(first + class)?, scores.as_mut()) {
                (Some(p), Some(all)) if p.is_finite() => all[class] = p,
                (Some(_), Some(_)) => return Err(self.bad(first + class)),
                _ => scores = None,
            }
        }
        Ok(scores)
    }

    /// A number that is not infinite and not undefined.
    fn finite(&self, column: usize) -> Result<Option<f64>, FrameTableError> {
        match self.number::<f64>(column)? {
            Some(number) if !number.is_finite() => Err(self.bad(column)),
            number => Ok(number),
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
        Ok(NamedRow {
            video: self.text(0).to_owned(),
            row: FrameRow {
                track: self.number(1)?,
                frame: self.number(2)?.ok_or_else(|| self.bad(2))?,
                time_s: self.finite(3)?.ok_or_else(|| self.bad(3))?,
                media_s: self.finite(MEDIA_S)?,
                face_box,
                probabilities: self.scores(PROBABILITIES)?,
                raw_probabilities: self.scores(RAW_PROBABILITIES)?,
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
            media_s: Some(1.5),
            ..FrameRow::without_face(0, 0.0)
        };
        let face = FrameRow {
            media_s: Some(1.54),
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
            raw_probabilities: Some([0.5, 0.25, 0.25, 0.0, 0.0, 0.0, 0.0, 0.0]),
            raw: Some(Expression::Neutral),
            temporal: Some(Expression::Other),
            smoothed: Some(Expression::Fear),
            ..FrameRow::without_face(1, 0.04)
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

    /// A table as it was written before there were columns behind `reviewed`.
    #[test]
    fn older_tables_are_read_and_columns_go_by_their_names() {
        let older = "video,track,frame,time_s,x,y,w,h,p_neutral,p_anger,p_disgust,p_fear,p_happiness,p_sadness,p_surprise,\
                     p_other,raw,temporal,smoothed,reviewed\n\
                     a.mp4,,0,0.000000,,,,,,,,,,,,,,,,\n\
                     a.mp4,2,1,0.040000,1.50,2.25,30.00,40.00,0.125,0.125,0.125,0.125,0.125,0.125,0.125,0.125,0,7,3,\n";
        let back: Vec<FrameRow> = read(older.as_bytes())
            .unwrap()
            .into_iter()
            .map(|named| named.row)
            .collect();
        let expected: Vec<FrameRow> = rows()
            .into_iter()
            .map(|row| FrameRow {
                media_s: None,
                raw_probabilities: None,
                ..row
            })
            .collect();
        assert_eq!(back, expected);
        // The same columns from the last to the first, and one that nobody knows.
        let turned: String = to_string("a.mp4", &rows())
            .lines()
            .map(|line| format!("?,{}\n", line.rsplit(',').collect::<Vec<_>>().join(",")))
            .collect();
        let back: Vec<FrameRow> = read(turned.as_bytes())
            .unwrap()
            .into_iter()
            .map(|named| named.row)
            .collect();
        assert_eq!(back, rows());
    }

    #[test]
    fn bad_tables_name_the_place() {
        let error = read("video,track\n".as_bytes()).unwrap_err().to_string();
        assert!(error.contains("`frame`"), "{error}");
        let text = to_string("v", &rows()).replace(",0,7,3,", ",0,9,3,");
        let error = read(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("line 3") && error.contains("temporal"), "{error}");
        let text = to_string("v", &rows()).replace(",1.540000", ",inf");
        let error = read(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("line 3") && error.contains("media_s"), "{error}");
    }
}
