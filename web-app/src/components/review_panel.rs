//! The review: what the segment at the playhead can be labelled, what is left, and how it is gone about. Where one is stands over the timeline.

use leptos::prelude::*;
use page_view::command::Command;
use shared_model::expression::Expression;

use super::fold::Fold;
use super::keyboard;
use super::queue_list::QueueList;
use super::review_modes::ReviewModes;
use crate::state::store::Store;
use crate::{review, strings};

#[component]
pub fn ReviewPanel() -> impl IntoView {
    let store = Store::of_page();
    let current = Memo::new(move |_| review::current(store));
    let is_off = Memo::new(move |_| {
        (current.with(Option::is_none) && store.stage.range_from.with(Option::is_none))
            || review::is_locked(store)
    });
    let is_hidden = move |confirmed: bool| store.bench.is_blind.get() && !confirmed && !store.is_live();
    let class_button = move |class: Expression| {
        let is_current = move || {
            current.with(|current| {
                current.is_some_and(|segment| segment.label == class && !is_hidden(segment.confirmed))
            })
        };
        view! {
            <button type="button" class=format!("class-button class-{}", class.index())
                disabled=move || is_off.get() aria-pressed=move || is_current().to_string()
                on:click=move |_| keyboard::run(store, Command::Label(class))>
                <kbd>{move || store.bench.keys.with(|keys| keys.first_key(Command::Label(class)))}</kbd>{class.name()}
            </button>
        }
    };
    let command_button = move |command: Command, hook: &'static str, is_off: Signal<bool>| {
        view! {
            <button type="button" class="button small" data-testid=hook disabled=move || is_off.get()
                title=move || keyboard::tip(store, command)
                on:click=move |_| keyboard::run(store, command)>{strings::command_short(command)}</button>
        }
    };
    let without = move |has: fn(&page_view::review::history::Review) -> bool| {
        Signal::derive(move || {
            store.review_revision.track();
            store.desk.with_value(|desk| !has(&desk.review))
        })
    };
    view! {
        <Fold name="review" title=strings::REVIEW>
            <div class="class-buttons" role="group" aria-label=strings::LABEL_AS>
                {Expression::ALL.map(class_button).into_iter().collect_view()}
            </div>
            <div class="panel-buttons">
                {command_button(Command::Undo, "undo", without(|review| review.last_done().is_some()))}
                {command_button(Command::Redo, "redo", without(|review| review.last_undone().is_some()))}
                {command_button(Command::Help, "help", Signal::derive(|| false))}
            </div>
            <QueueList/>
            <ReviewModes/>
            <p class="hint" data-testid="review-kept">{move || store.keeping.with(strings::keeping)}</p>
        </Fold>
    }
}
