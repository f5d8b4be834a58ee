//! Pictures without labels: which there are, in what order a run sees them, and their faces.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use anyhow::{Context as _, Result, bail, ensure};
use shared_model::expression::Expression;
use shared_model::face_crop::resize;
use shared_model::frame::Frame;

use crate::picture;
use crate::pretrain::labelled_pictures::sorted_entries;

/// Unreadable pictures in a row after which a run stops.
const MOST_IN_A_ROW: usize = 100;
/// Unreadable pictures that are named; the others are counted.
const MOST_NAMED: usize = 10;

/// A picture whose label no network is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnlabelledPicture {
    /// The file.
    pub path: PathBuf,
    /// What it truly shows, where that is known: pseudo-labels are compared with it.
    pub truth: Option<Expression>,
}

/// The pool of a run. Pictures are read when they are needed, for there may be millions; one that
/// cannot be read is counted and the next one stands in for it.
#[derive(Debug)]
pub struct UnlabelledPool {
    pictures: Vec<UnlabelledPicture>,
    side: usize,
    kept: Vec<OnceLock<Arc<Frame>>>,
    kept_bytes: AtomicUsize,
    most_bytes: usize,
    unreadable: AtomicUsize,
}

/// Reads a folder (with all folders in it) or a csv with a column `path` and perhaps `label`.
///
/// # Errors
/// When it cannot be read or holds no picture.
pub fn read(source: &Path) -> Result<Vec<UnlabelledPicture>> {
    let fail = || format!("the unlabelled pictures of {}", source.display());
    let mut pictures = Vec::new();
    if source.is_dir() {
        read_folder(source, &mut pictures).with_context(fail)?;
    } else {
        pictures = read_csv(source).with_context(fail)?;
    }
    if pictures.is_empty() {
        bail!("{} holds no picture", source.display());
    }
    Ok(pictures)
}

fn read_folder(folder: &Path, pictures: &mut Vec<UnlabelledPicture>) -> Result<()> {
    for path in sorted_entries(folder)? {
        if path.is_dir() {
            read_folder(&path, pictures)?;
        } else if picture::is_picture(&path) {
            pictures.push(UnlabelledPicture { path, truth: None });
        }
    }
    Ok(())
}

fn read_csv(path: &Path) -> Result<Vec<UnlabelledPicture>> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(path)?;
    let headers = reader.headers()?.clone();
    let column = |name: &str| headers.iter().position(|h| h.trim().eq_ignore_ascii_case(name));
    let place = column("path").context("there is no column `path`")?;
    let label = column("label");
    let mut pictures = Vec::new();
    for record in reader.records() {
        let record = record?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |column: usize| record.get(column).map(str::trim).filter(|text| !text.is_empty());
        let file = cell(place).with_context(|| format!("line {line} has no path"))?;
        let truth = match label.and_then(cell) {
            None | Some("-1") => None,
            Some(text) => Some(Expression::parse(text).with_context(|| {
                format!("line {line}: `{text}` is no class, expected a name, 0 to 7, or -1")
            })?),
        };
        pictures.push(UnlabelledPicture {
            path: folder.join(file),
            truth,
        });
    }
    Ok(pictures)
}

impl UnlabelledPool {
    /// A pool of faces of `side` pixels, of which `most_bytes` are kept in memory. The whole picture is
    /// the face.
    #[must_use]
    pub fn new(pictures: Vec<UnlabelledPicture>, side: usize, most_bytes: usize) -> Self {
        Self {
            kept: pictures.iter().map(|_| OnceLock::new()).collect(),
            pictures,
            side,
            kept_bytes: AtomicUsize::new(0),
            most_bytes,
            unreadable: AtomicUsize::new(0),
        }
    }

    /// Number of pictures.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pictures.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pictures.is_empty()
    }

    /// How often a picture could not be read.
    #[must_use]
    pub fn unreadable(&self) -> usize {
        self.unreadable.load(Ordering::Relaxed)
    }

    /// The `number`th face of a run and its truth: each picture once, in an order that `seed` and the
    /// round decide, then all of them again in another.
    ///
    /// # Errors
    /// When many pictures after each other cannot be read.
    pub fn face(&self, seed: u64, number: u64) -> Result<(Arc<Frame>, Option<Expression>)> {
        let count = self.pictures.len() as u64;
        ensure!(count > 0, "there is no unlabelled picture");
        let place = shuffled(
            number % count,
            count,
            seed ^ (number / count).wrapping_mul(0x9e37_79b9_7f4a_7c15),
        );
        let mut last = None;
        for after in 0..count.min(MOST_IN_A_ROW as u64) {
            match self.read_face(((place + after) % count) as usize) {
                Ok(found) => return Ok(found),
                Err(error) => {
                    let before = self.unreadable.fetch_add(1, Ordering::Relaxed);
                    if before < MOST_NAMED {
                        eprintln!("warning: {error:#}; the next picture stands in for it");
                    }
                    last = Some(error);
                }
            }
        }
        let error = last.unwrap_or_else(|| anyhow::anyhow!("there is no unlabelled picture"));
        Err(error
            .context("many unlabelled pictures after each other cannot be read: check `data.unlabelled`"))
    }

    fn read_face(&self, place: usize) -> Result<(Arc<Frame>, Option<Expression>)> {
        let (Some(picture), Some(kept)) = (self.pictures.get(place), self.kept.get(place)) else {
            bail!("there is no picture {place}");
        };
        if let Some(face) = kept.get() {
            return Ok((Arc::clone(face), picture.truth));
        }
        let frame = picture::read(&picture.path)?;
        let face =
            resize(&frame, self.side, self.side).with_context(|| format!("{}", picture.path.display()))?;
        let face = Arc::new(face);
        let bytes = face.rgb().len();
        if self.kept_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes <= self.most_bytes {
            // Another thread may have been faster with the same pixels.
            let _ = kept.set(Arc::clone(&face));
        }
        Ok((face, picture.truth))
    }
}

/// Where `number` stands in a random order of 0 up to `count`: a Feistel network over the next power of
/// four, walked until it lands inside. It needs no memory, so a run can begin anywhere in the order.
fn shuffled(number: u64, count: u64, key: u64) -> u64 {
    let half_bits = (64 - count.saturating_sub(1).leading_zeros()).div_ceil(2).max(1);
    let mask = (1_u64 << half_bits) - 1;
    let mut value = number;
    loop {
        let (mut left, mut right) = (value >> half_bits, value & mask);
        for round in 0..6_u64 {
            let mut hash = right ^ key.wrapping_add(round.wrapping_mul(0xd6e8_feb8_6659_fd93));
            hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (left, right) = (right, left ^ ((hash ^ (hash >> 31)) & mask));
        }
        value = (left << half_bits) | right;
        if value < count {
            return value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_round_sees_each_picture_once_in_another_order() {
        for count in [1_u64, 2, 5, 64, 1000] {
            let order = |key: u64| (0..count).map(|n| shuffled(n, count, key)).collect::<Vec<_>>();
            let mut sorted = order(3);
            sorted.sort_unstable();
            assert!(sorted.into_iter().eq(0..count));
            if count > 50 {
                assert_ne!(order(3), order(4));
                assert_ne!(order(3), (0..count).collect::<Vec<_>>());
            }
        }
    }
}
