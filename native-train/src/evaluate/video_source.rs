//! Which videos are evaluated.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::datasets::affwild2;
use crate::datasets::labelled_video::LabelledVideo;

/// Names of the folder of crops, and of the annotations, from the dataset's root; the first that is
/// there counts.
const CROPS: [&str; 2] = ["cropped_aligned", "cropped"];
const ANNOTATIONS: [&str; 5] = [
    "annotations/Validation_Set",
    "EXPR_Recognition_Challenge/Validation_Set",
    "annotations/EXPR_Recognition_Challenge/Validation_Set",
    "annotations",
    "Validation_Set",
];

/// Whether a folder has crops where Aff-Wild2 has them.
pub(super) fn is_dataset(folder: &Path) -> bool {
    CROPS.iter().any(|name| folder.join(name).is_dir())
}

/// The annotated videos of a dataset's root, or of two folders.
pub(super) fn annotated(
    data: Option<&Path>,
    crops: Option<&Path>,
    annotations: Option<&Path>,
) -> Result<Vec<LabelledVideo>> {
    if let (Some(crops), Some(annotations)) = (crops, annotations) {
        return affwild2::read_videos(crops, annotations);
    }
    let data = data.context("name the videos: `--data`, or `--crops` with `--annotations`")?;
    let crops = crops_in(data)?;
    affwild2::read_videos(&crops, &first_of(data, &ANNOTATIONS, "annotations")?)
}

/// The folder of crops that the options name.
pub(super) fn crops(data: Option<&Path>, crops: Option<&Path>) -> Result<PathBuf> {
    match (crops, data) {
        (Some(crops), _) => Ok(crops.to_owned()),
        (None, Some(data)) if data.is_dir() => crops_in(data),
        _ => bail!("name the folder of crops with `--crops`"),
    }
}

fn crops_in(root: &Path) -> Result<PathBuf> {
    first_of(root, &CROPS, "crops")
}

fn first_of(root: &Path, names: &[&str], what: &str) -> Result<PathBuf> {
    let found = names
        .iter()
        .map(|name| root.join(name))
        .find(|path| path.is_dir());
    found.with_context(|| {
        format!(
            "{} holds no folder of {what}: expected one of {}",
            root.display(),
            names.join(", ")
        )
    })
}
