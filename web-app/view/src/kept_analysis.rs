//! What is kept of an analysis between two visits: frames in chunks, so that each new frame costs one small write.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use shared_model::smoothing::Smoothing;
use shared_model::timeline::{Prediction, Timeline, TimelineFrame};
use thiserror::Error;

/// Version that is written.
pub const KEPT_VERSION: u32 = 1;
/// Frames of one chunk.
pub const CHUNK: usize = 256;

/// What is known of a kept project beside its frames and labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptProject {
    /// Format version, [`KEPT_VERSION`].
    pub version: u32,
    /// Its name in the storage: the video's content, see [`is_fingerprint`].
    pub key: String,
    /// File name of the video.
    pub video: String,
    /// Name of the model.
    pub model: String,
    /// All that the page knows of the model, to tell it from others of the same name.
    pub model_facts: String,
    /// Device that computed it.
    pub backend: String,
    /// How labels were smoothed.
    pub smoothing: Smoothing,
    /// Window in frames.
    pub window: usize,
    /// Frames that are kept.
    pub frames: usize,
    /// Whether those are all frames of the video.
    pub is_whole: bool,
    /// The first frame's time on the media's clock in seconds, see [`Timeline::start_s`].
    #[serde(default)]
    pub start_s: f64,
    /// Whether the frames have nothing to do with one another, see [`Timeline::is_unrelated`].
    #[serde(default)]
    pub is_unrelated: bool,
    /// Segments that a person confirmed.
    pub reviewed: usize,
    /// Segments in all; 0 where that is not known.
    #[serde(default)]
    pub segments: usize,
    /// Length of all kept texts, about the place it takes in bytes.
    pub bytes: usize,
    /// When it was last written, in milliseconds since 1970.
    pub written_ms: f64,
}

/// Why a kept project cannot be taken.
#[derive(Debug, Error)]
pub enum KeptError {
    #[error("it was kept by a newer version of this page ({0}); reload the page")]
    Newer(u32),
    #[error("it is damaged: {0}")]
    Json(#[from] serde_json::Error),
}

impl KeptProject {
    /// Reads what was written.
    ///
    /// # Errors
    /// On a newer version and on text that is something else.
    pub fn read(text: &str) -> Result<Self, KeptError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let Versioned { version } = serde_json::from_str(text)?;
        if version > KEPT_VERSION {
            return Err(KeptError::Newer(version));
        }
        Ok(serde_json::from_str(text)?)
    }

    /// Chunks that are kept.
    #[must_use]
    pub fn chunks(&self) -> usize {
        self.frames.div_ceil(CHUNK)
    }

    /// What was seen, from the chunks in order.
    ///
    /// # Errors
    /// As `join`.
    pub fn timeline(&self, chunks: impl IntoIterator<Item = Option<String>>) -> Result<Timeline, KeptError> {
        let mut timeline = join(chunks)?;
        timeline.set_start_s(self.start_s);
        timeline.set_unrelated(self.is_unrelated);
        Ok(timeline)
    }
}

/// Whether a key stands for a video's content, not for its name alone.
#[must_use]
pub fn is_fingerprint(key: &str) -> bool {
    !key.starts_with("name:")
}

/// The key of a project whose video's content is not known.
#[must_use]
pub fn key_of_name(video: &str) -> String {
    format!("name:{video}")
}

/// Name of a chunk in the storage.
#[must_use]
pub fn chunk_key(key: &str, chunk: usize) -> String {
    format!("{key}/{chunk}")
}

/// Chunks that have changed since they were written last.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChangedChunks(BTreeSet<usize>);

impl ChangedChunks {
    /// Takes note of what the engine said.
    pub fn note(&mut self, prediction: &Prediction) {
        let (Prediction::Seen { frame, .. } | Prediction::Refined { frame, .. }) = prediction;
        self.0.insert(frame / CHUNK);
    }

    /// Takes note of all frames.
    pub fn note_all(&mut self, frames: usize) {
        self.0.extend(0..frames.div_ceil(CHUNK));
    }

    /// Takes note of chunks that could not be written.
    pub fn note_chunks(&mut self, chunks: &[usize]) {
        self.0.extend(chunks);
    }

    /// Whether nothing has changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first `most` changed chunks, which count as written from now on.
    pub fn take(&mut self, most: usize) -> Vec<usize> {
        let taken: Vec<usize> = self.0.iter().copied().take(most).collect();
        for chunk in &taken {
            self.0.remove(chunk);
        }
        taken
    }
}

/// A chunk as text.
///
/// # Errors
/// When a number cannot be written as JSON.
pub fn chunk_text(frames: &[TimelineFrame], chunk: usize) -> Result<String, KeptError> {
    let start = chunk.saturating_mul(CHUNK);
    let end = start.saturating_add(CHUNK).min(frames.len());
    Ok(serde_json::to_string(frames.get(start..end).unwrap_or_default())?)
}

/// Joins chunks in order; what follows a missing or short one is left out, since it is not known where it belongs.
///
/// # Errors
/// When a chunk is no list of frames.
fn join(chunks: impl IntoIterator<Item = Option<String>>) -> Result<Timeline, KeptError> {
    let mut frames: Vec<TimelineFrame> = Vec::new();
    for text in chunks {
        let Some(text) = text else { break };
        let chunk: Vec<TimelineFrame> = serde_json::from_str(&text)?;
        let is_last = chunk.len() < CHUNK;
        frames.extend(chunk);
        if is_last {
            break;
        }
    }
    Ok(Timeline::of_frames(frames))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::SmallRng;
    use rand::{Rng as _, SeedableRng as _};
    use shared_model::face_box::FaceBox;
    use shared_model::timeline::TrackedFace;
    use std::collections::BTreeMap;

    fn seen(frame: usize) -> Prediction {
        Prediction::Seen {
            frame,
            // Eighths are exact in any text.
            time_s: frame as f64 / 8.0,
            faces: vec![TrackedFace {
                track: 0,
                face_box: FaceBox::whole(4, 4),
                raw: [0.125; 8],
                temporal: None,
            }],
        }
    }

    /// Writes go on while frames come; whenever the page is killed, what was written is the video's beginning.
    #[test]
    fn whatever_was_written_before_a_crash_comes_back() {
        let mut random = SmallRng::seed_from_u64(3);
        let mut timeline = Timeline::new();
        let mut changed = ChangedChunks::default();
        let mut storage: BTreeMap<usize, String> = BTreeMap::new();
        let mut written = Timeline::new();
        let restored = |storage: &BTreeMap<usize, String>| {
            join((0..9).map(|chunk| storage.get(&chunk).cloned())).unwrap()
        };
        for frame in 0..(4 * CHUNK + 17) {
            timeline.push(seen(frame));
            changed.note(&seen(frame));
            if frame > 70 {
                let refined = Prediction::Refined {
                    frame: frame - 64,
                    track: 0,
                    temporal: [0.125; 8],
                };
                changed.note(&refined);
                timeline.push(refined);
            }
            if random.random_bool(0.01) {
                for chunk in changed.take(usize::MAX) {
                    storage.insert(chunk, chunk_text(timeline.frames(), chunk).unwrap());
                }
                written = timeline.clone();
            }
            assert!(restored(&storage) == written, "frame {frame}");
        }
    }

    #[test]
    fn a_lost_chunk_ends_what_is_known() {
        let mut timeline = Timeline::new();
        for frame in 0..3 * CHUNK {
            timeline.push(seen(frame));
        }
        let texts: Vec<_> = (0..3)
            .map(|chunk| chunk_text(timeline.frames(), chunk).ok())
            .collect();
        let lost = join([texts[0].clone(), None, texts[2].clone()]).unwrap();
        assert_eq!(lost.frames().len(), CHUNK);
        assert!(join([Some("{}".to_owned())]).is_err());
    }

    #[test]
    fn a_newer_project_is_told_apart_from_a_damaged_one() {
        let text = r#"{"version":1,"key":"9-ab","video":"a.mp4","model":"tiny","model_facts":"","backend":"CPU",
            "smoothing":"sliding","window":30,"frames":300,"is_whole":false,"reviewed":2,"bytes":9,"written_ms":1.0}"#;
        let older = KeptProject::read(text).unwrap();
        assert_eq!(older.chunks(), 2);
        // It does not say where its frames lie on the media's clock.
        assert_eq!(older.timeline([]).unwrap(), Timeline::new());
        let newer = KeptProject {
            start_s: 0.25,
            is_unrelated: true,
            ..older
        };
        let back = KeptProject::read(&serde_json::to_string(&newer).unwrap()).unwrap();
        let timeline = back.timeline([]).unwrap();
        assert_eq!((timeline.start_s(), timeline.is_unrelated()), (0.25, true));
        let newer = text.replace("\"version\":1", "\"version\":4");
        assert!(matches!(KeptProject::read(&newer), Err(KeptError::Newer(4))));
        assert!(matches!(KeptProject::read("{}"), Err(KeptError::Json(_))));
        assert!(is_fingerprint("9-ab") && !is_fingerprint(&key_of_name("a.mp4")));
    }
}
