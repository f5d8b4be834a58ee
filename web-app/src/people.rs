//! What a person says about who is who.

use leptos::prelude::*;
use page_view::cast::together;
use page_view::review::history::{Review, Step};

use crate::person_names::name;
use crate::state::store::Store;
use crate::{review, strings};

/// Gives a person a name; an empty one takes it away.
pub fn rename(store: Store, person: u32, name: &str) {
    edit(store, |review| review.rename(person, name).cloned());
}

/// Makes two people one, unless a frame shows both.
pub fn merge(store: Store, from: u32, into: u32) {
    let view = store.view_now();
    if let Some((count, first)) = together(&view, from, into) {
        let at_s = view.span_of(first).0;
        let names = untrack(|| (name(store, from), name(store, into)));
        store
            .stage
            .said
            .set(strings::seen_together(&names.0, &names.1, count, at_s));
        return;
    }
    if edit(store, |review| review.merge_people(from, into).cloned())
        && store.stage.track.get_untracked() == Some(from)
    {
        store.stage.track.set(Some(into));
    }
}

/// From the playhead on a person is another one.
pub fn split(store: Store, person: u32) {
    let view = store.view_now();
    let (Some(frame), Some(track)) = (
        view.frame_at(store.stage.playhead.get_untracked()),
        view.tracks.iter().find(|track| track.track == person),
    ) else {
        return;
    };
    let is_seen_from = |range: std::ops::Range<usize>| {
        track
            .series
            .iter()
            .any(|row| range.contains(&view.frame_of(*row)))
    };
    if !is_seen_from(0..frame) || !is_seen_from(frame..usize::MAX) {
        store.stage.said.set(strings::NOTHING_TO_PART.to_owned());
        return;
    }
    let seen = store.with_stage(|reading| {
        let faces = reading.timeline.frames().iter().flat_map(|frame| &frame.faces);
        faces.map(|face| face.track).max().unwrap_or(0)
    });
    edit(store, |review| {
        let other = review.document().people().free_number(seen);
        review.split_person(person, frame, other).cloned()
    });
}

/// Leaves a person out, or takes them in again.
pub fn set_ignored(store: Store, person: u32, ignored: bool) {
    let done = edit(store, |review| review.set_ignored(person, ignored).cloned());
    if done && ignored && store.stage.track.get_untracked() == Some(person) {
        store.stage.track.set(None);
    }
}

/// Parts the person at the playhead.
pub fn split_current(store: Store) {
    if let Some(person) = untrack(|| review::current(store)).map(|segment| segment.track) {
        split(store, person);
    }
}

/// Leaves the person at the playhead out.
pub fn ignore_current(store: Store) {
    if let Some(person) = untrack(|| review::current(store)).map(|segment| segment.track) {
        set_ignored(store, person, true);
    }
}

/// Chooses the person so many places on.
pub fn choose(store: Store, by: isize) {
    let view = store.view_now();
    let count = view.tracks.len();
    let chosen = store.stage.track.get_untracked();
    let place = view.tracks.iter().position(|track| Some(track.track) == chosen);
    let next = match place {
        Some(place) => (place + count)
            .checked_add_signed(by)
            .map(|place| place % count.max(1)),
        None => Some(0),
    };
    if let Some(track) = next.and_then(|next| view.tracks.get(next)) {
        store.stage.track.set(Some(track.track));
        store.stage.said.set(untrack(|| name(store, track.track)));
    }
}

fn edit(store: Store, act: impl FnOnce(&mut Review) -> Option<Step>) -> bool {
    review::may_edit(store) && review::edit(store, act)
}
