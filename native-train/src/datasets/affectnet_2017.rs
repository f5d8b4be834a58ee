//! AffectNet's first release: a csv with one face a line.

use std::fs::File;
use std::path::Path;

use anyhow::{Context as _, Result};
use shared_model::csv_reader::{CsvReader, Dialect, line_of};
use shared_model::face_box::FaceBox;

use crate::datasets::affectnet::class_of;
use crate::datasets::layout::{Key, Layout};
use crate::datasets::picture_set::{Listed, PictureSet, SetBuilder};

/// `AffectNet`'s first release.
pub const LAYOUT: Layout = Layout {
    name: "affectnet-2017",
    title: "AffectNet's first release",
    files: "the csv with `subDirectory_filePath`, the face's box and `expression`",
    needs: &[Key::Pictures, Key::Annotations],
    takes: &[],
    usages: &[],
    has_boxes: true,
    has_labels: true,
    read: |files| read(files.pictures()?, files.annotations()?),
};

/// Reads the list; its paths start from `pictures`.
///
/// # Errors
/// When it cannot be read, lacks a column, an expression is no code, or a picture comes twice with
/// different ones; the message names the lines.
pub fn read(pictures: &Path, list: &Path) -> Result<PictureSet> {
    let fail = || format!("the list {}", list.display());
    let mut reader = CsvReader::new(File::open(list).with_context(fail)?, true).with_context(fail)?;
    let dialect = reader.dialect();
    let column = |name: &str| {
        reader
            .column(name)
            .with_context(|| format!("{}: there is no column `{name}`", fail()))
    };
    let path = column("subDirectory_filePath")?;
    let expression = column("expression")?;
    let sides = [
        column("face_x")?,
        column("face_y")?,
        column("face_width")?,
        column("face_height")?,
    ];
    let mut set = SetBuilder::of_files(pictures.to_path_buf());
    let mut record = csv::StringRecord::new();
    while reader.read(&mut record).with_context(fail)? {
        let line = line_of(&record);
        let cell = |column: usize| record.get(column).map_or("", str::trim);
        let code = dialect.whole::<i64>(cell(expression)).context("it is no number");
        let label = code.and_then(class_of);
        let label = label.with_context(|| format!("{}, line {line}: `{}`", fail(), cell(expression)))?;
        let name = cell(path);
        let face = face_box(sides.map(cell), dialect);
        if face.is_none() {
            set.findings()
                .add("faces without a usable box (taken whole)", || {
                    format!("{name} (line {line})")
                });
        }
        set.push(&Listed {
            label,
            face,
            line,
            ..Listed::of(name)
        })
        .with_context(fail)?;
    }
    Ok(set.finish())
}

/// Left, top, width and height in pixels; `None` where they are no rectangle.
fn face_box(cells: [&str; 4], dialect: Dialect) -> Option<FaceBox> {
    let [x, y, w, h] = cells.map(|text| dialect.number::<f32>(text).filter(|value| value.is_finite()));
    let face = FaceBox {
        x: x?,
        y: y?,
        w: w?,
        h: h?,
        score: 1.0,
        roll_deg: 0.0,
    };
    (face.w >= 1.0 && face.h >= 1.0).then_some(face)
}
