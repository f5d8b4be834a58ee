//! Notes, segments that the person is not sure of, and events.

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use page_view::clock;
use page_view::command::Command;
use shared_model::remark::{LONGEST_TEXT, Remark};
use web_sys::HtmlInputElement;

use super::fold::Fold;
use super::keyboard;
use crate::state::store::Store;
use crate::{person_names, player, remarks, review, settings, strings};

#[component]
pub fn RemarksPanel() -> impl IntoView {
    let store = Store::of_page();
    let is_locked = Memo::new(move |_| store.view().frame_count() == 0 || review::is_locked(store));
    let is_without_segment = Memo::new(move |_| is_locked.get() || review::current(store).is_none());
    // Of another film's project some may lie behind the end of this one.
    let all = Memo::new(move |_| {
        let frames = store.view().frame_count();
        let remarks = remarks::all(store);
        let there = remarks.iter().filter(|remark| remark.start < frames);
        there.cloned().collect::<Vec<_>>()
    });
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
            <NoteField is_off=is_without_segment/>
            <OwnLabels is_off=is_without_segment/>
            <EventField is_locked/>
            <ul class="remark-list" data-testid="remarks-listed" aria-label=strings::REMARKS_LISTED>
                <For each=move || all.get() key=Remark::clone let:remark><Line remark is_locked/></For>
            </ul>
        </Fold>
    }
}

/// The note on the segment at the playhead. What is typed goes to the frames that were meant when it was begun, wherever the playhead is by then.
#[component]
fn NoteField(
    /// Whether there is nothing to write on.
    is_off: Memo<bool>,
) -> impl IntoView {
    let store = Store::of_page();
    // What is being written, and on whose frames.
    let draft = RwSignal::new(None::<String>);
    let target = StoredValue::new(None);
    let shown = move || draft.get().unwrap_or_else(|| remarks::note(store));
    let begin = move |_| {
        player::pause(store);
        target.set_value(remarks::target(store));
        draft.set(Some(untrack(|| remarks::note(store))));
    };
    let write = move |event| {
        if let Some(target) = target.get_value() {
            remarks::set_note(store, target, &event_target_value(&event));
        }
    };
    let drop_it = move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            let before = untrack(|| remarks::note(store));
            event_target::<HtmlInputElement>(&event).set_value(&before);
            draft.set(Some(before));
        }
    };
    view! {
        <input type="text" class="text-field" data-testid="note" maxlength=LONGEST_TEXT placeholder=strings::NOTE
            aria-label=strings::NOTE title=move || keyboard::tip(store, Command::Note) autocomplete="off"
            disabled=move || is_off.get() && draft.with(Option::is_none) prop:value=shown
            on:focus=begin on:input=move |event| draft.set(Some(event_target_value(&event)))
            on:keydown=drop_it on:change=write on:blur=move |_| draft.set(None)/>
    }
}

/// The person's own set of labels: a button each, and the field that adds one.
#[component]
fn OwnLabels(
    /// Whether there is nothing to label.
    is_off: Memo<bool>,
) -> impl IntoView {
    let store = Store::of_page();
    // Those of a project that was opened are offered too.
    let names = Memo::new(move |_| {
        let mut names = store.bench.own_labels.get();
        for name in remarks::all(store).label_names() {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    });
    let field = NodeRef::<html::Input>::new();
    let add = move || {
        let Some(field) = field.get_untracked() else {
            return;
        };
        settings::add_own_label(store, &field.value());
        field.set_value("");
    };
    // Before the page hears of the key, which ends the typing.
    let added_by_key = move |event: KeyboardEvent| {
        if event.key() == "Enter" && !event.is_composing() {
            add();
        }
    };
    let button = move |name: String| {
        let (put, shown, gone, used) = (name.clone(), name.clone(), name.clone(), name);
        let is_used = move || remarks::all(store).label_names().contains(&used);
        view! {
            <li>
                <button type="button" class="button tiny" data-testid="own-label" title=strings::OWN_LABELS_HINT
                    disabled=move || is_off.get() on:click=move |_| remarks::turn_label(store, &put)>{shown.clone()}</button>
                <button type="button" class="button tiny" title=strings::FORGET_LABEL class:is-off=is_used
                    aria-label=format!("{}: {shown}", strings::FORGET_LABEL)
                    on:click=move |_| settings::forget_own_label(store, &gone)>"\u{00d7}"</button>
            </li>
        }
    };
    view! {
        <ul class="own-labels" aria-label=strings::OWN_LABELS>
            <For each=move || names.get() key=Clone::clone let:name>{button(name)}</For>
        </ul>
        <div class="event-field">
            <input type="text" class="text-field" data-testid="new-label" maxlength="60" node_ref=field autocomplete="off"
                placeholder=strings::NEW_LABEL aria-label=strings::NEW_LABEL on:keydown=added_by_key/>
            <button type="button" class="button small" data-testid="add-label" on:click=move |_| add()>{strings::ADD_LABEL}</button>
        </div>
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
        if event.key() == "Enter" && !event.is_composing() {
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
        let who = track
            .map(|track| person_names::name(store, track))
            .unwrap_or_default();
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
