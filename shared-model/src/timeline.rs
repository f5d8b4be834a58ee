//! All that was seen in one video, frame by frame; its rows are made by [`crate::timeline_rows`].

use serde::{Deserialize, Serialize};

use crate::expression::{ClassScores, Expression};
use crate::face_box::FaceBox;

/// One face in one frame.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TrackedFace {
    /// Which face, counted from 0 in order of appearance.
    pub track: u32,
    /// Where, in pixels of the full frame.
    pub face_box: FaceBox,
    /// Softmax of the per-frame head.
    pub raw: ClassScores,
    /// Probabilities of the temporal encoder, once the clips over this frame are done.
    pub temporal: Option<ClassScores>,
}

impl TrackedFace {
    /// The best probabilities at hand: temporal, else raw.
    #[must_use]
    pub fn probabilities(&self) -> &ClassScores {
        self.temporal.as_ref().unwrap_or(&self.raw)
    }
}

/// What the recogniser says about a stream of frames.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Prediction {
    /// A frame was looked at; it may hold no face.
    Seen {
        /// Frame number from 0, in order.
        frame: usize,
        /// Presentation time in seconds, 0 at the first frame.
        time_s: f64,
        /// Faces with their per-frame probabilities.
        faces: Vec<TrackedFace>,
    },
    /// A face's temporal probabilities are final.
    Refined {
        /// Frame number.
        frame: usize,
        /// Track of the face.
        track: u32,
        /// Mean over the clips that cover the frame.
        temporal: ClassScores,
    },
}

/// A decoded frame with the faces in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimelineFrame {
    /// Presentation time in seconds, 0 at the first frame.
    pub time_s: f64,
    /// Faces in this frame, by track.
    pub faces: Vec<TrackedFace>,
}

/// One line of the per-frame csv.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FrameRow {
    /// Frame number from 0.
    pub frame: usize,
    /// Presentation time in seconds, 0 at the first frame.
    pub time_s: f64,
    /// Presentation time on the media's own clock in seconds, see [`Timeline::start_s`]; `None` where that clock is not known.
    pub media_s: Option<f64>,
    /// Track, `None` in a frame without a face.
    pub track: Option<u32>,
    /// Box, `None` in a frame without a face.
    pub face_box: Option<FaceBox>,
    /// Final probabilities; interpolated where no face was, `None` if the video has no face at all (or the frames are
    /// unrelated, so that there is nothing to interpolate from).
    pub probabilities: Option<ClassScores>,
    /// Probabilities of the per-frame head, `None` where no face was: they are never interpolated.
    pub raw_probabilities: Option<ClassScores>,
    /// Label of the per-frame head, `None` where no face was.
    pub raw: Option<Expression>,
    /// Label of the temporal encoder, `None` without one.
    pub temporal: Option<Expression>,
    /// Label after smoothing.
    pub smoothed: Option<Expression>,
    /// Label a person gave.
    pub reviewed: Option<Expression>,
}

impl FrameRow {
    /// The row of a frame of which nothing but its time is known.
    #[must_use]
    pub fn without_face(frame: usize, time_s: f64) -> Self {
        Self {
            frame,
            time_s,
            media_s: None,
            track: None,
            face_box: None,
            probabilities: None,
            raw_probabilities: None,
            raw: None,
            temporal: None,
            smoothed: None,
            reviewed: None,
        }
    }

    /// When players and other programs say that it is shown: seconds on the media's own clock, on the first frame's where that
    /// is not known.
    #[must_use]
    pub fn shown_s(&self) -> f64 {
        self.media_s.unwrap_or(self.time_s)
    }

    /// The row of a face.
    #[must_use]
    pub fn of_face(self, face: &TrackedFace) -> Self {
        Self {
            track: Some(face.track),
            face_box: Some(face.face_box),
            probabilities: Some(*face.probabilities()),
            raw_probabilities: Some(face.raw),
            raw: Some(Expression::argmax(&face.raw)),
            temporal: face.temporal.as_ref().map(Expression::argmax),
            ..self
        }
    }
}

/// Start and end of a frame in seconds, from the starts of all frames. The last frame lasts as long as the one before it, a
/// single one a second.
#[must_use]
pub fn span_of(times_s: &[f64], frame: usize) -> (f64, f64) {
    let start_s = times_s.get(frame).copied().unwrap_or(0.0);
    let end_s = times_s.get(frame + 1).copied().unwrap_or_else(|| {
        let before = frame.checked_sub(1).and_then(|before| times_s.get(before));
        start_s + before.map_or(1.0, |before| (start_s - before).max(0.001))
    });
    (start_s, end_s)
}

/// Everything the recogniser said about one video, in frame order.
///
/// Where its frames lie on the media's clock and whether they are unrelated is no part of its own JSON, which holds the
/// frames alone: a project has both beside it ([`crate::project::Project`]).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Timeline {
    #[serde(skip)]
    start_s: f64,
    #[serde(skip)]
    is_unrelated: bool,
    frames: Vec<TimelineFrame>,
}

impl Extend<Prediction> for Timeline {
    fn extend<T: IntoIterator<Item = Prediction>>(&mut self, predictions: T) {
        predictions
            .into_iter()
            .for_each(|prediction| self.push(prediction));
    }
}

impl Timeline {
    /// An empty timeline.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Of frames that were kept.
    #[must_use]
    pub fn of_frames(frames: Vec<TimelineFrame>) -> Self {
        Self {
            frames,
            ..Self::default()
        }
    }

    /// All that is known of it but its frames.
    #[must_use]
    pub fn without_frames(&self) -> Self {
        Self {
            frames: Vec::new(),
            ..*self
        }
    }

    /// Frames so far.
    #[must_use]
    pub fn frames(&self) -> &[TimelineFrame] {
        &self.frames
    }

    /// Starts of all frames in seconds.
    #[must_use]
    pub fn times_s(&self) -> Vec<f64> {
        self.frames.iter().map(|frame| frame.time_s).collect()
    }

    /// Time of the first frame on the media's own clock in seconds, where 0 is the earliest start of all its streams.
    #[must_use]
    pub fn start_s(&self) -> f64 {
        self.start_s
    }

    /// Sets [`Timeline::start_s`], 0 unless set.
    pub fn set_start_s(&mut self, start_s: f64) {
        self.start_s = start_s;
    }

    /// Whether the frames are pictures that have nothing to do with one another: nothing is interpolated between them and
    /// no window covers two of them, not even where a person says that two faces are one's.
    #[must_use]
    pub fn is_unrelated(&self) -> bool {
        self.is_unrelated
    }

    /// Sets [`Timeline::is_unrelated`], false unless set.
    pub fn set_unrelated(&mut self, is_unrelated: bool) {
        self.is_unrelated = is_unrelated;
    }

    /// Takes what the recogniser says. A refinement of a face that was never seen is ignored.
    pub fn push(&mut self, prediction: Prediction) {
        match prediction {
            Prediction::Seen {
                time_s, mut faces, ..
            } => {
                faces.sort_by_key(|face| face.track);
                self.frames.push(TimelineFrame { time_s, faces });
            }
            Prediction::Refined {
                frame,
                track,
                temporal,
            } => {
                let faces = self.frames.get_mut(frame).map(|f| &mut f.faces);
                if let Some(face) = faces.and_then(|faces| faces.iter_mut().find(|face| face.track == track))
                {
                    face.temporal = Some(temporal);
                }
            }
        }
    }

    /// Takes what the recogniser says when a video is read again: a frame that is there already is replaced.
    pub fn replace(&mut self, prediction: Prediction) {
        if let Prediction::Seen { frame, time_s, faces } = &prediction
            && let Some(place) = self.frames.get_mut(*frame)
        {
            let mut faces = faces.clone();
            faces.sort_by_key(|face| face.track);
            *place = TimelineFrame {
                time_s: *time_s,
                faces,
            };
            return;
        }
        self.push(prediction);
    }

    /// Forgets the frames from this number on.
    pub fn truncate(&mut self, frames: usize) {
        self.frames.truncate(frames);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn seen(frame: usize, tracks: &[(u32, usize)]) -> Prediction {
        let faces = tracks
            .iter()
            .map(|(track, class)| TrackedFace {
                track: *track,
                face_box: FaceBox::whole(10, 10),
                raw: std::array::from_fn(|i| if i == *class { 0.93 } else { 0.01 }),
                temporal: None,
            })
            .collect();
        Prediction::Seen {
            frame,
            time_s: frame as f64 / 25.0,
            faces,
        }
    }

    /// Frames whose faces are these tracks, each sure of one class.
    pub(crate) fn timeline(frames: &[&[(u32, usize)]]) -> Timeline {
        let mut timeline = Timeline::new();
        for (frame, faces) in frames.iter().enumerate() {
            timeline.push(seen(frame, faces));
        }
        timeline
    }

    #[test]
    fn a_single_frame_lasts_a_second_and_the_last_of_several_as_long_as_the_one_before() {
        assert_eq!(span_of(&[0.0], 0), (0.0, 1.0));
        assert_eq!(span_of(&[0.0, 0.5], 0), (0.0, 0.5));
        assert_eq!(span_of(&[0.0, 0.5], 1), (0.5, 1.0));
        assert_eq!(span_of(&[0.0, 0.0], 1), (0.0, 0.001));
    }

    #[test]
    fn reading_again_replaces_what_was_read_before_and_keeps_the_rest() {
        let mut again = timeline(&[&[(0, 1)], &[(0, 2)], &[(0, 3)]]);
        again.replace(seen(0, &[(0, 5)]));
        again.replace(seen(1, &[]));
        let class_of = |frame: &TimelineFrame| {
            frame
                .faces
                .first()
                .map(|face| Expression::argmax(&face.raw).index())
        };
        let classes: Vec<_> = again.frames().iter().map(class_of).collect();
        assert_eq!(classes, [Some(5), None, Some(3)]);
        again.replace(seen(2, &[(0, 3)]));
        again.replace(seen(3, &[(0, 4)]));
        assert_eq!(again.frames().len(), 4);
        again.truncate(1);
        assert!(again == timeline(&[&[(0, 5)]]));
    }
}
