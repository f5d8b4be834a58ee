//! The top of the page: name, state, and what can be opened.

use leptos::prelude::*;

use super::file_button::{Asks, FileButton};
use super::icons;
use super::notices::NoticeButton;
use crate::state::store::Store;
use crate::{file_handles, live_source, opened_files, projects, strings, webcam};
use page_view::job::{self, EnginePhase};

#[component]
pub fn Header() -> impl IntoView {
    let store = Store::of_page();
    let step = move || {
        store.engine.with(|engine| match &engine.phase {
            EnginePhase::Loading { step, .. } => step.clone(),
            _ => String::new(),
        })
    };
    let percent = move || {
        store.engine.with(|engine| match engine.phase {
            EnginePhase::Loading { percent, .. } => percent,
            _ => None,
        })
    };
    let backend = move || {
        store
            .engine
            .with(|engine| match (&engine.backend, &engine.phase) {
                (Some(backend), _) => backend.clone(),
                (None, EnginePhase::Failed(_)) => strings::BACKEND_NONE.to_owned(),
                (None, _) => strings::BACKEND_UNKNOWN.to_owned(),
            })
    };
    let backend_notice = move || {
        store
            .engine
            .with(|engine| engine.notice.clone())
            .unwrap_or_default()
    };
    let with_handles: Asks = file_handles::choose_with_handles;
    let toggle_webcam = move |_| {
        if store.is_live() {
            live_source::stop(store);
        } else {
            webcam::start(store);
        }
    };
    view! {
        <header class="header">
            <h1 class="brand">
                <img src="icons/mien.svg" alt="" width="28" height="28"/>
                {strings::NAME}
            </h1>
            <div class="state" role="status" aria-label=strings::STATUS>
                <StatusText/>
                <span class="step">{step}</span>
            </div>
            <div class="facts">
                <div class="device" title=backend_notice>
                    <span class="device-label">{strings::BACKEND}</span>
                    <span class="backend" data-testid="backend">{backend}</span>
                </div>
                <Requests/>
            </div>
            <progress class="loaded" class:is-off=move || percent().is_none() max="100" aria-label=strings::ENGINE_STARTS
                prop:value=move || f64::from(percent().unwrap_or(0))></progress>
            <div class="openers">
                <NoticeButton/>
                <button type="button" class="button" data-testid="projects" on:click=move |_| projects::show(store)>
                    {icons::kept()}
                    <span>{strings::PROJECTS}</span>
                </button>
                <FileButton hook="open-video" text=strings::OPEN_VIDEO accept="video/*,image/*,.mkv,.json,.csv" many=true
                    on_files=opened_files::open_files asks=with_handles>
                    {icons::open()}
                </FileButton>
                <button type="button" class="button" data-testid="webcam"
                    aria-pressed=move || store.is_live().to_string() on:click=toggle_webcam>
                    {icons::webcam()}
                    <span>{move || if store.is_live() { strings::STOP_WEBCAM } else { strings::WEBCAM }}</span>
                </button>
            </div>
        </header>
    }
}

/// How often the network was asked.
#[component]
fn Requests() -> impl IntoView {
    let store = Store::of_page();
    let text = move || {
        let count = store.network.requests.get();
        count.map(|count| strings::requests(count, store.network.works_offline.get()))
    };
    view! {
        <p class="requests" class:is-off=move || store.network.requests.with(Option::is_none) title=strings::REQUESTS_HINT>
            {icons::lock()}
            <span data-testid="requests">{text}</span>
        </p>
    }
}

/// The status line. Scripts read all of it; the eye and the ear get what went wrong from the notice that says it.
#[component]
fn StatusText() -> impl IntoView {
    let store = Store::of_page();
    let tone = move || {
        let status = store.status();
        ["error", "done", "analyzing", "loading"]
            .into_iter()
            .find(|tone| status.starts_with(tone))
            .unwrap_or("ready")
    };
    let parts = Memo::new(move |_| {
        let status = store.status();
        let (said, rest) = job::status_parts(&status);
        (said.to_owned(), rest.to_owned())
    });
    let whole = move || parts.with(|(said, rest)| format!("{said}{rest}"));
    // As one: whoever listens to the text never hears half of it.
    let text = move || {
        let (said, rest) = parts.get();
        view! {
            {said}
            <span class="visually-hidden" aria-hidden="true">{rest}</span>
        }
    };
    view! {
        <span class="status" data-testid="status" data-tone=tone title=whole>
            {text}
        </span>
    }
}
