//! The figures of each class, and the confusion matrix whose cells lead to their frames.

use leptos::prelude::*;
use page_view::agreement::{self, CellFrame};
use page_view::figure;
use shared_model::expression::Expression;
use shared_model::metrics::ClassReport;
use web_sys::MouseEvent;

use crate::lane_comparison::{Compared, sides_in_force};
use crate::state::store::Store;
use crate::{person_names, review, strings};

/// Precision, recall, F1 and frames of each class.
#[component]
pub fn ClassTable(
    /// The comparison.
    compared: Memo<Option<Compared>>,
) -> impl IntoView {
    let classes = move || -> Vec<ClassReport> {
        compared
            .with(|compared| compared.as_ref().map(|it| it.report.classes.clone()))
            .unwrap_or_default()
    };
    let row = |class: ClassReport| {
        let figure = |value: f64| {
            if class.absent {
                "\u{2013}".to_owned()
            } else {
                figure::three(value)
            }
        };
        view! {
            <tr>
                <th scope="row">{class.class}</th>
                <td>{figure(class.precision)}</td>
                <td>{figure(class.recall)}</td>
                <td>{figure(class.f1)}</td>
                <td>{class.support}</td>
            </tr>
        }
    };
    view! {
        <table class="figures">
            <thead>
                <tr>
                    {[strings::CLASS, strings::PRECISION, strings::RECALL, strings::F1, strings::SUPPORT]
                        .map(|name| view! { <th scope="col">{name}</th> })
                        .into_iter()
                        .collect_view()}
                </tr>
            </thead>
            <tbody>{move || classes().into_iter().map(row).collect_view()}</tbody>
        </table>
    }
}

/// Counts of frames by both labels.
#[component]
pub fn ConfusionTable(
    /// The comparison.
    compared: Memo<Option<Compared>>,
) -> impl IntoView {
    let store = Store::of_page();
    let said = RwSignal::new(String::new());
    let at = StoredValue::new(None::<CellFrame>);
    let count = move |truth: Expression, other: Expression| {
        compared.with(|compared| {
            let counts = compared.as_ref().map(|it| it.report.confusion.counts)?;
            counts.get(truth.index())?.get(other.index()).copied()
        })
    };
    let cell = move |truth: Expression, other: Expression| {
        let frames = move || count(truth, other).unwrap_or(0);
        let walk = move |event: MouseEvent| {
            if let Some(text) = walk(store, at, [truth, other], event.shift_key()) {
                said.set(text);
            }
        };
        view! {
            <td class:is-hit=truth == other>
                <button type="button" data-testid=format!("cell-{}-{}", truth.index(), other.index())
                    disabled=move || frames() == 0 title=move || strings::cell(truth, other, frames())
                    aria-label=move || strings::cell(truth, other, frames()) on:click=walk>
                    {frames}
                </button>
            </td>
        }
    };
    view! {
        <table class="confusion">
            <thead>
                <tr>
                    <td></td>
                    {Expression::ALL
                        .map(|class| view! { <th scope="col" title=class.name()>{strings::mark(class)}</th> })
                        .into_iter()
                        .collect_view()}
                </tr>
            </thead>
            <tbody>
                {Expression::ALL
                    .map(|truth| view! {
                        <tr>
                            <th scope="row" title=truth.name()>{strings::mark(truth)}</th>
                            {Expression::ALL.map(|other| cell(truth, other)).into_iter().collect_view()}
                        </tr>
                    })
                    .into_iter()
                    .collect_view()}
            </tbody>
        </table>
        <p class="hint">{strings::CONFUSION_HINT}</p>
        <p class="hint" data-testid="cell-said" aria-live="polite">{move || said.get()}</p>
    }
}

/// Goes to the next frame of a cell and says which it is.
fn walk(
    store: Store,
    at: StoredValue<Option<CellFrame>>,
    cell: [Expression; 2],
    leaps: bool,
) -> Option<String> {
    let view = store.view_now();
    let sides = sides_in_force(store);
    let frames = store
        .analysis
        .with_value(|analysis| agreement::cell_frames(&view, &analysis.label_files, sides, cell));
    let place = agreement::next_place(&frames, at.get_value(), leaps)?;
    let frame = *frames.get(place)?;
    at.set_value(Some(frame));
    review::go_to_frame(store, frame.track, frame.frame);
    let person = untrack(|| person_names::name(store, frame.track));
    Some(strings::cell_place(place, frames.len(), frame, &person))
}
