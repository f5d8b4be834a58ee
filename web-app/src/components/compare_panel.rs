//! Two lanes of labels against each other.

use leptos::prelude::*;
use page_view::adjudication::kappas;
use page_view::agreement::{self, Side};
use page_view::figure;
use shared_model::expression::Expression;

use super::confusion_table::{ClassTable, ConfusionTable};
use super::file_button::FileButton;
use super::fold::Fold;
use crate::lane_comparison::{Compared, compare, sides_in_force};
use crate::state::store::Store;
use crate::{adjudication, label_loading, opened_files, review, strings};

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
        let waits = store.stage.source.with(|source| {
            store
                .waiting_labels
                .with_value(|waiting| waiting.wait_for(source.as_ref()))
        });
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
            <BetweenFiles/>
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

/// What several annotators say, and the way to decide between two of them.
#[component]
fn BetweenFiles() -> impl IntoView {
    let store = Store::of_page();
    let is_open = RwSignal::new(false);
    let has_several = move || file_names(store).len() > 1;
    let said = move || {
        let said = adjudication::who_said(store).into_iter();
        said.map(|(name, label)| {
            let label = label.map_or(strings::NO_LABEL, Expression::name);
            view! { <li><span>{name}</span><strong>{label}</strong></li> }
        })
        .collect_view()
    };
    // Every pair is counted anew with each edit: only where it is looked at.
    let kappas = Memo::new(move |_| {
        if !is_open.get() {
            return Vec::new();
        }
        store.review_revision.track();
        let view = store.view();
        store
            .analysis
            .with_value(|analysis| kappas(&view, &analysis.label_files))
    });
    let rows = move || {
        let names: Vec<String> = file_names(store)
            .into_iter()
            .chain([strings::REVIEWED_LANE.to_owned()])
            .collect();
        let head = names
            .iter()
            .map(|name| view! { <th scope="col">{name.clone()}</th> })
            .collect_view();
        let body = kappas.with(|kappas| {
            let lines = names.iter().zip(kappas);
            lines
                .map(|(name, line)| {
                    let cell =
                        |kappa: &Option<f64>| kappa.map_or_else(|| "\u{2013}".to_owned(), figure::three);
                    let cells = line
                        .iter()
                        .map(|kappa| view! { <td>{cell(kappa)}</td> })
                        .collect_view();
                    view! { <tr><th scope="row">{name.clone()}</th>{cells}</tr> }
                })
                .collect_view()
        });
        view! {
            <thead><tr><th></th>{head}</tr></thead>
            <tbody>{body}</tbody>
        }
    };
    let toggled = move |event: web_sys::Event| {
        is_open.set(event_target::<web_sys::Element>(&event).has_attribute("open"));
    };
    view! {
        <div class="between-files" class:is-off=move || !has_several()>
            <ul class="who-said" data-testid="who-said" aria-label=strings::WHO_SAID
                class:is-off=move || store.bench.is_blind.get()>{said}</ul>
            <button type="button" class="button small" data-testid="lay-together" title=strings::LAY_TOGETHER_HINT
                disabled=move || adjudication::files_chosen(store).is_none() || review::is_locked(store)
                on:click=move |_| adjudication::lay_together(store)>{strings::LAY_TOGETHER}</button>
            <details data-testid="each-two" on:toggle=toggled>
                <summary>{strings::EACH_TWO}</summary>
                <table class="figures">{rows}</table>
            </details>
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
