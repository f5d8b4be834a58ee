//! Where reading goes on in a video of which the beginning is known already.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::face_tracker::{FaceTracker, MAX_GAP};
use crate::film_looks::Stretches;
use crate::timeline::{Prediction, TimelineFrame, TrackedFace};

/// A track that was under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BegunTrack {
    /// Its number.
    pub track: u32,
    /// Frame in which it was seen first.
    pub first_frame: usize,
    /// Frame in which it was seen last.
    pub last_frame: usize,
}

/// What has to be known of the frames that were read before, to end with the results of a reading that was never
/// interrupted.
///
/// Features are not kept: the frames that an unfinished clip covers, less than three clips of them, are read again. Everything before
/// them only matters through the tracks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResumePoint {
    /// Number of the first frame that is read again.
    pub from: usize,
    /// The tracker as it was before that frame.
    pub tracker: FaceTracker,
    /// Tracks that had not ended before that frame.
    pub begun: Vec<BegunTrack>,
    /// What is known of the frames from there on; at least one.
    pub known: Vec<TimelineFrame>,
}

impl ResumePoint {
    /// For a video's first `frames`; `clip_length` is that of the temporal encoder, if there is one. `None` where nothing is known.
    #[must_use]
    pub fn of(frames: &[TimelineFrame], clip_length: Option<usize>) -> Option<Self> {
        let last = frames.len().checked_sub(1)?;
        let from = clip_length.map_or(last, |length| first_needed(frames, length).min(last));
        // From the middle of a stretch on the detector would look at other frames than it did.
        let from = Stretches::default().start_of(from);
        let (before, known) = frames.split_at_checked(from)?;
        let mut tracker = FaceTracker::default();
        let mut begun: BTreeMap<u32, BegunTrack> = BTreeMap::new();
        for (frame, seen) in before.iter().enumerate() {
            // How they looked was not kept: the frames that are read again say it.
            tracker.follow(frame, &seen.faces, |_| None);
            for TrackedFace { track, .. } in &seen.faces {
                let new = BegunTrack {
                    track: *track,
                    first_frame: frame,
                    last_frame: frame,
                };
                begun.entry(*track).or_insert(new).last_frame = frame;
            }
        }
        begun.retain(|_, track| track.last_frame + MAX_GAP + 1 >= from);
        Some(Self {
            from,
            tracker,
            begun: begun.into_values().collect(),
            known: known.to_vec(),
        })
    }

    /// Frames that are known, from the video's first one on.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.from + self.known.len()
    }

    /// What is known of a frame that is read again.
    #[must_use]
    pub fn known(&self, frame: usize) -> Option<&TimelineFrame> {
        self.known.get(frame.checked_sub(self.from)?)
    }

    /// Whether a prediction says what is not known yet. What is said again of known frames may lack the clips before [`ResumePoint::from`].
    #[must_use]
    pub fn is_new(&self, prediction: &Prediction) -> bool {
        match prediction {
            Prediction::Seen { frame, .. } => *frame >= self.frames(),
            Prediction::Refined { frame, track, .. } => match self.known(*frame) {
                Some(known) => {
                    let mut faces = known.faces.iter();
                    faces.any(|face| face.track == *track && face.temporal.is_none())
                }
                None => *frame >= self.from,
            },
        }
    }
}

/// The first frame of the clips that faces without temporal probabilities still wait for.
fn first_needed(frames: &[TimelineFrame], clip_length: usize) -> usize {
    let mut first: BTreeMap<u32, usize> = BTreeMap::new();
    let mut open: BTreeMap<u32, usize> = BTreeMap::new();
    for (frame, seen) in frames.iter().enumerate() {
        for face in &seen.faces {
            first.entry(face.track).or_insert(frame);
            if face.temporal.is_none() {
                open.entry(face.track).or_insert(frame);
            }
        }
    }
    // A clip over a frame begins less than a clip's length before it, and not before its track.
    let needed = open.into_iter().map(|(track, frame)| {
        let start = frame.saturating_sub(clip_length.saturating_sub(1));
        first.get(&track).map_or(start, |first| start.max(*first))
    });
    needed.min().unwrap_or(frames.len())
}
