//! The way to a model that learns from corrections, and how it does.

use leptos::prelude::*;
use page_view::figure;
use shared_model::corrections::{Agreement, Measured};

use super::fold::Fold;
use crate::state::learning::Learning;
use crate::state::store::Store;
use crate::{learning, strings};

#[component]
pub fn LearningPanel() -> impl IntoView {
    let store = Store::of_page();
    let material = Memo::new(move |_| learning::material(store));
    let part = move || match store.learning.get() {
        Learning::Running(part) => Some(part),
        _ => None,
    };
    let is_off = move || part().is_none();
    let percent = move || (part().unwrap_or(0.0) * 100.0).floor();
    view! {
        <Fold name="learning" title=strings::LEARNING>
            <p class="hint">{strings::LEARNING_HINT}</p>
            <p class="hint" data-testid="learning-material">{move || strings::material(material.get())}</p>
            <div class="panel-buttons">
                <button type="button" class="button small" data-testid="learn"
                    disabled=move || material.get().frames == 0 || !learning::can_begin(store)
                    on:click=move |_| learning::begin(store)>{strings::LEARN}</button>
            </div>
            <div class="zip-progress" class:is-off=is_off data-testid="learning-progress">
                <progress max="100" aria-label=strings::LEARNING prop:value=percent></progress>
                <span>{move || strings::percent(percent())}</span>
                <button type="button" class="button small" data-testid="learning-cancel"
                    on:click=move |_| learning::cancel(store)>{strings::CANCEL}</button>
            </div>
            <Outcome/>
        </Fold>
    }
}

/// What was learned, and what can be done with it.
#[component]
fn Outcome() -> impl IntoView {
    let store = Store::of_page();
    let report = Memo::new(move |_| match store.learning.get() {
        Learning::Done(learned) => Some(learned.report),
        _ => None,
    });
    let measured = move || report.get().and_then(|report| report.measured);
    let said = move || {
        let report = report.get()?;
        let why_not = if report.has_learned_before {
            strings::LEARNED_BEFORE
        } else {
            strings::NOT_MEASURED
        };
        let measured = report.measured.as_ref();
        Some(measured.map_or_else(|| why_not.to_owned(), |it| strings::measured(it, &report)))
    };
    let row = |name: &'static str, figures: Agreement| {
        view! {
            <tr>
                <th scope="row">{name}</th>
                <td>{figure::three(figures.accuracy)}</td>
                <td>{figure::three(figures.macro_f1)}</td>
            </tr>
        }
    };
    let table = move || {
        measured().map(|Measured { before, after, .. }| {
            view! {
                <table class="figures" data-testid="learned-figures">
                    <thead><tr><th></th><th scope="col">{strings::ACCURACY}</th><th scope="col">{strings::MACRO_F1}</th></tr></thead>
                    <tbody>{row(strings::BEFORE, before)}{row(strings::AFTER, after)}</tbody>
                </table>
            }
        })
    };
    view! {
        <div data-testid="learned" role="status" class:is-off=move || report.with(Option::is_none)>
            <p class="hint">{said}</p>
            {table}
            <div class="panel-buttons">
                <button type="button" class="button small" data-testid="learned-save"
                    on:click=move |_| learning::save(store)>{strings::LEARNED_SAVE}</button>
                <button type="button" class="button small" data-testid="learned-use" title=strings::LEARNED_USE_HINT
                    on:click=move |_| learning::put_in_force(store)>{strings::LEARNED_USE}</button>
            </div>
        </div>
    }
}
