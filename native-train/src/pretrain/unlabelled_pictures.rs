//! Pictures without labels: in what order a run sees them, and their faces.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, ensure};
use shared_model::expression::Expression;
use shared_model::frame::Frame;
use shared_model::framing::Framing;

use crate::datasets::catalogue::Catalogue;
use crate::pretrain::face_cache::FaceCache;
use crate::pretrain::face_search::FaceSearch;

/// Pictures that are tried in the place of one that cannot be read, before a run stops.
const MOST_TRIES: u64 = 100;
/// Unreadable pictures that are named; the others are counted.
const MOST_NAMED: usize = 10;

/// The pool of a run. Pictures are read when they are needed, for there may be millions; one that
/// cannot be read is counted and another stands in for it: always the same one, whichever thread asks
/// when.
#[derive(Debug)]
pub struct UnlabelledPool {
    catalogue: Arc<Catalogue>,
    numbers: Vec<u32>,
    framing: Framing,
    cache: FaceCache,
    search: Option<FaceSearch>,
    unreadable: AtomicUsize,
}

impl UnlabelledPool {
    /// A pool of pictures of a catalogue as faces of `side` pixels, framed in this way, of which `most_bytes` are kept in
    /// memory.
    #[must_use]
    pub fn new(
        catalogue: Arc<Catalogue>,
        numbers: Vec<u32>,
        side: usize,
        framing: Framing,
        most_bytes: usize,
    ) -> Self {
        Self {
            catalogue,
            numbers,
            framing,
            cache: FaceCache::new(side, most_bytes),
            search: None,
            unreadable: AtomicUsize::new(0),
        }
    }

    /// Looks for the face in pictures where it is to be searched, each when it is first needed.
    #[must_use]
    pub fn with_search(mut self, search: FaceSearch) -> Self {
        self.search = Some(search);
        self
    }

    /// Number of pictures.
    #[must_use]
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// How often a picture could not be read.
    #[must_use]
    pub fn unreadable(&self) -> usize {
        self.unreadable.load(Ordering::Relaxed)
    }

    /// Pictures so far that were taken whole, since no face was found in them.
    #[must_use]
    pub fn without_face(&self) -> usize {
        self.search.as_ref().map_or(0, FaceSearch::without_face)
    }

    /// The `number`th face of a run and its truth, where that is known: each picture once, in an order
    /// that `seed` and the round decide, then all of them again in another.
    ///
    /// # Errors
    /// When many pictures that were tried after each other cannot be read.
    pub fn face(&self, seed: u64, number: u64) -> Result<(Arc<Frame>, Option<Expression>)> {
        let count = self.numbers.len() as u64;
        ensure!(count > 0, "there is no unlabelled picture");
        let key = seed ^ (number / count).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut last = None;
        for attempt in 0..MOST_TRIES {
            // Another order for each attempt: what cannot be read often lies together.
            let place = shuffled(
                number % count,
                count,
                key ^ attempt.wrapping_mul(0xd1b5_4a32_d192_ed03),
            );
            match self.read_face(place as usize) {
                Ok(found) => return Ok(found),
                Err(error) => {
                    let before = self.unreadable.fetch_add(1, Ordering::Relaxed);
                    if before < MOST_NAMED {
                        tracing::warn!("{error:#}; another one stands in for it");
                    }
                    last = Some(error);
                }
            }
        }
        let error = last.unwrap_or_else(|| anyhow::anyhow!("there is no unlabelled picture"));
        Err(error.context(format!(
            "{MOST_TRIES} unlabelled pictures after each other cannot be read: check the paths of `[data]`"
        )))
    }

    fn read_face(&self, place: usize) -> Result<(Arc<Frame>, Option<Expression>)> {
        let number = self.numbers.get(place).copied().unwrap_or(u32::MAX);
        let picture = self
            .catalogue
            .picture(number)
            .with_context(|| format!("there is no picture {place}"))?;
        let face = self.cache.face(number, |side| match &self.search {
            Some(search) if self.catalogue.is_searched(number) => {
                let frame = picture.read()?;
                let face = search
                    .face_in(number, &frame, picture.face.as_ref())
                    .with_context(|| format!("the face in {picture}"))?;
                picture.face_of(
                    frame,
                    face.as_ref().or(picture.face.as_ref()),
                    &self.framing,
                    side,
                )
            }
            _ => picture.read_face(&self.framing, side),
        })?;
        Ok((face, self.catalogue.label(number)))
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
