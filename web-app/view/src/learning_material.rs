//! What there is to learn from: reviewed frames, and whose they are.

use shared_model::reviewed_segment::ReviewedSegment;

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

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::expression::Expression;
    use shared_model::people::People;

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
