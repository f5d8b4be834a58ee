//! What is left to look at, in order.

use shared_model::reviewed_segment::ReviewedSegment;

use super::audit::{Audit, Sample};
use super::document::ReviewDocument;
use super::doubt::{Conflicts, doubt_of};
use super::queue_filter::{QueueFilter, QueueOrder};
use super::segments::{place_of, segments};
use crate::label_view::LabelView;

/// A segment that is not reviewed yet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Doubtful {
    /// The segment.
    pub segment: ReviewedSegment,
    /// How doubtful, 0 to 1.
    pub doubt: f64,
    /// Whether the filter leaves it out, and the audit has drawn it.
    pub is_audit: bool,
}

/// All segments of all tracks, and those to be looked at in order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReviewQueue {
    tracks: Vec<(u32, Vec<ReviewedSegment>)>,
    doubtful: Vec<Doubtful>,
    /// Segments that are reviewed.
    pub reviewed: usize,
    /// Segments in all.
    pub total: usize,
    /// Segments with moved edges that are not confirmed.
    pub drafts: usize,
    /// What the audit has found.
    pub audit: Audit,
}

impl ReviewQueue {
    /// For what is computed and what was said by hand. `conflicts` are those with loaded labels, by track.
    #[must_use]
    pub fn of(
        view: &LabelView,
        document: &ReviewDocument,
        conflicts: Option<&Conflicts>,
        filter: &QueueFilter,
    ) -> Self {
        let sample = Sample::of(view, document, conflicts, filter);
        let mut queue = Self {
            audit: sample.audit,
            ..Self::default()
        };
        for (index, track) in view.tracks.iter().enumerate() {
            let found = segments(track.track, track.runs.runs(), document);
            for segment in &found {
                if segment.confirmed {
                    queue.reviewed += 1;
                    continue;
                }
                queue.drafts += usize::from(document.at(segment.track, segment.start).is_some());
                let doubt = doubt_of(
                    view,
                    track,
                    segment.start..segment.end,
                    conflicts.map(|conflicts| (conflicts, index)),
                );
                let is_taken = filter.takes(segment.label, doubt);
                if is_taken || sample.holds(index, segment) {
                    queue.doubtful.push(Doubtful {
                        segment: *segment,
                        doubt,
                        is_audit: !is_taken,
                    });
                }
            }
            queue.total += found.len();
            queue.tracks.push((track.track, found));
        }
        queue.sort(filter, &sample);
        queue
    }

    /// By time, or the most doubtful first; the audit's among them, at places that say nothing.
    fn sort(&mut self, filter: &QueueFilter, sample: &Sample) {
        let most = self.doubtful.iter().filter(|line| !line.is_audit);
        let most = most.map(|line| line.doubt).fold(filter.least_doubt, f64::max);
        let rank = |line: &Doubtful| {
            let place = sample.place(&line.segment);
            let drawn = most - place * (most - filter.least_doubt);
            if line.is_audit { drawn } else { line.doubt }
        };
        self.doubtful.sort_by(|a, b| {
            let places = (a.segment.start, a.segment.track).cmp(&(b.segment.start, b.segment.track));
            match filter.order {
                QueueOrder::Doubt => rank(b).total_cmp(&rank(a)).then(places),
                QueueOrder::Time => places,
            }
        });
    }

    /// What is left to look at, in the order that was asked for.
    #[must_use]
    pub fn doubtful(&self) -> &[Doubtful] {
        &self.doubtful
    }

    /// The segments of a track by start.
    #[must_use]
    pub fn segments(&self, track: u32) -> &[ReviewedSegment] {
        self.tracks
            .iter()
            .find(|(number, _)| *number == track)
            .map_or(&[], |(_, segments)| segments.as_slice())
    }

    /// The segment at a frame, with its place in [`ReviewQueue::segments`].
    #[must_use]
    pub fn at(&self, track: u32, frame: usize) -> Option<(usize, ReviewedSegment)> {
        let segments = self.segments(track);
        let place = place_of(segments, frame)?;
        Some((place, *segments.get(place)?))
    }

    /// What to look at after `current`: the one behind it in the queue, the first after the last or where `current`
    /// is not in the queue.
    #[must_use]
    pub fn after(&self, current: Option<&ReviewedSegment>) -> Option<&Doubtful> {
        let place = current.and_then(|current| self.place(current));
        place
            .and_then(|place| self.doubtful.get(place + 1))
            .or_else(|| self.doubtful.first())
    }

    /// What comes before `current` in the queue; the last one before the first or where `current` is not in it.
    #[must_use]
    pub fn before(&self, current: Option<&ReviewedSegment>) -> Option<&Doubtful> {
        let place = current.and_then(|current| self.place(current));
        place
            .and_then(|place| self.doubtful.get(place.checked_sub(1)?))
            .or_else(|| self.doubtful.last())
    }

    fn place(&self, segment: &ReviewedSegment) -> Option<usize> {
        self.doubtful.iter().position(|doubtful| {
            doubtful.segment.track == segment.track && doubtful.segment.start == segment.start
        })
    }

    /// The last segment of a track before the one at `frame` that is not reviewed, from the end again before the
    /// first.
    #[must_use]
    pub fn previous_unreviewed(&self, track: u32, frame: usize) -> Option<ReviewedSegment> {
        let open = |segment: &&ReviewedSegment| !segment.confirmed;
        let segments = self.segments(track);
        segments
            .iter()
            .rev()
            .filter(open)
            .find(|segment| segment.end <= frame)
            .or_else(|| segments.iter().rev().find(open))
            .copied()
    }

    /// The next segment of a track behind `frame` that is not reviewed, from the start again behind the last.
    #[must_use]
    pub fn next_unreviewed(&self, track: u32, frame: usize) -> Option<ReviewedSegment> {
        let open = |segment: &&ReviewedSegment| !segment.confirmed;
        let segments = self.segments(track);
        segments
            .iter()
            .filter(open)
            .find(|segment| segment.start > frame)
            .or_else(|| segments.iter().find(open))
            .copied()
    }
}

/// The frames at which the label of a track changes.
fn changes(segments: &[ReviewedSegment]) -> impl DoubleEndedIterator<Item = usize> + '_ {
    segments.windows(2).filter_map(|pair| match pair {
        [before, after] if before.label != after.label => Some(after.start),
        _ => None,
    })
}

/// The next frame behind `frame` at which the label changes.
#[must_use]
pub fn next_change(segments: &[ReviewedSegment], frame: usize) -> Option<usize> {
    changes(segments).find(|start| *start > frame)
}

/// The last frame before `frame` at which the label changes.
#[must_use]
pub fn previous_change(segments: &[ReviewedSegment], frame: usize) -> Option<usize> {
    changes(segments).rev().find(|start| *start < frame)
}
