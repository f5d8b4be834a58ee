//! A range of frames that is labelled at once: from where it was begun to the playhead.

use std::ops::Range;

use leptos::prelude::*;
use shared_model::expression::Expression;

use crate::state::store::Store;
use crate::{review, strings};

/// Whose range it is and which frames it has; tracks changes.
#[must_use]
pub fn range(store: Store) -> Option<(u32, Range<usize>)> {
    let (track, from) = store.stage.range_from.get()?;
    let here = store.view().frame_at(store.stage.playhead.get())?;
    Some((track, from.min(here)..from.max(here) + 1))
}

/// Begins a range at the playhead, or drops the one that was begun.
pub fn toggle(store: Store) {
    if store.stage.range_from.with_untracked(Option::is_some) {
        return drop_it(store);
    }
    let frame = store.view_now().frame_at(store.stage.playhead.get_untracked());
    if let Some((segment, frame)) = review::editable(store).zip(frame) {
        begin(store, segment.track, frame);
    }
}

/// Begins a range of a person's frames.
pub fn begin(store: Store, track: u32, frame: usize) {
    if review::may_edit(store) {
        store.stage.range_from.set(Some((track, frame)));
        let at_s = store.view_now().span_of(frame).0;
        store.stage.said.set(strings::range_from(at_s));
    }
}

/// Drops the range that was begun.
pub fn drop_it(store: Store) {
    store.stage.range_from.set(None);
    store.stage.said.set(strings::RANGE_DROPPED.to_owned());
}

/// Labels the range, where there is one; says whether there was.
#[must_use]
pub fn label(store: Store, label: Expression) -> bool {
    let Some((track, frames)) = untrack(|| range(store)) else {
        return false;
    };
    store.stage.range_from.set(None);
    if !review::may_edit(store) {
        return true;
    }
    let queue = store.queue.get_untracked();
    let is_done = review::edit(store, |review| {
        review.paint(label, track, frames, queue.segments(track)).cloned()
    });
    if !is_done {
        store.stage.said.set(strings::RANGE_UNCHANGED.to_owned());
    }
    true
}
