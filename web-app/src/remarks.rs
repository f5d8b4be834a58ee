//! What a person notes beside the labels: notes, segments they are not sure of, events.

use std::ops::Range;

use leptos::prelude::*;
use page_view::review::edit_kind::EditKind;
use shared_model::remark::{Remark, RemarkKind, Remarks};

use crate::state::store::Store;
use crate::{range_labels, review, strings};

/// All remarks; tracks changes.
#[must_use]
pub fn all(store: Store) -> Remarks {
    store.review_revision.track();
    store
        .desk
        .with_value(|desk| desk.review.document().remarks().clone())
}

/// The note on the segment at the playhead; tracks changes.
#[must_use]
pub fn note(store: Store) -> String {
    let remarks = all(store);
    review::current(store)
        .map(|segment| remarks.note(segment.track, &(segment.start..segment.end)))
        .unwrap_or_default()
}

/// Whether the person is not sure of the segment at the playhead; tracks changes.
#[must_use]
pub fn is_unsure(store: Store) -> bool {
    let remarks = all(store);
    review::current(store)
        .is_some_and(|segment| remarks.is_unsure(segment.track, &(segment.start..segment.end)))
}

/// Writes a note on a face's frames, those that were meant when it was begun; empty words take it away.
pub fn set_note(store: Store, (track, frames): (u32, Range<usize>), text: &str) {
    if review::may_edit(store) {
        let noted = untrack(|| all(store)).with_note(track, frames, text);
        set(store, EditKind::Note, noted);
    }
}

/// Puts a label of the person's own set on the segment at the playhead, or on the range that was begun; again takes it off.
pub fn turn_label(store: Store, name: &str) {
    if let Some((track, frames)) = target(store) {
        let labelled = untrack(|| all(store)).with_label_turned(track, frames, name);
        set(store, EditKind::OwnLabel, labelled);
        store.stage.range_from.set(None);
    }
}

/// Whose frames are meant: the range that was begun, else the segment at the playhead; `None` where nothing can be changed.
#[must_use]
pub fn target(store: Store) -> Option<(u32, Range<usize>)> {
    let range = untrack(|| range_labels::range(store)).filter(|_| review::may_edit(store));
    range.or_else(|| review::editable(store).map(|segment| (segment.track, segment.start..segment.end)))
}

/// Says that the person is not sure of the segment at the playhead, or takes that back.
pub fn toggle_unsure(store: Store) {
    if let Some(segment) = review::editable(store) {
        let is_unsure = !untrack(|| is_unsure(store));
        let remarks = untrack(|| all(store));
        let said = remarks.with_unsure(segment.track, segment.start..segment.end, is_unsure);
        set(store, EditKind::Unsure(is_unsure), said);
    }
}

/// Marks an event at the playhead by the name that stands in its field.
pub fn mark_event(store: Store) {
    let view = store.view_now();
    let frame = view.frame_at(store.stage.playhead.get_untracked());
    if let Some(frame) = frame.filter(|_| review::may_edit(store)) {
        let name = store.bench.event_name.get_untracked();
        let name = match name.trim() {
            "" => strings::EVENT,
            name => name,
        };
        let marked = untrack(|| all(store)).with_event(frame, name);
        set(store, EditKind::MarkEvent, marked);
    }
}

/// Takes a remark away.
pub fn take_away(store: Store, remark: &Remark) {
    if review::may_edit(store) {
        let kind = match remark.kind {
            RemarkKind::Note => EditKind::Note,
            RemarkKind::Unsure => EditKind::Unsure(false),
            RemarkKind::Label => EditKind::OwnLabel,
            RemarkKind::Event => EditKind::ChangeEvent,
        };
        set(store, kind, untrack(|| all(store)).without(remark));
    }
}

fn set(store: Store, kind: EditKind, remarks: Remarks) {
    review::edit(store, |review| review.set_remarks(kind, remarks).cloned());
}
