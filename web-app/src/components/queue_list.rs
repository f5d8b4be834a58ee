//! The queue: what to look at next, and which of it is offered.

use leptos::prelude::*;
use page_view::review::queue::Doubtful;
use page_view::review::queue_filter::QueueOrder;
use shared_model::expression::Expression;

use crate::state::store::Store;
use crate::{person_names, review, strings};
use page_view::clock;

/// Lines that are listed; the rest follows as these are done.
const LISTED: usize = 12;

#[component]
pub fn QueueList() -> impl IntoView {
    let store = Store::of_page();
    let shown = move || {
        let queue = store.queue.get();
        let is_many = store.view().tracks.len() > 1;
        let lines = queue.doubtful().iter().take(LISTED);
        lines
            .map(|line| view! { <Line line=*line is_many/> })
            .collect_view()
    };
    view! {
        <QueueFilters/>
        <QueueHead is_empty=Signal::derive(move || store.queue.with(|queue| queue.doubtful().is_empty()))/>
        <ol class="queue-list" data-testid="queue" aria-label=strings::QUEUE>{shown}</ol>
    }
}

/// What stands in the columns. Whoever hears the lines hears it in each.
#[component]
fn QueueHead(
    /// Whether there are no lines.
    is_empty: Signal<bool>,
) -> impl IntoView {
    let [label, from, doubt] = strings::QUEUE_COLUMNS;
    view! {
        <p class="queue-head" class:is-off=move || is_empty.get() aria-hidden="true">
            <span>{label}</span>
            <span>{from}</span>
            <span>{doubt}</span>
        </p>
    }
}

#[component]
fn Line(
    /// What it stands for.
    line: Doubtful,
    /// Whether there are several people.
    is_many: bool,
) -> impl IntoView {
    let store = Store::of_page();
    let segment = line.segment;
    let view = store.view_now();
    let span = (
        view.span_of(segment.start).0,
        view.span_of(segment.end.saturating_sub(1)).1,
    );
    let is_blind = store.bench.is_blind;
    let spoken = move || {
        let person = is_many.then(|| person_names::name(store, segment.track));
        strings::queued(&line, span, person.as_deref(), is_blind.get())
    };
    let class = move || match is_blind.get() {
        true => "queue-line".to_owned(),
        false => format!("queue-line class-{}", segment.label.index()),
    };
    let mark = move || match is_blind.get() {
        true => strings::HIDDEN_MARK,
        false => strings::mark(segment.label),
    };
    // How doubtful the model is of it is a prediction too.
    let doubt = move || match (is_blind.get(), line.is_audit) {
        (true, _) => String::new(),
        (false, true) => strings::AUDIT_MARK.to_owned(),
        (false, false) => format!("{:.0}%", line.doubt * 100.0),
    };
    let bar = move || format!("scaleX({:.3})", if is_blind.get() { 0.0 } else { line.doubt });
    let is_current = move || {
        let current = review::current(store);
        current.is_some_and(|current| (current.track, current.start) == (segment.track, segment.start))
    };
    view! {
        <li>
            <button type="button" class=class aria-current=move || is_current().to_string()
                on:click=move |_| review::go_to(store, &segment)>
                <span class="visually-hidden">{spoken}</span>
                <span class="chip" aria-hidden="true">{mark}</span>
                <span class="queue-time" aria-hidden="true">{clock::precise(span.0)}</span>
                <span class="queue-who" aria-hidden="true">{move || is_many.then(|| person_names::name(store, segment.track))}</span>
                <span class="doubt" aria-hidden="true"><span style:transform=bar></span></span>
                <span class="queue-doubt" aria-hidden="true">{doubt}</span>
            </button>
        </li>
    }
}

/// What the queue offers; the timeline shows everything all the same.
#[component]
fn QueueFilters() -> impl IntoView {
    let store = Store::of_page();
    let percent = move || store.queue_filter.with(|filter| filter.least_doubt * 100.0);
    let set_doubt = move |event| {
        if let Ok(percent) = event_target_value(&event).parse::<f64>() {
            store
                .queue_filter
                .update(|filter| filter.least_doubt = percent / 100.0);
        }
    };
    let by_time = move || store.queue_filter.with(|filter| filter.order == QueueOrder::Time);
    let set_order = move |event| {
        let order = match event_target_value(&event).as_str() {
            "time" => QueueOrder::Time,
            _ => QueueOrder::Doubt,
        };
        store.queue_filter.update(|filter| filter.order = order);
    };
    let class_toggle = move |class: Expression| {
        let is_on = move || {
            store
                .queue_filter
                .with(|filter| filter.classes.get(class.index()).copied().unwrap_or(true))
        };
        let turn = move |_| {
            store.queue_filter.update(|filter| {
                if let Some(on) = filter.classes.get_mut(class.index()) {
                    *on = !*on;
                }
            });
        };
        view! {
            <button type="button" class=format!("chip-button class-{}", class.index()) title=class.name()
                disabled=move || store.bench.is_blind.get()
                aria-pressed=move || is_on().to_string() on:click=turn>
                <span aria-hidden="true">{strings::mark(class)}</span>
                <span class="visually-hidden">{class.name()}</span>
            </button>
        }
    };
    view! {
        <label class="queue-order">
            <span class="visually-hidden">{strings::ORDER}</span>
            <select data-testid="queue-order" prop:value=move || if by_time() { "time" } else { "doubt" } on:change=set_order>
                <option value="doubt">{strings::BY_DOUBT}</option>
                <option value="time">{strings::BY_TIME}</option>
            </select>
            <span>{move || store.queue.with(|queue| strings::offered(queue.doubtful().len()))}</span>
        </label>
        <div class="queue-filters">
            <label>
                <span>{strings::LEAST_DOUBT}" "{move || format!("{:.0}%", percent())}</span>
                <input type="range" min="0" max="100" data-testid="least-doubt"
                    prop:value=move || percent().to_string() on:input=set_doubt/>
            </label>
            <div class="offered">
                <span aria-hidden="true">{strings::OFFERED}</span>
                <div class="chips" role="group" aria-label=strings::CLASS_FILTER data-testid="class-filter">
                    {Expression::ALL.map(class_toggle).into_iter().collect_view()}
                </div>
            </div>
        </div>
    }
}
