//! What is written into the browser's storage, and when: one write at a time, all that has changed meanwhile behind it.

use std::collections::BTreeMap;

use shared_model::timeline::Prediction;

use super::reading::Reading;
use crate::keeping::Keeping;
use crate::kept_analysis::{self, CHUNK, ChangedChunks};

/// Chunks of one write: more would hold up the page while they become text.
const MOST_CHUNKS: usize = 4;
/// Chunks of the last write of a source, which nothing follows: some ten minutes of film.
const MOST_LAST_CHUNKS: usize = 64;

/// What happens around the storage of the source on the stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorageEvent {
    /// Another source is on the stage, or none; what comes late of the one before is dropped.
    Left,
    /// What was kept is being looked for.
    Looking,
    /// Another tab has the same video open.
    OtherTab,
    /// It was found, and this tab may write: so many chunks of frames, and so many bytes in all.
    Bound {
        /// Chunks that are there.
        chunks: usize,
        /// Length of all texts.
        bytes: usize,
    },
    /// Labels by hand, or something else of the project, are others than those in the storage.
    Edited,
    /// All frames are others.
    AllChanged,
    /// A write has ended.
    Wrote {
        /// [`Write::generation`].
        generation: u32,
        /// Whether it went well.
        is_ok: bool,
    },
    /// The storage cannot be used.
    Failed,
    /// What could not be written before is to be tried again.
    TryAgain,
}

/// One write: what it holds of the frames, and whether the labels go along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Of which source on the stage it is.
    pub generation: u32,
    /// Texts of chunks by number; `None` takes one away.
    pub chunks: Vec<(usize, Option<String>)>,
    /// Whether labels by hand have changed.
    pub has_labels: bool,
    /// Length of all texts of frames in the storage after it.
    pub bytes: usize,
    /// Frames that are in the storage after it at most: no more are promised.
    pub frames: usize,
}

/// What has changed since it was written, of the source on the stage.
#[derive(Debug, Default)]
pub struct Keeper {
    /// Counts up with each source, so that what comes late is dropped.
    generation: u32,
    keeping: Keeping,
    /// Whether there is a place for it in the storage, which is this tab's alone.
    has_place: bool,
    /// Labels that are not on their way into the storage.
    is_dirty: bool,
    /// Frames that are not on their way into the storage.
    changed: ChangedChunks,
    /// Length of each chunk that is in the storage.
    stored: BTreeMap<usize, usize>,
    /// What is on its way there.
    in_flight: Option<InFlight>,
}

/// A write that has not ended.
#[derive(Debug)]
struct InFlight {
    /// Length of chunks; `None` of those that it takes away.
    chunks: Vec<(usize, Option<usize>)>,
    has_labels: bool,
}

impl Keeper {
    /// What the person is told.
    #[must_use]
    pub fn keeping(&self) -> &Keeping {
        &self.keeping
    }

    /// Of which source on the stage it is.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.generation
    }

    fn has_unwritten(&self) -> bool {
        self.is_dirty || !self.changed.is_empty()
    }

    /// Frames are about to come, or to change.
    pub(super) fn note(&mut self, predictions: &[Prediction]) {
        for prediction in predictions {
            self.changed.note(prediction);
        }
    }

    pub(super) fn mark_unwritten(&mut self) {
        self.is_dirty = true;
    }

    /// Takes what happens; says whether there may be something to write now.
    pub(super) fn hear(&mut self, event: StorageEvent, reading: &Reading) -> bool {
        match event {
            StorageEvent::Left => {
                *self = Self {
                    generation: self.generation.wrapping_add(1),
                    ..Self::default()
                };
                return false;
            }
            StorageEvent::Looking => self.keeping = Keeping::Opening,
            StorageEvent::OtherTab => self.keeping = Keeping::OtherTab,
            StorageEvent::Bound { chunks, bytes } => {
                self.has_place = true;
                self.keeping = Keeping::Kept;
                // The lengths are not known one by one: the first counts for all until they are written again.
                self.stored = (0..chunks)
                    .map(|chunk| (chunk, if chunk == 0 { bytes } else { 0 }))
                    .collect();
                return false;
            }
            StorageEvent::Edited => self.is_dirty = true,
            StorageEvent::AllChanged => self.changed.note_all(reading.timeline.frames().len()),
            StorageEvent::Wrote { generation, is_ok } => {
                if generation != self.generation {
                    return false;
                }
                let written = self.in_flight.take();
                if !is_ok {
                    // It is tried again with the next change.
                    self.take_back(written);
                    self.keeping = Keeping::Failed;
                    return false;
                }
                for (chunk, bytes) in written.into_iter().flat_map(|written| written.chunks) {
                    match bytes {
                        Some(bytes) => self.stored.insert(chunk, bytes),
                        None => self.stored.remove(&chunk),
                    };
                }
                if !self.has_unwritten() {
                    self.keeping = Keeping::Kept;
                }
            }
            StorageEvent::Failed => {
                self.keeping = Keeping::Failed;
                return false;
            }
            StorageEvent::TryAgain => {
                if self.keeping != Keeping::Failed {
                    return false;
                }
                self.is_dirty = true;
            }
        }
        self.has_unwritten()
    }

    /// What was on its way counts as not written.
    fn take_back(&mut self, written: Option<InFlight>) {
        let Some(written) = written else { return };
        let chunks: Vec<usize> = written.chunks.iter().map(|(chunk, _)| *chunk).collect();
        self.changed.note_chunks(&chunks);
        self.is_dirty |= written.has_labels;
    }

    /// Takes out what is to be written; nothing while a write is under way, behind which the rest goes.
    pub(super) fn take(&mut self, reading: &Reading) -> Result<Option<Write>, String> {
        if self.in_flight.is_some() {
            return Ok(None);
        }
        self.take_now(reading, MOST_CHUNKS)
    }

    /// The same before the source leaves: what is under way may fail when nobody hears of it, and goes along once more.
    pub(super) fn take_last(&mut self, reading: &Reading) -> Result<Option<Write>, String> {
        let in_flight = self.in_flight.take();
        self.take_back(in_flight);
        self.take_now(reading, MOST_LAST_CHUNKS)
    }

    fn take_now(&mut self, reading: &Reading, most_chunks: usize) -> Result<Option<Write>, String> {
        if !self.has_place || !self.has_unwritten() {
            return Ok(None);
        }
        let frames = reading.timeline.frames();
        let mut chunks = Vec::new();
        let taken = self.changed.take(most_chunks);
        for chunk in taken.iter().copied() {
            if chunk * CHUNK >= frames.len() {
                continue;
            }
            let text = kept_analysis::chunk_text(frames, chunk).map_err(|error| {
                self.changed.note_chunks(&taken);
                error.to_string()
            })?;
            chunks.push((chunk, Some(text)));
        }
        // Chunks of an analysis that was longer, or has given way to a new one.
        let needed = frames.len().div_ceil(CHUNK);
        chunks.extend(self.stored.range(needed..).map(|(chunk, _)| (*chunk, None)));
        let mut after = self.stored.clone();
        for (chunk, text) in &chunks {
            match text {
                Some(text) => after.insert(*chunk, text.len()),
                None => after.remove(chunk),
            };
        }
        let lengths = chunks
            .iter()
            .map(|(chunk, text)| (*chunk, text.as_ref().map(String::len)));
        let has_labels = std::mem::take(&mut self.is_dirty);
        self.in_flight = Some(InFlight {
            chunks: lengths.collect(),
            has_labels,
        });
        if self.keeping == Keeping::Kept {
            self.keeping = Keeping::Writing;
        }
        // What follows a chunk that is not there is not read again.
        let whole = after
            .keys()
            .zip(0..)
            .take_while(|(chunk, place)| **chunk == *place)
            .count();
        Ok(Some(Write {
            generation: self.generation,
            chunks,
            has_labels,
            bytes: after.values().sum(),
            frames: whole.saturating_mul(CHUNK),
        }))
    }
}
