//! Files to take away.

use leptos::prelude::*;

use super::film_export::FilmExport;
use super::fold::Fold;
use crate::exports::FORMATS;
use crate::exports::format::{ExportFormat, Purpose};
use crate::state::store::Store;
use crate::{exports, strings, webcam, zip_orders};
use page_view::export_labels::ExportLabels;

#[component]
pub fn ExportPanel() -> impl IntoView {
    let store = Store::of_page();
    let is_off = Memo::new(move |_| store.view().frame_count() == 0 || store.is_live());
    let button = move |format: &ExportFormat| {
        let format = *format;
        view! {
            <button type="button" class="button small" data-testid=format.hook title=format.hint
                disabled=move || is_off.get() on:click=move |_| exports::export(store, format)>{format.name}</button>
        }
    };
    let training = move || {
        view! {
            <button type="button" class="button small" data-testid="export-training" title=strings::EXPORT_TRAINING_HINT
                disabled=move || is_off.get() || !zip_orders::is_free(store)
                on:click=move |_| zip_orders::training(store)>{strings::EXPORT_TRAINING}</button>
        }
    };
    let row = move |purpose: Purpose| {
        let buttons: Vec<_> = FORMATS
            .iter()
            .filter(|format| format.purpose == purpose)
            .map(button)
            .collect();
        let training = (purpose == Purpose::Training).then(training);
        view! {
            <div class="export-row" role="group" aria-label=purpose.title()>
                <span class="export-purpose" aria-hidden="true">{purpose.title()}</span>
                {buttons}
                {training}
            </div>
        }
    };
    view! {
        <Fold name="export" title=strings::EXPORT>
            <LabelChoice/>
            {Purpose::ALL.map(row).into_iter().collect_view()}
            <FilmExport/>
            <button type="button" class="button small" data-testid="save-film" title=strings::SAVE_FILM_HINT
                class:is-off=move || !webcam::has_film(store) on:click=move |_| webcam::save_film(store)>{strings::SAVE_FILM}</button>
            <ZipProgress/>
        </Fold>
    }
}

/// One choice of what goes into all files.
#[component]
fn LabelChoice() -> impl IntoView {
    let labels = Store::of_page().bench.export_labels;
    let choose = move |event| {
        let chosen = event_target_value(&event).parse::<usize>().ok();
        if let Some(chosen) = chosen.and_then(|place| ExportLabels::ALL.get(place)) {
            labels.set(*chosen);
        }
    };
    let option = move |(place, choice): (usize, ExportLabels)| {
        view! {
            <option value=place.to_string() selected=move || labels.get() == choice>{strings::export_labels(choice)}</option>
        }
    };
    view! {
        <label class="field" title=strings::EXPORT_TAKES_HINT>
            <span>{strings::EXPORT_TAKES}</span>
            <select class="export-takes" data-testid="export-labels" on:change=choose>
                {ExportLabels::ALL.into_iter().enumerate().map(option).collect_view()}
            </select>
        </label>
    }
}

/// How far a zip is that takes its time.
#[component]
fn ZipProgress() -> impl IntoView {
    let store = Store::of_page();
    let percent = move || {
        store.zipping.with(|zipping| {
            let fraction = zipping.as_ref().and_then(|zipping| zipping.fraction);
            (fraction.unwrap_or(0.0) * 100.0).floor()
        })
    };
    let is_off = move || {
        store
            .zipping
            .with(|zipping| zipping.as_ref().is_none_or(|zipping| zipping.fraction.is_none()))
    };
    view! {
        <div class="zip-progress" class:is-off=is_off data-testid="export-progress">
            <progress max="100" aria-label=strings::ZIPPING prop:value=percent></progress>
            <span>{move || strings::percent(percent())}</span>
            <button type="button" class="button small" data-testid="export-cancel"
                on:click=move |_| zip_orders::cancel(store)>{strings::CANCEL}</button>
        </div>
    }
}
