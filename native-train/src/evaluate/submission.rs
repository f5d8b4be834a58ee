//! The ABAW challenge's submission file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use shared_model::affwild2;
use shared_model::csv_reader::{CsvReader, line_of};
use shared_model::expression::Expression;
use shared_model::file_text;
use shared_model::model_file::ModelFile;
use shared_model::smoothing::Smoothing;

use crate::datasets::labelled_video::{LabelledFrame, LabelledVideo};
use crate::evaluate::options::Options;
use crate::evaluate::video_source;
use crate::stdout;
use crate::video_evaluation::figures::WITHOUT_ANY_CROP;
use crate::video_evaluation::predicted_video::PredictedVideo;
use crate::video_evaluation::prediction::predict;
use crate::written_files::WrittenFiles;

/// Rows without a prediction that are named; the others are counted.
const MOST_NAMED: usize = 10;

/// The rows of an example file, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Video and frame number from 1 of each row.
    rows: Vec<(String, usize)>,
}

/// First line of a submission.
fn header() -> String {
    format!("image_location,{}", affwild2::HEADER)
}

impl Example {
    /// Reads `video/00001.jpg` from the first column of each row; what else stands there is not
    /// looked at.
    ///
    /// # Errors
    /// When the header is another, or a row names no frame; the message has its line.
    pub fn read(text: &str) -> Result<Self> {
        let mut table = CsvReader::new(text.as_bytes(), true)?;
        let first = table.headers().join(",").replace(' ', "");
        ensure!(
            first.eq_ignore_ascii_case(&header()),
            "the first line is `{}`, expected `{}`",
            first.chars().take(100).collect::<String>(),
            header()
        );
        let (mut rows, mut record) = (Vec::new(), csv::StringRecord::new());
        while table.read(&mut record)? {
            let location = record.get(0).unwrap_or("").trim();
            let row = frame_of(location);
            rows.push(row.with_context(|| {
                let line = line_of(&record);
                format!("line {line}: `{location}` is no frame, expected `video/00001.jpg`")
            })?);
        }
        ensure!(!rows.is_empty(), "it has no row");
        Ok(Self { rows })
    }

    /// The highest frame number that is asked for, by video.
    #[must_use]
    pub fn frames(&self) -> BTreeMap<&str, usize> {
        let mut frames = BTreeMap::new();
        for (video, frame) in &self.rows {
            let last: &mut usize = frames.entry(video.as_str()).or_default();
            *last = (*last).max(*frame);
        }
        frames
    }

    /// The submission, from each video's labels.
    ///
    /// # Errors
    /// When rows ask for frames that have no label; the message counts them and names the first.
    pub fn fill(&self, labels: &BTreeMap<String, Vec<Expression>>) -> Result<String> {
        let mut text = header();
        text.push('\n');
        let mut missing = Vec::new();
        for (video, frame) in &self.rows {
            let label = labels.get(video).and_then(|labels| labels.get(frame - 1));
            let Some(label) = label else {
                missing.push(format!("{video}/{frame:05}.jpg"));
                continue;
            };
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{video}/{frame:05}.jpg,{}", label.index());
        }
        let named = missing.iter().take(MOST_NAMED).map(String::as_str);
        let named = named.collect::<Vec<_>>().join(", ");
        match missing.len().checked_sub(MOST_NAMED) {
            _ if missing.is_empty() => Ok(text),
            None | Some(0) => bail!("there is no prediction for {} rows: {named}", missing.len()),
            Some(more) => bail!(
                "there is no prediction for {} rows: {named} and {more} more",
                missing.len()
            ),
        }
    }
}

fn frame_of(location: &str) -> Option<(String, usize)> {
    let (video, file) = location.rsplit_once('/')?;
    let frame: usize = file.strip_suffix(".jpg")?.parse().ok()?;
    (frame > 0 && !video.is_empty()).then(|| (video.to_owned(), frame))
}

/// Labels as an Aff-Wild2 annotation.
#[must_use]
pub fn annotation(labels: impl IntoIterator<Item = Expression>) -> String {
    let mut text = format!("{}\n", affwild2::HEADER);
    for label in labels {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", label.index());
    }
    text
}

/// The crops of the videos that an example asks for. A video is as long as its last crop, or as the
/// last frame that is asked for.
///
/// # Errors
/// When videos have no folder of crops, of which the message counts the rows, or a frame lies far behind the last crop.
pub fn videos_of(example: &Example, crops: &Path) -> Result<Vec<LabelledVideo>> {
    let missing: Vec<&str> = example
        .frames()
        .into_keys()
        .filter(|video| !crops.join(video).is_dir())
        .collect();
    if !missing.is_empty() {
        let rows = example
            .rows
            .iter()
            .filter(|(video, _)| missing.contains(&video.as_str()));
        let named: Vec<String> = missing
            .iter()
            .take(MOST_NAMED)
            .map(|video| format!("`{video}`"))
            .collect();
        let more = match missing.len() - named.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        bail!(
            "{} of {} rows can have no prediction, since {} has no folder of crops for {} videos: {}{more}",
            rows.count(),
            example.rows.len(),
            crops.display(),
            missing.len(),
            named.join(", ")
        );
    }
    let videos = example.frames().into_iter();
    videos
        .map(|(video, last)| {
            let pictures = numbered(&crops.join(video))?;
            let last_crop = pictures.keys().next_back().copied().unwrap_or(0);
            ensure!(
                last <= MOST_FRAMES.min(most_frames_after(last_crop)),
                "the example names frame {last} of `{video}`, whose last crop is {last_crop}: there is no such frame, or \
                 most of the video's crops are missing"
            );
            let frame = |number: usize| LabelledFrame {
                picture: pictures.get(&number).cloned(),
                label: None,
            };
            Ok(LabelledVideo {
                name: video.to_owned(),
                frames: (1..=last.max(last_crop)).map(frame).collect(),
            })
        })
        .collect()
}

/// Nine hours at 30 frames a second: a larger number is a slip.
const MOST_FRAMES: usize = 1_000_000;

/// A face may be out of sight for a while at the end of a video.
fn most_frames_after(last_crop: usize) -> usize {
    if last_crop == 0 {
        return usize::MAX;
    }
    (2 * last_crop).max(last_crop + 3000)
}

/// The pictures of a folder that are named by a number.
fn numbered(folder: &Path) -> Result<BTreeMap<usize, PathBuf>> {
    let fail = || format!("the folder {} cannot be read", folder.display());
    let mut pictures = BTreeMap::new();
    for entry in std::fs::read_dir(folder).with_context(fail)? {
        let path = entry.with_context(fail)?.path();
        let number = path
            .file_name()
            .and_then(|name| name.to_str()?.strip_suffix(".jpg")?.parse().ok());
        if let Some(number) = number {
            pictures.insert(number, path);
        }
    }
    Ok(pictures)
}

pub(super) fn run(
    example: &Path,
    out: &Path,
    options: &Options,
    model: &ModelFile,
    smoothing: Smoothing,
    window: usize,
) -> Result<()> {
    let files = WrittenFiles::open_file(out, options.force)?;
    let fail = || format!("the example {}", example.display());
    let text = file_text::decode(std::fs::read(example).with_context(fail)?).with_context(fail)?;
    let rows = Example::read(&text).with_context(fail)?;
    let crops = video_source::crops(options.data.as_deref(), options.crops.as_deref())?;
    let videos = videos_of(&rows, &crops).with_context(fail)?;
    let predicted = predict(&videos, model, options.device)?;
    let labels = predicted
        .iter()
        .map(|video| {
            let labels = video.smoothed(smoothing, window).into_iter();
            let labels = labels.map(|label| label.unwrap_or(WITHOUT_ANY_CROP));
            (video.name.clone(), labels.collect())
        })
        .collect();
    files.write(out, rows.fill(&labels)?.as_bytes())?;
    let without: usize = predicted.iter().map(PredictedVideo::frames_without_crop).sum();
    tracing::info!(
        "{} rows of {} videos; {without} frames without a crop are interpolated",
        rows.rows.len(),
        predicted.len()
    );
    stdout::line(format_args!("{}", out.display()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_without_a_prediction_are_counted_and_named() {
        let rows: String = (1..=20).map(|frame| format!("clip/{frame:05}.jpg,0\n")).collect();
        let example = Example::read(&format!("{}\n{rows}", header())).unwrap();
        let fill = |count: usize| {
            let labels = BTreeMap::from([("clip".to_owned(), vec![Expression::Fear; count])]);
            example.fill(&labels)
        };
        assert_eq!(fill(20).unwrap().lines().count(), 21);
        let said = fill(18).unwrap_err().to_string();
        assert_eq!(
            said,
            "there is no prediction for 2 rows: clip/00019.jpg, clip/00020.jpg"
        );
        let said = fill(1).unwrap_err().to_string();
        assert!(
            said.starts_with("there is no prediction for 19 rows: clip/00002.jpg, "),
            "{said}"
        );
        assert!(said.ends_with("clip/00011.jpg and 9 more"), "{said}");
    }
}
