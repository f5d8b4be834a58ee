//! The model in force, and others to take.

use leptos::prelude::*;

use super::file_button::FileButton;
use super::fold::Fold;
use crate::state::store::Store;
use crate::{opened_files, strings};
use page_view::shipped_model::{ShippedModel, is_same_model};

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
        let made_by = store.analysis.with_value(|analysis| analysis.model.clone());
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
                <ShippedSelect/>
            </div>
        </Fold>
    }
}

/// The other models that come with the page, where there are several.
#[component]
fn ShippedSelect() -> impl IntoView {
    let store = Store::of_page();
    let choose = move |event| {
        let value = event_target_value(&event);
        let url = store.models.with_untracked(|models| {
            models
                .iter()
                .find(|model| model.name == value)
                .map(ShippedModel::url)
        });
        if let Some(url) = url {
            opened_files::fetch_model(store, url);
        }
    };
    view! {
        <label class:is-off=move || store.models.with(|models| models.len() < 2)>
            <span class="visually-hidden">{strings::SHIPPED_MODEL}</span>
            <select on:change=choose prop:value="">
                <option value="">{strings::SHIPPED_MODEL}</option>
                <For each=move || store.models.get() key=|model| model.name.clone() let:model>
                    <option value=model.name.clone() title=model.note.clone()>{model.title.clone()}</option>
                </For>
            </select>
        </label>
    }
}
