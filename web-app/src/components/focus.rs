//! Where the focus came from, and giving it back after a click, so that the review's keys work wherever the pointer was.

use leptos::prelude::*;
use page_view::key_focus::Focused;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, Event, HtmlElement, HtmlInputElement, UiEvent};

use crate::state::store::Store;

/// Watches pointer, keys and focus for as long as the page lives.
pub fn follow(store: Store) {
    let bench = store.bench;
    listen("pointerdown", move |_| bench.is_pointing.set_value(true));
    listen("keydown", move |_| bench.is_pointing.set_value(false));
    listen("focusin", move |_| {
        bench.focus_by_pointer.set_value(bench.is_pointing.get_value());
    });
    listen("click", move |event| {
        // A button that is pressed by a key clicks too, and keeps the focus.
        let is_pointed = event.dyn_ref::<UiEvent>().is_some_and(|event| event.detail() > 0);
        if is_pointed {
            leave(Focused::is_left_by_click);
        }
    });
    listen("change", move |_| {
        if bench.is_pointing.get_value() {
            leave(Focused::is_left_by_change);
        }
    });
}

/// What kind of thing an element is.
#[must_use]
pub fn kind(element: &Element) -> Focused {
    let input_type = element
        .dyn_ref::<HtmlInputElement>()
        .map(HtmlInputElement::type_)
        .unwrap_or_default();
    Focused::of(&element.tag_name(), &input_type)
}

/// Gives the focus to the input with this hook, whatever stands in it chosen, so that typing replaces it. A folded section that holds it is
/// opened.
pub fn enter(hook: &str) {
    if let Some(input) = opened(hook) {
        input.select();
    }
}

/// Gives the focus to the input with this hook, behind what stands in it.
pub fn enter_behind(hook: &str) {
    if let Some(input) = opened(hook) {
        let end = input.value().encode_utf16().count() as u32;
        // Only inputs without a caret refuse it.
        let _ = input.set_selection_range(end, end);
    }
}

fn opened(hook: &str) -> Option<HtmlInputElement> {
    let document = web_sys::window().and_then(|window| window.document());
    let found = document.and_then(|document| {
        document
            .query_selector(&format!("[data-testid=\"{hook}\"]"))
            .ok()?
    });
    let input: HtmlInputElement = found?.dyn_into().ok()?;
    if let Ok(Some(fold)) = input.closest("details") {
        // A section that cannot be opened keeps its field to itself.
        let _ = fold.set_attribute("open", "");
    }
    // It is refused only where the page has no focus itself.
    let _ = input.focus();
    Some(input)
}

/// Takes the focus away from an element.
pub fn give_back(element: &Element) {
    if let Some(element) = element.dyn_ref::<HtmlElement>() {
        // It is refused only where it has no focus.
        let _ = element.blur();
    }
}

/// Gives the focus back where its element is of the right kind. A dialogue needs it for its own keys.
fn leave(is_left: fn(Focused) -> bool) {
    let active = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.active_element());
    let Some(active) = active.filter(|active| is_left(kind(active))) else {
        return;
    };
    let is_in_dialog = active.closest("dialog").is_ok_and(|dialog| dialog.is_some());
    if !is_in_dialog {
        give_back(&active);
    }
}

/// Before anything else hears of it: a dialogue that opens by a click would give the focus back to what was clicked.
fn listen(name: &str, act: impl FnMut(Event) + 'static) {
    let Some(window) = web_sys::window() else { return };
    let listener = Closure::<dyn FnMut(Event)>::new(act);
    let function = listener.as_ref().unchecked_ref();
    let _ = window.add_event_listener_with_callback_and_bool(name, function, true);
    listener.forget();
}
