//! A button that opens a file: a real file input under a label, so that keys, scripts and screen readers find it.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Event, File, HtmlInputElement, MouseEvent};

use crate::browser::file_input;

/// What is done with the files.
pub type OnFiles = fn(crate::state::store::Store, Vec<File>);

/// Asks the person for files; whether the browser can.
pub type Asks = fn(crate::state::store::Store) -> bool;

#[component]
pub fn FileButton(
    /// `data-testid` and id of the input.
    hook: &'static str,
    /// Text of the button.
    text: &'static str,
    /// What the file dialogue offers.
    accept: &'static str,
    /// Takes the files.
    on_files: OnFiles,
    /// Whether it is one of the small buttons.
    #[prop(optional)]
    small: bool,
    /// Whether several files can be chosen.
    #[prop(optional)]
    many: bool,
    /// Another way than the input's own. Scripts that set its files do without.
    #[prop(optional)]
    asks: Option<Asks>,
    /// Icon before the text.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let store = crate::state::store::Store::of_page();
    let changed = move |event: Event| {
        let Some(input) = event
            .target()
            .and_then(|target| target.dyn_into::<HtmlInputElement>().ok())
        else {
            return;
        };
        if let Some(files) = input.files() {
            on_files(store, file_input::list(&files));
        }
        // Else choosing the same file again would say nothing.
        input.set_value("");
    };
    let clicked = move |event: MouseEvent| {
        // What the page itself clicks has asked in that way already.
        if event.is_trusted() && asks.is_some_and(|asks| asks(store)) {
            event.prevent_default();
        }
    };
    view! {
        <label class="button file-button" class:small=small title=text>
            <input type="file" class="visually-hidden" id=hook data-testid=hook accept=accept multiple=many aria-label=text
                on:click=clicked on:change=changed/>
            {children.map(|children| children())}
            <span>{text}</span>
        </label>
    }
}
