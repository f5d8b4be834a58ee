//! A section of the side bar that folds.

use leptos::html;
use leptos::prelude::*;

use crate::browser::kept;

/// Whether the section stays folded is kept from one visit to the next.
#[component]
pub fn Fold(
    /// What its state is kept under; also its class, and its name for scripts.
    name: &'static str,
    title: &'static str,
    /// Where it has nothing to show, it is not there.
    #[prop(optional, into)]
    is_off: Option<Signal<bool>>,
    children: Children,
) -> impl IntoView {
    let key = format!("mien-fold-{name}");
    let is_open = kept::read(&key).is_none_or(|text| text != "folded");
    let section = NodeRef::<html::Details>::new();
    let toggled = move |_| {
        if let Some(section) = section.get_untracked() {
            let state = if section.open() { "open" } else { "folded" };
            // Not worth a word: it is folded again in a second.
            let _ = kept::write(&key, state);
        }
    };
    view! {
        <details class=format!("panel fold {name}") class:is-off=move || is_off.is_some_and(|is_off| is_off.get())
            data-testid=name open=is_open node_ref=section on:toggle=toggled>
            <summary><h2>{title}</h2></summary>
            <div class="fold-body">{children()}</div>
        </details>
    }
}
