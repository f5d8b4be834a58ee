//! What one sees before anything is open.

use leptos::prelude::*;

use super::icons;
use crate::state::store::Store;
use crate::{file_handles, projects, sample, strings, webcam};
use page_view::kept_analysis::KeptProject;
use wasm_bindgen_futures::spawn_local;

#[component]
pub fn Landing() -> impl IntoView {
    let store = Store::of_page();
    let in_sight = move || store.stage.source.with(Option::is_none);
    let model = move || {
        store
            .engine
            .with(|engine| {
                engine
                    .model
                    .as_ref()
                    .filter(|_| in_sight())
                    .map(|model| format!("{}: {}", model.name, model.note))
            })
            .unwrap_or_default()
    };
    let device = move || {
        store
            .engine
            .with(|engine| engine.notice.clone())
            .unwrap_or_default()
    };
    view! {
        <section class="landing">
            <div class="pitch">
                <p class="tagline">{strings::TAGLINE}</p>
                <p class="about">{strings::PITCH}</p>
            </div>
            <button type="button" class="drop-zone" on:click=move |_| file_handles::choose(store)>
                <DropArt/>
                <span class="drop-title">{strings::DROP_HERE}</span>
                <span class="button primary">{strings::CHOOSE_FILE}</span>
                <span class="drop-kinds">{strings::KINDS}</span>
            </button>
            <GoOn/>
            <div class="landing-more">
                <button type="button" class="button" data-testid="open-sample" on:click=move |_| sample::open(store)>
                    {icons::play()}<span>{strings::TRY_SAMPLE}</span>
                </button>
                <button type="button" class="button" on:click=move |_| webcam::start(store)>
                    {icons::webcam()}<span>{strings::TRY_WEBCAM}</span>
                </button>
                <p class="private">
                    {icons::lock()}
                    <span><strong>{strings::PRIVATE}</strong>" "{strings::PRIVATE_MORE}</span>
                </p>
            </div>
            <p class="landing-model">{model}</p>
            <p class="landing-model">{device}</p>
        </section>
    }
}

/// The way back to what was worked on last.
#[component]
fn GoOn() -> impl IntoView {
    let store = Store::of_page();
    let latest = RwSignal::new(None::<KeptProject>);
    file_handles::forget_strays();
    Effect::new(move |_| {
        // The list may have been changed in its dialog.
        store.projects.track();
        spawn_local(async move { latest.set(projects::latest().await) });
    });
    let button = move || {
        latest.get().map(|project| {
            let text = strings::go_on_with(&project);
            view! {
                <button type="button" class="button" data-testid="continue" on:click=move |_| projects::open(store, &project)>
                    {icons::play()}<span>{text}</span>
                </button>
            }
        })
    };
    view! { <div class="go-on">{button}</div> }
}

/// A strip of labels under a face: what the page makes of a video.
#[component]
fn DropArt() -> impl IntoView {
    let pieces = [
        (0, 0, 44),
        (4, 46, 62),
        (6, 110, 30),
        (0, 142, 40),
        (5, 184, 34),
        (0, 220, 20),
    ];
    view! {
        <svg class="drop-art" viewBox="0 0 240 96" aria-hidden="true" focusable="false">
            <g class="drop-face">
                <rect x="96" y="4" width="48" height="56" rx="10"/>
                <circle cx="111" cy="27" r="3"/>
                <circle cx="129" cy="27" r="3"/>
                <path d="M109 42c6 6 16 6 22 0"/>
            </g>
            {pieces
                .map(|(class, x, width)| {
                    view! { <rect class=format!("class-{class} fill") x=x y="76" width=width height="14" rx="3"/> }
                })
                .into_iter()
                .collect_view()}
        </svg>
    }
}
