//! AffectNet's second release: `images/<id>.jpg` and `annotations/<id>_exp.npy`.

use std::path::Path;

use anyhow::{Context as _, Result};
use rayon::prelude::*;
use shared_model::expression::Expression;

use crate::datasets::affectnet::class_of;
use crate::datasets::layout::{Key, Layout};
use crate::datasets::numpy_number;
use crate::datasets::picture_set::{Listed, PictureSet, SetBuilder};
use crate::natural_order;

/// `AffectNet`'s second release.
pub const LAYOUT: Layout = Layout {
    name: "affectnet-2021",
    title: "AffectNet's second release",
    files: "`images/<id>.jpg` and `annotations/<id>_exp.npy`",
    needs: &[Key::Path],
    takes: &[],
    usages: &[],
    has_boxes: false,
    has_labels: true,
    read: |files| read(files.path()?),
};

const ANNOTATION: &str = "_exp.npy";

/// Reads the pictures of a set, and their annotations. A picture without an annotation, and one without
/// a picture, are counted and left out.
///
/// # Errors
/// When a folder or an annotation cannot be read.
pub fn read(folder: &Path) -> Result<PictureSet> {
    let annotations = folder.join("annotations");
    let annotated = names_with(&annotations, ANNOTATION)?;
    let mut pictures = names_with(&folder.join("images"), ".jpg")?;
    let labels: Vec<Option<Expression>> = annotated
        .par_iter()
        .map(|id| read_annotation(&annotations.join(format!("{id}{ANNOTATION}"))))
        .collect::<Result<_>>()?;
    let mut set = SetBuilder::of_files(folder.to_path_buf());
    pictures.sort_unstable();
    let mut without = pictures.clone();
    let there = |list: &[String], id: &String| list.binary_search(id).is_ok();
    for (id, label) in annotated.iter().zip(labels) {
        if !there(&pictures, id) {
            set.findings()
                .add("annotations without a picture (left out)", || id.clone());
            continue;
        }
        set.push(&Listed {
            label,
            ..Listed::of(&format!("images/{id}.jpg"))
        })?;
    }
    let mut annotated = annotated;
    annotated.sort_unstable();
    without.retain(|id| !there(&annotated, id));
    for id in without {
        set.findings()
            .add("pictures without an annotation (left out)", || id.clone());
    }
    Ok(set.finish())
}

/// What stands before `ending` in the file names of a folder, in natural order.
fn names_with(folder: &Path, ending: &str) -> Result<Vec<String>> {
    let fail = || format!("the folder {} cannot be read", folder.display());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(fail)? {
        let name = entry.with_context(fail)?.file_name();
        names.extend(
            name.to_str()
                .and_then(|name| name.strip_suffix(ending))
                .map(str::to_owned),
        );
    }
    names.sort_by(|a, b| natural_order::compare(a, b));
    Ok(names)
}

fn read_annotation(path: &Path) -> Result<Option<Expression>> {
    let fail = || format!("the annotation {}", path.display());
    let bytes = std::fs::read(path).with_context(fail)?;
    numpy_number::read(&bytes).and_then(class_of).with_context(fail)
}
