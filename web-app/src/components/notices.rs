//! Notices over the page, for a while, and the list of all that was said.

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::icons;
use crate::browser::{now_ms, tasks};
use crate::state::notice::{Notice, NoticeBoard, Offer, Tone};
use crate::state::store::Store;
use crate::{projects, service_worker, startup, strings};

#[component]
pub fn Notices() -> impl IntoView {
    let store = Store::of_page();
    let shown = move || store.notices.with(|board| board.shown().to_vec());
    expire(store);
    view! {
        <div class="notices">
            <For each=shown key=|notice| notice.id let:notice>
                <NoticeLine notice/>
            </For>
        </div>
        <NoticeList/>
    }
}

/// Puts notices away when their time is up.
fn expire(store: Store) {
    let next_ms = Memo::new(move |_| store.notices.with(NoticeBoard::next_ms));
    Effect::new(move |_| {
        let Some(until_ms) = next_ms.get() else { return };
        spawn_local(async move {
            // A timer may come a little early.
            let wait_ms = (until_ms - now_ms()).max(0.0) + 2.0;
            tasks::sleep(wait_ms as i32).await;
            store.notices.update(|board| board.expire(now_ms()));
        });
    });
}

#[component]
fn NoticeLine(notice: Notice) -> impl IntoView {
    let store = Store::of_page();
    let id = notice.id;
    let (role, tone) = match notice.tone {
        Tone::Info => ("status", "info"),
        Tone::Warning => ("alert", "warning"),
        Tone::Error => ("alert", "error"),
    };
    let dismiss = move |_| store.notices.update(|board| board.dismiss(id));
    view! {
        <div class="notice" role=role data-tone=tone>
            <p>{notice.text.clone()}</p>
            <Offers notice/>
            <button type="button" class="icon-button" aria-label=strings::DISMISS title=strings::DISMISS on:click=dismiss>
                {icons::close()}
            </button>
        </div>
    }
}

/// A button for each way on that a notice offers.
#[component]
fn Offers(notice: Notice) -> impl IntoView {
    let store = Store::of_page();
    let id = notice.id;
    let button = move |offer: Offer| {
        let (text, hook) = match offer {
            Offer::Update => (strings::RELOAD, "notice-update"),
            Offer::Projects => (strings::FREE_SPACE, "notice-projects"),
            Offer::UseCpu => (strings::USE_CPU, "use-cpu"),
            Offer::UseDemoModel => (strings::USE_DEMO_MODEL, "use-demo-model"),
        };
        let take = move |_| {
            store.notices.update(|board| board.taken(id));
            match offer {
                Offer::Update => service_worker::update(),
                Offer::Projects => projects::show(store),
                Offer::UseCpu => startup::use_cpu(store),
                Offer::UseDemoModel => startup::use_demo_model(store),
            }
        };
        view! { <button type="button" class="button small" data-testid=hook on:click=take>{text}</button> }
    };
    notice.offers.into_iter().map(button).collect_view()
}

/// Opens and closes the list. It is there once something was said.
#[component]
pub fn NoticeButton() -> impl IntoView {
    let store = Store::of_page();
    let count = move || {
        store
            .notices
            .with(|board| board.past().len() + board.shown().len())
    };
    let toggle = move |_| store.lists_notices.update(|is_open| *is_open = !*is_open);
    view! {
        <button type="button" class="button notice-button" data-testid="notices" class:is-off=move || count() == 0
            aria-expanded=move || store.lists_notices.get().to_string() title=strings::NOTICES on:click=toggle>
            {icons::bell()}
            <span class="visually-hidden">{strings::NOTICES}</span>
            <b>{count}</b>
        </button>
    }
}

/// All that was said, the latest first.
#[component]
fn NoticeList() -> impl IntoView {
    let store = Store::of_page();
    let all = move || {
        store.notices.with(|board| {
            let all = board.past().iter().chain(board.shown());
            let mut all: Vec<Notice> = all.cloned().collect();
            all.sort_by_key(|notice| std::cmp::Reverse(notice.id));
            all
        })
    };
    let is_off =
        move || !store.lists_notices.get() || store.notices.with(|board| *board == NoticeBoard::default());
    let line = |notice: Notice| {
        let tone = match notice.tone {
            Tone::Info => "info",
            Tone::Warning => "warning",
            Tone::Error => "error",
        };
        view! {
            <li class="notice" data-tone=tone>
                <p>{notice.text.clone()}</p>
                <Offers notice/>
            </li>
        }
    };
    view! {
        <section class="notice-list" class:is-off=is_off aria-label=strings::NOTICES data-testid="notice-list">
            <ul tabindex="0">
                <For each=all key=|notice| notice.id let:notice>{line(notice)}</For>
            </ul>
            <div class="panel-buttons">
                <button type="button" class="button small" on:click=move |_| store.lists_notices.set(false)>{strings::CLOSE}</button>
                <button type="button" class="button small" on:click=move |_| store.notices.update(NoticeBoard::forget)>
                    {strings::FORGET_NOTICES}</button>
            </div>
        </section>
    }
}
