//! The table of keys.

use leptos::html;
use leptos::prelude::*;
use page_view::command::{BINDINGS, Group};

use crate::state::store::Store;
use crate::strings;

#[component]
pub fn HelpDialog() -> impl IntoView {
    let store = Store::of_page();
    let dialog: NodeRef<html::Dialog> = NodeRef::new();
    Effect::new(move |_| {
        let is_asked = store.help.get();
        if let Some(dialog) = dialog.get() {
            if is_asked && !dialog.open() {
                // It is refused only where the dialogue has left the page.
                let _ = dialog.show_modal();
            } else if !is_asked {
                dialog.close();
            }
        }
    });
    let group = |wanted: Group| {
        let lines = BINDINGS
            .iter()
            .filter(|(_, group, _)| *group == wanted)
            .map(|(command, _, keys)| {
                let keys = keys.iter().map(|key| view! { <kbd>{*key}</kbd> }).collect_view();
                view! { <div><dt>{strings::command(*command)}</dt><dd>{keys}</dd></div> }
            })
            .collect_view();
        view! { <section><h3>{strings::command_group(wanted)}</h3><dl>{lines}</dl></section> }
    };
    view! {
        <dialog class="help" data-testid="help-dialog" aria-label=strings::HELP node_ref=dialog
            on:close=move |_| store.help.set(false)>
            <h2>{strings::HELP}</h2>
            <div class="help-groups">
                {[Group::Review, Group::Playing, Group::Timeline, Group::Page].map(group).into_iter().collect_view()}
            </div>
            <p class="hint">{strings::HELP_DOUBT}</p>
            <button type="button" class="button" on:click=move |_| store.help.set(false)>{strings::CLOSE}</button>
        </dialog>
    }
}
