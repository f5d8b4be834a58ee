//! `Timeline::rows` in slices, so that a long video never holds up the page. Labels are smoothed afterwards by
//! [`Smoother`](crate::smoother::Smoother).

use std::borrow::Cow;
use std::collections::BTreeMap;

use shared_model::expression::{ClassScores, Expression};
use shared_model::people::People;
use shared_model::timeline::{FrameRow, Timeline, TrackedFace};

use crate::label_view::{LabelView, TrackView};

const NONE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    LastSeen,
    NextFace,
    Rows,
    Gaps,
    Finished,
}

/// Builds the rows of the frames that a timeline has at the start; later frames wait for the next build.
#[derive(Debug)]
pub struct RowBuilder {
    people: People,
    frame_count: usize,
    phase: Phase,
    cursor: usize,
    /// Last frame of each track.
    last_seen: BTreeMap<u32, usize>,
    /// The next frame with a face, for each frame, `NONE` after the last.
    next_face: Vec<u32>,
    /// The last frame with a face so far.
    previous: Option<usize>,
    tracks: BTreeMap<u32, Vec<u32>>,
    gaps: Gaps,
    view: LabelView,
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
        let frame_count = timeline.frames().len();
        Self {
            people,
            frame_count,
            phase: Phase::LastSeen,
            cursor: 0,
            last_seen: BTreeMap::new(),
            next_face: vec![NONE; frame_count],
            previous: None,
            tracks: BTreeMap::new(),
            gaps: Gaps::default(),
            view: LabelView {
                is_unrelated: timeline.is_unrelated(),
                ..LabelView::default()
            },
        }
    }

    /// Works on about `budget` frames; true when all is done.
    pub fn step(&mut self, timeline: &Timeline, budget: usize) -> bool {
        let end = self.cursor.saturating_add(budget.max(1)).min(self.frame_count);
        match self.phase {
            Phase::LastSeen => {
                for frame in self.cursor..end {
                    for face in self.faces_of(timeline, frame).iter() {
                        self.last_seen.insert(face.track, frame);
                    }
                }
                self.advance(end, Phase::NextFace);
            }
            Phase::NextFace => {
                // Runs from the last frame to the first.
                for frame in (self.frame_count - end..self.frame_count - self.cursor).rev() {
                    let next = if self.faces_of(timeline, frame).is_empty() {
                        self.next_face.get(frame + 1).copied().unwrap_or(NONE)
                    } else {
                        u32::try_from(frame).unwrap_or(NONE)
                    };
                    if let Some(place) = self.next_face.get_mut(frame) {
                        *place = next;
                    }
                }
                self.advance(end, Phase::Rows);
            }
            Phase::Rows => {
                for frame in self.cursor..end {
                    self.add_frame(timeline, frame);
                }
                self.advance(end, Phase::Gaps);
                if self.phase == Phase::Gaps {
                    let tracks = std::mem::take(&mut self.tracks);
                    self.view.tracks = tracks
                        .into_iter()
                        .map(|(track, series)| TrackView {
                            track,
                            series,
                            ..TrackView::default()
                        })
                        .collect();
                }
            }
            Phase::Gaps => self.fill_gaps(budget),
            Phase::Finished => {}
        }
        self.phase == Phase::Finished
    }

    /// The rows, unsmoothed.
    #[must_use]
    pub fn finish(self) -> LabelView {
        self.view
    }

    fn faces_of<'a>(&self, timeline: &'a Timeline, frame: usize) -> Cow<'a, [TrackedFace]> {
        let seen = timeline.frames().get(frame);
        self.people
            .faces(frame, seen.map_or(&[], |seen| seen.faces.as_slice()))
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
        self.view.times.push(time_s);
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
        if let (Some(track), Ok(index)) = (owner, u32::try_from(self.view.rows.len())) {
            self.tracks.entry(track).or_default().push(index);
        }
        self.view.rows.push(row);
    }

    /// The track that a frame without a face belongs to: the one around it, else the nearest. None where frames are unrelated.
    fn owner_of(&self, timeline: &Timeline, frame: usize) -> Option<u32> {
        if self.view.is_unrelated {
            return None;
        }
        let before = self
            .previous
            .map(|previous| (previous, self.faces_of(timeline, previous)));
        let after = self
            .next_face
            .get(frame)
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
        let LabelView { rows, tracks, .. } = &mut self.view;
        while let Some(track) = tracks.get(self.gaps.track) {
            let series = &track.series;
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
            self.cursor = 0;
            self.gaps = Gaps {
                track: self.gaps.track + 1,
                ..Gaps::default()
            };
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
    use crate::smoother::Smoother;
    use shared_model::face_box::FaceBox;
    use shared_model::smoothing::Smoothing;
    use shared_model::timeline::Prediction;

    /// A small generator of its own, so that a failure can be repeated.
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, limit: u64) -> u64 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % limit
        }

        fn scores(&mut self) -> ClassScores {
            let parts: [f32; 8] = std::array::from_fn(|_| 1.0 + self.below(100) as f32);
            let sum: f32 = parts.iter().sum();
            parts.map(|part| part / sum)
        }
    }

    /// Tracks that begin, pause and end, with frames of uneven length; of every third seed the frames are unrelated.
    fn random_timeline(seed: u64) -> Timeline {
        let mut dice = Dice(seed);
        let mut timeline = Timeline::new();
        timeline.set_unrelated(seed % 3 == 2);
        timeline.set_start_s(seed as f64 / 90.0);
        let mut here = [false; 4];
        let mut time_s = 0.0;
        for frame in 0..dice.below(400) as usize {
            for present in &mut here {
                if dice.below(12) == 0 {
                    *present = !*present;
                }
            }
            let faces: Vec<_> = (0..4u32)
                .filter(|track| here[*track as usize])
                .map(|track| TrackedFace {
                    track,
                    face_box: FaceBox::whole(10, 10),
                    raw: dice.scores(),
                    temporal: (dice.below(3) > 0).then(|| dice.scores()),
                })
                .collect();
            timeline.push(Prediction::Seen { frame, time_s, faces });
            time_s += 0.01 * (1 + dice.below(8)) as f64;
        }
        timeline
    }

    #[test]
    fn slices_give_the_rows_of_the_whole() {
        for seed in 0..60 {
            let timeline = random_timeline(seed);
            let mut dice = Dice(seed + 1000);
            for smoothing in Smoothing::ALL {
                let window = dice.below(70) as usize;
                let mut builder = RowBuilder::new(&timeline);
                while !builder.step(&timeline, 1 + dice.below(50) as usize) {}
                let mut view = builder.finish();
                let mut smoother = Smoother::new(smoothing, window);
                while !smoother.step(&mut view, 1 + dice.below(50) as usize) {}
                assert_eq!(view.rows, timeline.rows(smoothing, window), "seed {seed}");
            }
        }
    }

    /// A face that a person says to be the one of another picture is smoothed by that one neither.
    #[test]
    fn people_join_no_unrelated_frames() {
        let timeline = random_timeline(2);
        assert!(timeline.is_unrelated());
        let mut people = People::default();
        for track in 1..4 {
            people.merge(track, 0);
        }
        let view = LabelView::of_people(&timeline, people, Smoothing::Sliding, 30);
        assert_eq!(view.tracks.len(), 1);
        let track = &view.tracks[0];
        for index in &track.series {
            let row = &view.rows[*index as usize];
            assert_eq!(row.smoothed, row.temporal.or(row.raw));
        }
        assert_eq!(track.runs.runs().len(), track.series.len());
        for row in view.rows.iter().filter(|row| row.face_box.is_none()) {
            assert!(row.probabilities.is_none() && row.smoothed.is_none());
        }
    }

    #[test]
    fn frames_are_found_by_time() {
        let timeline = random_timeline(3);
        let view = LabelView::of(&timeline, Smoothing::None, 1);
        assert!(view.frame_count() > 10);
        for frame in 0..view.frame_count() {
            assert_eq!(view.frame_at(view.middle_of(frame)), Some(frame));
            assert!(view.rows_of(frame).iter().all(|row| row.frame == frame));
            assert!(!view.rows_of(frame).is_empty());
        }
        for track in &view.tracks {
            let row = view.rows.get(track.series[0] as usize).unwrap();
            assert_eq!(view.row_of(track, row.frame), Some(row));
        }
    }
}
