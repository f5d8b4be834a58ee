//! Edits of a document that can be taken back and done again, without limit.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use shared_model::expression::Expression;
use shared_model::people::People;
use shared_model::remark::{Remark, Remarks};
use shared_model::reviewed_segment::ReviewedSegment;

use super::document::{ReviewDocument, TrackChange};
use super::edit_kind::EditKind;

/// Steps that are kept from one visit to the next, and segments in them, at most: they are written anew with each edit.
const KEPT_STEPS: usize = 200;
const KEPT_SEGMENTS: usize = 2000;

/// One edit: what it was and what it changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What it was.
    pub kind: EditKind,
    changes: Vec<TrackChange>,
    people: Option<PeopleChange>,
    /// Not there in what older pages kept.
    #[serde(default)]
    remarks: Option<RemarksChange>,
}

/// Who was who before a step, and who is who after it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct PeopleChange {
    before: People,
    after: People,
}

/// Remarks that a step took away, and those that it put in their place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct RemarksChange {
    gone: Vec<Remark>,
    new: Vec<Remark>,
}

impl Step {
    /// What changed, by track.
    #[must_use]
    pub fn changes(&self) -> &[TrackChange] {
        &self.changes
    }

    /// Whether it has changed who is who, so that rows have to be told apart anew.
    #[must_use]
    pub fn changes_people(&self) -> bool {
        self.people.is_some()
    }

    /// Track and frames of the first change, to go to and to name; a change of people or of remarks has no place here.
    #[must_use]
    pub fn place(&self) -> Option<(u32, Range<usize>)> {
        let change = self.changes.first().filter(|_| self.people.is_none())?;
        Some((change.track, change.frames.clone()))
    }

    /// A remark that was changed by a step of remarks alone, to go to and to name.
    #[must_use]
    pub fn remark(&self) -> Option<&Remark> {
        let change = self
            .remarks
            .as_ref()
            .filter(|_| self.changes.is_empty() && self.people.is_none())?;
        change.new.first().or_else(|| change.gone.first())
    }

    /// Segments and remarks that it holds.
    fn size(&self) -> usize {
        let remarks = self
            .remarks
            .as_ref()
            .map_or(0, |change| change.gone.len() + change.new.len());
        self.changes.iter().map(TrackChange::size).sum::<usize>() + remarks
    }
}

/// The way back and on again from a document.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Steps {
    done: Vec<Step>,
    undone: Vec<Step>,
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

    /// Begins with a document and the steps of an earlier visit. Steps that cannot have led to the document, or on from it, are left out.
    #[must_use]
    pub fn with_steps(document: ReviewDocument, steps: Steps) -> Self {
        let (mut back, mut on) = (document.clone(), document.clone());
        let leads_here = steps.done.iter().rev().all(|step| goes_back(&mut back, step));
        let leads_on = steps.undone.iter().rev().all(|step| goes_on(&mut on, step));
        Self {
            document,
            done: if leads_here { steps.done } else { Vec::new() },
            undone: if leads_on { steps.undone } else { Vec::new() },
        }
    }

    /// The latest steps, as many as are worth keeping.
    #[must_use]
    pub fn latest_steps(&self) -> Steps {
        Steps {
            done: latest(&self.done),
            undone: latest(&self.undone),
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

    /// Cuts a segment before `frame`: both parts are the person's word from now on, and count as reviewed. `None` where
    /// that is at its edge or outside.
    pub fn split(&mut self, segment: ReviewedSegment, frame: usize) -> Option<&Step> {
        if frame <= segment.start || frame >= segment.end {
            return None;
        }
        let parts = [
            confirmed(segment, segment.start..frame),
            confirmed(segment, frame..segment.end),
        ];
        self.replace(EditKind::Split, segment.track, segment.start..segment.end, &parts)
    }

    /// Joins two neighbours; the first one's label holds for both, reviewed. `None` where they do not touch.
    pub fn merge(&mut self, first: ReviewedSegment, second: ReviewedSegment) -> Option<&Step> {
        if !touch(first, second) {
            return None;
        }
        let whole = confirmed(first, first.start..second.end);
        self.set(EditKind::Merge(first.label), whole)
    }

    /// Moves the edge between two neighbours to `frame`, at most so far that a frame of each is left. Both keep their
    /// labels and count as reviewed. `None` where they do not touch or nothing moves.
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
            confirmed(first, first.start..edge),
            confirmed(second, edge..second.end),
        ];
        self.replace(EditKind::MoveEdge, first.track, first.start..second.end, &parts)
    }

    /// Counts a step that was just done, where it decides labels: with what is predicted hidden, or in sight.
    pub fn note_decision(&mut self, kind: EditKind, is_blind: bool) {
        if kind.decides() {
            let mut decisions = self.document.decisions();
            decisions.note(is_blind);
            self.document.set_decisions(decisions);
        }
    }

    /// Puts another document in the place of this one, as one step. Of the decisions behind both the more are counted: it is one review as a rule.
    pub fn take(&mut self, other: &ReviewDocument) -> Option<&Step> {
        let decisions = self.document.decisions().most(other.decisions());
        self.document.set_decisions(decisions);
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
        let (people, remarks) = (other.people().clone(), other.remarks().clone());
        self.record(EditKind::OpenProject, changes, people, remarks)
    }

    /// Puts segments, by track and start, in the place of what is there in their frames, as one step.
    pub fn lay_together(&mut self, segments: &[ReviewedSegment]) -> Option<&Step> {
        let stretches = segments.chunk_by(|one, next| one.track == next.track && one.end == next.start);
        let changes: Vec<TrackChange> = stretches
            .filter_map(|stretch| {
                let (first, last) = (stretch.first()?, stretch.last()?);
                self.document.replace(first.track, first.start..last.end, stretch)
            })
            .collect();
        let (people, remarks) = (self.document.people().clone(), self.document.remarks().clone());
        self.record(EditKind::LayTogether, changes, people, remarks)
    }

    /// Labels the parts of `frames` that the segments of `there` cover, reviewed; where nobody is seen nothing is
    /// painted.
    pub fn paint(
        &mut self,
        label: Expression,
        track: u32,
        frames: Range<usize>,
        there: &[ReviewedSegment],
    ) -> Option<&Step> {
        let mut painted: Vec<ReviewedSegment> = Vec::new();
        for segment in there {
            let (start, end) = (segment.start.max(frames.start), segment.end.min(frames.end));
            match painted.last_mut() {
                _ if start >= end => {}
                Some(last) if last.end == start => last.end = end,
                _ => painted.push(ReviewedSegment {
                    track,
                    start,
                    end,
                    label,
                    confirmed: true,
                }),
            }
        }
        let all = painted.first()?.start..painted.last()?.end;
        self.replace(EditKind::Paint(label), track, all, &painted)
    }

    /// Gives a person a name; an empty one takes it away.
    pub fn rename(&mut self, person: u32, name: &str) -> Option<&Step> {
        let mut people = self.document.people().clone();
        people.rename(person, name);
        self.record_people(EditKind::Rename(person), people)
    }

    /// Leaves a person out, or takes them in again. Their labels are kept.
    pub fn set_ignored(&mut self, person: u32, ignored: bool) -> Option<&Step> {
        let mut people = self.document.people().clone();
        people.set_ignored(person, ignored);
        let kind = if ignored {
            EditKind::Ignore(person)
        } else {
            EditKind::BringBack(person)
        };
        self.record_people(kind, people)
    }

    /// Puts other remarks in the place of those that are there.
    pub fn set_remarks(&mut self, kind: EditKind, remarks: Remarks) -> Option<&Step> {
        let people = self.document.people().clone();
        self.record(kind, Vec::new(), people, remarks)
    }

    /// Makes `from` the same person as `into`, labels and remarks included; where both have labels, those of `into` count.
    pub fn merge_people(&mut self, from: u32, into: u32) -> Option<&Step> {
        if from == into {
            return None;
        }
        let of = |document: &ReviewDocument, track: u32| -> Vec<ReviewedSegment> {
            document.touching(track, 0..usize::MAX).collect()
        };
        let mut both = ReviewDocument::default();
        both.replace(into, 0..usize::MAX, &of(&self.document, from));
        for segment in of(&self.document, into) {
            both.replace(into, segment.start..segment.end, &[segment]);
        }
        let mut people = self.document.people().clone();
        people.merge(from, into);
        let changes = [
            self.document.replace(from, 0..usize::MAX, &[]),
            self.document.replace(into, 0..usize::MAX, &of(&both, into)),
        ];
        let changes = changes.into_iter().flatten().collect();
        let remarks = self.document.remarks().of_one_person(from, into);
        self.record(EditKind::MergePeople(from, into), changes, people, remarks)
    }

    /// From `frame` on a person is another one, of the number `other` that nobody has; their labels and remarks go along.
    pub fn split_person(&mut self, person: u32, frame: usize, other: u32) -> Option<&Step> {
        let later: Vec<ReviewedSegment> = self.document.touching(person, frame..usize::MAX).collect();
        let mut people = self.document.people().clone();
        people.split(person, frame, other);
        let changes = [
            self.document.replace(person, frame..usize::MAX, &[]),
            self.document.replace(other, frame..usize::MAX, &later),
        ];
        let changes = changes.into_iter().flatten().collect();
        let remarks = self.document.remarks().of_another_from(person, frame, other);
        self.record(EditKind::SplitPerson(person, other), changes, people, remarks)
    }

    /// Takes the last step back and tells which it was.
    pub fn undo(&mut self) -> Option<&Step> {
        let step = self.done.pop()?;
        for change in step.changes.iter().rev() {
            self.document.revert(change);
        }
        if let Some(people) = &step.people {
            self.document.set_people(people.before.clone());
        }
        if let Some(RemarksChange { gone, new }) = &step.remarks {
            exchange_remarks(&mut self.document, new, gone);
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
        if let Some(people) = &step.people {
            self.document.set_people(people.after.clone());
        }
        if let Some(RemarksChange { gone, new }) = &step.remarks {
            exchange_remarks(&mut self.document, gone, new);
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
        let (people, remarks) = (self.document.people().clone(), self.document.remarks().clone());
        self.record(kind, vec![change], people, remarks)
    }

    fn record_people(&mut self, kind: EditKind, people: People) -> Option<&Step> {
        let remarks = self.document.remarks().clone();
        self.record(kind, Vec::new(), people, remarks)
    }

    /// Notes a step whose label changes are done already; who is who and the remarks are set here.
    fn record(
        &mut self,
        kind: EditKind,
        changes: Vec<TrackChange>,
        people: People,
        remarks: Remarks,
    ) -> Option<&Step> {
        let before = self.document.people().clone();
        let people = (before != people).then(|| {
            self.document.set_people(people.clone());
            PeopleChange {
                before,
                after: people,
            }
        });
        let before = self.document.remarks();
        let (gone, new) = (before.less(&remarks), remarks.less(before));
        let remarks = (!gone.is_empty() || !new.is_empty()).then(|| {
            self.document.set_remarks(remarks);
            RemarksChange { gone, new }
        });
        if changes.is_empty() && people.is_none() && remarks.is_none() {
            return None;
        }
        self.undone.clear();
        self.done.push(Step {
            kind,
            changes,
            people,
            remarks,
        });
        self.done.last()
    }
}

/// Puts remarks in the place of others; `false` where that cannot be, and nothing changes then.
fn exchange_remarks(document: &mut ReviewDocument, old: &[Remark], new: &[Remark]) -> bool {
    let exchanged = document.remarks().exchanged(old, new);
    let is_done = exchanged.is_some();
    if let Some(remarks) = exchanged {
        document.set_remarks(remarks);
    }
    is_done
}

fn latest(steps: &[Step]) -> Vec<Step> {
    let mut room = KEPT_SEGMENTS;
    let from_the_end = steps.iter().rev().take(KEPT_STEPS).take_while(|step| {
        let size = step.size();
        let fits = size <= room;
        room = room.saturating_sub(size);
        fits
    });
    let mut kept: Vec<Step> = from_the_end.cloned().collect();
    kept.reverse();
    kept
}

/// Takes a step back, if it can have led to this document.
fn goes_back(document: &mut ReviewDocument, step: &Step) -> bool {
    if let Some(people) = &step.people {
        if *document.people() != people.after {
            return false;
        }
        document.set_people(people.before.clone());
    }
    if let Some(RemarksChange { gone, new }) = &step.remarks
        && !exchange_remarks(document, new, gone)
    {
        return false;
    }
    step.changes
        .iter()
        .rev()
        .all(|change| document.try_revert(change))
}

/// Does a step, if it can lead on from this document.
fn goes_on(document: &mut ReviewDocument, step: &Step) -> bool {
    if let Some(people) = &step.people {
        if *document.people() != people.before {
            return false;
        }
        document.set_people(people.after.clone());
    }
    if let Some(RemarksChange { gone, new }) = &step.remarks
        && !exchange_remarks(document, gone, new)
    {
        return false;
    }
    step.changes.iter().all(|change| document.try_apply(change))
}

/// Where the edge between two neighbours comes to lie when it is moved towards `frame`; `None` where they have none.
#[must_use]
pub fn bounded_edge(first: ReviewedSegment, second: ReviewedSegment, frame: usize) -> Option<usize> {
    touch(first, second)
        .then(|| frame.clamp(first.start + 1, second.end.saturating_sub(1).max(first.start + 1)))
}

/// A segment as a hand has left it: what a person moves is what the person says.
fn confirmed(segment: ReviewedSegment, frames: Range<usize>) -> ReviewedSegment {
    ReviewedSegment {
        start: frames.start,
        end: frames.end,
        confirmed: true,
        ..segment
    }
}

fn touch(first: ReviewedSegment, second: ReviewedSegment) -> bool {
    first.track == second.track
        && first.end == second.start
        && first.start < first.end
        && second.start < second.end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn computed(start: usize, end: usize, label: Expression) -> ReviewedSegment {
        ReviewedSegment {
            track: 4,
            start,
            end,
            label,
            confirmed: false,
        }
    }

    /// Frames and label of a segment, and whether it is reviewed.
    type Said = (usize, usize, Expression, bool);
    type Edit = fn(&mut Review, ReviewedSegment, ReviewedSegment) -> bool;

    /// All that the document holds.
    fn said(review: &Review) -> Vec<Said> {
        let segments = review.document().segments();
        segments
            .map(|segment| (segment.start, segment.end, segment.label, segment.confirmed))
            .collect()
    }

    #[test]
    fn what_a_hand_moved_is_the_persons_word_and_one_step() {
        use Expression::{Fear, Happiness};
        let (first, second) = (computed(10, 30, Fear), computed(30, 50, Happiness));
        let edits: [(Edit, Vec<Said>); 3] = [
            (
                |review, first, _| review.split(first, 17).is_some(),
                vec![(10, 17, Fear, true), (17, 30, Fear, true)],
            ),
            (
                |review, first, second| review.merge(first, second).is_some(),
                vec![(10, 50, Fear, true)],
            ),
            (
                |review, first, second| review.move_edge(first, second, 41).is_some(),
                vec![(10, 41, Fear, true), (41, 50, Happiness, true)],
            ),
        ];
        for (edit, expected) in edits {
            let mut review = Review::default();
            assert!(edit(&mut review, first, second));
            assert_eq!(said(&review), expected);
            assert!(review.undo().is_some());
            assert!(review.document().is_empty() && review.last_done().is_none());
        }
    }
}
