//! Files to take away.

use leptos::prelude::*;

use crate::exports::{self, Export};
use crate::state::store::Store;
use crate::{strings, webcam, zip_orders};

#[component]
pub fn ExportPanel() -> impl IntoView {
    let store = Store::of_page();
    let is_off = Memo::new(move |_| store.view().frame_count() == 0 || webcam::is_on(store));
    let button = move |what: Export, hook: &'static str, name: &'static str, hint: &'static str| {
        view! {
            <button type="button" class="button" data-testid=hook title=hint disabled=move || is_off.get()
                on:click=move |_| exports::export(store, what)>{name}</button>
        }
    };
    view! {
        <section class="panel">
            <h2>{strings::EXPORT}</h2>
            <div class="exports">
                {button(Export::Csv, "export-csv", strings::EXPORT_CSV, strings::EXPORT_CSV_HINT)}
                {button(Export::AffWild2, "export-affwild2", strings::EXPORT_AFFWILD2, strings::EXPORT_AFFWILD2_HINT)}
                {button(Export::Vtt, "export-vtt", strings::EXPORT_VTT, strings::EXPORT_VTT_HINT)}
                {button(Export::Elan, "export-eaf", strings::EXPORT_EAF, strings::EXPORT_EAF_HINT)}
                {button(Export::Abaw, "export-abaw", strings::EXPORT_ABAW, strings::EXPORT_ABAW_HINT)}
                {button(Export::Svg, "export-svg", strings::EXPORT_SVG, strings::EXPORT_SVG_HINT)}
                {button(Export::Png, "export-png", strings::EXPORT_PNG, strings::EXPORT_PNG_HINT)}
                {button(Export::Report, "export-report", strings::EXPORT_REPORT, strings::EXPORT_REPORT_HINT)}
                <button type="button" class="button" data-testid="export-training" title=strings::EXPORT_TRAINING_HINT
                    disabled=move || is_off.get() || !zip_orders::is_free(store)
                    on:click=move |_| zip_orders::training(store)>{strings::EXPORT_TRAINING}</button>
                {button(Export::Project, "export-project", strings::EXPORT_PROJECT, strings::EXPORT_PROJECT_HINT)}
            </div>
            <ZipProgress/>
        </section>
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
