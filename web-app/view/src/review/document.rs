//! What a person said of a video: labels by track and frame, who is who, and remarks.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use shared_model::decisions::Decisions;
use shared_model::expression::Expression;
use shared_model::people::People;
use shared_model::project::Project;
use shared_model::remark::Remarks;
use shared_model::reviewed_segment::{self, ReviewedSegment};

pub use shared_model::reviewed_segment::SegmentFault;

/// Segments of each track (a person, see [`People`]): none overlaps another, none is empty.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReviewDocument {
    people: People,
    remarks: Remarks,
    decisions: Decisions,
    tracks: BTreeMap<u32, BTreeMap<usize, Piece>>,
}

/// A segment less its track and start, which are its keys.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Piece {
    end: usize,
    label: Expression,
    confirmed: bool,
}

/// What one edit did to one track, complete enough to take it back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrackChange {
    /// Whose labels.
    pub track: u32,
    /// The frames whose labels may differ.
    pub frames: Range<usize>,
    /// Segments that were there, whole.
    before: Vec<ReviewedSegment>,
    /// Segments that are in their place.
    after: Vec<ReviewedSegment>,
}

impl TrackChange {
    /// Whether a person had labelled some of it before.
    #[must_use]
    pub fn had_labels(&self) -> bool {
        self.before.iter().any(|segment| segment.confirmed)
    }

    /// Segments that it holds, as a measure of its size.
    #[must_use]
    pub fn size(&self) -> usize {
        self.before.len() + self.after.len()
    }
}

impl ReviewDocument {
    /// From segments in any order.
    ///
    /// # Errors
    /// When a segment is empty or shares frames with another of its track.
    pub fn from_segments(segments: &[ReviewedSegment]) -> Result<Self, SegmentFault> {
        let mut document = Self::default();
        for segment in reviewed_segment::sorted(segments)? {
            document.insert(segment);
        }
        Ok(document)
    }

    /// Of a project.
    ///
    /// # Errors
    /// When its segments cannot all be true.
    pub fn of_project(project: &Project) -> Result<Self, SegmentFault> {
        Ok(Self::from_segments(&project.reviewed)?
            .with_people(project.people.clone())
            .with_remarks(project.remarks.clone())
            .with_decisions(project.decisions))
    }

    /// With what is known of who is who.
    #[must_use]
    pub fn with_people(self, people: People) -> Self {
        Self { people, ..self }
    }

    /// Who is who.
    #[must_use]
    pub fn people(&self) -> &People {
        &self.people
    }

    /// Says who is who; labels stay where they are.
    pub fn set_people(&mut self, people: People) {
        self.people = people;
    }

    /// With remarks.
    #[must_use]
    pub fn with_remarks(self, remarks: Remarks) -> Self {
        Self { remarks, ..self }
    }

    /// What was noted beside the labels.
    #[must_use]
    pub fn remarks(&self) -> &Remarks {
        &self.remarks
    }

    /// With how it was decided.
    #[must_use]
    pub fn with_decisions(self, decisions: Decisions) -> Self {
        Self { decisions, ..self }
    }

    /// How it was decided.
    #[must_use]
    pub fn decisions(&self) -> Decisions {
        self.decisions
    }

    /// Says how it was decided.
    pub fn set_decisions(&mut self, decisions: Decisions) {
        self.decisions = decisions;
    }

    /// Puts other remarks in the place of these.
    pub fn set_remarks(&mut self, remarks: Remarks) {
        self.remarks = remarks;
    }

    /// Whether nothing was said by hand.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.people.is_empty() && self.remarks.is_empty() && self.tracks.values().all(BTreeMap::is_empty)
    }

    /// All segments by track and start.
    pub fn segments(&self) -> impl Iterator<Item = ReviewedSegment> + '_ {
        self.tracks.iter().flat_map(|(track, pieces)| {
            pieces
                .iter()
                .map(|(start, piece)| segment(*track, *start, *piece))
        })
    }

    /// Tracks that have segments.
    pub fn tracks(&self) -> impl Iterator<Item = u32> + '_ {
        self.tracks.keys().copied()
    }

    /// Segments of a track that hold frames of `frames`, whole, by start.
    pub fn touching(&self, track: u32, frames: Range<usize>) -> impl Iterator<Item = ReviewedSegment> + '_ {
        let pieces = self.tracks.get(&track);
        let first = pieces
            .and_then(|pieces| pieces.range(..=frames.start).next_back())
            .filter(|(_, piece)| piece.end > frames.start)
            .map_or(frames.start, |(start, _)| *start);
        let range = first..frames.end.max(first);
        pieces
            .into_iter()
            .flat_map(move |pieces| pieces.range(range.clone()))
            .map(move |(start, piece)| segment(track, *start, *piece))
    }

    /// The segment that holds a frame.
    #[must_use]
    pub fn at(&self, track: u32, frame: usize) -> Option<ReviewedSegment> {
        self.touching(track, frame..frame.saturating_add(1)).next()
    }

    /// Puts `with` in the place of all that a track has in `frames`; segments that reach beyond keep what lies
    /// outside. Of `with` only what lies inside counts, and of overlapping ones the first. `None` where that changes
    /// nothing.
    pub fn replace(
        &mut self,
        track: u32,
        frames: Range<usize>,
        with: &[ReviewedSegment],
    ) -> Option<TrackChange> {
        let before: Vec<ReviewedSegment> = self.touching(track, frames.clone()).collect();
        let mut after = Vec::with_capacity(with.len() + 2);
        after.extend(
            before
                .iter()
                .filter(|segment| segment.start < frames.start)
                .map(|segment| ReviewedSegment {
                    end: frames.start,
                    ..*segment
                }),
        );
        let mut free = frames.start;
        for segment in with {
            let (start, end) = (segment.start.max(free), segment.end.min(frames.end));
            if start < end {
                free = end;
                after.push(ReviewedSegment {
                    track,
                    start,
                    end,
                    ..*segment
                });
            }
        }
        after.extend(
            before
                .iter()
                .filter(|segment| segment.end > frames.end)
                .map(|segment| ReviewedSegment {
                    start: frames.end,
                    ..*segment
                }),
        );
        if before == after {
            return None;
        }
        let change = TrackChange {
            track,
            frames,
            before,
            after,
        };
        self.apply(&change);
        Some(change)
    }

    /// Does a change that was taken back.
    pub fn apply(&mut self, change: &TrackChange) {
        self.exchange(&change.before, &change.after);
    }

    /// Takes a change back.
    pub fn revert(&mut self, change: &TrackChange) {
        self.exchange(&change.after, &change.before);
    }

    /// Takes a change back that may have been made to another document; `false` where it cannot have been made to this one, which is in
    /// disorder then.
    #[must_use]
    pub fn try_revert(&mut self, change: &TrackChange) -> bool {
        self.try_exchange(&change.after, &change.before)
    }

    /// The same, the other way.
    #[must_use]
    pub fn try_apply(&mut self, change: &TrackChange) -> bool {
        self.try_exchange(&change.before, &change.after)
    }

    fn try_exchange(&mut self, old: &[ReviewedSegment], new: &[ReviewedSegment]) -> bool {
        let is_there = |segment: &ReviewedSegment| self.at(segment.track, segment.start) == Some(*segment);
        if !old.iter().all(is_there) {
            return false;
        }
        self.exchange(old, new);
        let is_alone = |segment: &ReviewedSegment| {
            let there = self.touching(segment.track, segment.start..segment.end);
            segment.start < segment.end && there.eq([*segment])
        };
        new.iter().all(is_alone)
    }

    fn exchange(&mut self, old: &[ReviewedSegment], new: &[ReviewedSegment]) {
        for segment in old {
            if let Some(pieces) = self.tracks.get_mut(&segment.track) {
                pieces.remove(&segment.start);
                if pieces.is_empty() {
                    self.tracks.remove(&segment.track);
                }
            }
        }
        for segment in new {
            self.insert(*segment);
        }
    }

    fn insert(&mut self, segment: ReviewedSegment) {
        let piece = Piece {
            end: segment.end,
            label: segment.label,
            confirmed: segment.confirmed,
        };
        self.tracks
            .entry(segment.track)
            .or_default()
            .insert(segment.start, piece);
    }
}

fn segment(track: u32, start: usize, piece: Piece) -> ReviewedSegment {
    ReviewedSegment {
        track,
        start,
        end: piece.end,
        label: piece.label,
        confirmed: piece.confirmed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fear(start: usize, end: usize) -> ReviewedSegment {
        ReviewedSegment {
            track: 2,
            start,
            end,
            label: Expression::Fear,
            confirmed: true,
        }
    }

    #[test]
    fn a_range_cuts_what_it_meets_and_leaves_the_rest() {
        let mut document = ReviewDocument::from_segments(&[fear(0, 10), fear(20, 30)]).unwrap();
        let anger = ReviewedSegment {
            label: Expression::Anger,
            ..fear(5, 25)
        };
        let change = document.replace(2, 5..25, &[anger]).unwrap();
        let found: Vec<_> = document.segments().map(|s| (s.start, s.end, s.label)).collect();
        assert_eq!(
            found,
            [
                (0, 5, Expression::Fear),
                (5, 25, Expression::Anger),
                (25, 30, Expression::Fear)
            ]
        );
        document.revert(&change);
        assert_eq!(
            document.segments().collect::<Vec<_>>(),
            [fear(0, 10), fear(20, 30)]
        );
        assert_eq!(document.replace(2, 12..18, &[]), None);
    }

    #[test]
    fn segments_that_cannot_all_be_true_are_named() {
        let overlap = ReviewDocument::from_segments(&[fear(5, 9), fear(0, 6)]);
        assert_eq!(overlap, Err(SegmentFault::Overlap(fear(0, 6), fear(5, 9))));
        assert!(matches!(
            ReviewDocument::from_segments(&[fear(3, 3)]),
            Err(SegmentFault::Empty(_))
        ));
        let other = ReviewedSegment {
            track: 3,
            ..fear(0, 6)
        };
        assert!(ReviewDocument::from_segments(&[fear(5, 9), other]).is_ok());
    }
}
