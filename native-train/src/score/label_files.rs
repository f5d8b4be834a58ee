//! Labels a frame from csv files of `mien analyze` and from Aff-Wild2 annotations.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use shared_model::affwild2;
use shared_model::expression::Expression;
use shared_model::frame_table::{self, NamedRow};

/// Labels of each frame (`None`: no label) by the video's name without its ending.
pub(super) type Labels = BTreeMap<String, Vec<Option<Expression>>>;

/// Which labels of a csv count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The smoothed ones: what a person corrected later is no prediction.
    Predictions,
    /// The reviewed ones where the video has any, else the smoothed ones.
    Truth,
}

/// Reads a file, or all csv and txt files of a folder.
///
/// # Errors
/// When a file cannot be read or two files hold the same video.
pub(super) fn read(path: &Path, side: Side) -> Result<Labels> {
    let files = if path.is_dir() {
        label_files_of(path)?
    } else {
        vec![path.to_owned()]
    };
    let mut all = Labels::new();
    for file in files {
        let labels = read_file(&file, side).with_context(|| format!("{}", file.display()))?;
        for (video, labels) in labels {
            if all.insert(video.clone(), labels).is_some() {
                bail!("{} holds labels of {video} a second time", file.display());
            }
        }
    }
    Ok(all)
}

fn label_files_of(folder: &Path) -> Result<Vec<PathBuf>> {
    let fail = || format!("the folder {} cannot be read", folder.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(fail)? {
        let path = entry.with_context(fail)?.path();
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or("");
        if path.is_file()
            && ["csv", "txt"]
                .iter()
                .any(|known| ending.eq_ignore_ascii_case(known))
        {
            files.push(path);
        }
    }
    if files.is_empty() {
        bail!("the folder {} holds no csv and no txt file", folder.display());
    }
    files.sort();
    Ok(files)
}

fn read_file(path: &Path, side: Side) -> Result<Labels> {
    let text = std::fs::read_to_string(path).context("it cannot be read as text")?;
    let header = text.lines().next().unwrap_or("");
    if header.split(',').any(|column| column.trim() == "smoothed") {
        return by_video(frame_table::read(text.as_bytes())?, side);
    }
    let labels =
        affwild2::read(&text).context("it is neither a csv of `mien analyze` nor an Aff-Wild2 annotation")?;
    let name = path
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let video = name
        .strip_suffix(".predicted.txt")
        .map_or_else(|| stem(&name), str::to_owned);
    Ok(Labels::from([(video, labels)]))
}

fn by_video(rows: Vec<NamedRow>, side: Side) -> Result<Labels> {
    let mut videos: BTreeMap<String, Vec<NamedRow>> = BTreeMap::new();
    for row in rows {
        videos.entry(stem(&row.video)).or_default().push(row);
    }
    videos
        .into_iter()
        .map(|(video, rows)| {
            let reviewed = side == Side::Truth && rows.iter().any(|named| named.row.reviewed.is_some());
            // The row with the lowest track speaks for its frame; rows of a frame stand together.
            let mut frames: BTreeMap<usize, Option<Expression>> = BTreeMap::new();
            for NamedRow { row, .. } in &rows {
                let label = if reviewed { row.reviewed } else { row.smoothed };
                frames.entry(row.frame).or_insert(label);
            }
            let last = frames.last_key_value().map_or(0, |(last, _)| *last);
            if last + 1 != frames.len() {
                bail!(
                    "{video}: {} frames up to frame {last}; some are missing",
                    frames.len()
                );
            }
            Ok((video, frames.into_values().collect()))
        })
        .collect()
}

fn stem(name: &str) -> String {
    Path::new(name)
        .file_stem()
        .map_or_else(|| name.to_owned(), |stem| stem.to_string_lossy().into_owned())
}
