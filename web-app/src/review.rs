//! What a person does with the labels: confirm, correct, cut, join, take back.

use std::rc::Rc;
use std::sync::Arc;

use leptos::prelude::*;
use page_view::keeping::Keeping;
use page_view::review::document::{ReviewDocument, TrackChange};
use page_view::review::doubt::Conflicts;
use page_view::review::edit_kind::EditKind;
use page_view::review::history::{Review, Step};
use page_view::review::queue::{ReviewQueue, next_change, previous_change};
use page_view::review::rows;
use shared_model::expression::Expression;
use shared_model::remark::Remark;
use shared_model::reviewed_segment::ReviewedSegment;

use crate::browser::now_ms;
use crate::state::store::Store;
use crate::{person_names, player, relabel, strings};

/// The queue follows results, edits and its filter, for as long as the page lives.
pub fn follow(store: Store) {
    Effect::new(move |_| {
        store.revision.track();
        count_conflicts(store);
        refresh(store);
    });
    Effect::new(move |_| {
        store.queue_filter.track();
        refresh(store);
    });
}

fn count_conflicts(store: Store) {
    let (view, truth) = store
        .analysis
        .with_value(|analysis| (Rc::clone(&analysis.view), analysis.truth.clone()));
    let conflicts = truth.map(|truth| Conflicts::of(&view, &truth));
    store.conflicts.set_value(conflicts);
}

fn refresh(store: Store) {
    let view = store.view_now();
    let filter = store.queue_filter.get_untracked();
    let queue = store.desk.with_value(|desk| {
        store.conflicts.with_value(|conflicts| {
            ReviewQueue::of(&view, desk.review.document(), conflicts.as_ref(), &filter)
        })
    });
    if store.queue.with_untracked(|shown| **shown != queue) {
        store.queue.set(Arc::new(queue));
    }
}

/// The document is another one: rows and queue are made anew.
pub fn document_replaced(store: Store) {
    store.analysis.update_value(|analysis| {
        store.desk.with_value(|desk| {
            rows::write_all(Rc::make_mut(&mut analysis.view), desk.review.document());
        });
    });
    refresh(store);
    shown(store);
    // People may be others than those whose rows are shown.
    relabel::rows_outdated(store);
}

/// Lays the labels of a project file over those that are there.
pub fn take_project(store: Store, document: &ReviewDocument) {
    store.desk.update_value(|desk| {
        if desk.place.is_some() {
            desk.review.take(document);
        } else {
            desk.review = Review::of(document.clone());
        }
    });
    document_replaced(store);
    store.mark_unwritten();
}

/// The segment at the playhead, of the chosen face, else of the first one there; tracks changes.
#[must_use]
pub fn current(store: Store) -> Option<ReviewedSegment> {
    let view = store.view();
    let frame = view.frame_at(store.stage.playhead.get())?;
    let chosen = store.stage.track.get();
    let queue = store.queue.get();
    let there = |track: u32| queue.at(track, frame).map(|(_, segment)| segment);
    let first = || view.tracks.iter().find_map(|track| there(track.track));
    chosen.and_then(there).or_else(first)
}

/// Gives the current segment a label, counts it as reviewed and goes on to the next doubtful one.
pub fn label(store: Store, label: Expression) {
    let Some(segment) = editable(store) else { return };
    let kind = if segment.label == label {
        EditKind::Accept(label)
    } else {
        EditKind::Relabel(label)
    };
    let reviewed = ReviewedSegment {
        label,
        confirmed: true,
        ..segment
    };
    edit(store, |review| review.set(kind, reviewed).cloned());
    store.desk.update_value(|desk| desk.pace.note(now_ms() / 1000.0));
    go_to_top(store);
}

/// Counts the current segment as reviewed as it is, and goes on.
pub fn confirm(store: Store) {
    let Some(segment) = editable(store) else { return };
    if !is_refused_blind(store, &[segment]) {
        label(store, segment.label);
    }
}

/// Whether the person reviews blind and one of the segments has no label of theirs yet: what would confirm it is refused, and that is said.
fn is_refused_blind(store: Store, segments: &[ReviewedSegment]) -> bool {
    let is_refused =
        store.bench.is_blind.get_untracked() && segments.iter().any(|segment| !segment.confirmed);
    if is_refused {
        store.stage.said.set(strings::BLIND_CONFIRM.to_owned());
    }
    is_refused
}

/// Cuts the current segment before the frame at the playhead.
pub fn split(store: Store) {
    let (Some(segment), Some(frame)) = (editable(store), frame_now(store)) else {
        return;
    };
    if is_refused_blind(store, &[segment]) {
        return;
    }
    if !edit(store, |review| review.split(segment, frame).cloned()) {
        store.stage.said.set(strings::SPLIT_AT_EDGE.to_owned());
    }
}

/// Joins the current segment with the next one.
pub fn merge(store: Store) {
    if let Some((segment, next)) =
        editable(store).and_then(|segment| Some((segment, neighbour(store, segment, 1)?)))
        && !is_refused_blind(store, &[segment, next])
    {
        edit(store, |review| review.merge(segment, next).cloned());
    }
}

/// Moves the current segment's start to the playhead.
pub fn start_here(store: Store) {
    let found = editable(store).and_then(|segment| Some((neighbour(store, segment, -1)?, segment)));
    if let (Some((before, segment)), Some(frame)) = (found, frame_now(store)) {
        move_edge(store, before, segment, frame);
    }
}

/// Moves the current segment's end behind the frame at the playhead.
pub fn end_here(store: Store) {
    let found = editable(store).and_then(|segment| Some((segment, neighbour(store, segment, 1)?)));
    if let (Some((segment, next)), Some(frame)) = (found, frame_now(store)) {
        move_edge(store, segment, next, frame + 1);
    }
}

/// Moves the edge between two neighbours.
pub fn move_edge(store: Store, first: ReviewedSegment, second: ReviewedSegment, frame: usize) {
    if may_edit(store) && !is_refused_blind(store, &[first, second]) {
        edit(store, |review| review.move_edge(first, second, frame).cloned());
    }
}

/// Takes the current segment's label by hand away.
pub fn clear(store: Store) {
    if let Some(segment) = editable(store) {
        edit(store, |review| {
            review.clear(segment.track, segment.start..segment.end).cloned()
        });
    }
}

/// Takes the last edit back and goes there.
pub fn undo(store: Store) {
    turn(store, Review::undo, strings::undone);
}

/// Does the edit again that was taken back last, and goes there.
pub fn redo(store: Store) {
    turn(store, Review::redo, strings::redone);
}

fn turn(store: Store, act: fn(&mut Review) -> Option<&Step>, says: fn(&str) -> String) {
    if !may_edit(store) {
        return;
    }
    let mut step = None;
    store
        .desk
        .update_value(|desk| step = act(&mut desk.review).cloned());
    if let Some(step) = step {
        apply(store, &step);
        store.stage.said.set(says(&step_text(store, &step)));
        if let Some((track, frames)) = step.place() {
            go_to_frame(store, track, frames.start);
        } else if let Some(remark) = step.remark() {
            go_to_remark(store, remark);
        }
    }
}

/// Goes to the segment that is most worth a look after the current one.
pub fn next_doubtful(store: Store) {
    let current = untrack(|| current(store));
    let queue = store.queue.get_untracked();
    match queue.after(current.as_ref()) {
        Some(next) => go_to(store, &next.segment),
        None => nothing_left(store),
    }
}

/// Goes to the segment before the current one in the queue.
pub fn previous_doubtful(store: Store) {
    let current = untrack(|| current(store));
    let queue = store.queue.get_untracked();
    match queue.before(current.as_ref()) {
        Some(next) => go_to(store, &next.segment),
        None => nothing_left(store),
    }
}

fn go_to_top(store: Store) {
    let queue = store.queue.get_untracked();
    match queue.doubtful().first() {
        Some(next) => go_to(store, &next.segment),
        None => nothing_left(store),
    }
}

fn nothing_left(store: Store) {
    store
        .stage
        .said
        .set(strings::nothing_left(&store.queue.get_untracked()));
}

/// Goes to the next segment in time that is not reviewed, or to the one before.
pub fn to_unreviewed(store: Store, on: bool) {
    let found = untrack(|| current(store)).zip(frame_now(store));
    let next = found.and_then(|(segment, frame)| {
        store.queue.with_untracked(|queue| match on {
            true => queue.next_unreviewed(segment.track, frame),
            false => queue.previous_unreviewed(segment.track, segment.start.min(frame)),
        })
    });
    match next {
        Some(next) => go_to(store, &next),
        None => nothing_left(store),
    }
}

/// Goes to the segment so many places on.
pub fn step_segments(store: Store, by: isize) {
    let next = untrack(|| current(store)).and_then(|segment| neighbour(store, segment, by));
    if let Some(next) = next {
        go_to(store, &next);
    }
}

/// Goes to the next frame where the label changes, or to the one before.
pub fn to_change(store: Store, on: bool) {
    let found = untrack(|| current(store)).zip(frame_now(store));
    if let Some((segment, frame)) = found {
        let queue = store.queue.get_untracked();
        let segments = queue.segments(segment.track);
        let found = if on {
            next_change(segments, frame)
        } else {
            previous_change(segments, frame)
        };
        if let Some(start) = found {
            go_to_frame(store, segment.track, start);
        }
    }
}

/// A step in words, with its time.
#[must_use]
pub fn step_text(store: Store, step: &Step) -> String {
    let view = store.view_now();
    let of_remark = || step.remark().map(|remark| remark.start..remark.end);
    let frames = step.place().map(|(_, frames)| frames).or_else(of_remark);
    let span = frames.map(|frames| {
        (
            view.span_of(frames.start).0,
            view.span_of(frames.end.saturating_sub(1)).1,
        )
    });
    strings::step(step.kind, span, |person| {
        untrack(|| person_names::name(store, person))
    })
}

/// Does an edit, shows and keeps it; whether it changed something.
pub fn edit(store: Store, act: impl FnOnce(&mut Review) -> Option<Step>) -> bool {
    let mut step = None;
    let is_blind = store.bench.is_blind.get_untracked();
    store.desk.update_value(|desk| {
        step = act(&mut desk.review);
        if let Some(step) = &step {
            // What was labelled before is shown again, with what is predicted of it.
            let was_hidden = is_blind && !step.changes().iter().any(TrackChange::had_labels);
            desk.review.note_decision(step.kind, was_hidden);
        }
    });
    if let Some(step) = &step {
        apply(store, step);
        store.stage.said.set(step_text(store, step));
    }
    step.is_some()
}

/// What a step has changed is shown and kept.
fn apply(store: Store, step: &Step) {
    store.analysis.update_value(|analysis| {
        store.desk.with_value(|desk| {
            let view = Rc::make_mut(&mut analysis.view);
            for change in step.changes() {
                rows::write_labels(view, desk.review.document(), change.track, &change.frames);
            }
        });
    });
    refresh(store);
    shown(store);
    store.mark_unwritten();
    if step.changes_people() {
        store.stage.range_from.set(None);
        relabel::rows_outdated(store);
    }
}

/// What shows labels by hand is drawn again.
fn shown(store: Store) {
    store
        .review_revision
        .update(|revision| *revision = revision.wrapping_add(1));
}

/// The segment at the playhead where labels can be changed.
#[must_use]
pub fn editable(store: Store) -> Option<ReviewedSegment> {
    may_edit(store).then(|| untrack(|| current(store))).flatten()
}

/// Whether labels cannot be changed: of the webcam, and where another tab has the video; tracks changes.
#[must_use]
pub fn is_locked(store: Store) -> bool {
    store.is_live() || !store.keeping.with(Keeping::allows_edits)
}

/// Whether labels can be changed.
#[must_use]
pub fn may_edit(store: Store) -> bool {
    !untrack(|| is_locked(store))
}

fn frame_now(store: Store) -> Option<usize> {
    store.view_now().frame_at(store.stage.playhead.get_untracked())
}

fn neighbour(store: Store, segment: ReviewedSegment, by: isize) -> Option<ReviewedSegment> {
    store.queue.with_untracked(|queue| {
        let (place, _) = queue.at(segment.track, segment.start)?;
        let place = place.checked_add_signed(by)?;
        queue.segments(segment.track).get(place).copied()
    })
}

/// Goes to the start of a segment.
pub fn go_to(store: Store, segment: &ReviewedSegment) {
    go_to_frame(store, segment.track, segment.start);
}

/// Shows the segment at the playhead with half its length on either side.
pub fn show_segment(store: Store) {
    if let Some(segment) = untrack(|| current(store)) {
        bring_into_sight(store, segment.start, segment.end);
    }
}

fn bring_into_sight(store: Store, start: usize, end: usize) {
    let view = store.view_now();
    let (start_s, end_s) = (view.span_of(start).0, view.span_of(end.saturating_sub(1)).1);
    let margin_s = (end_s - start_s) / 2.0;
    store
        .stage
        .viewport
        .update(|viewport| *viewport = viewport.showing(start_s - margin_s, end_s + margin_s));
}

/// Goes to where something was noted.
pub fn go_to_remark(store: Store, remark: &Remark) {
    if let Some(track) = remark.track {
        go_to_frame(store, track, remark.start);
    } else {
        player::pause(store);
        player::seek(store, store.view_now().span_of(remark.start).0);
    }
}

/// Goes to a frame of a face, and chooses the face.
pub fn go_to_frame(store: Store, track: u32, frame: usize) {
    if store.view_now().tracks.len() > 1 {
        store.stage.track.set(Some(track));
    }
    // A range reaches to the playhead: it was not meant to reach there.
    store.stage.range_from.set(None);
    let plays_on = store.stage.looped.with_untracked(Option::is_some);
    store.stage.loop_instead(track, frame);
    if !plays_on {
        player::pause(store);
    }
    let start_s = store.view_now().span_of(frame).0;
    player::seek(store, start_s);
    let segment = store
        .queue
        .with_untracked(|queue| queue.at(track, frame).map(|(_, segment)| segment));
    match segment.filter(|_| store.bench.follows.get_untracked()) {
        Some(segment) => bring_into_sight(store, segment.start, segment.end),
        None => store
            .stage
            .viewport
            .update(|viewport| *viewport = viewport.following(start_s)),
    }
}
