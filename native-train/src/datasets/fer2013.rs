//! Kaggle's `fer2013.csv`: one picture a row, its pixels as text.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use shared_model::expression::Expression;
use shared_model::frame::Frame;

use crate::datasets::usage::Usage;

/// The dataset's labels 0 to 6.
pub(super) const CLASSES: [Expression; 7] = [
    Expression::Anger,
    Expression::Disgust,
    Expression::Fear,
    Expression::Happiness,
    Expression::Sadness,
    Expression::Surprise,
    Expression::Neutral,
];

/// Pixels of a picture's side.
const SIDE: usize = 48;
/// More bytes than any row has: four for each pixel, and the other columns.
const MOST_BYTES: u64 = 4 * (SIDE * SIDE) as u64 + 256;

/// The file, whose pictures are read where they lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PixelFile {
    path: PathBuf,
    /// The column of the pixels.
    column: usize,
}

/// What a row says of its picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PixelRow {
    /// The dataset's part that it belongs to.
    pub usage: Usage,
    /// Its label.
    pub class: Expression,
    /// The byte at which it begins, or at which the end of the line before it goes on.
    pub offset: u64,
    /// Its line, from 1.
    pub line: u64,
}

impl PixelFile {
    /// Reads what all rows say; the pixels are not looked at.
    ///
    /// # Errors
    /// When the file cannot be read, lacks a column, or a label or part is none of the dataset's.
    pub fn open(path: &Path) -> Result<(Self, Vec<PixelRow>)> {
        let fail = || format!("the list {}", path.display());
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .from_path(path)
            .with_context(fail)?;
        let headers = reader.headers().with_context(fail)?.clone();
        let column = |name: &str| {
            let mut names = headers.iter();
            names
                .position(|h| h.trim_start_matches('\u{feff}').trim().eq_ignore_ascii_case(name))
                .with_context(|| format!("{}: there is no column `{name}`", fail()))
        };
        let (emotion, usage) = (column("emotion")?, column("usage")?);
        let file = Self {
            path: path.to_path_buf(),
            column: column("pixels")?,
        };
        let (mut rows, mut record) = (Vec::new(), csv::StringRecord::new());
        while reader.read_record(&mut record).with_context(fail)? {
            let (line, offset) = record
                .position()
                .map_or((0, 0), |position| (position.line(), position.byte()));
            let cell = |column: usize| record.get(column).map_or("", str::trim);
            let class = cell(emotion).parse::<usize>().ok();
            let class = class.and_then(|code| CLASSES.get(code).copied());
            rows.push(PixelRow {
                usage: Usage::of_fer2013(cell(usage)).with_context(|| {
                    format!(
                        "{}, line {line}: `{}` is no part, expected Training, PublicTest or PrivateTest",
                        fail(),
                        cell(usage)
                    )
                })?,
                class: class.with_context(|| {
                    format!(
                        "{}, line {line}: `{}` is no emotion, expected 0 to 6",
                        fail(),
                        cell(emotion)
                    )
                })?,
                offset,
                line,
            });
        }
        Ok((file, rows))
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The picture of the row that begins at this byte.
    ///
    /// # Errors
    /// When it cannot be read or its pixels are not 48 x 48 numbers up to 255.
    pub fn picture(&self, offset: u64) -> Result<Frame> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(offset))?;
        // The rest of a line's end may come first, where lines end with two bytes.
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(file.take(MOST_BYTES));
        let mut record = csv::StringRecord::new();
        reader.read_record(&mut record)?;
        let text = record.get(self.column).context("its row has no pixels")?;
        let mut rgb = Vec::with_capacity(3 * SIDE * SIDE);
        for value in text.split_ascii_whitespace() {
            let grey: u8 = value
                .parse()
                .with_context(|| format!("`{value}` is no pixel, expected 0 to 255"))?;
            rgb.extend([grey; 3]);
        }
        ensure!(
            rgb.len() == 3 * SIDE * SIDE,
            "it has {} pixels, expected {SIDE}x{SIDE}",
            rgb.len() / 3
        );
        Ok(Frame::from_rgb(SIDE, SIDE, rgb)?)
    }
}
