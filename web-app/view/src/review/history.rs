//! Edits of a document that can be taken back and done again, without limit.

use std::ops::Range;

use shared_model::expression::Expression;
use shared_model::reviewed_segment::ReviewedSegment;

use super::document::{ReviewDocument, TrackChange};

/// What a person did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditKind {
    /// Confirmed a segment's label as it was.
    Accept(Expression),
    /// Gave a segment another label.
    Relabel(Expression),
    /// Labelled a range.
    Paint(Expression),
    /// Took the reviewed label away, so that the computed one shows again.
    Clear,
    /// Cut a segment in two.
    Split,
    /// Joined a segment with the next.
    Merge(Expression),
    /// Moved the edge between two segments.
    MoveEdge,
    /// Took the labels of a project file.
    OpenProject,
}

/// One edit: what it was and what it changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What it was.
    pub kind: EditKind,
    changes: Vec<TrackChange>,
}

impl Step {
    /// What changed, by track.
    #[must_use]
    pub fn changes(&self) -> &[TrackChange] {
        &self.changes
    }

    /// Track and frames of the first change, to go to and to name.
    #[must_use]
    pub fn place(&self) -> Option<(u32, Range<usize>)> {
        let change = self.changes.first()?;
        Some((change.track, change.frames.clone()))
    }
}

/// A document with the way back.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Review {
    document: ReviewDocument,
    done: Vec<Step>,
    undone: Vec<Step>,
}

impl Review {
    /// Begins with a document; there is nothing to undo.
    #[must_use]
    pub fn of(document: ReviewDocument) -> Self {
        Self {
            document,
            ..Self::default()
        }
    }

    /// The labels as they are.
    #[must_use]
    pub fn document(&self) -> &ReviewDocument {
        &self.document
    }

    /// What [`Review::undo`] would take back.
    #[must_use]
    pub fn last_done(&self) -> Option<&Step> {
        self.done.last()
    }

    /// What [`Review::redo`] would do again.
    #[must_use]
    pub fn last_undone(&self) -> Option<&Step> {
        self.undone.last()
    }

    /// Gives the frames of a segment its label, confirmed or not; the step is `kind`.
    pub fn set(&mut self, kind: EditKind, segment: ReviewedSegment) -> Option<&Step> {
        self.replace(kind, segment.track, segment.start..segment.end, &[segment])
    }

    /// Takes the labels of a range away.
    pub fn clear(&mut self, track: u32, frames: Range<usize>) -> Option<&Step> {
        self.replace(EditKind::Clear, track, frames, &[])
    }

    /// Cuts a segment before `frame`; `None` where that is at its edge or outside.
    pub fn split(&mut self, segment: ReviewedSegment, frame: usize) -> Option<&Step> {
        if frame <= segment.start || frame >= segment.end {
            return None;
        }
        let parts = [
            ReviewedSegment {
                end: frame,
                ..segment
            },
            ReviewedSegment {
                start: frame,
                ..segment
            },
        ];
        self.replace(EditKind::Split, segment.track, segment.start..segment.end, &parts)
    }

    /// Joins two neighbours; the first one's label and state hold for both. `None` where they do not touch.
    pub fn merge(&mut self, first: ReviewedSegment, second: ReviewedSegment) -> Option<&Step> {
        if !touch(first, second) {
            return None;
        }
        let whole = ReviewedSegment {
            end: second.end,
            ..first
        };
        self.set(EditKind::Merge(first.label), whole)
    }

    /// Moves the edge between two neighbours to `frame`, at most so far that a frame of each is left. Both keep their
    /// labels and states. `None` where they do not touch or nothing moves.
    pub fn move_edge(
        &mut self,
        first: ReviewedSegment,
        second: ReviewedSegment,
        frame: usize,
    ) -> Option<&Step> {
        let edge = bounded_edge(first, second, frame)?;
        if edge == first.end {
            return None;
        }
        let parts = [
            ReviewedSegment { end: edge, ..first },
            ReviewedSegment {
                start: edge,
                ..second
            },
        ];
        self.replace(EditKind::MoveEdge, first.track, first.start..second.end, &parts)
    }

    /// Puts another document in the place of this one, as one step.
    pub fn take(&mut self, other: &ReviewDocument) -> Option<&Step> {
        let mut tracks: Vec<u32> = self.document.tracks().chain(other.tracks()).collect();
        tracks.sort_unstable();
        tracks.dedup();
        let changes: Vec<TrackChange> = tracks
            .into_iter()
            .filter_map(|track| {
                let theirs: Vec<_> = other.touching(track, 0..usize::MAX).collect();
                self.document.replace(track, 0..usize::MAX, &theirs)
            })
            .collect();
        self.record(EditKind::OpenProject, changes)
    }

    /// Takes the last step back and tells which it was.
    pub fn undo(&mut self) -> Option<&Step> {
        let step = self.done.pop()?;
        for change in step.changes.iter().rev() {
            self.document.revert(change);
        }
        self.undone.push(step);
        self.undone.last()
    }

    /// Does the step again that was taken back last, and tells which it was.
    pub fn redo(&mut self) -> Option<&Step> {
        let step = self.undone.pop()?;
        for change in &step.changes {
            self.document.apply(change);
        }
        self.done.push(step);
        self.done.last()
    }

    fn replace(
        &mut self,
        kind: EditKind,
        track: u32,
        frames: Range<usize>,
        with: &[ReviewedSegment],
    ) -> Option<&Step> {
        let change = self.document.replace(track, frames, with)?;
        self.record(kind, vec![change])
    }

    fn record(&mut self, kind: EditKind, changes: Vec<TrackChange>) -> Option<&Step> {
        if changes.is_empty() {
            return None;
        }
        self.undone.clear();
        self.done.push(Step { kind, changes });
        self.done.last()
    }
}

/// Where the edge between two neighbours comes to lie when it is moved towards `frame`; `None` where they have none.
#[must_use]
pub fn bounded_edge(first: ReviewedSegment, second: ReviewedSegment, frame: usize) -> Option<usize> {
    touch(first, second)
        .then(|| frame.clamp(first.start + 1, second.end.saturating_sub(1).max(first.start + 1)))
}

fn touch(first: ReviewedSegment, second: ReviewedSegment) -> bool {
    first.track == second.track
        && first.end == second.start
        && first.start < first.end
        && second.start < second.end
}
