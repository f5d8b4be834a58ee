//! The rows that are shown and exported, of all that was seen: in slices, so that a long video never holds up the page, and by
//! person where somebody has said who is who.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use crate::expression::{ClassScores, Expression};
use crate::people::People;
use crate::smoothing::Smoothing;
use crate::timeline::{FrameRow, Timeline, TrackedFace};

/// The rows of a timeline, and which of them belong together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FrameRows {
    /// One row a frame and face, and one for each frame without a face, in order.
    pub rows: Vec<FrameRow>,
    /// Start of each frame in seconds.
    pub times: Vec<f64>,
    /// By track, or by person: number, and places in `rows`, ascending; frames without a face that belong to it are in.
    pub series: Vec<(u32, Vec<u32>)>,
    /// Whether the frames have nothing to do with one another, see [`Timeline::is_unrelated`].
    pub is_unrelated: bool,
}

/// Gives the rows at these places of a series their smoothed labels; those around are looked at as far as the window reaches.
/// `series` holds places in `rows`. A window is at least one frame.
pub fn label_slice(
    rows: &mut [FrameRow],
    series: &[u32],
    slice: Range<usize>,
    smoothing: Smoothing,
    window: usize,
) {
    let window = window.max(1);
    let Range { start, end } = slice;
    let reach = smoothing.reach(start..end, series.len(), window);
    let before = start - reach.start;
    let around = series.get(reach).unwrap_or_default().iter();
    // A track has probabilities in all its rows or in none.
    let probabilities: Vec<ClassScores> = around
        .filter_map(|index| rows.get(*index as usize)?.probabilities)
        .collect();
    let labels = smoothing.apply(&probabilities, window).into_iter().skip(before);
    for (index, label) in series.get(start..end).unwrap_or_default().iter().zip(labels) {
        if let Some(row) = rows.get_mut(*index as usize) {
            row.smoothed = Some(label);
        }
    }
}

impl FrameRows {
    /// The first frame whose rows may be others now: `timeline` has changed since these rows were made of it. `changed` is the first frame
    /// that was added or refined; which faces the frames before had is as it was.
    #[must_use]
    pub fn first_outdated(&self, timeline: &Timeline, people: &People, changed: usize) -> usize {
        let faces = |frame: usize| faces_of(timeline, people, frame);
        let mut first = changed.min(self.times.len());
        // Who comes back owns the frames without a face that they left behind.
        for frame in changed..timeline.frames().len() {
            for face in faces(frame).iter() {
                if let Some(gap) = self.last_seen(face.track, frame).map(|last| last + 1)
                    && gap < first
                    && faces(gap).is_empty()
                {
                    first = gap;
                }
            }
        }
        // What is filled or owned is so from both sides: a stretch without a face is made anew as a whole.
        loop {
            let before = first;
            while first > 0 && faces(first - 1).is_empty() {
                first -= 1;
            }
            for (_, series) in &self.series {
                let place = series.partition_point(|row| self.frame_of(*row) < first);
                let kept = series.get(..place).unwrap_or_default().iter().rev();
                let gap = kept.take_while(|row| !has_face(&self.rows, **row)).last();
                first = gap.map_or(first, |row| self.frame_of(*row));
            }
            if first == before {
                return first;
            }
        }
    }

    /// The last frame before `frame` in which a track, or person, was seen.
    fn last_seen(&self, track: u32, frame: usize) -> Option<usize> {
        let (_, series) = self.series.iter().find(|(number, _)| *number == track)?;
        let place = series.partition_point(|row| self.frame_of(*row) < frame);
        let before = series.get(..place)?.iter().rev();
        let mut seen = before.filter(|row| has_face(&self.rows, **row));
        seen.next().map(|row| self.frame_of(*row))
    }

    fn frame_of(&self, row: u32) -> usize {
        self.rows.get(row as usize).map_or(usize::MAX, |row| row.frame)
    }

    /// Forgets the rows from a frame on.
    fn truncate(&mut self, frame: usize) {
        let kept = self.rows.partition_point(|row| row.frame < frame);
        self.rows.truncate(kept);
        self.times.truncate(frame);
        for (_, series) in &mut self.series {
            let left = series.partition_point(|row| (*row as usize) < kept);
            series.truncate(left);
        }
        self.series.retain(|(_, series)| !series.is_empty());
    }
}

/// Faces of a frame, told by person.
fn faces_of<'a>(timeline: &'a Timeline, people: &People, frame: usize) -> Cow<'a, [TrackedFace]> {
    let seen = timeline.frames().get(frame);
    people.faces(frame, seen.map_or(&[], |seen| seen.faces.as_slice()))
}

impl Timeline {
    /// One row a frame and face, and one row for each frame without a face, in order.
    ///
    /// A frame without a face belongs to the track around it, or to the nearest one, for
    /// interpolation and for the window; windows never cross tracks. Of unrelated frames each stands for itself: its labels
    /// are smoothed by nothing, and without a face it has none.
    #[must_use]
    pub fn rows(&self, smoothing: Smoothing, window: usize) -> Vec<FrameRow> {
        self.rows_of_people(&People::default(), smoothing, window)
    }

    /// As [`Timeline::rows`], with faces told by person instead of by track.
    #[must_use]
    pub fn rows_of_people(&self, people: &People, smoothing: Smoothing, window: usize) -> Vec<FrameRow> {
        let mut builder = RowBuilder::of_people(self, people.clone());
        while !builder.step(self, usize::MAX) {}
        let mut found = builder.finish();
        let window = if found.is_unrelated { 1 } else { window };
        for (_, series) in &found.series {
            label_slice(&mut found.rows, series, 0..series.len(), smoothing, window);
        }
        found.rows
    }
}

const NONE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    LastSeen,
    NextFace,
    Rows,
    Gaps,
    Finished,
}

/// Builds the rows of the frames that a timeline has at the start; later frames wait for the next build, which goes on from those rows.
#[derive(Debug)]
pub struct RowBuilder {
    people: People,
    /// The first frame that is built, and how many are, that one included.
    first: usize,
    frame_count: usize,
    phase: Phase,
    /// Frames of `frame_count` that this phase is done with; in the last phase the place in a series.
    cursor: usize,
    /// Last frame of each track.
    last_seen: BTreeMap<u32, usize>,
    /// The next frame with a face, for each frame that is built, `NONE` after the last.
    next_face: Vec<u32>,
    /// The last frame with a face so far.
    previous: Option<usize>,
    tracks: BTreeMap<u32, Vec<u32>>,
    gaps: Gaps,
    /// Rows that were there already.
    kept_rows: usize,
    found: FrameRows,
}

/// Where the filling of gaps stands.
#[derive(Debug, Default)]
struct Gaps {
    track: usize,
    before: Option<u32>,
    /// Place in the series of the next row with a face; found once a gap.
    after: Option<usize>,
}

impl RowBuilder {
    /// For the frames that are there now.
    #[must_use]
    pub fn new(timeline: &Timeline) -> Self {
        Self::of_people(timeline, People::default())
    }

    /// The same, with faces told by person instead of by track.
    #[must_use]
    pub fn of_people(timeline: &Timeline, people: People) -> Self {
        let found = FrameRows {
            is_unrelated: timeline.is_unrelated(),
            ..FrameRows::default()
        };
        Self::going_on(timeline, people, found, 0)
    }

    /// Goes on from rows that were built of the same timeline and people before. Those from the frame `first` on are built anew: no more
    /// than [`FrameRows::first_outdated`] says.
    #[must_use]
    pub fn going_on(timeline: &Timeline, people: People, mut found: FrameRows, first: usize) -> Self {
        let first = first.min(timeline.frames().len()).min(found.times.len());
        found.truncate(first);
        let frame_count = timeline.frames().len() - first;
        let previous = (0..first)
            .rev()
            .find(|frame| !faces_of(timeline, &people, *frame).is_empty());
        let tracks = std::mem::take(&mut found.series).into_iter().collect();
        Self {
            people,
            first,
            frame_count,
            phase: Phase::LastSeen,
            cursor: 0,
            last_seen: BTreeMap::new(),
            next_face: vec![NONE; frame_count],
            previous,
            tracks,
            gaps: Gaps::default(),
            kept_rows: found.rows.len(),
            found,
        }
    }

    /// Works on about `budget` frames; true when all is done.
    pub fn step(&mut self, timeline: &Timeline, budget: usize) -> bool {
        let end = self.cursor.saturating_add(budget.max(1)).min(self.frame_count);
        match self.phase {
            Phase::LastSeen => {
                for frame in self.first + self.cursor..self.first + end {
                    for face in self.faces_of(timeline, frame).iter() {
                        self.last_seen.insert(face.track, frame);
                    }
                }
                self.advance(end, Phase::NextFace);
            }
            Phase::NextFace => {
                // Runs from the last frame to the first.
                for place in (self.frame_count - end..self.frame_count - self.cursor).rev() {
                    let frame = self.first + place;
                    let next = if self.faces_of(timeline, frame).is_empty() {
                        self.next_face.get(place + 1).copied().unwrap_or(NONE)
                    } else {
                        u32::try_from(frame).unwrap_or(NONE)
                    };
                    if let Some(known) = self.next_face.get_mut(place) {
                        *known = next;
                    }
                }
                self.advance(end, Phase::Rows);
            }
            Phase::Rows => {
                for frame in self.first + self.cursor..self.first + end {
                    self.add_frame(timeline, frame);
                }
                self.advance(end, Phase::Gaps);
                if self.phase == Phase::Gaps {
                    let tracks = std::mem::take(&mut self.tracks);
                    self.found.series = tracks.into_iter().collect();
                    self.begin_series();
                }
            }
            Phase::Gaps => self.fill_gaps(budget),
            Phase::Finished => {}
        }
        self.phase == Phase::Finished
    }

    /// The rows, unsmoothed.
    #[must_use]
    pub fn finish(self) -> FrameRows {
        self.found
    }

    fn faces_of<'a>(&self, timeline: &'a Timeline, frame: usize) -> Cow<'a, [TrackedFace]> {
        faces_of(timeline, &self.people, frame)
    }

    /// The next series is filled from its first new row on; the one before that has a face.
    fn begin_series(&mut self) {
        let FrameRows { rows, series, .. } = &self.found;
        let Some((_, series)) = series.get(self.gaps.track) else {
            return;
        };
        self.cursor = series.partition_point(|row| (*row as usize) < self.kept_rows);
        let kept = series.get(..self.cursor).and_then(<[u32]>::last).copied();
        self.gaps.before = kept.filter(|row| has_face(rows, *row));
    }

    fn advance(&mut self, end: usize, next: Phase) {
        self.cursor = end;
        if end == self.frame_count {
            self.cursor = 0;
            self.phase = next;
        }
    }

    fn add_frame(&mut self, timeline: &Timeline, frame: usize) {
        let time_s = timeline.frames().get(frame).map_or(0.0, |f| f.time_s);
        self.found.times.push(time_s);
        let faces = self.faces_of(timeline, frame);
        let empty = FrameRow {
            media_s: Some(time_s + timeline.start_s()),
            ..FrameRow::without_face(frame, time_s)
        };
        if faces.is_empty() {
            let owner = self.owner_of(timeline, frame);
            self.add_row(owner, empty);
            return;
        }
        for face in faces.iter() {
            let row = empty.clone().of_face(face);
            self.add_row(Some(face.track), row);
        }
        self.previous = Some(frame);
    }

    fn add_row(&mut self, owner: Option<u32>, row: FrameRow) {
        if let (Some(track), Ok(index)) = (owner, u32::try_from(self.found.rows.len())) {
            self.tracks.entry(track).or_default().push(index);
        }
        self.found.rows.push(row);
    }

    /// The track that a frame without a face belongs to: the one around it, else the nearest. None where frames are unrelated.
    fn owner_of(&self, timeline: &Timeline, frame: usize) -> Option<u32> {
        if self.found.is_unrelated {
            return None;
        }
        let before = self
            .previous
            .map(|previous| (previous, self.faces_of(timeline, previous)));
        let after = self
            .next_face
            .get(frame - self.first)
            .filter(|next| **next != NONE)
            .map(|next| *next as usize);
        let after_track = after.and_then(|next| self.faces_of(timeline, next).first().map(|face| face.track));
        let Some((previous, faces)) = before else {
            return after_track;
        };
        let goes_on = |face: &&TrackedFace| self.last_seen.get(&face.track).is_some_and(|last| *last > frame);
        let nearest = match after {
            Some(next) if frame - previous > next - frame => after_track,
            _ => faces.first().map(|face| face.track),
        };
        faces
            .iter()
            .find(goes_on)
            .map_or(nearest, |face| Some(face.track))
    }

    fn fill_gaps(&mut self, budget: usize) {
        let mut left = budget.max(1);
        loop {
            let FrameRows {
                rows, series: all, ..
            } = &mut self.found;
            let Some((_, series)) = all.get(self.gaps.track) else {
                break;
            };
            while let Some(index) = series.get(self.cursor) {
                if left == 0 {
                    return;
                }
                left -= 1;
                let place = self.cursor;
                self.cursor += 1;
                if has_face(rows, *index) {
                    self.gaps.before = Some(*index);
                    continue;
                }
                if self.gaps.after.is_none_or(|after| after < place) {
                    let found =
                        (place..series.len()).find(|i| series.get(*i).is_some_and(|r| has_face(rows, *r)));
                    self.gaps.after = Some(found.unwrap_or(series.len()));
                }
                let after = self.gaps.after.and_then(|after| series.get(after));
                fill(rows, *index, self.gaps.before, after.copied());
            }
            self.gaps = Gaps {
                track: self.gaps.track + 1,
                ..Gaps::default()
            };
            self.begin_series();
        }
        self.phase = Phase::Finished;
    }
}

fn has_face(rows: &[FrameRow], index: u32) -> bool {
    rows.get(index as usize).is_some_and(|row| row.face_box.is_some())
}

/// Probabilities linear in time between the rows around, or those of the only one.
fn fill(rows: &mut [FrameRow], index: u32, before: Option<u32>, after: Option<u32>) {
    let Some(time_s) = rows.get(index as usize).map(|row| row.time_s) else {
        return;
    };
    let known = |place: Option<u32>| place.and_then(|place| rows.get(place as usize));
    let (has_temporal, probabilities) = match (known(before), known(after)) {
        (Some(a), Some(b)) => (a.temporal.is_some() && b.temporal.is_some(), mix(a, b, time_s)),
        (Some(only), None) | (None, Some(only)) => (only.temporal.is_some(), only.probabilities),
        (None, None) => (false, None),
    };
    if let Some(row) = rows.get_mut(index as usize) {
        row.temporal = probabilities
            .as_ref()
            .filter(|_| has_temporal)
            .map(Expression::argmax);
        row.probabilities = probabilities;
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
    let mut mixed = a;
    for (value, other) in mixed.iter_mut().zip(b) {
        *value = *value * (1.0 - part) + other * part;
    }
    Some(mixed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::Prediction;
    use crate::timeline::tests::timeline;

    #[test]
    fn gaps_are_interpolated_and_ends_take_the_nearest() {
        let rows = timeline(&[&[], &[(0, 1)], &[], &[(0, 4)], &[]]).rows(Smoothing::NONE, 1);
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
        let rows = timeline(&[&[], &[], &[]]).rows(Smoothing::SLIDING, 30);
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
        for row in timeline(&frames).rows(Smoothing::SLIDING, 30) {
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
        for smoothing in Smoothing::ALL.iter().copied() {
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
        let rows = timeline.rows(Smoothing::NONE, 1);
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
    fn refinement_replaces_raw_probabilities() {
        let mut timeline = timeline(&[&[(0, 1)]]);
        let temporal = std::array::from_fn(|i| if i == 6 { 0.93 } else { 0.01 });
        timeline.push(Prediction::Refined {
            frame: 0,
            track: 0,
            temporal,
        });
        let rows = timeline.rows(Smoothing::SLIDING, 30);
        assert_eq!(rows[0].raw, Some(Expression::Anger));
        assert_eq!(rows[0].temporal, Some(Expression::Surprise));
        assert_eq!(rows[0].smoothed, Some(Expression::Surprise));
    }
}
