//! Keys that work wherever the focus is, except where the focus needs them itself.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};

use crate::player;
use crate::state::store::Store;

/// Zoom of one key press.
pub const ZOOM_STEP: f64 = 0.7;

/// Does what the key asks for.
pub fn handle(store: Store, event: &KeyboardEvent) {
    let nothing_open = store.source.with_untracked(Option::is_none);
    if nothing_open || event.ctrl_key() || event.meta_key() || event.alt_key() {
        return;
    }
    let target: Option<Element> = event.target().and_then(|target| target.dyn_into().ok());
    let tag = target.map(|target| target.tag_name()).unwrap_or_default();
    let key = event.key();
    let takes_text = matches!(tag.as_str(), "INPUT" | "SELECT" | "TEXTAREA");
    let takes_space = matches!(tag.as_str(), "BUTTON" | "SUMMARY" | "A");
    if takes_text || (takes_space && key == " ") {
        return;
    }
    if act(store, &key) {
        event.prevent_default();
    }
}

/// Whether the key has a meaning.
fn act(store: Store, key: &str) -> bool {
    match key {
        " " | "k" => player::toggle(store),
        "," => player::step_frames(store, -1),
        "." => player::step_frames(store, 1),
        "ArrowLeft" => player::step_seconds(store, -1.0),
        "ArrowRight" => player::step_seconds(store, 1.0),
        "Home" => player::step_seconds(store, f64::NEG_INFINITY),
        "End" => player::step_seconds(store, player::length_s(store)),
        "+" | "=" => zoom(store, ZOOM_STEP),
        "-" => zoom(store, 1.0 / ZOOM_STEP),
        "0" => zoom(store, f64::INFINITY),
        _ => return false,
    }
    true
}

/// Zooms around the playhead if it is in sight, else around the middle.
pub fn zoom(store: Store, factor: f64) {
    let playhead = store.playhead.get_untracked();
    store.viewport.update(|viewport| {
        let in_sight = playhead >= viewport.start_s && playhead <= viewport.end_s();
        let middle = viewport.start_s + viewport.span_s / 2.0;
        *viewport = viewport.zoomed(factor.min(1e6), if in_sight { playhead } else { middle });
    });
}
