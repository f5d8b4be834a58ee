//! A segment that is played over and over.

use leptos::prelude::*;
use shared_model::reviewed_segment::ReviewedSegment;

use crate::state::store::Store;
use crate::{player, review};

/// Begins to loop the segment at the playhead, or stops looping.
pub fn toggle(store: Store) {
    let looped = store.bench.looped;
    if looped.with_untracked(Option::is_some) {
        looped.set(None);
        return;
    }
    if let Some(segment) = untrack(|| review::current(store)) {
        looped.set(Some((segment.track, segment.start)));
        player::seek(store, store.view_now().span_of(segment.start).0);
        player::play(store);
    }
}

/// The person has gone to another segment: that one is looped instead.
pub fn follow(store: Store, track: u32, frame: usize) {
    if store.bench.looped.with_untracked(Option::is_some) {
        store.bench.looped.set(Some((track, frame)));
    }
}

/// The segment that is looped, with the edges it has by now; tracks changes.
#[must_use]
pub fn segment(store: Store) -> Option<ReviewedSegment> {
    let (track, frame) = store.bench.looped.get()?;
    let (_, segment) = store.queue.with(|queue| queue.at(track, frame))?;
    Some(segment)
}

/// A picture is on the screen: behind the segment's last one the first one comes again.
pub fn picture_is_on(store: Store, time_s: f64) {
    let Some(segment) = untrack(|| segment(store)) else {
        return;
    };
    let view = store.view_now();
    let is_last = view
        .frame_at(time_s)
        .is_some_and(|frame| frame + 1 >= segment.end || frame < segment.start);
    if is_last {
        player::seek(store, view.span_of(segment.start).0);
    }
}
