//! The segments of a track as a person goes through them: what was said by hand, and computed runs elsewhere.

use shared_model::reviewed_segment::ReviewedSegment;

use super::document::ReviewDocument;
use crate::predicted_runs::PredictedRun;

/// All segments of a track by start. They never overlap, and cover what the computed runs or the document cover.
#[must_use]
pub fn segments(track: u32, runs: &[PredictedRun], document: &ReviewDocument) -> Vec<ReviewedSegment> {
    let mut found: Vec<ReviewedSegment> = document.touching(track, 0..usize::MAX).collect();
    let by_hand = found.len();
    let mut next = 0;
    for run in runs {
        let mut free = run.start;
        // Both are in order: pieces that end before this run never come back.
        while found
            .get(next)
            .is_some_and(|piece| next < by_hand && piece.end <= run.start)
        {
            next += 1;
        }
        let mut place = next;
        let computed = |start: usize, end: usize| ReviewedSegment {
            track,
            start,
            end,
            label: run.label,
            confirmed: false,
        };
        while let Some(piece) = found
            .get(place)
            .copied()
            .filter(|piece| place < by_hand && piece.start < run.end)
        {
            if piece.start > free {
                found.push(computed(free, piece.start));
            }
            free = free.max(piece.end);
            place += 1;
        }
        if free < run.end {
            found.push(computed(free, run.end));
        }
    }
    found.sort_unstable_by_key(|segment| segment.start);
    found
}

/// The segment of a sorted list that holds a frame.
#[must_use]
pub fn place_of(segments: &[ReviewedSegment], frame: usize) -> Option<usize> {
    let place = segments.partition_point(|segment| segment.end <= frame);
    (segments.get(place)?.start <= frame).then_some(place)
}
