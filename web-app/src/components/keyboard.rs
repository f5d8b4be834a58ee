//! Keys that work wherever the focus is, except where the focus needs them itself.

use leptos::prelude::*;
use page_view::command::{Command, command_of, key_name};
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};

use crate::state::store::Store;
use crate::{player, review};

/// Zoom of one key press.
pub const ZOOM_STEP: f64 = 0.7;

/// Does what the key asks for.
pub fn handle(store: Store, event: &KeyboardEvent) {
    let nothing_open = store.source.with_untracked(Option::is_none);
    if nothing_open || event.alt_key() || store.help.get_untracked() {
        return;
    }
    let target: Option<Element> = event.target().and_then(|target| target.dyn_into().ok());
    let tag = target.map(|target| target.tag_name()).unwrap_or_default();
    let name = key_name(
        &event.key(),
        event.ctrl_key() || event.meta_key(),
        event.shift_key(),
    );
    let takes_text = matches!(tag.as_str(), "INPUT" | "SELECT" | "TEXTAREA");
    let takes_press = matches!(tag.as_str(), "BUTTON" | "SUMMARY" | "A");
    if takes_text || (takes_press && matches!(name.as_str(), "Space" | "Enter")) {
        return;
    }
    if let Some(command) = command_of(&name) {
        event.prevent_default();
        run(store, command);
    }
}

/// Does what a command says.
pub fn run(store: Store, command: Command) {
    match command {
        Command::PlayOrPause => player::toggle(store),
        Command::FrameBack => player::step_frames(store, -1),
        Command::FrameOn => player::step_frames(store, 1),
        Command::SecondBack => player::step_seconds(store, -1.0),
        Command::SecondOn => player::step_seconds(store, 1.0),
        Command::ToStart => player::step_seconds(store, f64::NEG_INFINITY),
        Command::ToEnd => player::step_seconds(store, player::length_s(store)),
        Command::ZoomIn => zoom(store, ZOOM_STEP),
        Command::ZoomOut => zoom(store, 1.0 / ZOOM_STEP),
        Command::ShowAll => zoom(store, f64::INFINITY),
        Command::Label(class) => review::label(store, class),
        Command::Confirm => review::confirm(store),
        Command::NextDoubtful => review::next_doubtful(store),
        Command::NextUnreviewed => review::next_unreviewed(store),
        Command::NextSegment => review::step_segments(store, 1),
        Command::PreviousSegment => review::step_segments(store, -1),
        Command::NextChange => review::to_next_change(store),
        Command::Split => review::split(store),
        Command::Merge => review::merge(store),
        Command::StartHere => review::start_here(store),
        Command::EndHere => review::end_here(store),
        Command::Clear => review::clear(store),
        Command::Undo => review::undo(store),
        Command::Redo => review::redo(store),
        Command::Help => store.help.set(true),
    }
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
