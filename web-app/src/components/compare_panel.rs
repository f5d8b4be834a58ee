//! Two lanes of labels against each other.

use leptos::prelude::*;
use page_view::agreement::{self, Side};
use page_view::figure;

use super::confusion_table::{ClassTable, ConfusionTable};
use super::file_button::FileButton;
use super::fold::Fold;
use crate::lane_comparison::{Compared, compare, sides_in_force};
use crate::state::store::Store;
use crate::{label_loading, opened_files, strings};

/// Names of the open files, in their order.
fn file_names(store: Store) -> Vec<String> {
    store.revision.track();
    store.analysis.with_value(|analysis| {
        analysis
            .label_files
            .iter()
            .map(|labels| labels.name.clone())
            .collect()
    })
}

#[component]
pub fn ComparePanel() -> impl IntoView {
    let store = Store::of_page();
    let compared = Memo::new(move |_| compare(store));
    let is_off = move || compared.with(|compared| compared.as_ref().is_none_or(|it| it.report.frames == 0));
    let figure = move |read: fn(&Compared) -> f64| {
        move || match compared.with(|compared| compared.as_ref().filter(|it| it.report.frames > 0).map(read))
        {
            Some(value) => figure::three(value),
            None => "\u{2013}".to_owned(),
        }
    };
    let summary = move || {
        let waits = store
            .analysis
            .with_value(|analysis| !analysis.waiting_labels.is_empty());
        compared.with(|compared| match compared {
            _ if waits => strings::LABELS_WAIT.to_owned(),
            None => strings::SAME_LANE.to_owned(),
            Some(it) if it.report.frames == 0 => strings::NOTHING_IN_COMMON.to_owned(),
            Some(it) => strings::compared(it.report.frames, &it.truth, &it.other),
        })
    };
    let note = move || {
        compared.with(|compared| {
            let compared = compared.as_ref().filter(|it| it.report.frames > 0)?;
            agreement::classes_note(&compared.report)
        })
    };
    view! {
        <Fold name="compare" title=strings::COMPARE>
            <p class="hint">{strings::COMPARE_HINT}</p>
            <OpenFiles/>
            <SideSelect place=0 hook="compare-truth" text=strings::TRUTH_SIDE/>
            <SideSelect place=1 hook="compare-other" text=strings::OTHER_SIDE/>
            <div class="metrics" data-testid="metrics" role="status">
                <p class="hint">{summary}</p>
                <p class="hint" data-testid="macro-f1-note">{note}</p>
                <dl class:is-off=is_off>
                    <div><dt>{strings::MACRO_F1}</dt><dd data-testid="macro-f1">{figure(|it| it.report.macro_f1)}</dd></div>
                    <div><dt>{strings::ACCURACY}</dt><dd data-testid="accuracy">{figure(|it| it.report.accuracy)}</dd></div>
                    <div title=strings::KAPPA_HINT><dt>{strings::KAPPA}</dt><dd data-testid="kappa">{figure(|it| it.report.kappa)}</dd></div>
                    <div><dt>{strings::SEGMENT_KAPPA}</dt><dd data-testid="segment-kappa">{figure(|it| it.segment_kappa)}</dd></div>
                </dl>
            </div>
            // Its numbers lead to frames by what is predicted of them.
            <div class="compare-more" class:is-off=move || is_off() || store.bench.is_blind.get()>
                <UnitWindow/>
                <details data-testid="by-class">
                    <summary>{strings::BY_CLASS}</summary>
                    <ClassTable compared/>
                </details>
                <details data-testid="confusion">
                    <summary>{strings::CONFUSION}</summary>
                    <ConfusionTable compared/>
                </details>
            </div>
        </Fold>
    }
}

/// The files whose labels are open, each with a button that takes it away.
#[component]
fn OpenFiles() -> impl IntoView {
    let store = Store::of_page();
    view! {
        <ul class="label-files">
            <For each=move || file_names(store) key=Clone::clone let:name>
                <li>
                    <span>{name.clone()}</span>
                    <button type="button" class="button small" on:click=move |_| label_loading::remove(store, &name)>
                        {strings::REMOVE_LABELS}
                    </button>
                </li>
            </For>
        </ul>
        <div class="panel-buttons">
            <FileButton hook="open-labels" text=strings::OPEN_LABELS accept=".txt,.csv,.json,.eaf" small=true
                on_files=opened_files::open_labels/>
        </div>
    }
}

/// Chooses one of the two lanes.
#[component]
fn SideSelect(
    /// 0 for the truth, 1 for the other lane.
    place: usize,
    /// `data-testid`.
    hook: &'static str,
    /// What it is called.
    text: &'static str,
) -> impl IntoView {
    let store = Store::of_page();
    let sides = move || {
        let files = file_names(store);
        let own = Side::OWN.map(|side| (side, strings::side(side, None)));
        let loaded = files
            .iter()
            .enumerate()
            .map(|(place, name)| (Side::File(place), strings::side(Side::File(place), Some(name))));
        loaded.chain(own).collect::<Vec<_>>()
    };
    let is_chosen = move |side: Side| {
        store.comparing.track();
        sides_in_force(store).get(place) == Some(&side)
    };
    let choose = move |event| {
        let Ok(index) = event_target_value(&event).parse::<usize>() else {
            return;
        };
        let chosen = untrack(sides).get(index).map(|(side, _)| *side);
        let in_force = sides_in_force(store);
        store.comparing.update(|comparing| {
            comparing.sides = in_force;
            if let (Some(side), Some(chosen)) = (comparing.sides.get_mut(place), chosen) {
                *side = chosen;
            }
        });
    };
    view! {
        <label class="field">
            <span>{text}</span>
            <select data-testid=hook on:change=choose>
                {move || sides()
                    .into_iter()
                    .enumerate()
                    .map(|(index, (side, name))| {
                        view! { <option value=index.to_string() selected=is_chosen(side)>{name}</option> }
                    })
                    .collect_view()}
            </select>
        </label>
    }
}

/// What a segment is for the second kappa.
#[component]
fn UnitWindow() -> impl IntoView {
    let store = Store::of_page();
    let window_s = move || store.comparing.with(|comparing| comparing.window_s);
    let set = move |event| {
        if let Ok(seconds) = event_target_value(&event).parse::<f64>()
            && seconds.is_finite()
        {
            store
                .comparing
                .update(|comparing| comparing.window_s = seconds.clamp(0.0, 3600.0));
        }
    };
    view! {
        <label class="field">
            <span>{strings::UNIT_WINDOW}</span>
            <input type="number" data-testid="agreement-window" min="0" max="3600" step="0.1"
                prop:value=move || window_s().to_string() on:change=set/>
        </label>
        <p class="hint" data-testid="segment-kappa-hint">{move || strings::segment_kappa_hint(window_s())}</p>
    }
}
