//! Inputs of an analysis as streams of frames: a video, a picture, or a folder of pictures.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use shared_model::frame::Frame;
use shared_model::picture_file::HighEfficiency;

use crate::animation::Animation;
use crate::video_frames::VideoFrames;
use crate::{natural_order, picture};

/// Files that are named in one line; the others are counted.
const MOST_NAMED: usize = 10;
/// File name endings of pictures and videos that a folder of frames may hold and that are not read there.
const OTHER_ENDINGS: [&str; 40] = [
    "heic", "heif", "hif", "avif", "jxl", "jp2", "j2k", "jpf", "jxr", "psd", "svg", "exr", "hdr", "ico",
    "pnm", "ppm", "pgm", "tga", "cr2", "cr3", "crw", "nef", "arw", "dng", "orf", "rw2", "raf", "pef", "srw",
    "mp4", "m4v", "mov", "mkv", "webm", "avi", "mpg", "mpeg", "mts", "m2ts", "wmv",
];

/// One input.
#[derive(Debug)]
pub enum FrameSource {
    /// A video file.
    Video(Box<VideoFrames>),
    /// A picture file that holds several.
    Animation(Box<Animation>),
    /// Pictures that follow each other at a fixed rate.
    Pictures {
        /// Files in order.
        paths: Vec<PathBuf>,
        /// Pictures a second.
        fps: f64,
        /// The one that comes next.
        next: usize,
    },
}

impl FrameSource {
    /// Opens an input. A folder's pictures come in natural order of their names, `fps` a second; a
    /// single picture is a video of one frame, an animated one a video with its own times.
    ///
    /// # Errors
    /// When the input is missing, cannot be read, holds no frame, or is a picture of a kind that is not read; the message names it.
    pub fn open(path: &Path, fps: f64) -> Result<Self> {
        let kind = std::fs::metadata(path).with_context(|| format!("{} cannot be opened", path.display()))?;
        if kind.is_dir() {
            let paths = pictures_of(path)?;
            return Ok(Self::Pictures { paths, fps, next: 0 });
        }
        // What comes through a pipe can be read once only.
        if kind.is_file() {
            if let Some(animation) = Animation::open(path)? {
                return Ok(Self::Animation(Box::new(animation)));
            }
            if let Some(kind) = HighEfficiency::of(&picture::head_of(path)?) {
                bail!("{}: {kind}", path.display());
            }
        }
        if picture::is_picture(path) {
            let paths = vec![path.to_owned()];
            return Ok(Self::Pictures { paths, fps, next: 0 });
        }
        Ok(Self::Video(Box::new(VideoFrames::open(path)?)))
    }

    /// Frames to come, where that is known beforehand.
    #[must_use]
    pub fn frame_count(&self) -> Option<u64> {
        match self {
            Self::Video(video) => video.frame_count(),
            Self::Animation(animation) => Some(animation.frame_count()),
            Self::Pictures { paths, .. } => u64::try_from(paths.len()).ok(),
        }
    }

    /// The time of the first frame on the media's own clock in seconds, where 0 is the earliest start of all its streams;
    /// 0 for pictures. Known once a frame was given.
    #[must_use]
    pub fn start_s(&self) -> f64 {
        match self {
            Self::Video(video) => video.start_s(),
            Self::Animation(_) | Self::Pictures { .. } => 0.0,
        }
    }

    /// The time of the next frame where others follow it even if it cannot be read.
    #[must_use]
    pub fn next_time_s(&self) -> Option<f64> {
        match self {
            Self::Video(_) | Self::Animation(_) => None,
            // A picture alone has no others.
            Self::Pictures { paths, fps, next } => (paths.len() > 1).then(|| *next as f64 / *fps),
        }
    }

    /// The next frame with its time in seconds, or `None` after the last.
    ///
    /// # Errors
    /// When a picture cannot be read (its place stays empty: the next call gives the one after it)
    /// or a video ends early.
    pub fn next_frame(&mut self) -> Result<Option<(f64, Frame)>> {
        match self {
            Self::Video(video) => video.next_frame(),
            Self::Animation(animation) => animation.next_frame(),
            Self::Pictures { paths, fps, next } => {
                let Some(path) = paths.get(*next) else {
                    return Ok(None);
                };
                let time_s = *next as f64 / *fps;
                *next += 1;
                Ok(Some((time_s, picture::read(path)?)))
            }
        }
    }
}

fn pictures_of(folder: &Path) -> Result<Vec<PathBuf>> {
    let fail = || format!("the folder {} cannot be read", folder.display());
    let (mut paths, mut others) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(folder).with_context(fail)? {
        let path = entry.with_context(fail)?.path();
        if picture::is_picture(&path) && path.is_file() {
            paths.push(path);
        } else if has_ending(&path, &OTHER_ENDINGS) && path.is_file() {
            others.push(path);
        }
    }
    others.sort_by(|a, b| natural_order::compare(&name(a), &name(b)));
    let others = named(&others, &described);
    if paths.is_empty() {
        bail!(
            "the folder {} holds no picture that can be read (jpg, jpeg, jpe, jfif, png, webp, bmp, gif, tif or tiff){}",
            folder.display(),
            others.map_or_else(String::new, |others| format!("; it has {others}"))
        );
    }
    if let Some(others) = others {
        tracing::warn!("{}: not read: {others}", folder.display());
    }
    let gifs: Vec<PathBuf> = paths
        .iter()
        .filter(|path| has_ending(path, &["gif"]))
        .cloned()
        .collect();
    if let Some(gifs) = named(&gifs, &name) {
        tracing::info!(
            "note: {}: a GIF in a folder counts as one picture, its first: {gifs}",
            folder.display()
        );
    }
    paths.sort_by(|a, b| natural_order::compare(&name(a), &name(b)));
    if let Some(gaps) = gaps(&paths) {
        tracing::warn!(
            "{}: {gaps}; pictures count as frames one after the other, so later frames are earlier than their numbers say",
            folder.display()
        );
    }
    Ok(paths)
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| endings.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

/// A file's name, and what it is where that is known.
fn described(path: &Path) -> String {
    let head = picture::head_of(path).unwrap_or_default();
    let by_name = if has_ending(path, &["heic", "heif", "hif"]) {
        Some(HighEfficiency::Heic)
    } else {
        has_ending(path, &["avif"]).then_some(HighEfficiency::Avif)
    };
    match HighEfficiency::of(&head).or(by_name) {
        Some(kind) => format!("{} ({kind})", name(path)),
        None => name(path),
    }
}

/// The first of some files, in words; `None` where there are none.
fn named(paths: &[PathBuf], describe: &dyn Fn(&Path) -> String) -> Option<String> {
    let listed: Vec<String> = paths.iter().take(MOST_NAMED).map(|path| describe(path)).collect();
    let more = match paths.len() - listed.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!listed.is_empty()).then(|| format!("{}{more}", listed.join(", ")))
}

/// A number that is missing or doubled where all names are a number, or the same text and a number; in words.
fn gaps(paths: &[PathBuf]) -> Option<String> {
    let parts: Option<Vec<(String, u64)>> = paths.iter().map(|path| numbered(path)).collect();
    let parts = parts?;
    let (first, _) = parts.first()?;
    if parts.iter().any(|(text, _)| text != first) {
        return None;
    }
    let numbers: Vec<u64> = parts.iter().map(|(_, number)| *number).collect();
    let mut pairs = numbers.iter().zip(numbers.iter().skip(1));
    pairs.find_map(|(before, after)| match after.checked_sub(*before) {
        Some(1) => None,
        Some(0) | None => Some(format!("number {after} comes twice")),
        Some(2) => Some(format!("number {} is missing", before + 1)),
        Some(_) => Some(format!("numbers {} to {} are missing", before + 1, after - 1)),
    })
}

/// What stands before the number that a name ends with, and the number.
fn numbered(path: &Path) -> Option<(String, u64)> {
    let stem = path.file_stem()?.to_str()?;
    let text = stem.trim_end_matches(|letter: char| letter.is_ascii_digit());
    Some((text.to_owned(), stem.get(text.len()..)?.parse().ok()?))
}

fn name(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_and_doubled_numbers_are_found() {
        let found = |names: &[&str]| gaps(&names.iter().map(PathBuf::from).collect::<Vec<_>>());
        assert_eq!(found(&["00001.jpg", "00002.jpg", "3.png"]), None);
        assert_eq!(
            found(&["f_7.jpg", "f_9.jpg"]).as_deref(),
            Some("number 8 is missing")
        );
        assert_eq!(
            found(&["00002.jpg", "00005.jpg"]).as_deref(),
            Some("numbers 3 to 4 are missing")
        );
        assert_eq!(
            found(&["01.jpg", "1.jpg"]).as_deref(),
            Some("number 1 comes twice")
        );
        assert_eq!(found(&["a1.jpg", "b7.jpg"]), None);
        assert_eq!(found(&["smile.jpg", "00001.jpg"]), None);
    }
}
