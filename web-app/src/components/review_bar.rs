//! The review in one line over the timeline: where one is, how much is left, what was done last, and the two buttons that are pressed most.

use leptos::prelude::*;
use page_view::command::Command;

use super::keyboard;
use crate::state::store::Store;
use crate::{person_names, range_labels, remarks, review, strings};

#[component]
pub fn ReviewBar() -> impl IntoView {
    let store = Store::of_page();
    let current = Memo::new(move |_| review::current(store));
    let is_off = Memo::new(move |_| current.with(Option::is_none) || review::is_locked(store));
    let is_hidden = move |confirmed: bool| store.bench.is_blind.get() && !confirmed && !store.is_live();
    let segment = move || {
        let view = store.view();
        let span_of =
            |start: usize, end: usize| (view.span_of(start).0, view.span_of(end.saturating_sub(1)).1);
        if let Some((track, frames)) = range_labels::range(store) {
            let person = (view.tracks.len() > 1).then(|| person_names::name(store, track));
            let span = span_of(frames.start, frames.end);
            return strings::range(person.as_deref(), frames.len(), span);
        }
        let Some(segment) = current.get() else {
            return strings::NO_SEGMENT.to_owned();
        };
        let span = span_of(segment.start, segment.end);
        let text = strings::segment(&segment, span, is_hidden(segment.confirmed));
        match remarks::is_unsure(store) {
            true => strings::unsure_segment(&text),
            false => text,
        }
    };
    let progress = move || {
        let queue = store.queue.get();
        store.review_revision.track();
        let left = queue.total.saturating_sub(queue.reviewed);
        let seconds = store.desk.with_value(|desk| desk.pace.seconds_for(left));
        strings::progress(&queue, seconds)
    };
    let nothing_to_do = move || store.is_live() || store.queue.with(|queue| queue.doubtful().is_empty());
    let button = move |command: Command, hook: &'static str, is_off: Signal<bool>| {
        view! {
            <button type="button" class="button small" data-testid=hook disabled=move || is_off.get()
                title=move || keyboard::tip(store, command)
                on:click=move |_| keyboard::run(store, command)>{strings::command_short(command)}</button>
        }
    };
    view! {
        <div class="review-bar" role="group" aria-label=strings::REVIEW>
            <p class="review-segment" data-testid="review-current" title=segment>{segment}</p>
            <p class="review-left" data-testid="review-progress">{progress}</p>
            <p class="review-said" data-testid="review-said" aria-live="polite" title=move || store.stage.said.get()>{move || store.stage.said.get()}</p>
            <button type="button" class="segment single" data-testid="follow" title=strings::FOLLOW_HINT
                aria-pressed=move || store.bench.follows.get().to_string()
                on:click=move |_| store.bench.follows.update(|follows| *follows = !*follows)>{strings::FOLLOW}</button>
            {button(Command::Confirm, "review-confirm", is_off.into())}
            {button(Command::NextDoubtful, "review-next", Signal::derive(nothing_to_do))}
        </div>
    }
}
