//! Keys that work wherever the focus is, except where the focus needs them itself.

use leptos::prelude::*;
use page_view::command::{Command, key_name};
use page_view::key_focus::Focused;
use page_view::timeline_layout::PlotStyle;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};

use super::focus;
use crate::state::store::Store;
use crate::{label_strokes, people, player, range_labels, remarks, review, segment_loop, strings};
use page_view::speed;

/// Zoom of one key press.
pub const ZOOM_STEP: f64 = 0.7;

/// Part of the sight by which a key moves it.
const PAN_STEP: f64 = 0.4;

/// Name and key of a command, for tips.
#[must_use]
pub fn tip(store: Store, command: Command) -> String {
    let name = strings::command(command);
    match store.bench.keys.with(|keys| keys.first_key(command)).as_str() {
        "" => name,
        key => format!("{name} ({key})"),
    }
}

/// A key goes up: a label that was painted with it ends.
pub fn released(store: Store, event: &KeyboardEvent) {
    // Whether control or shift is still down does not matter.
    let name = key_name(&event.key(), false, false);
    let command = store.bench.keys.with_untracked(|keys| keys.command_of(&name));
    let painted = store
        .stage
        .stroke
        .with_untracked(|stroke| stroke.map(|stroke| stroke.label));
    if painted.is_some_and(|label| command == Some(Command::Label(label))) {
        label_strokes::release(store);
    }
}

/// Does what the key asks for.
pub fn handle(store: Store, event: &KeyboardEvent) {
    let nothing_open = store.stage.source.with_untracked(Option::is_none);
    if nothing_open || event.alt_key() || has_dialog() {
        return;
    }
    let target: Option<Element> = event.target().and_then(|target| target.dyn_into().ok());
    let focused = target.as_ref().map_or(Focused::Nothing, focus::kind);
    let name = key_name(
        &event.key(),
        event.ctrl_key() || event.meta_key(),
        event.shift_key(),
    );
    let by_pointer = store.bench.focus_by_pointer.get_value();
    let give_back = || {
        if let Some(target) = &target {
            focus::give_back(target);
        }
    };
    if focused.is_left_by(&name) {
        give_back();
        return;
    }
    if focused.keeps(by_pointer, &name) {
        return;
    }
    if name == "Escape" && has_range(store) {
        range_labels::drop_it(store);
        return;
    }
    let command = store.bench.keys.with_untracked(|keys| keys.command_of(&name));
    let Some(command) = command else { return };
    event.prevent_default();
    if focused == Focused::Number || (by_pointer && focused != Focused::Nothing) {
        // The next key may be one that it would keep.
        give_back();
    }
    match command {
        // A held key repeats; one stroke of it is meant.
        Command::Label(_) if event.repeat() => {}
        Command::Label(class) if store.stage.playing.get_untracked() && !has_range(store) => {
            label_strokes::press(store, class);
        }
        command => run(store, command),
    }
}

fn has_range(store: Store) -> bool {
    store.stage.range_from.with_untracked(Option::is_some)
}

/// Whether a dialog is open. The document knows at once; the store hears of a dialog's end a moment later, and a key may come
/// before.
fn has_dialog() -> bool {
    let document = web_sys::window().and_then(|window| window.document());
    document.is_some_and(|document| {
        document
            .query_selector("dialog[open]")
            .is_ok_and(|found| found.is_some())
    })
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
        Command::GoTo => focus::enter("go-to"),
        Command::Slower => change_speed(store, false),
        Command::Faster => change_speed(store, true),
        Command::Loop => segment_loop::toggle(store),
        Command::ZoomIn => zoom(store, ZOOM_STEP),
        Command::ZoomOut => zoom(store, 1.0 / ZOOM_STEP),
        Command::ShowAll => zoom(store, f64::INFINITY),
        Command::ShowSegment => review::show_segment(store),
        Command::PanLeft => pan(store, -PAN_STEP),
        Command::PanRight => pan(store, PAN_STEP),
        Command::PlotStyle => store.plot_style.update(|style| {
            *style = match style {
                PlotStyle::Rows => PlotStyle::Stacked,
                PlotStyle::Stacked => PlotStyle::Rows,
            };
        }),
        Command::Label(class) if range_labels::label(store, class) => {}
        Command::Label(class) => review::label(store, class),
        Command::Confirm => review::confirm(store),
        Command::NextDoubtful => review::next_doubtful(store),
        Command::PreviousDoubtful => review::previous_doubtful(store),
        Command::NextUnreviewed => review::to_unreviewed(store, true),
        Command::PreviousUnreviewed => review::to_unreviewed(store, false),
        Command::NextSegment => review::step_segments(store, 1),
        Command::PreviousSegment => review::step_segments(store, -1),
        Command::NextChange => review::to_change(store, true),
        Command::PreviousChange => review::to_change(store, false),
        Command::Split => review::split(store),
        Command::Merge => review::merge(store),
        Command::StartHere => review::start_here(store),
        Command::EndHere => review::end_here(store),
        Command::Clear => review::clear(store),
        Command::Range => range_labels::toggle(store),
        Command::Unsure => remarks::toggle_unsure(store),
        Command::Note => focus::enter_behind("note"),
        Command::MarkEvent => remarks::mark_event(store),
        Command::NextPerson => people::choose(store, 1),
        Command::PreviousPerson => people::choose(store, -1),
        Command::SplitPerson => people::split_current(store),
        Command::IgnorePerson => people::ignore_current(store),
        Command::Undo => review::undo(store),
        Command::Redo => review::redo(store),
        Command::Help => store.help.set(true),
    }
}

fn change_speed(store: Store, faster: bool) {
    player::set_speed(store, speed::next(store.bench.speed.get_untracked(), faster));
}

fn pan(store: Store, part: f64) {
    store
        .stage
        .viewport
        .update(|viewport| *viewport = viewport.panned(part * viewport.span_s));
}

/// Zooms around the playhead if it is in sight, else around the middle.
pub fn zoom(store: Store, factor: f64) {
    let playhead = store.stage.playhead.get_untracked();
    store.stage.viewport.update(|viewport| {
        // At the end a player stands a little behind the last frame.
        let playhead = playhead.min(viewport.total_s);
        let in_sight = playhead >= viewport.start_s && playhead <= viewport.end_s();
        let middle = viewport.start_s + viewport.span_s / 2.0;
        *viewport = viewport.zoomed(factor.min(1e6), if in_sight { playhead } else { middle });
    });
}
