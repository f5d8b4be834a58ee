//! Aff-Wild2's EXPR set: annotations and cropped faces.
//!
//! `<crops>/<video>[_left|_right]/00001.jpg` belongs to the first data line of
//! `<annotations>/<video>[_left|_right].txt`.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use shared_model::{affwild2, file_text};

use crate::datasets::class_folders::sorted_entries;
use crate::datasets::findings::Findings;
use crate::datasets::labelled_video::{LabelledFrame, LabelledVideo};
use crate::datasets::layout::{Key, Layout};
use crate::datasets::picture_set::{Listed, PictureSet, SetBuilder};

/// Aff-Wild2's EXPR set.
pub const LAYOUT: Layout = Layout {
    name: "affwild2",
    title: "Aff-Wild2",
    files: "`<video>[_left\\|_right]/00001.jpg` and `<video>[_left\\|_right].txt`",
    needs: &[Key::Pictures, Key::Annotations],
    takes: &[],
    usages: &[],
    has_boxes: false,
    has_labels: true,
    read: |files| read_pictures(files.pictures()?, files.annotations()?),
};

/// Reads every annotation of a folder, and looks which frames have a crop. What is missing is said on
/// stderr.
///
/// # Errors
/// When a folder cannot be read, an annotation is not as it should be, or there is none.
pub fn read_videos(crops: &Path, annotations: &Path) -> Result<Vec<LabelledVideo>> {
    let mut findings = Findings::default();
    let files = annotation_files(annotations)?;
    let videos = files.iter().map(|file| read_video(crops, file, &mut findings));
    let videos = videos.collect::<Result<Vec<_>>>()?;
    find_unannotated(crops, &files, &mut findings)?;
    for line in findings.lines() {
        tracing::info!("{}: {line}", annotations.display());
    }
    Ok(videos)
}

/// The frames that have a crop, as pictures. A frame's person is its video.
///
/// # Errors
/// As [`read_videos`].
pub fn read_pictures(crops: &Path, annotations: &Path) -> Result<PictureSet> {
    let mut set = SetBuilder::of_files(crops.to_path_buf());
    let files = annotation_files(annotations)?;
    for file in &files {
        let video = read_video(crops, file, set.findings())?;
        for (index, frame) in video.frames.iter().enumerate() {
            if frame.picture.is_none() {
                continue;
            }
            set.push(&Listed {
                label: frame.label,
                person: Some(recording(&video.name)),
                line: index as u64 + 2,
                ..Listed::of(&format!("{}/{}", video.name, crop_name(index)))
            })?;
        }
    }
    find_unannotated(crops, &files, set.findings())?;
    Ok(set.finish())
}

/// The video of which two faces are annotated as `<video>_left` and `<video>_right`, or more (in what
/// the page exports) as `<video>_face<number>`: they must not stand on both sides of a split.
fn recording(name: &str) -> &str {
    let stripped = name.strip_suffix("_left").or_else(|| name.strip_suffix("_right"));
    let numbered = name.rsplit_once("_face").filter(|(_, number)| {
        let mut digits = number.bytes();
        !number.is_empty() && digits.all(|digit| digit.is_ascii_digit())
    });
    stripped.or(numbered.map(|(video, _)| video)).unwrap_or(name)
}

fn crop_name(index: usize) -> String {
    format!("{:05}.jpg", index + 1)
}

fn annotation_files(annotations: &Path) -> Result<Vec<PathBuf>> {
    let mut files = sorted_entries(annotations)?;
    files.retain(|path| path.extension().is_some_and(|ending| ending == "txt"));
    ensure!(
        !files.is_empty(),
        "there is no annotation (.txt) in {}",
        annotations.display()
    );
    // Byte order, as the annotations' users list them.
    files.sort();
    Ok(files)
}

fn read_video(crops: &Path, annotation: &Path, findings: &mut Findings) -> Result<LabelledVideo> {
    let fail = || format!("the annotation {}", annotation.display());
    let name = annotation
        .file_stem()
        .with_context(fail)?
        .to_string_lossy()
        .into_owned();
    let text = file_text::decode(std::fs::read(annotation).with_context(fail)?).with_context(fail)?;
    let labels = affwild2::read(&text).with_context(fail)?;
    let folder = crops.join(&name);
    let mut there = crops_in(&folder)?;
    if there.is_empty() {
        findings.add("videos without any crop", || name.clone());
    }
    let mut frames = Vec::with_capacity(labels.len());
    for (index, label) in labels.into_iter().enumerate() {
        let crop = crop_name(index);
        let picture = there.remove(&OsString::from(&crop)).then(|| folder.join(&crop));
        if label.is_none() {
            findings.add("frames that are not annotated (-1)", || format!("{name}/{crop}"));
        } else if picture.is_none() {
            findings.add("annotated frames without a crop", || format!("{name}/{crop}"));
        }
        frames.push(LabelledFrame { picture, label });
    }
    let beyond = there.iter().filter(|crop| is_crop(crop)).min();
    if let Some(first) = beyond {
        let count = there.iter().filter(|crop| is_crop(crop)).count() as u64;
        findings.add_many(
            "crops beyond the annotation's last line (left out)",
            count,
            || format!("{name}/{}", first.to_string_lossy()),
        );
    }
    Ok(LabelledVideo { name, frames })
}

/// The names of a folder's files; none where there is no such folder.
fn crops_in(folder: &Path) -> Result<HashSet<OsString>> {
    if !folder.is_dir() {
        return Ok(HashSet::new());
    }
    let fail = || format!("the folder {} cannot be read", folder.display());
    let entries = std::fs::read_dir(folder).with_context(fail)?;
    entries
        .map(|entry| Ok(entry.with_context(fail)?.file_name()))
        .collect()
}

fn is_crop(name: &OsString) -> bool {
    let number = name.to_str().and_then(|name| name.strip_suffix(".jpg"));
    number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Folders of crops that no annotation belongs to: Aff-Wild2's other tracks have many.
fn find_unannotated(crops: &Path, annotations: &[PathBuf], findings: &mut Findings) -> Result<()> {
    let known: HashSet<_> = annotations.iter().filter_map(|file| file.file_stem()).collect();
    for folder in sorted_entries(crops)? {
        if folder.is_dir() && folder.file_name().is_none_or(|name| !known.contains(name)) {
            findings.add("folders of crops without an annotation (left out)", || {
                folder.display().to_string()
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::recording;

    #[test]
    fn faces_of_one_video_are_one_recording() {
        for name in ["a_b", "a_b_left", "a_b_right", "a_b_face1", "a_b_face12"] {
            assert_eq!(recording(name), "a_b");
        }
        for name in ["a_face", "a_face1b", "left"] {
            assert_eq!(recording(name), name);
        }
    }
}
