//! All that was seen in one video, and the rows that are shown and exported.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::expression::{ClassScores, Expression};
use crate::face_box::FaceBox;
use crate::smoothing::Smoothing;

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

    /// One row a frame and face, and one row for each frame without a face, in order.
    ///
    /// A frame without a face belongs to the track around it, or to the nearest one, for
    /// interpolation and for the window; windows never cross tracks. Of unrelated frames each stands for itself: its labels
    /// are smoothed by nothing, and without a face it has none.
    #[must_use]
    pub fn rows(&self, smoothing: Smoothing, window: usize) -> Vec<FrameRow> {
        let window = if self.is_unrelated { 1 } else { window };
        let mut rows = self.unsmoothed_rows();
        let mut series: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (index, owner) in self.owners().into_iter().enumerate() {
            if let Some(track) = owner {
                series.entry(track).or_default().push(index);
            }
        }
        for indices in series.values() {
            Self::interpolate(&mut rows, indices);
            let (kept, probabilities): (Vec<usize>, Vec<ClassScores>) = indices
                .iter()
                .filter_map(|i| rows[*i].probabilities.map(|p| (*i, p)))
                .unzip();
            for (index, label) in kept.into_iter().zip(smoothing.apply(&probabilities, window)) {
                rows[index].smoothed = Some(label);
            }
        }
        rows
    }

    fn unsmoothed_rows(&self) -> Vec<FrameRow> {
        let mut rows = Vec::with_capacity(self.frames.len());
        for (frame, TimelineFrame { time_s, faces }) in self.frames.iter().enumerate() {
            let empty = FrameRow {
                media_s: Some(time_s + self.start_s),
                ..FrameRow::without_face(frame, *time_s)
            };
            if faces.is_empty() {
                rows.push(empty);
                continue;
            }
            rows.extend(faces.iter().map(|face| empty.clone().of_face(face)));
        }
        rows
    }

    /// The track each row belongs to, also for rows without a face where frames follow one another.
    fn owners(&self) -> Vec<Option<u32>> {
        let mut last_seen: BTreeMap<u32, usize> = BTreeMap::new();
        for (frame, TimelineFrame { faces, .. }) in self.frames.iter().enumerate() {
            for face in faces {
                last_seen.insert(face.track, frame);
            }
        }
        // The next frame with a face, for each frame.
        let mut next_face: Vec<Option<(usize, u32)>> = vec![None; self.frames.len()];
        let mut upcoming = None;
        for (frame, TimelineFrame { faces, .. }) in self.frames.iter().enumerate().rev() {
            if let Some(face) = faces.first() {
                upcoming = Some((frame, face.track));
            }
            next_face[frame] = upcoming;
        }
        let mut owners = Vec::new();
        let mut previous: Option<(usize, &[TrackedFace])> = None;
        for (frame, TimelineFrame { faces, .. }) in self.frames.iter().enumerate() {
            if !faces.is_empty() {
                owners.extend(faces.iter().map(|face| Some(face.track)));
                previous = Some((frame, faces));
                continue;
            }
            let through = previous.and_then(|(_, faces)| {
                faces
                    .iter()
                    .find(|face| last_seen.get(&face.track).is_some_and(|l| *l > frame))
            });
            if self.is_unrelated {
                owners.push(None);
                continue;
            }
            owners.push(match (through, previous, next_face[frame]) {
                (Some(face), _, _) => Some(face.track),
                (None, Some((before, faces)), Some((after, next))) => {
                    if frame - before <= after - frame {
                        faces.first().map(|face| face.track)
                    } else {
                        Some(next)
                    }
                }
                (None, Some((_, faces)), None) => faces.first().map(|face| face.track),
                (None, None, next) => next.map(|(_, track)| track),
            });
        }
        owners
    }

    /// Fills probabilities of one track's rows without a face, linearly in time between the
    /// nearest rows with one, and with the nearest at the ends.
    fn interpolate(rows: &mut [FrameRow], indices: &[usize]) {
        let known: Vec<usize> = indices
            .iter()
            .copied()
            .filter(|i| rows[*i].face_box.is_some())
            .collect();
        for index in indices {
            if rows[*index].face_box.is_some() {
                continue;
            }
            let split = known.partition_point(|k| k < index);
            let before = split.checked_sub(1).and_then(|i| known.get(i)).map(|i| &rows[*i]);
            let after = known.get(split).map(|i| &rows[*i]);
            let time_s = rows[*index].time_s;
            let (temporal, probabilities) = match (before, after) {
                (Some(a), Some(b)) => (a.temporal.and(b.temporal), mix(a, b, time_s)),
                (Some(only), None) | (None, Some(only)) => (only.temporal, only.probabilities),
                (None, None) => (None, None),
            };
            rows[*index].temporal = temporal.and(probabilities.as_ref().map(Expression::argmax));
            rows[*index].probabilities = probabilities;
        }
    }
}

fn mix(before: &FrameRow, after: &FrameRow, time_s: f64) -> Option<ClassScores> {
    let (a, b) = (before.probabilities?, after.probabilities?);
    let span = after.time_s - before.time_s;
    let part = if span > 0.0 {
        ((time_s - before.time_s) / span) as f32
    } else {
        0.5
    };
    Some(std::array::from_fn(|i| a[i] * (1.0 - part) + b[i] * part))
}

#[cfg(test)]
mod tests {
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

    fn timeline(frames: &[&[(u32, usize)]]) -> Timeline {
        let mut timeline = Timeline::new();
        for (frame, faces) in frames.iter().enumerate() {
            timeline.push(seen(frame, faces));
        }
        timeline
    }

    #[test]
    fn gaps_are_interpolated_and_ends_take_the_nearest() {
        let rows = timeline(&[&[], &[(0, 1)], &[], &[(0, 4)], &[]]).rows(Smoothing::None, 1);
        assert_eq!(rows.len(), 5);
        let p = |i: usize| rows[i].probabilities.unwrap();
        assert_eq!(p(0), p(1));
        assert!((p(2)[1] - 0.47).abs() < 1e-6 && (p(2)[4] - 0.47).abs() < 1e-6);
        assert_eq!(p(4), p(3));
        assert!(rows[2].track.is_none() && rows[2].face_box.is_none() && rows[2].raw.is_none());
        for row in &rows {
            assert!((row.probabilities.unwrap().iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn a_video_without_faces_has_every_frame_and_no_probabilities() {
        let rows = timeline(&[&[], &[], &[]]).rows(Smoothing::Sliding, 30);
        assert_eq!(rows.len(), 3);
        assert!(
            rows.iter()
                .all(|r| r.probabilities.is_none() && r.smoothed.is_none())
        );
    }

    #[test]
    fn windows_do_not_cross_tracks() {
        let frames: Vec<Vec<(u32, usize)>> = (0..20).map(|_| vec![(0, 1), (1, 4)]).collect();
        let frames: Vec<&[(u32, usize)]> = frames.iter().map(Vec::as_slice).collect();
        for row in timeline(&frames).rows(Smoothing::Sliding, 30) {
            let expected = if row.track == Some(0) {
                Expression::Anger
            } else {
                Expression::Happiness
            };
            assert_eq!(row.smoothed, Some(expected));
        }
    }

    /// Even where a person says that the faces of several pictures are one's.
    #[test]
    fn unrelated_frames_stand_for_themselves() {
        let mut timeline = timeline(&[&[(0, 1)], &[(0, 4)], &[], &[(0, 4), (7, 2)], &[]]);
        timeline.set_unrelated(true);
        for smoothing in Smoothing::ALL {
            let rows = timeline.rows(smoothing, 30);
            let labels: Vec<_> = rows
                .iter()
                .map(|row| row.smoothed.map(Expression::index))
                .collect();
            assert_eq!(
                labels,
                [Some(1), Some(4), None, Some(4), Some(2), None],
                "{smoothing:?}"
            );
            for row in &rows {
                assert_eq!(row.smoothed, row.raw);
                assert_eq!(row.probabilities, row.raw_probabilities);
                assert_eq!(row.probabilities.is_some(), row.face_box.is_some());
            }
        }
    }

    #[test]
    fn the_head_and_the_media_s_clock_stay_beside_the_temporal_output() {
        let mut timeline = timeline(&[&[(0, 1)], &[]]);
        let temporal = std::array::from_fn(|i| if i == 6 { 0.93 } else { 0.01 });
        timeline.push(Prediction::Refined {
            frame: 0,
            track: 0,
            temporal,
        });
        timeline.set_start_s(1.25);
        let rows = timeline.rows(Smoothing::None, 1);
        assert_eq!(rows[0].probabilities, Some(temporal));
        assert_eq!(rows[0].raw_probabilities, Some(timeline.frames()[0].faces[0].raw));
        // The frame without a face is filled from its neighbour; the head said nothing of it.
        assert_eq!(
            (rows[1].probabilities, rows[1].raw_probabilities),
            (Some(temporal), None)
        );
        assert_eq!((rows[0].media_s, rows[1].media_s), (Some(1.25), Some(1.29)));
        assert_eq!(timeline.without_frames().start_s(), 1.25);
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
        let classes: Vec<_> = again
            .rows(Smoothing::None, 1)
            .iter()
            .map(|row| row.raw.map(Expression::index))
            .collect();
        assert_eq!(classes, [Some(5), None, Some(3)]);
        again.replace(seen(2, &[(0, 3)]));
        again.replace(seen(3, &[(0, 4)]));
        assert_eq!(again.frames().len(), 4);
        again.truncate(1);
        assert!(again == timeline(&[&[(0, 5)]]));
    }

    #[test]
    fn refinement_replaces_raw_probabilities() {
        let mut timeline = timeline(&[&[(0, 1)]]);
        let temporal = std::array::from_fn(|i| if i == 6 { 0.93 } else { 0.01 });
        timeline.push(Prediction::Refined {
            frame: 0,
            track: 0,
            temporal,
        });
        let rows = timeline.rows(Smoothing::Sliding, 30);
        assert_eq!(rows[0].raw, Some(Expression::Anger));
        assert_eq!(rows[0].temporal, Some(Expression::Surprise));
        assert_eq!(rows[0].smoothed, Some(Expression::Surprise));
    }
}
