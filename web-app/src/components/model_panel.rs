//! The model in force, and others to take.

use leptos::prelude::*;

use super::file_button::FileButton;
use super::fold::Fold;
use crate::state::store::Store;
use crate::{opened_files, strings};
use page_view::shipped_model::{ShippedModel, SpeedBeforehand, is_same_model};

#[component]
pub fn ModelPanel() -> impl IntoView {
    let store = Store::of_page();
    let model = Memo::new(move |_| store.engine.with(|engine| engine.model.clone()));
    let name = move || model.with(|model| model.as_ref().map(|model| model.name.clone()));
    let note = move || model.with(|model| model.as_ref().map(|model| model.note.clone()));
    let device = move || store.engine.with(|engine| engine.notice.clone());
    let facts = move || model.with(|model| model.as_ref().map(strings::model_facts));
    let training = move || {
        model
            .with(|model| model.as_ref().map(|model| model.training.clone()))
            .unwrap_or_default()
    };
    let is_stale = move || {
        store.revision.track();
        let made_by = store.with_stage(|reading| reading.model.clone());
        !made_by.is_empty()
            && model.with(|model| {
                model
                    .as_ref()
                    .is_some_and(|model| !is_same_model(&model.name, &made_by))
            })
    };
    view! {
        <Fold name="model" title=strings::MODEL>
            <p class="model-name">{move || name().unwrap_or_else(|| strings::MODEL_LOADING.to_owned())}</p>
            <p class="model-note">{note}</p>
            <p class="hint">{facts}</p>
            <p class="hint">{device}</p>
            <p class="hint stale" class:is-off=move || !is_stale()>{strings::RESULTS_OF_OTHER_MODEL}</p>
            <details class:is-off=move || training().is_empty()>
                <summary>{strings::MODEL_DETAILS}</summary>
                <pre tabindex="0">{training}</pre>
            </details>
            <div class="panel-buttons">
                <FileButton hook="open-model" text=strings::OPEN_MODEL accept=".safetensors" small=true
                    on_files=opened_files::open_model/>
            </div>
            <ShippedList/>
        </Fold>
    }
}

/// The other models that come with the page, with what is known of them before they are there.
#[component]
fn ShippedList() -> impl IntoView {
    let store = Store::of_page();
    let others = move || {
        let in_force = store
            .engine
            .with(|engine| engine.model.as_ref().map(|model| model.name.clone()));
        let is_other = |model: &ShippedModel| {
            let in_force = in_force.as_deref();
            in_force.is_some_and(|name| !is_same_model(name, &model.file))
        };
        store.models.with(|models| {
            let others = models.iter().filter(|model| is_other(model));
            let line = |model: &ShippedModel| {
                let speed = store.measured.with(|measured| {
                    let measured = measured.as_ref().map(|(name, rate)| (name.as_str(), *rate));
                    SpeedBeforehand::of(model, models, in_force.as_deref(), measured)
                });
                view! { <ShippedLine model=model.clone() speed/> }
            };
            others.map(line).collect_view()
        })
    };
    view! { <ul class="shipped" aria-label=strings::SHIPPED_MODELS>{others}</ul> }
}

#[component]
fn ShippedLine(
    /// The model.
    model: ShippedModel,
    /// How fast it will be.
    speed: SpeedBeforehand,
) -> impl IntoView {
    let store = Store::of_page();
    let url = model.url();
    let facts = strings::shipped_facts(model.bytes, speed);
    view! {
        <li>
            <button type="button" class="button small" data-testid=format!("take-{}", model.name)
                on:click=move |_| opened_files::fetch_model(store, url.clone())>{strings::take_model(&model.title)}</button>
            <p class="hint">{model.note}<br/>{facts}</p>
        </li>
    }
}
