//! The people of the video: pictures, names, and who is who.

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;
use page_view::cast::{Portrait, portraits, seen_s};
use web_sys::{DragEvent, HtmlInputElement};

use super::fold::Fold;
use crate::portraits::{self, EDGE, Strip};
use crate::state::store::Store;
use crate::{people, person_names, player, strings};

/// Pictures of each person.
const PICTURES: usize = 5;

/// What is listed of a person.
#[derive(Debug, Clone, PartialEq)]
struct Entry {
    person: u32,
    seen_s: f64,
    faces: Arc<Vec<Portrait>>,
}

#[component]
pub fn PeoplePanel() -> impl IntoView {
    let store = Store::of_page();
    // While frames come in the list would never be still.
    let entries = Memo::new(move |_| {
        if store.reads_stage() {
            Vec::new()
        } else {
            entries(store)
        }
    });
    let people_now = Memo::new(move |_| {
        entries.with(|entries| entries.iter().map(|entry| entry.person).collect::<Vec<_>>())
    });
    let dragged = RwSignal::new(None::<u32>);
    let is_off = move || people_now.with(Vec::is_empty) && person_names::ignored(store).is_empty();
    let row = move |person: u32| view! { <Person person entries dragged/> };
    view! {
        <Fold name="people" title=strings::PEOPLE is_off=Signal::derive(is_off)>
            <ul class="people-list">
                <For each=move || people_now.get() key=|person| *person let:person>{row(person)}</For>
            </ul>
            <p class="hint" class:is-off=move || people_now.with(|people| people.len() < 2)>{strings::PEOPLE_HINT}</p>
            <LeftOut/>
        </Fold>
    }
}

fn entries(store: Store) -> Vec<Entry> {
    let view = store.view();
    view.tracks
        .iter()
        .map(|track| Entry {
            person: track.track,
            seen_s: seen_s(&view, track),
            faces: Arc::new(portraits(&view, track, PICTURES)),
        })
        .collect()
}

#[component]
fn Person(
    /// Number.
    person: u32,
    /// All that is listed.
    entries: Memo<Vec<Entry>>,
    /// Who is being dragged.
    dragged: RwSignal<Option<u32>>,
) -> impl IntoView {
    let store = Store::of_page();
    let name = move || person_names::name(store, person);
    let entry = Memo::new(move |_| {
        entries.with(|entries| entries.iter().find(|entry| entry.person == person).cloned())
    });
    let seen =
        move || entry.with(|entry| strings::seen_for(entry.as_ref().map_or(0.0, |entry| entry.seen_s)));
    let is_chosen = move || store.stage.track.get() == Some(person);
    let rename = move |event| {
        let field: HtmlInputElement = event_target(&event);
        people::rename(store, person, &field.value());
        field.set_value(&untrack(name));
    };
    let grab = move |event: DragEvent| {
        dragged.set(Some(person));
        if let Some(data) = event.data_transfer() {
            // Some browsers drag nothing without data.
            let _ = data.set_data("text/plain", &person.to_string());
        }
    };
    let may_drop = move || dragged.get().is_some_and(|other| other != person);
    let over = move |event: DragEvent| {
        if untrack(may_drop) {
            event.prevent_default();
        }
    };
    let dropped = move |event: DragEvent| {
        if let Some(other) = dragged.get_untracked().filter(|other| *other != person) {
            event.prevent_default();
            dragged.set(None);
            people::merge(store, other, person);
        }
    };
    view! {
        <li class="person" class:is-chosen=is_chosen class:takes=may_drop draggable="true" data-testid="person"
            on:dragstart=grab on:dragend=move |_| dragged.set(None) on:dragover=over on:drop=dropped>
            <div class="person-head">
                <input type="text" class="person-name" data-testid="person-name" maxlength="60" prop:value=name
                    aria-label=move || strings::name_of(&name()) on:change=rename/>
                <span class="hint">{seen}</span>
            </div>
            <Pictures person entry/>
            <div class="person-tools">
                <SameAs person entries/>
                <button type="button" class="button tiny" data-testid="person-part"
                    on:click=move |_| people::split(store, person)>{strings::PART_HERE}
                    <span class="visually-hidden">{name}</span></button>
                <button type="button" class="button tiny" data-testid="person-leave-out"
                    on:click=move |_| people::set_ignored(store, person, true)>{strings::LEAVE_OUT}
                    <span class="visually-hidden">{name}</span></button>
            </div>
        </li>
    }
}

/// Merging without a mouse.
#[component]
fn SameAs(
    /// Number.
    person: u32,
    /// All that is listed.
    entries: Memo<Vec<Entry>>,
) -> impl IntoView {
    let store = Store::of_page();
    let others = move || {
        entries.with(|entries| {
            let others = entries.iter().map(|entry| entry.person);
            others.filter(|other| *other != person).collect::<Vec<_>>()
        })
    };
    let merge = move |event| {
        let into = event_target_value(&event).parse::<u32>().ok();
        event_target::<web_sys::HtmlSelectElement>(&event).set_value("");
        if let Some(into) = into {
            people::merge(store, person, into);
        }
    };
    view! {
        <select class="tiny" data-testid="person-same-as" class:is-off=move || others().is_empty()
            aria-label=move || strings::same_as(&person_names::name(store, person)) on:change=merge>
            <option value="">{strings::SAME_AS}</option>
            {move || others()
                .into_iter()
                .map(|other| view! { <option value=other.to_string()>{person_names::name(store, other)}</option> })
                .collect_view()}
        </select>
    }
}

/// A strip of faces; a click goes to where one was taken.
#[component]
fn Pictures(
    /// Number.
    person: u32,
    /// What is listed of the person.
    entry: Memo<Option<Entry>>,
) -> impl IntoView {
    let store = Store::of_page();
    let canvas = NodeRef::<html::Canvas>::new();
    let faces = move || {
        entry.with(|entry| {
            entry
                .as_ref()
                .map(|entry| Arc::clone(&entry.faces))
                .unwrap_or_default()
        })
    };
    let drawing = StoredValue::new(0_u32);
    Effect::new(move |_| {
        let faces = faces();
        store.stage.source.track();
        let Some(canvas) = canvas.get() else { return };
        canvas.set_width(EDGE * PICTURES as u32);
        canvas.set_height(EDGE);
        drawing.update_value(|drawing| *drawing = drawing.wrapping_add(1));
        let own = drawing.get_value();
        let strip = Strip { canvas, faces };
        portraits::draw(store, vec![strip], move || drawing.try_get_value() == Some(own));
    });
    let button = move |place: usize| {
        let face = move || faces().get(place).copied();
        let at_s = move || face().map_or(0.0, |face| store.view().span_of(face.frame).0);
        view! {
            <button type="button" class="picture" class:is-off=move || face().is_none()
                aria-label=move || strings::portrait(&person_names::name(store, person), at_s())
                on:click=move |_| {
                    store.stage.track.set(Some(person));
                    player::seek(store, untrack(at_s));
                }></button>
        }
    };
    view! {
        <div class="pictures">
            <canvas node_ref=canvas aria-hidden="true" data-testid="portraits"></canvas>
            <div class="picture-buttons">{(0..PICTURES).map(button).collect_view()}</div>
        </div>
    }
}

/// Who is left out, and the way back.
#[component]
fn LeftOut() -> impl IntoView {
    let store = Store::of_page();
    let left_out = Memo::new(move |_| person_names::ignored(store));
    view! {
        <For each=move || left_out.get() key=|person| *person let:person>
            <p class="left-out" data-testid="left-out">
                <span>{strings::LEFT_OUT}": "{move || person_names::name(store, person)}</span>
                <button type="button" class="button tiny" data-testid="bring-back"
                    on:click=move |_| people::set_ignored(store, person, false)>{strings::BRING_BACK}</button>
            </p>
        </For>
    }
}
