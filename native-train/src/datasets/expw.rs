//! `ExpW`: `label.lst`, one face a line.
//!
//! `image face_id top left right bottom confidence label`, separated by spaces.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use shared_model::face_box::FaceBox;

use crate::datasets::class_numbers::EXPW;
use crate::datasets::layout::{Key, Layout};
use crate::datasets::picture_set::{Listed, PictureSet, SetBuilder};

/// `ExpW`.
pub const LAYOUT: Layout = Layout {
    name: "expw",
    title: "ExpW",
    files: "`label.lst`, with a box for each face",
    needs: &[Key::Pictures, Key::Annotations],
    takes: &[],
    usages: &[],
    has_boxes: true,
    has_labels: true,
    read: |files| read(files.pictures()?, files.annotations()?),
};

/// Reads the list; its pictures lie in `pictures`.
///
/// # Errors
/// When it cannot be read, a line is not as it should be, or a face comes twice with different labels.
pub fn read(pictures: &Path, list: &Path) -> Result<PictureSet> {
    let fail = || format!("the list {}", list.display());
    let text = std::fs::read_to_string(list).with_context(fail)?;
    let mut set = SetBuilder::of_files(pictures.to_path_buf());
    for (line, row) in (1..).zip(text.lines()) {
        if row.trim().is_empty() {
            continue;
        }
        push_row(&mut set, row, line).with_context(|| format!("{}, line {line}", fail()))?;
    }
    Ok(set.finish())
}

fn push_row(set: &mut SetBuilder, row: &str, line: u64) -> Result<()> {
    // From the end: names may have spaces.
    let mut cells: Vec<&str> = row.trim().rsplitn(8, ' ').collect();
    cells.reverse();
    let [name, face, top, left, right, bottom, _confidence, label] = cells.as_slice() else {
        anyhow::bail!(
            "`{row}` has {} columns, expected image face_id top left right bottom confidence label",
            cells.len()
        );
    };
    let number = |text: &str| {
        text.parse::<f32>()
            .with_context(|| format!("`{text}` is no number"))
    };
    let (top, left, right, bottom) = (number(top)?, number(left)?, number(right)?, number(bottom)?);
    let class = label
        .parse::<usize>()
        .ok()
        .and_then(|code| EXPW.get(code).copied());
    let label = class.with_context(|| format!("`{label}` is no expression, expected 0 to 6"))?;
    ensure!(
        right > left && bottom > top,
        "the box from ({left}, {top}) to ({right}, {bottom}) is empty"
    );
    set.push(&Listed {
        part: face.parse().with_context(|| format!("`{face}` is no face_id"))?,
        label: Some(label),
        face: Some(FaceBox {
            x: left,
            y: top,
            w: right - left,
            h: bottom - top,
            score: 1.0,
            roll_deg: 0.0,
        }),
        line,
        ..Listed::of(name)
    })
}
