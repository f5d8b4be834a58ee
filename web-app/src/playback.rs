//! What follows from the player's starting, stopping and coming to its end.

use leptos::prelude::*;

use crate::state::store::Store;
use crate::{label_strokes, player, segment_loop};

/// It plays.
pub fn started(store: Store) {
    store.stage.playing.set(true);
    segment_loop::watch(store);
}

/// The player has stopped, by itself or because it was asked to.
pub fn stopped(store: Store) {
    store.stage.playing.set(false);
    label_strokes::release(store);
}

/// The video has come to its end: a looped segment that ends with it begins again.
pub fn ended(store: Store) {
    stopped(store);
    if let Some(segment) = untrack(|| segment_loop::segment(store)) {
        player::seek(store, store.view_now().span_of(segment.start).0);
        player::play(store);
    }
}
