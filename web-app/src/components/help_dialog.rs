//! The table of keys, and changing them.

use leptos::html;
use leptos::prelude::*;
use page_view::command::{BINDINGS, Binding, Command, Group, key_name};
use page_view::key_map::{KeyMap, KeyRefusal, is_key};
use web_sys::KeyboardEvent;

use super::icons;
use crate::state::store::Store;
use crate::strings;

/// A key that could not be given to a command.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refused {
    command: Command,
    key: String,
    why: KeyRefusal,
}

/// Whose key is being changed, and what stood in the way.
#[derive(Clone, Copy)]
struct Change {
    command: RwSignal<Option<Command>>,
    refused: RwSignal<Option<Refused>>,
}

impl Change {
    fn begin(self, command: Command) {
        self.refused.set(None);
        self.command.set(Some(command));
    }

    fn end(self) {
        self.refused.set(None);
        self.command.set(None);
    }
}

#[component]
pub fn HelpDialog() -> impl IntoView {
    let store = Store::of_page();
    let dialog: NodeRef<html::Dialog> = NodeRef::new();
    let change = Change {
        command: RwSignal::new(None),
        refused: RwSignal::new(None),
    };
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
    let closed = move |_| {
        change.end();
        store.help.set(false);
    };
    let group = move |wanted: Group| {
        let lines = BINDINGS.iter().filter(|line| line.group == wanted);
        let lines = lines.map(|line| view! { <KeyLine line change/> }).collect_view();
        view! { <section><h3>{strings::command_group(wanted)}</h3><dl>{lines}</dl></section> }
    };
    let is_usual = move || store.bench.keys.with(|keys| !keys.is_changed());
    view! {
        <dialog class="help" data-testid="help-dialog" aria-label=strings::HELP node_ref=dialog
            on:close=closed on:keydown=move |event| pressed(store, change, &event)>
            <div class="dialog-head">
                <h2>{strings::HELP}</h2>
                <button type="button" class="icon-button" aria-label=strings::CLOSE title=strings::CLOSE data-testid="help-close"
                    on:click=move |_| store.help.set(false)>{icons::close()}</button>
                <Refusal change/>
            </div>
            <div class="help-groups">
                {[Group::Review, Group::Playing, Group::Timeline, Group::People, Group::Page].map(group).into_iter().collect_view()}
            </div>
            <p class="hint">{strings::HELP_DOUBT}</p>
            {strings::LANES_HELP.into_iter().chain([strings::REVIEWED_HELP, strings::FILE_LANES_HELP])
                .map(|help| view! { <p class="hint">{help}</p> }).collect_view()}
            <div class="panel-buttons">
                <button type="button" class="button" on:click=move |_| store.help.set(false)>{strings::CLOSE}</button>
                <button type="button" class="button" data-testid="usual-keys" disabled=is_usual
                    on:click=move |_| store.bench.keys.set(KeyMap::default())>{strings::USUAL_KEYS}</button>
            </div>
        </dialog>
    }
}

#[component]
fn KeyLine(
    /// Its line of the table.
    line: &'static Binding,
    /// What is being changed.
    change: Change,
) -> impl IntoView {
    let store = Store::of_page();
    let command = line.command;
    let is_asked = move || change.command.get() == Some(command);
    let keys = move || {
        let keys = store.bench.keys.with(|keys| keys.keys(command));
        keys.into_iter()
            .map(|key| view! { <kbd>{key}</kbd> })
            .collect_view()
    };
    view! {
        <div class:is-asked=is_asked>
            <dt>{strings::command(command)}</dt>
            <dd>
                {keys}
                <button type="button" class="button tiny" aria-label=strings::change_key(command)
                    data-testid=format!("change-{}", line.id) on:click=move |_| change.begin(command)>
                    {move || if is_asked() { "…" } else { strings::CHANGE_KEY }}</button>
            </dd>
        </div>
    }
}

/// What to press, or what stands in the way.
#[component]
fn Refusal(
    /// What is being changed.
    change: Change,
) -> impl IntoView {
    let store = Store::of_page();
    let text = move || match (change.refused.get(), change.command.get()) {
        (Some(refused), _) => strings::key_refused(&refused.key, refused.why),
        (None, Some(command)) => format!("{}: {}", strings::command(command), strings::PRESS_A_KEY),
        (None, None) => strings::HELP_LABELS.to_owned(),
    };
    let can_take = move || {
        let refused = change.refused.get();
        refused.is_some_and(|refused| matches!(refused.why, KeyRefusal::Taken(_)))
    };
    let take = move |_| {
        if let Some(refused) = change.refused.get_untracked() {
            store
                .bench
                .keys
                .update(|keys| keys.take_over(refused.command, &refused.key));
        }
        change.end();
    };
    view! {
        <div class="key-message" class:is-asked=move || change.command.get().is_some()>
            <p role="status" data-testid="key-message">{text}</p>
            <button type="button" class="button small" data-testid="take-key" class:is-off=move || !can_take()
                on:click=take>{strings::USE_HERE}</button>
        </div>
    }
}

/// A key that is pressed while one is asked for is given to the command.
fn pressed(store: Store, change: Change, event: &KeyboardEvent) {
    let Some(command) = change.command.get_untracked() else {
        return;
    };
    let key = event.key();
    if !is_key(&key) || event.alt_key() {
        return;
    }
    let is_settling = change.refused.with_untracked(Option::is_some) && matches!(key.as_str(), "Enter" | " ");
    let is_leaving = key == "Tab" || is_settling;
    if is_leaving {
        // On to the button that settles it.
        return;
    }
    event.prevent_default();
    event.stop_propagation();
    if key == "Escape" {
        return change.end();
    }
    let key = key_name(&key, event.ctrl_key() || event.meta_key(), event.shift_key());
    let mut bound = Ok(());
    store.bench.keys.update(|keys| bound = keys.bind(command, &key));
    match bound {
        Ok(()) => change.end(),
        Err(why) => change.refused.set(Some(Refused { command, key, why })),
    }
}
