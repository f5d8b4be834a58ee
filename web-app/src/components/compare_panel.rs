//! Labels of a file against ours.

use leptos::prelude::*;
use shared_model::metrics::Report;

use super::file_button::FileButton;
use crate::state::store::Store;
use crate::{opening, strings};

/// What is shown of a comparison.
#[derive(Clone, PartialEq)]
struct Compared {
    name: String,
    report: Report,
    segment_kappa: f64,
}

#[component]
pub fn ComparePanel() -> impl IntoView {
    let store = Store::of_page();
    let compared = Memo::new(move |_| {
        store.review_revision.track();
        let view = store.view();
        store.analysis.with_value(|analysis| {
            analysis.truth.as_ref().map(|truth| Compared {
                name: truth.name.clone(),
                report: truth.compare(&view),
                segment_kappa: truth.segment_kappa(&view),
            })
        })
    });
    let figure = move |read: fn(&Compared) -> f64| {
        move || {
            compared.with(|compared| {
                compared.as_ref().map_or_else(
                    || "\u{2013}".to_owned(),
                    |compared| format!("{:.3}", read(compared)),
                )
            })
        }
    };
    let summary = move || {
        compared.with(|compared| {
            compared.as_ref().map_or_else(
                || strings::NO_LABELS.to_owned(),
                |compared| strings::compared(compared.report.frames, &compared.name),
            )
        })
    };
    let remove = move |_| {
        store.analysis.update_value(|analysis| analysis.truth = None);
        store.results_changed();
    };
    view! {
        <section class="panel">
            <h2>{strings::COMPARE}</h2>
            <p class="hint">{strings::COMPARE_HINT}</p>
            <div class="metrics" data-testid="metrics" role="status">
                <p class="hint">{summary}</p>
                <dl class:is-off=move || compared.with(Option::is_none)>
                    <div><dt>{strings::MACRO_F1}</dt><dd>{figure(|compared| compared.report.macro_f1)}</dd></div>
                    <div><dt>{strings::ACCURACY}</dt><dd>{figure(|compared| compared.report.accuracy)}</dd></div>
                    <div><dt>{strings::KAPPA}</dt><dd>{figure(|compared| compared.report.kappa)}</dd></div>
                    <div title=strings::SEGMENT_KAPPA_HINT><dt>{strings::SEGMENT_KAPPA}</dt><dd>{figure(|compared| compared.segment_kappa)}</dd></div>
                </dl>
            </div>
            <div class="panel-buttons">
                <FileButton hook="open-labels" text=strings::OPEN_LABELS accept=".txt,.csv" small=true
                    on_files=opening::open_labels/>
                <button type="button" class="button small" class:is-off=move || compared.with(Option::is_none) on:click=remove>
                    {strings::REMOVE_LABELS}
                </button>
            </div>
        </section>
    }
}
