//! A view made all at once; for short timelines and tests.

use shared_model::people::People;
use shared_model::smoothing::Smoothing;
use shared_model::timeline::Timeline;
use shared_model::timeline_rows::RowBuilder;

use crate::label_view::LabelView;
use crate::smoother::Smoother;

impl LabelView {
    /// Rows and labels of a whole timeline.
    #[must_use]
    pub fn of(timeline: &Timeline, smoothing: Smoothing, window: usize) -> Self {
        Self::of_people(timeline, People::default(), smoothing, window)
    }

    /// The same, with faces told by person instead of by track.
    #[must_use]
    pub fn of_people(timeline: &Timeline, people: People, smoothing: Smoothing, window: usize) -> Self {
        let mut builder = RowBuilder::of_people(timeline, people);
        while !builder.step(timeline, usize::MAX) {}
        let mut view = Self::from(builder.finish());
        let mut smoother = Smoother::new(smoothing, window);
        while !smoother.step(&mut view, usize::MAX) {}
        view
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::expression::{ClassScores, Expression};
    use shared_model::face_box::FaceBox;
    use shared_model::smoothing::Smoothing;
    use shared_model::timeline::{FrameRow, Prediction, TrackedFace};

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

    /// Who owns a frame without a face, by the rule alone: a track around it, else the first of the nearest frame with a face.
    fn owner_by_the_rule(timeline: &Timeline, frame: usize) -> Option<u32> {
        let frames = timeline.frames();
        let with_face = |frame: &usize| !frames[*frame].faces.is_empty();
        let before = (0..frame).rev().find(with_face);
        let after = (frame + 1..frames.len()).find(with_face);
        let is_seen_later = |face: &&TrackedFace| {
            let later = frames[frame..].iter().flat_map(|later| &later.faces);
            later.into_iter().any(|later| later.track == face.track)
        };
        let through = before.and_then(|before| frames[before].faces.iter().find(is_seen_later));
        let nearest = match (before, after) {
            (Some(before), Some(after)) => Some(if frame - before <= after - frame {
                before
            } else {
                after
            }),
            (one, other) => one.or(other),
        };
        let first = nearest.and_then(|nearest| frames[nearest].faces.first());
        let owner = through.or(first).map(|face| face.track);
        owner.filter(|_| !timeline.is_unrelated())
    }

    /// Fills a row without a face linearly in time between the rows of its owner around it, or from the only one.
    fn fill_by_the_rule(row: &mut FrameRow, before: Option<&FrameRow>, after: Option<&FrameRow>) {
        let (Some(one), Some(other)) = (before.or(after), after.or(before)) else {
            return;
        };
        let (a, b) = (one.probabilities.unwrap(), other.probabilities.unwrap());
        let span = other.time_s - one.time_s;
        let part = if span > 0.0 {
            ((row.time_s - one.time_s) / span) as f32
        } else {
            0.5
        };
        let between = std::array::from_fn(|class| a[class] * (1.0 - part) + b[class] * part);
        let filled = if before.is_some() && after.is_some() {
            between
        } else {
            a
        };
        row.probabilities = Some(filled);
        let has_temporal = one.temporal.is_some() && other.temporal.is_some();
        row.temporal = has_temporal.then(|| Expression::argmax(&filled));
    }

    /// The rows by the rules alone, looking through all frames for each of them.
    fn rows_by_the_rules(timeline: &Timeline, smoothing: Smoothing, window: usize) -> Vec<FrameRow> {
        let (mut rows, mut owners) = (Vec::new(), Vec::new());
        for (number, frame) in timeline.frames().iter().enumerate() {
            let row = FrameRow {
                media_s: Some(frame.time_s + timeline.start_s()),
                ..FrameRow::without_face(number, frame.time_s)
            };
            if frame.faces.is_empty() {
                rows.push(row);
                owners.push(owner_by_the_rule(timeline, number));
                continue;
            }
            rows.extend(frame.faces.iter().map(|face| row.clone().of_face(face)));
            owners.extend(frame.faces.iter().map(|face| Some(face.track)));
        }
        let seen = rows.clone();
        for (place, row) in rows.iter_mut().enumerate() {
            if row.face_box.is_none() && owners[place].is_some() {
                let is_owners =
                    |other: &usize| owners[*other] == owners[place] && seen[*other].face_box.is_some();
                let before = (0..place).rev().find(is_owners).map(|place| &seen[place]);
                let after = (place..seen.len()).find(is_owners).map(|place| &seen[place]);
                fill_by_the_rule(row, before, after);
            }
        }
        let window = if timeline.is_unrelated() { 1 } else { window.max(1) };
        for owner in 0..4 {
            let places: Vec<usize> = (0..rows.len())
                .filter(|place| owners[*place] == Some(owner))
                .collect();
            let scores: Vec<ClassScores> = places
                .iter()
                .filter_map(|place| rows[*place].probabilities)
                .collect();
            for (place, label) in places.iter().zip(smoothing.apply(&scores, window)) {
                rows[*place].smoothed = Some(label);
            }
        }
        rows
    }

    #[test]
    fn slices_give_the_rows_of_the_whole_which_are_those_of_the_rules() {
        for seed in 0..60 {
            let timeline = random_timeline(seed);
            let mut dice = Dice(seed + 1000);
            for smoothing in Smoothing::ALL.iter().copied() {
                let window = dice.below(70) as usize;
                let mut builder = RowBuilder::new(&timeline);
                while !builder.step(&timeline, 1 + dice.below(50) as usize) {}
                let mut view = LabelView::from(builder.finish());
                let mut smoother = Smoother::new(smoothing, window);
                while !smoother.step(&mut view, 1 + dice.below(50) as usize) {}
                assert_eq!(view.rows, timeline.rows(smoothing, window), "seed {seed}");
                assert_eq!(
                    view.rows,
                    rows_by_the_rules(&timeline, smoothing, window),
                    "seed {seed}"
                );
            }
        }
    }

    /// Frames come a few at a time, and are refined some time later; people come and go, and come back.
    #[test]
    fn a_view_that_grows_is_the_one_of_the_whole_at_each_step() {
        for seed in 0..90 {
            let whole = random_timeline(seed);
            let mut dice = Dice(seed + 2000);
            let mut people = People::default();
            if seed % 4 == 3 {
                people.merge(3, 0);
            }
            let setting = (Smoothing::ALL[(seed % 4) as usize], dice.below(40) as usize);
            let mut timeline = whole.without_frames();
            let mut view = LabelView::of_people(&timeline, people.clone(), setting.0, setting.1);
            let mut refined = 0;
            while refined < whole.frames().len() {
                let mut changed = usize::MAX;
                let seen = timeline.frames().len();
                let until = (seen + dice.below(25) as usize).min(whole.frames().len());
                for (frame, found) in whole.frames().iter().enumerate().take(until).skip(seen) {
                    let faces = found.faces.iter().map(|face| TrackedFace {
                        temporal: None,
                        ..*face
                    });
                    changed = changed.min(frame);
                    timeline.push(Prediction::Seen {
                        frame,
                        time_s: found.time_s,
                        faces: faces.collect(),
                    });
                }
                let upto = (refined + dice.below(30) as usize).min(until);
                for (frame, found) in whole.frames().iter().enumerate().take(upto).skip(refined) {
                    for face in &found.faces {
                        if let Some(temporal) = face.temporal {
                            changed = changed.min(frame);
                            timeline.push(Prediction::Refined {
                                frame,
                                track: face.track,
                                temporal,
                            });
                        }
                    }
                }
                refined = upto;
                let first = view.outdated(&timeline, &people, changed).start;
                view.grow(&timeline, people.clone(), first, setting);
                let expected = LabelView::of_people(&timeline, people.clone(), setting.0, setting.1);
                let of = format!(
                    "seed {seed}, {} frames, changed from {changed}, made from {first}",
                    timeline.frames().len()
                );
                assert_eq!(view.rows, expected.rows, "{of}");
                for (grown, expected) in view.tracks.iter().zip(&expected.tracks) {
                    assert_eq!(grown.series, expected.series, "{of}");
                    assert_eq!(grown.runs, expected.runs, "{of}");
                    assert!(grown.levels == expected.levels, "{of}: levels");
                }
                assert!(view == expected, "{of}");
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
        let view = LabelView::of_people(&timeline, people, Smoothing::SLIDING, 30);
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
        let view = LabelView::of(&timeline, Smoothing::NONE, 1);
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
