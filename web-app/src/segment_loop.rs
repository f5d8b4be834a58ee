//! A segment that is played over and over.

use leptos::prelude::*;
use shared_model::reviewed_segment::ReviewedSegment;
use wasm_bindgen_futures::spawn_local;

use crate::browser::tasks;
use crate::state::store::Store;
use crate::{player, review};

/// A seek takes a moment, in which the first picture behind the segment would show.
const EARLY_S: f64 = 0.01;
/// Milliseconds between two looks: less than a picture. Not by painted frames: those wait when the browser is busy.
const LOOK_MS: i32 = 8;

/// Begins to loop the segment at the playhead, or stops looping.
pub fn toggle(store: Store) {
    let looped = store.stage.looped;
    if looped.with_untracked(Option::is_some) {
        looped.set(None);
        return;
    }
    if let Some(segment) = untrack(|| review::current(store)) {
        looped.set(Some((segment.track, segment.start)));
        player::seek(store, store.view_now().span_of(segment.start).0);
        player::play(store);
        watch(store);
    }
}

/// The segment that is looped, with the edges it has by now; tracks changes.
#[must_use]
pub fn segment(store: Store) -> Option<ReviewedSegment> {
    let (track, frame) = store.stage.looped.get()?;
    let (_, segment) = store.queue.with(|queue| queue.at(track, frame))?;
    Some(segment)
}

/// Goes back to the segment's start whenever its last picture has had its time, for as long as the video plays.
/// Pictures are not waited for: under load a player leaves some out.
pub fn watch(store: Store) {
    if store.stage.looped.with_untracked(Option::is_none) || store.bench.is_watching.get_value() {
        return;
    }
    store.bench.is_watching.set_value(true);
    spawn_local(async move {
        while store.stage.playing.get_untracked()
            && let Some(segment) = untrack(|| segment(store))
        {
            let view = store.view_now();
            let start_s = view.span_of(segment.start).0;
            let end_s = view.span_of(segment.end.saturating_sub(1)).1;
            let now_s = player::now_s(store);
            if now_s.is_some_and(|now_s| now_s >= end_s - EARLY_S || now_s < start_s - EARLY_S) {
                player::seek(store, start_s);
            }
            tasks::sleep(LOOK_MS).await;
        }
        store.bench.is_watching.set_value(false);
    });
}
