//! RAF-DB's basic expressions: `list_patition_label.txt` and aligned faces.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::datasets::class_numbers::RAFDB;
use crate::datasets::layout::{Key, Layout};
use crate::datasets::picture_set::{Listed, PictureSet, SetBuilder};
use crate::datasets::usage::Usage;

/// Where list and faces lie: as the dataset is packed, or both in one folder.
const LISTS: [&str; 2] = ["EmoLabel/list_patition_label.txt", "list_patition_label.txt"];
const FACES: [&str; 2] = ["Image/aligned", "aligned"];

/// RAF-DB's basic expressions.
pub const LAYOUT: Layout = Layout {
    name: "rafdb",
    title: "RAF-DB",
    files: "RAF-DB's basic expressions: `EmoLabel/list_patition_label.txt` and `Image/aligned/train_00001_aligned.jpg`, or `list_patition_label.txt` and `aligned/`",
    needs: &[Key::Path, Key::Usage],
    takes: &[],
    usages: &[Usage::Train, Usage::Test],
    has_boxes: false,
    has_labels: true,
    read: |files| read(files.path()?, files.usage()?),
};

/// Reads one part of the folder `root`: [`Usage::Train`] or [`Usage::Test`], which a picture's name says.
///
/// # Errors
/// When the list or the folder of faces is not there, or a line is not as it should be.
pub fn read(root: &Path, usage: Usage) -> Result<PictureSet> {
    let first_of = |places: [&'static str; 2]| {
        let found = places.into_iter().find(|place| root.join(place).exists());
        found.with_context(|| {
            let [packed, other] = places;
            format!("there is neither {packed} nor {other} in {}", root.display())
        })
    };
    let (list, faces) = (root.join(first_of(LISTS)?), first_of(FACES)?);
    let fail = || format!("the list {}", list.display());
    let text = std::fs::read_to_string(&list).with_context(fail)?;
    let mut set = SetBuilder::of_files(root.to_path_buf());
    for (line, row) in (1..).zip(text.lines()) {
        if row.trim().is_empty() {
            continue;
        }
        push_row(&mut set, faces, row, line, usage).with_context(|| format!("{}, line {line}", fail()))?;
    }
    Ok(set.finish())
}

fn push_row(set: &mut SetBuilder, faces: &str, row: &str, line: u64, usage: Usage) -> Result<()> {
    let cells: Vec<&str> = row.split_ascii_whitespace().collect();
    let [name, label] = cells.as_slice() else {
        anyhow::bail!("`{row}` has {} columns, expected a name and a label", cells.len());
    };
    let number = label.parse::<usize>().ok().and_then(|code| code.checked_sub(1));
    let class = number.and_then(|place| RAFDB.get(place).copied());
    let class = class.with_context(|| format!("`{label}` is no expression, expected 1 to 7"))?;
    let is_train = name.starts_with("train_");
    ensure!(
        is_train || name.starts_with("test_"),
        "`{name}` begins neither with `train_` nor with `test_`"
    );
    if is_train != (usage == Usage::Train) {
        return Ok(());
    }
    // `train_00001.jpg` is `train_00001_aligned.jpg` there.
    let stem = name.strip_suffix(".jpg").unwrap_or(name);
    set.push(&Listed {
        label: Some(class),
        line,
        ..Listed::of(&format!("{faces}/{stem}_aligned.jpg"))
    })
}
