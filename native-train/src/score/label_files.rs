//! Labels of each video from label files: the readers are those of the page.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use shared_model::expression::Expression;
use shared_model::file_text;
use shared_model::frame_table::NamedRow;
use shared_model::label_files::{self, LabelFile, LabelSpans, stem};

/// What the files say, by the video's name without its ending.
pub(super) type Labels = BTreeMap<String, VideoLabels>;

/// Labels of one video.
#[derive(Debug, Clone)]
pub(super) enum VideoLabels {
    /// One a frame (`None`: no label), with the frames' times in seconds on the media's own clock where the file holds them.
    Frames(Vec<Option<Expression>>, Vec<f64>),
    /// From time to time; which frames those are is known only beside a file with times.
    Spans(LabelSpans),
}

/// Which labels of a csv count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The smoothed ones: what a person corrected later is no prediction.
    Predictions,
    /// The reviewed ones where the video has any, else the smoothed ones.
    Truth,
}

impl VideoLabels {
    /// One label a frame. `beside`: the labels of the same video from the other side.
    ///
    /// # Errors
    /// When these are labels by time and the other side holds no frame times.
    pub(super) fn by_frame(&self, beside: &Self) -> Result<Vec<Option<Expression>>> {
        match (self, beside) {
            (Self::Frames(labels, _), _) => Ok(labels.clone()),
            (Self::Spans(spans), Self::Frames(_, times)) if !times.is_empty() => {
                Ok(spans.first_face(times, end_of(times)))
            }
            (Self::Spans(_), _) => bail!(
                "these are labels by time, and the file they are compared with does not say when its frames are; compare \
                 with the csv of `mien analyze`"
            ),
        }
    }
}

/// The last frame lasts as long as the one before it.
fn end_of(times: &[f64]) -> f64 {
    match times {
        [.., before, last] => last + (last - before),
        _ => times.last().map_or(0.0, |last| last + 1.0),
    }
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
    // `mien evaluate` writes both of each video; the csv says more.
    let tables: BTreeSet<PathBuf> = files
        .iter()
        .filter(|file| file.extension().is_some_and(|ending| ending == "csv"))
        .map(|file| file.with_extension(""))
        .collect();
    let count = files.len();
    files.retain(|file| {
        file.extension().is_none_or(|ending| ending != "txt") || !tables.contains(&file.with_extension(""))
    });
    if files.len() < count {
        tracing::info!(
            "note: {}: {} txt files stand beside a csv of the same name and are left out",
            folder.display(),
            count - files.len()
        );
    }
    Ok(files)
}

fn read_file(path: &Path, side: Side) -> Result<Labels> {
    let bytes = std::fs::read(path).context("it cannot be read")?;
    let text = file_text::decode(bytes).context("it cannot be read as text")?;
    let name = path
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let video = name
        .strip_suffix(".predicted.txt")
        .or_else(|| name.strip_suffix(".mien.json"))
        .unwrap_or_else(|| stem(&name))
        .to_owned();
    Ok(match label_files::read(&text)? {
        LabelFile::Table(rows) => by_video(rows, side)?,
        LabelFile::Annotation(labels) => Labels::from([(video, VideoLabels::Frames(labels, Vec::new()))]),
        LabelFile::Spans(spans) => {
            for tier in &spans.left_out {
                tracing::info!("note: {name}: tier `{tier}` holds no expressions and is left out");
            }
            Labels::from([(video, VideoLabels::Spans(spans))])
        }
    })
}

fn by_video(rows: Vec<NamedRow>, side: Side) -> Result<Labels> {
    let mut videos: BTreeMap<String, Vec<NamedRow>> = BTreeMap::new();
    for row in rows {
        videos.entry(row.video.clone()).or_default().push(row);
    }
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    for video in videos.keys() {
        if let Some(other) = names.insert(stem(video), video) {
            bail!(
                "it holds {other} and {video}, which are one video to `score`, since endings do not count: rename one"
            );
        }
    }
    videos
        .into_iter()
        .map(|(video, rows)| {
            let video = stem(&video).to_owned();
            let reviewed = side == Side::Truth && rows.iter().any(|named| named.row.reviewed.is_some());
            // The row with the lowest track speaks for its frame; rows of a frame stand together.
            let mut frames: BTreeMap<usize, (Option<Expression>, f64)> = BTreeMap::new();
            for NamedRow { row, .. } in &rows {
                let label = if reviewed { row.reviewed } else { row.smoothed };
                frames.entry(row.frame).or_insert((label, row.shown_s()));
            }
            let last = frames.last_key_value().map_or(0, |(last, _)| *last);
            if last + 1 != frames.len() {
                bail!(
                    "{video}: {} frames up to frame {last}; some are missing",
                    frames.len()
                );
            }
            let (labels, times) = frames.into_values().unzip();
            Ok((video, VideoLabels::Frames(labels, times)))
        })
        .collect()
}
