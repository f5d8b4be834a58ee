//! The per-frame csv: one row a frame and track.

use std::collections::{BTreeMap, HashMap};

use csv::StringRecord;
use thiserror::Error;

use crate::csv_reader::{CsvReader, Dialect, line_of};
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
/// Places of the box's edges, and of its width.
const BOX: std::ops::Range<usize> = 4..8;
const WIDTH: usize = 6;
/// Places of the first of the final probabilities, of the first of the per-frame head's, and of the time on the media's clock.
const PROBABILITIES: usize = 8;
const RAW_PROBABILITIES: usize = 20;
const MEDIA_S: usize = 28;
/// Seconds by which the times of a frame's rows may differ, for they are rounded.
const SAME_TIME_S: f64 = 2e-6;

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
    #[error("line {line}: the box has no `{column}`, expected all of `x`, `y`, `w` and `h`, or none")]
    HalfBox { line: u64, column: String },
    #[error(
        "line {line}: frame {frame} is at {time_s} s, and line {before} says {before_s} s of frame {frame_before}: times ascend \
         with the frames"
    )]
    Time {
        line: u64,
        frame: usize,
        time_s: f64,
        before: u64,
        frame_before: usize,
        before_s: f64,
    },
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

/// Reads the csv of one or more videos, however a spreadsheet or pandas wrote it ([`crate::csv_reader`]). Columns may stand in any
/// order; unknown ones are ignored, and of those behind the first [`FIRST_COLUMNS`] any may be missing.
///
/// # Errors
/// When a column is missing or a value cannot be read: the line, the column and the value; when a face of a frame stands
/// there twice; when a box is incomplete or has sides below 0; and when times do not ascend.
pub fn read(input: impl std::io::Read) -> Result<Vec<NamedRow>, FrameTableError> {
    let mut reader = CsvReader::new(input, false)?;
    let places = COLUMNS.map(|name| reader.headers().iter().position(|found| found == name));
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
    let dialect = reader.dialect();
    let mut rows = Vec::new();
    let mut seen: HashMap<String, SeenFrames> = HashMap::new();
    let mut record = StringRecord::new();
    while reader.read(&mut record)? {
        let line = line_of(&record);
        let cells = Cells {
            record: &record,
            places: &places,
            dialect,
            line,
        };
        let row = cells.row()?;
        seen.entry(row.video.clone()).or_default().take(&row.row, line)?;
        rows.push(row);
    }
    seen.values().try_for_each(SeenFrames::check_times)?;
    Ok(rows)
}

/// Where a video's frames and faces stand in the file.
#[derive(Default)]
struct SeenFrames {
    faces: HashMap<(usize, Option<u32>), u64>,
    /// Line and time in seconds of each frame's first row.
    times: BTreeMap<usize, (u64, f64)>,
}

impl SeenFrames {
    fn take(&mut self, row: &FrameRow, line: u64) -> Result<(), FrameTableError> {
        let frame = row.frame;
        if let Some(before) = self.faces.insert((frame, row.track), line) {
            return Err(FrameTableError::Twice { line, frame, before });
        }
        let (before, before_s) = *self.times.entry(frame).or_insert((line, row.time_s));
        // Rows of one frame have one time.
        if (before_s - row.time_s).abs() > SAME_TIME_S {
            return Err(FrameTableError::Time {
                line,
                frame,
                time_s: row.time_s,
                before,
                frame_before: frame,
                before_s,
            });
        }
        Ok(())
    }

    /// Two frames may share a time, as in videos whose clock stands still.
    fn check_times(&self) -> Result<(), FrameTableError> {
        for ((frame_before, (before, before_s)), (frame, (line, time_s))) in
            self.times.iter().zip(self.times.iter().skip(1))
        {
            if time_s < before_s {
                return Err(FrameTableError::Time {
                    line: *line,
                    frame: *frame,
                    time_s: *time_s,
                    before: *before,
                    frame_before: *frame_before,
                    before_s: *before_s,
                });
            }
        }
        Ok(())
    }
}

struct Cells<'a> {
    record: &'a StringRecord,
    /// Where each of [`COLUMNS`] stands.
    places: &'a [Option<usize>],
    dialect: Dialect,
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

    /// What a cell says as `read` takes it; `None` where it is empty.
    fn cell<T>(
        &self,
        column: usize,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, FrameTableError> {
        match self.dialect.said(self.text(column)) {
            None => Ok(None),
            Some(text) => read(text).map(Some).ok_or_else(|| self.bad(column)),
        }
    }

    fn whole<T: std::str::FromStr>(&self, column: usize) -> Result<Option<T>, FrameTableError> {
        self.cell(column, |text| self.dialect.whole(text))
    }

    fn label(&self, column: usize) -> Result<Option<Expression>, FrameTableError> {
        self.cell(column, |text| Expression::from_index(self.dialect.whole(text)?))
    }

    /// Probabilities of all classes, from this column on; `None` where one is missing.
    fn scores(&self, first: usize) -> Result<Option<ClassScores>, FrameTableError> {
        let mut scores: Option<ClassScores> = Some([0.0; CLASS_COUNT]);
        for class in 0..CLASS_COUNT {
            match (self.single(first + class)?, scores.as_mut()) {
                (Some(p), Some(all)) => all[class] = p,
                _ => scores = None,
            }
        }
        Ok(scores)
    }

    /// A number that is not infinite.
    fn finite(&self, column: usize) -> Result<Option<f64>, FrameTableError> {
        self.cell(column, |text| {
            self.dialect.number(text).filter(|v: &f64| v.is_finite())
        })
    }

    /// The same with half the digits.
    fn single(&self, column: usize) -> Result<Option<f32>, FrameTableError> {
        self.cell(column, |text| {
            self.dialect.number(text).filter(|v: &f32| v.is_finite())
        })
    }

    fn face_box(&self) -> Result<Option<FaceBox>, FrameTableError> {
        let mut edges = [0.0; 4];
        let mut missing = None;
        let mut said = 0;
        for (column, edge) in BOX.zip(&mut edges) {
            match self.single(column)? {
                Some(value) => {
                    *edge = value;
                    said += 1;
                }
                None => missing = missing.or(Some(column)),
            }
        }
        let [x, y, w, h] = edges;
        match missing {
            Some(_) if said == 0 => Ok(None),
            Some(column) => Err(FrameTableError::HalfBox {
                line: self.line,
                column: name_of(column),
            }),
            None if w < 0.0 => Err(self.bad(WIDTH)),
            None if h < 0.0 => Err(self.bad(WIDTH + 1)),
            None => Ok(Some(FaceBox {
                x,
                y,
                w,
                h,
                score: 1.0,
                roll_deg: 0.0,
            })),
        }
    }

    fn bad(&self, column: usize) -> FrameTableError {
        FrameTableError::Value {
            line: self.line,
            column: name_of(column),
            value: self.text(column).to_owned(),
        }
    }

    fn row(&self) -> Result<NamedRow, FrameTableError> {
        Ok(NamedRow {
            video: self.text(0).to_owned(),
            row: FrameRow {
                track: self.whole(1)?,
                frame: self.whole(2)?.ok_or_else(|| self.bad(2))?,
                time_s: self.finite(3)?.ok_or_else(|| self.bad(3))?,
                media_s: self.finite(MEDIA_S)?,
                face_box: self.face_box()?,
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

fn name_of(column: usize) -> String {
    COLUMNS.get(column).copied().unwrap_or("").to_owned()
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

    #[test]
    fn numbers_that_no_analysis_gives_are_refused_with_their_line() {
        let text = to_string("v", &rows());
        let said = |from: &str, to: &str| {
            let changed = text.replace(from, to);
            assert_ne!(changed, text);
            read(changed.as_bytes()).unwrap_err().to_string()
        };
        for (from, to, column) in [
            (",0.040000,", ",NaN,", "time_s"),
            (",0.040000,", ",inf,", "time_s"),
            (",1.50,", ",inf,", "`x`"),
            // Beyond single precision.
            (",1.50,", ",1e39,", "`x`"),
            (",1.50,", ",NaN,", "`x`"),
            (",30.00,", ",-30.00,", "`w`"),
            (",40.00,", ",-1,", "`h`"),
            (",0.500000,", ",-inf,", "raw_p_neutral"),
        ] {
            let error = said(from, to);
            assert!(
                error.contains("line 3") && error.contains(column),
                "{to}: {error}"
            );
        }
        let error = said(",0.040000,", ",-0.040000,");
        assert!(
            error.contains("line 3") && error.contains("line 2") && error.contains("ascend"),
            "{error}"
        );
        // The faces of one frame are seen at one time.
        let face = text.lines().last().unwrap();
        let second = face.replace("v,2,1,0.040000", "v,3,1,0.080000");
        let error = read(format!("{text}{second}\n").as_bytes())
            .unwrap_err()
            .to_string();
        assert!(error.contains("line 4") && error.contains("frame 1"), "{error}");
    }

    /// As pandas 2 wrote `to_csv` with `na_rep="nan"`, as Excel saves it where numbers have decimal commas, and with tabs.
    #[test]
    fn what_spreadsheets_and_pandas_write_is_read() {
        let text = to_string("a.mp4", &rows());
        let (header, body) = text.split_once('\n').unwrap();
        let excel = format!("{header}\n{}", body.replace('.', ",").replace("a,mp4", "a.mp4"));
        let quoted = |line: &str, separator: &str| line.replace(',', separator);
        let semicolon: Vec<String> = text
            .lines()
            .map(|line| quoted(line, ";").replace('.', ",").replace("a,mp4", "a.mp4"))
            .collect();
        let semicolon = semicolon.join("\r\n");
        let pandas = text
            .replace("a.mp4,,0,", "a.mp4,nan,0,")
            .replace("a.mp4,2,1,", "a.mp4,2.0,1,")
            .replace(",,", ",nan,")
            .replace(",,", ",nan,")
            .replace(",0,7,3,nan", ",0.0,7.0,3.0,nan");
        assert!(
            pandas.contains("nan,nan") && !pandas.contains(",,") && pandas.contains("7.0"),
            "{pandas}"
        );
        for written in [
            pandas,
            semicolon.clone(),
            format!("\u{feff}sep=;\r\n{semicolon}\r\n{}\r\n", ";".repeat(28)),
            text.replace(',', "\t"),
        ] {
            let back = read(written.as_bytes()).unwrap_or_else(|error| panic!("{error}: {written}"));
            let back: Vec<FrameRow> = back.into_iter().map(|named| named.row).collect();
            assert_eq!(back, rows(), "{written}");
        }
        // Decimal commas that part cells are none.
        assert!(read(excel.as_bytes()).is_err());
    }
}
