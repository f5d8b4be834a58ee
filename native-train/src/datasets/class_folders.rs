//! Pictures in folders.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use shared_model::expression::Expression;

use crate::datasets::class_numbers::ClassNumbers;
use crate::datasets::layout::{Key, Layout};
use crate::datasets::picture_set::{Listed, PictureSet, SetBuilder};
use crate::{natural_order, picture};

/// Folders.
pub const LAYOUT: Layout = Layout {
    name: "folder",
    title: "folders",
    files: "`<class name or index>/*.jpg`; all pictures in all folders where no labels are wanted",
    needs: &[Key::Path],
    takes: &[Key::Numbers],
    usages: &[],
    has_boxes: false,
    has_labels: true,
    read: |files| {
        if files.needs_labels {
            read_labelled(files.path()?, files.numbers)
        } else {
            read_unlabelled(files.path()?)
        }
    },
};

/// Reads one folder a class, named by name or number; each picture is its own person. Pictures of a number
/// that has no class have no label.
///
/// # Errors
/// When a folder cannot be read or is named after no class.
pub fn read_labelled(root: &Path, numbers: ClassNumbers) -> Result<PictureSet> {
    let mut set = SetBuilder::of_files(root.to_path_buf());
    let mut names = BTreeSet::new();
    for folder in sorted_entries(root)? {
        if !folder.is_dir() {
            continue;
        }
        let name = folder
            .file_name()
            .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let label = numbers
            .parse(&name)
            .with_context(|| format!("the folder {} is named after no class", folder.display()))?;
        let mut found = false;
        for path in sorted_entries(&folder)? {
            if picture::is_picture(&path) {
                found = true;
                push(&mut set, root, &path, label)?;
            }
        }
        names.insert(name);
        if !found {
            set.findings().add("folders of a class without any picture", || {
                folder.display().to_string()
            });
        }
    }
    let place = format!("the folders in {}", root.display());
    numbers.doubt(&names, &place, set.findings());
    Ok(set.finish())
}

/// Reads all pictures of a folder and of the folders in it.
///
/// # Errors
/// When a folder cannot be read.
pub fn read_unlabelled(root: &Path) -> Result<PictureSet> {
    let mut set = SetBuilder::of_files(root.to_path_buf());
    let mut folders = vec![root.to_path_buf()];
    // The last found is read next, so that folders are read in their order.
    while let Some(folder) = folders.pop() {
        let mut inner = Vec::new();
        for path in sorted_entries(&folder)? {
            if picture::is_picture(&path) {
                push(&mut set, root, &path, None)?;
            } else if path.is_dir() {
                inner.push(path);
            }
        }
        folders.extend(inner.into_iter().rev());
    }
    Ok(set.finish())
}

fn push(set: &mut SetBuilder, root: &Path, path: &Path, label: Option<Expression>) -> Result<()> {
    let name = path.strip_prefix(root).unwrap_or(path);
    let Some(name) = name.to_str() else {
        set.findings()
            .add("pictures whose name is no UTF-8 (left out)", || {
                path.display().to_string()
            });
        return Ok(());
    };
    set.push(&Listed {
        label,
        ..Listed::of(name)
    })
}

/// What is in a folder, in natural order.
///
/// # Errors
/// When it cannot be read.
pub fn sorted_entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let fail = || format!("the folder {} cannot be read", folder.display());
    let entries = std::fs::read_dir(folder).with_context(fail)?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>, std::io::Error>>()
        .with_context(fail)?;
    paths.sort_by(|a, b| natural_order::compare(&a.to_string_lossy(), &b.to_string_lossy()));
    Ok(paths)
}
