//! Notices below the header.

use leptos::prelude::*;

use super::icons;
use crate::state::notice::{Notice, Offer, Tone};
use crate::state::store::Store;
use crate::{projects, service_worker, strings};

#[component]
pub fn Notices() -> impl IntoView {
    let store = Store::of_page();
    view! {
        <div class="notices">
            <For each=move || store.notices.get() key=|notice| notice.id let:notice>
                <NoticeLine notice/>
            </For>
        </div>
    }
}

#[component]
fn NoticeLine(notice: Notice) -> impl IntoView {
    let store = Store::of_page();
    let (role, tone) = match notice.tone {
        Tone::Info => ("status", "info"),
        Tone::Warning => ("alert", "warning"),
        Tone::Error => ("alert", "error"),
    };
    let dismiss = move |_| {
        store
            .notices
            .update(|notices| notices.retain(|other| other.id != notice.id));
    };
    let offer = notice.offer.map(|offer| {
        let text = match offer {
            Offer::Update => strings::RELOAD,
            Offer::Projects => strings::FREE_SPACE,
        };
        let take = move |_| match offer {
            Offer::Update => service_worker::update(),
            Offer::Projects => projects::show(store),
        };
        view! { <button type="button" class="button small" on:click=take>{text}</button> }
    });
    view! {
        <div class="notice" role=role data-tone=tone>
            <p>{notice.text}</p>
            {offer}
            <button type="button" class="icon-button" aria-label=strings::DISMISS title=strings::DISMISS on:click=dismiss>
                {icons::close()}
            </button>
        </div>
    }
}
