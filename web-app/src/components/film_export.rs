//! The way to the film, or to a single picture, with labels drawn in.

use leptos::prelude::*;
use page_view::hidden_faces::HiddenFaces;
use wasm_bindgen_futures::spawn_local;

use crate::browser::error_text;
use crate::film_export::{self, Export};
use crate::state::source::SourceKind;
use crate::state::store::Store;
use crate::{person_names, strings, zip_orders};

#[component]
pub fn FilmExport() -> impl IntoView {
    let store = Store::of_page();
    let progress = RwSignal::new(None::<f64>);
    let hides_faces = RwSignal::new(false);
    let whose = RwSignal::new(HiddenFaces::All);
    let hidden = move || hides_faces.get_untracked().then(|| whose.get_untracked());
    let kind = Memo::new(move |_| {
        store.stage.source.with(|source| {
            let source = source.as_ref().filter(|source| source.url.is_some());
            source.map(|source| source.kind)
        })
    });
    // Of a film that is read in part the rest would come out without labels, and with faces that are not hidden.
    let is_film = move || {
        let is_read = store.view().frame_count() > 1 && store.with_stage(|reading| reading.is_whole);
        kind.get() == Some(SourceKind::Video) && is_read
    };
    let is_picture = move || {
        let is_read = store.view().frame_count() > 0 && store.with_stage(|reading| reading.is_whole);
        matches!(kind.get(), Some(SourceKind::Video | SourceKind::Picture)) && is_read
    };
    let is_busy = move || progress.with(Option::is_some);
    // One that was cancelled takes a moment to end.
    let is_running = RwSignal::new(false);
    let begin = move |_| {
        let hidden = hidden();
        progress.set(Some(0.0));
        is_running.set(true);
        spawn_local(async move {
            let done = match Export::of_stage(store, hidden, progress).await {
                Some(export) => film_export::run(&export).await,
                None => Ok(()),
            };
            progress.set(None);
            is_running.set(false);
            if let Err(reason) = done {
                store.fail(strings::export_failed(&reason));
            }
        });
    };
    let picture = move |_| {
        spawn_local(async move {
            if let Err(error) = film_export::picture(store, hidden()).await {
                store.fail(strings::export_failed(&error_text(&error)));
            }
        });
    };
    let percent = move || progress.get().unwrap_or(0.0) * 100.0;
    view! {
        <div class="export-row film-export" role="group" aria-label=strings::FILM>
            <span class="export-purpose" aria-hidden="true">{strings::FILM}</span>
            <button type="button" class="button small" data-testid="export-film" title=strings::EXPORT_FILM_HINT
                disabled=move || !is_film() || !zip_orders::is_free(store) || is_running.get() on:click=begin>{strings::EXPORT_FILM}</button>
            <button type="button" class="button small" data-testid="export-picture" title=strings::EXPORT_PICTURE_HINT
                disabled=move || !is_picture() on:click=picture>{strings::EXPORT_PICTURE}</button>
            <label class="hide-faces" title=strings::HIDE_FACES_HINT>
                <input type="checkbox" data-testid="hide-faces" disabled=is_busy prop:checked=move || hides_faces.get()
                    on:change=move |event| hides_faces.set(event_target_checked(&event))/>
                {strings::HIDE_FACES}
            </label>
            <HiddenSelect whose hides_faces is_busy=Signal::derive(is_busy)/>
        </div>
        <div class="zip-progress" class:is-off=move || !is_busy() data-testid="film-progress">
            <progress max="100" aria-label=strings::EXPORT_FILM prop:value=percent></progress>
            <span>{move || strings::percent(percent().floor())}</span>
            <button type="button" class="button small" data-testid="film-cancel"
                on:click=move |_| progress.set(None)>{strings::CANCEL}</button>
        </div>
    }
}

/// Whose faces are hidden, where there are several people.
#[component]
fn HiddenSelect(
    whose: RwSignal<HiddenFaces>,
    hides_faces: RwSignal<bool>,
    is_busy: Signal<bool>,
) -> impl IntoView {
    let store = Store::of_page();
    let choices = Memo::new(move |_| {
        store.review_revision.track();
        let view = store.view();
        let people: Vec<(u32, String)> = view
            .tracks
            .iter()
            .map(|track| (track.track, person_names::name(store, track.track)))
            .collect();
        let all = (HiddenFaces::All, strings::HIDE_ALL.to_owned());
        let only = people
            .iter()
            .map(|(person, name)| (HiddenFaces::Only(*person), strings::hide_only(name)));
        let but = people
            .iter()
            .map(|(person, name)| (HiddenFaces::AllBut(*person), strings::hide_all_but(name)));
        std::iter::once(all).chain(only).chain(but).collect::<Vec<_>>()
    });
    // Everybody, and two choices for each of two people.
    let has_choice = move || choices.with(|choices| choices.len() > 4);
    // Of another film other people are hidden; a choice that is out of sight is none.
    Effect::new(move |_| {
        let is_there =
            choices.with(|choices| choices.iter().any(|(choice, _)| *choice == whose.get_untracked()));
        if !is_there || !has_choice() {
            whose.set(HiddenFaces::All);
        }
    });
    let is_off = move || !hides_faces.get() || !has_choice();
    let options = move || {
        let chosen = whose.get();
        choices
            .get()
            .into_iter()
            .map(|(choice, text)| {
                view! { <option value=choice.value() selected=choice == chosen>{text}</option> }
            })
            .collect_view()
    };
    view! {
        <select class="hidden-select" data-testid="hide-faces-of" aria-label=strings::HIDE_FACES disabled=move || is_busy.get()
            class:is-off=is_off on:change=move |event| whose.set(HiddenFaces::of_value(&event_target_value(&event)))>
            {options}
        </select>
    }
}
