//! The top of the page: name, state, and what can be opened.

use leptos::prelude::*;

use super::file_button::FileButton;
use super::icons;
use crate::state::store::Store;
use crate::{opening, projects, strings, webcam};
use page_view::job::EnginePhase;

#[component]
pub fn Header() -> impl IntoView {
    let store = Store::of_page();
    let step = move || {
        store.engine.with(|engine| match &engine.phase {
            EnginePhase::Loading(step) => step.clone(),
            _ => String::new(),
        })
    };
    let backend = move || {
        store
            .engine
            .with(|engine| engine.backend.clone())
            .unwrap_or_else(|| strings::BACKEND_UNKNOWN.to_owned())
    };
    let backend_notice = move || {
        store
            .engine
            .with(|engine| engine.notice.clone())
            .unwrap_or_default()
    };
    let tone = move || {
        let status = store.status();
        ["error", "done", "analyzing", "loading"]
            .into_iter()
            .find(|tone| status.starts_with(tone))
            .unwrap_or("ready")
    };
    let toggle_webcam = move |_| {
        if webcam::is_on(store) {
            webcam::stop(store);
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
                <span class="status" data-testid="status" data-tone=tone>{move || store.status()}</span>
                <span class="step">{step}</span>
            </div>
            <div class="device" title=backend_notice>
                <span class="device-label">{strings::BACKEND}</span>
                <span class="backend" data-testid="backend">{backend}</span>
            </div>
            <div class="openers">
                <button type="button" class="button" data-testid="projects" on:click=move |_| projects::show(store)>
                    {icons::open()}
                    <span>{strings::PROJECTS}</span>
                </button>
                <FileButton hook="open-video" text=strings::OPEN_VIDEO accept="video/*,image/*,.mkv,.json,.csv" many=true
                    on_files=opening::open_files>
                    {icons::open()}
                </FileButton>
                <button type="button" class="button" data-testid="webcam"
                    aria-pressed=move || webcam::is_on(store).to_string() on:click=toggle_webcam>
                    {icons::webcam()}
                    <span>{move || if webcam::is_on(store) { strings::STOP_WEBCAM } else { strings::WEBCAM }}</span>
                </button>
            </div>
        </header>
    }
}
