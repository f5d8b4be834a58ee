//! What there is to learn from: reviewed frames, and whose they are.

use shared_model::corrections::Correction;
use shared_model::reviewed_segment::ReviewedSegment;
use shared_model::timeline::Timeline;

use crate::review::document::ReviewDocument;

/// Counts over several videos.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Material {
    /// Reviewed frames of faces.
    pub frames: usize,
    /// Videos that they are in.
    pub videos: usize,
    /// People in these, counted in each video.
    pub people: usize,
}

impl Material {
    /// Adds what a person said of a video.
    pub fn add(&mut self, document: &ReviewDocument) {
        let mut people: Vec<u32> = Vec::new();
        for segment in learned_from(document) {
            self.frames += segment.end - segment.start;
            people.push(segment.track);
        }
        // Segments stand by person.
        people.dedup();
        self.people += people.len();
        self.videos += usize::from(!people.is_empty());
    }
}

/// What is confirmed, less people who are left out.
pub fn learned_from(document: &ReviewDocument) -> impl Iterator<Item = ReviewedSegment> + '_ {
    let is_wanted =
        |segment: &ReviewedSegment| segment.confirmed && !document.people().is_ignored(segment.track);
    document.segments().filter(is_wanted)
}

/// What a person said of each face of a video, where it is known where the face was seen.
#[must_use]
pub fn corrections(document: &ReviewDocument, timeline: &Timeline) -> Vec<Correction> {
    let place_of = |person: u32, frame: usize| {
        let seen = timeline.frames().get(frame)?;
        let is_theirs = |track: u32| document.people().person_of(track, frame) == person;
        let face = seen.faces.iter().find(|face| is_theirs(face.track))?;
        let has_place = face.face_box.w > 0.0 && face.face_box.h > 0.0;
        has_place.then_some((seen.time_s, face.face_box))
    };
    let of_segment = |segment: ReviewedSegment| {
        (segment.start..segment.end).filter_map(move |frame| {
            let (time_s, face_box) = place_of(segment.track, frame)?;
            Some(Correction {
                frame,
                time_s,
                face_box,
                person: segment.track,
                label: segment.label,
            })
        })
    };
    learned_from(document).flat_map(of_segment).collect()
}

/// Behind the name of a model that has learned.
const LEARNED: &str = "-corrected";

/// The name, without ending, of the model that the one of this name becomes: each learning has a name of its own.
#[must_use]
pub fn learned_name(stem: &str) -> String {
    let Some((before, number)) = stem.rsplit_once(LEARNED) else {
        return format!("{stem}{LEARNED}");
    };
    let times = match number.strip_prefix('-').map(str::parse::<u32>) {
        None if number.is_empty() => 1,
        Some(Ok(times)) => times,
        _ => return format!("{stem}{LEARNED}"),
    };
    format!("{before}{LEARNED}-{}", times.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::expression::Expression;
    use shared_model::face_box::FaceBox;
    use shared_model::people::People;
    use shared_model::timeline::{Prediction, TrackedFace};

    #[test]
    fn corrections_have_the_boxes_of_whoever_is_reviewed_and_none_where_nobody_was_seen() {
        let face = |track: u32, x: f32, w: f32| TrackedFace {
            track,
            face_box: FaceBox {
                x,
                w,
                h: w,
                ..FaceBox::whole(10, 10)
            },
            raw: [0.125; 8],
            temporal: None,
        };
        let mut timeline = Timeline::new();
        for (frame, faces) in [
            vec![face(0, 1.0, 9.0), face(1, 50.0, 9.0)],
            vec![face(0, 2.0, 9.0)],
            vec![face(1, 52.0, 0.0)],
        ]
        .into_iter()
        .enumerate()
        {
            timeline.push(Prediction::Seen {
                frame,
                time_s: frame as f64,
                faces,
            });
        }
        let segment = ReviewedSegment {
            track: 4,
            start: 0,
            end: 9,
            label: Expression::Fear,
            confirmed: true,
        };
        let mut people = People::default();
        // Both tracks are person 4, the first from the second frame on.
        people.merge(1, 4);
        people.assign(0, 1, 4);
        let document = ReviewDocument::from_segments(&[segment])
            .unwrap()
            .with_people(people);
        let found = corrections(&document, &timeline);
        assert!(found.iter().all(|it| (it.time_s - it.frame as f64).abs() < 1e-9));
        let places: Vec<(usize, f32)> = found.iter().map(|it| (it.frame, it.face_box.x)).collect();
        assert_eq!(places, [(0, 50.0), (1, 2.0)]);
        assert!(
            found
                .iter()
                .all(|it| (it.person, it.label) == (4, Expression::Fear))
        );
    }

    #[test]
    fn each_learning_has_a_name_of_its_own() {
        let mut name = "demo".to_owned();
        let mut names = Vec::new();
        for _ in 0..3 {
            name = learned_name(&name);
            names.push(name.clone());
        }
        assert_eq!(names, ["demo-corrected", "demo-corrected-2", "demo-corrected-3"]);
        assert_eq!(learned_name("a-corrected-copy"), "a-corrected-copy-corrected");
    }

    #[test]
    fn what_is_confirmed_counts_and_people_count_once_a_video() {
        let segment = |track, start, confirmed| ReviewedSegment {
            track,
            start,
            end: start + 4,
            label: Expression::Fear,
            confirmed,
        };
        let document = |segments: &[ReviewedSegment]| ReviewDocument::from_segments(segments).unwrap();
        let mut material = Material::default();
        material.add(&document(&[
            segment(0, 0, true),
            segment(0, 9, true),
            segment(2, 0, true),
        ]));
        material.add(&document(&[segment(0, 0, false)]));
        material.add(&document(&[segment(0, 0, true)]));
        let wanted = Material {
            frames: 16,
            videos: 2,
            people: 3,
        };
        assert_eq!(material, wanted);
        // Who is left out is not learned from.
        let mut people = People::default();
        people.set_ignored(2, true);
        let mut without = Material::default();
        without.add(&document(&[segment(0, 0, true), segment(2, 0, true)]).with_people(people));
        assert_eq!((without.frames, without.people), (4, 1));
    }
}
