//! Notes, segments that the person is not sure of, and events.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use page_view::clock;
use page_view::command::Command;
use shared_model::remark::{LONGEST_TEXT, Remark};
use web_sys::HtmlInputElement;

use super::fold::Fold;
use super::keyboard;
use crate::state::store::Store;
use crate::{people, remarks, review, strings, webcam};

#[component]
pub fn RemarksPanel() -> impl IntoView {
    let store = Store::of_page();
    let is_locked = Memo::new(move |_| {
        store.view().frame_count() == 0
            || webcam::is_on(store)
            || !store
                .keeping
                .with(crate::state::review_desk::Keeping::allows_edits)
    });
    let is_without_segment = Memo::new(move |_| is_locked.get() || review::current(store).is_none());
    let all = Memo::new(move |_| remarks::all(store).iter().cloned().collect::<Vec<_>>());
    let write = move |event| {
        let field: HtmlInputElement = event_target(&event);
        remarks::set_note(store, &field.value());
        field.set_value(&untrack(|| remarks::note(store)));
    };
    let unsure = move |event| {
        remarks::toggle_unsure(store);
        event_target::<HtmlInputElement>(&event).set_checked(untrack(|| remarks::is_unsure(store)));
    };
    view! {
        <Fold name="remarks" title=strings::REMARKS>
            <label class="remark-unsure" title=move || keyboard::tip(store, Command::Unsure)>
                <input type="checkbox" data-testid="unsure" disabled=move || is_without_segment.get()
                    prop:checked=move || remarks::is_unsure(store) on:change=unsure/>
                {strings::UNSURE}
            </label>
            <input type="text" class="text-field" data-testid="note" maxlength=LONGEST_TEXT placeholder=strings::NOTE
                aria-label=strings::NOTE title=move || keyboard::tip(store, Command::Note) autocomplete="off"
                disabled=move || is_without_segment.get() prop:value=move || remarks::note(store) on:change=write/>
            <EventField is_locked/>
            <ul class="remark-list" data-testid="remarks-listed" aria-label=strings::REMARKS_LISTED>
                <For each=move || all.get() key=Remark::clone let:remark><Line remark is_locked/></For>
            </ul>
        </Fold>
    }
}

/// The name of the next event, and the button that marks it.
#[component]
fn EventField(
    /// Whether nothing can be changed.
    is_locked: Memo<bool>,
) -> impl IntoView {
    let store = Store::of_page();
    let name = store.bench.event_name;
    let names = Memo::new(move |_| {
        let mut names: Vec<String> = remarks::all(store)
            .events()
            .map(|event| event.text.clone())
            .collect();
        names.sort();
        names.dedup();
        names
    });
    // Before the page hears of the key, which ends the typing.
    let marked_by_key = move |event: KeyboardEvent| {
        if event.key() == "Enter" {
            name.set(event_target_value(&event));
            remarks::mark_event(store);
        }
    };
    view! {
        <div class="event-field">
            <input type="text" class="text-field" data-testid="event-name" maxlength=LONGEST_TEXT list="event-names"
                placeholder=strings::EVENT_EXAMPLE aria-label=strings::EVENT_NAME autocomplete="off"
                disabled=move || is_locked.get() prop:value=move || name.get()
                on:input=move |event| name.set(event_target_value(&event)) on:keydown=marked_by_key/>
            <datalist id="event-names">
                {move || names.get().into_iter().map(|name| view! { <option value=name></option> }).collect_view()}
            </datalist>
            <button type="button" class="button small" data-testid="mark-event" disabled=move || is_locked.get()
                title=move || keyboard::tip(store, Command::MarkEvent)
                on:click=move |_| remarks::mark_event(store)>{strings::MARK}</button>
        </div>
    }
}

#[component]
fn Line(
    /// What it stands for.
    remark: Remark,
    /// Whether nothing can be changed.
    is_locked: Memo<bool>,
) -> impl IntoView {
    let store = Store::of_page();
    let (start, track, kind) = (remark.start, remark.track, remark.kind.name());
    let at_s = move || store.view().span_of(start).0;
    let said = remark.clone();
    let words = Signal::derive(move || {
        let who = track.map(|track| people::name(store, track)).unwrap_or_default();
        strings::remark(&said, &who)
    });
    let gone = remark.clone();
    view! {
        <li class="remark" data-testid="remark" data-kind=kind>
            <button type="button" class="remark-go" aria-label=move || strings::remark_at(at_s(), &words.get())
                on:click=move |_| review::go_to_remark(store, &remark)>
                <span class="remark-time">{move || clock::precise(at_s())}</span>
                <span class="remark-words">{words}</span>
            </button>
            <button type="button" class="button tiny" data-testid="remark-away" disabled=move || is_locked.get()
                aria-label=move || strings::take_away(&words.get()) title=strings::TAKE_AWAY
                on:click=move |_| remarks::take_away(store, &gone)>"\u{00d7}"</button>
        </li>
    }
}
