//! Aff-Wild2's EXPR set: annotations and cropped faces.
//!
//! `<crops>/<video>[_left|_right]/00001.jpg` belongs to the first data line of
//! `<annotations>/<video>[_left|_right].txt`.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use shared_model::affwild2;

use crate::datasets::labelled_video::{LabelledFrame, LabelledVideo};

/// Reads every annotation of a folder, and looks which frames have a crop.
///
/// # Errors
/// When a folder cannot be read, an annotation is not as it should be, or there is none.
pub fn read_videos(crops: &Path, annotations: &Path) -> Result<Vec<LabelledVideo>> {
    let fail = || format!("the annotations in {}", annotations.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(annotations).with_context(fail)? {
        let path = entry.with_context(fail)?.path();
        if path.extension().is_some_and(|ending| ending == "txt") {
            files.push(path);
        }
    }
    ensure!(
        !files.is_empty(),
        "there is no annotation (.txt) in {}",
        annotations.display()
    );
    files.sort();
    files.iter().map(|file| read_video(crops, file)).collect()
}

fn read_video(crops: &Path, annotation: &Path) -> Result<LabelledVideo> {
    let fail = || format!("the annotation {}", annotation.display());
    let name = annotation
        .file_stem()
        .with_context(fail)?
        .to_string_lossy()
        .into_owned();
    let text = std::fs::read_to_string(annotation).with_context(fail)?;
    let labels = affwild2::read(&text).with_context(fail)?;
    let folder = crops.join(&name);
    let frames = labels
        .into_iter()
        .enumerate()
        .map(|(index, label)| {
            let picture = folder.join(format!("{:05}.jpg", index + 1));
            LabelledFrame {
                picture: picture.is_file().then_some(picture),
                label,
            }
        })
        .collect();
    Ok(LabelledVideo { name, frames })
}
