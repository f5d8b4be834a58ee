//! What a printer gets: the report in place of the page.

use leptos::prelude::*;
use leptos::{ev, html};

use crate::exports::report;
use crate::state::store::Store;

#[component]
pub fn PrintedReport() -> impl IntoView {
    let store = Store::of_page();
    let section = NodeRef::<html::Section>::new();
    // The browser prints what stands there when its listeners have run, so nothing may wait.
    window_event_listener(ev::Custom::<web_sys::Event>::new("beforeprint"), move |_| {
        if let Some(section) = section.get_untracked() {
            section.set_inner_html(&report::printed(store).unwrap_or_default());
        }
    });
    window_event_listener(ev::Custom::<web_sys::Event>::new("afterprint"), move |_| {
        if let Some(section) = section.get_untracked() {
            section.set_inner_html("");
        }
    });
    view! { <section class="printed" node_ref=section></section> }
}
