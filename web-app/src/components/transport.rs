//! Buttons of the player.

use leptos::prelude::*;
use web_sys::{FocusEvent, HtmlInputElement, HtmlMediaElement, KeyboardEvent};

use super::icons;
use super::keyboard::tip;
use crate::player;
use crate::state::source::SourceKind;
use crate::state::store::Store;
use crate::strings;
use page_view::clock;
use page_view::command::Command;
use page_view::job::Job;
use page_view::place_to_go::PlaceToGo;
use page_view::speed::SPEEDS;

#[component]
pub fn Transport() -> impl IntoView {
    let store = Store::of_page();
    let muted = RwSignal::new(false);
    let has_video = move || {
        store.stage.source.with(|source| {
            source
                .as_ref()
                .is_some_and(|source| source.kind == SourceKind::Video)
        })
    };
    let mute = move |_| {
        muted.update(|muted| *muted = !*muted);
        with_video(store, |video| video.set_muted(muted.get_untracked()));
    };
    let change_speed = move |event| {
        if let Ok(speed) = event_target_value(&event).parse() {
            player::set_speed(store, speed);
        }
    };
    view! {
        <div class="transport" class:is-off=move || !has_video()>
            <button type="button" class="icon-button" aria-label=strings::FRAME_BACK title=move || tip(store, Command::FrameBack)
                on:click=move |_| player::step_frames(store, -1)>{icons::frame_back()}</button>
            <button type="button" class="icon-button play" on:click=move |_| player::toggle(store)
                aria-label=move || if store.stage.playing.get() { strings::PAUSE } else { strings::PLAY }
                title=strings::KEYS>
                {move || if store.stage.playing.get() { icons::pause().into_any() } else { icons::play().into_any() }}
            </button>
            <button type="button" class="icon-button" aria-label=strings::FRAME_ON title=move || tip(store, Command::FrameOn)
                on:click=move |_| player::step_frames(store, 1)>{icons::frame_on()}</button>
            <Clock/>
            <label class="speed">
                <span class="visually-hidden">{strings::SPEED}</span>
                <select title=strings::SPEED data-testid="speed" prop:value=move || store.bench.speed.get().to_string() on:change=change_speed>
                    {SPEEDS
                        .map(|speed| {
                            let is_chosen = move || (store.bench.speed.get() - speed).abs() < 1e-9;
                            view! { <option value=speed.to_string() selected=is_chosen>{format!("{speed}x")}</option> }
                        })
                        .into_iter()
                        .collect_view()}
                </select>
            </label>
            <button type="button" class="icon-button" on:click=mute
                aria-label=move || if muted.get() { strings::UNMUTE } else { strings::MUTE }
                title=move || if muted.get() { strings::UNMUTE } else { strings::MUTE }>
                {move || if muted.get() { icons::silence().into_any() } else { icons::sound().into_any() }}
            </button>
        </div>
    }
}

/// Time and frame of the playhead.
#[component]
fn Clock() -> impl IntoView {
    let store = Store::of_page();
    let time = move || clock::precise(store.stage.playhead.get());
    let length = move || {
        store.stage.opened.track();
        store.revision.track();
        store.stage.playing.track();
        clock::precise(player::length_s(store))
    };
    let frame = move || {
        let view = store.view();
        let playhead = store.stage.playhead.get();
        // What is read so far is no length.
        let is_read = store.job.with(|job| job.as_ref().is_some_and(Job::is_under_way));
        match view.frame_at(playhead) {
            Some(frame) if playhead < view.end_s() + 0.001 && is_read => {
                strings::frame_of_read(frame, view.frame_count())
            }
            Some(frame) if playhead < view.end_s() + 0.001 => strings::frame_of(frame, view.frame_count()),
            _ => String::new(),
        }
    };
    view! {
        <p class="clock">
            <span class="clock-now">{time}</span>" / "{length}
            <span class="clock-frame">{frame}</span>
        </p>
        <GoTo/>
    }
}

/// Goes to a frame or a time that is typed.
#[component]
fn GoTo() -> impl IntoView {
    let store = Store::of_page();
    let is_wrong = RwSignal::new(false);
    let clear = move |input: &HtmlInputElement| {
        input.set_value("");
        is_wrong.set(false);
    };
    let pressed = move |event: KeyboardEvent| {
        let input = event_target::<HtmlInputElement>(&event);
        let text = input.value();
        match (event.key().as_str(), PlaceToGo::parse(&text)) {
            ("Enter", Some(place)) => {
                player::go_to(store, place);
                clear(&input);
            }
            ("Enter", None) if !text.trim().is_empty() => {
                // The focus stays: what is typed to correct it must not label anything.
                event.stop_propagation();
                is_wrong.set(true);
                input.select();
            }
            ("Escape", _) => clear(&input),
            _ => {}
        }
    };
    let left = move |event: FocusEvent| clear(&event_target::<HtmlInputElement>(&event));
    view! {
        <input class="go-to" type="text" inputmode="text" autocomplete="off" data-testid="go-to" placeholder=strings::GO_TO_SHORT
            aria-label=strings::GO_TO title=move || tip(store, Command::GoTo) aria-invalid=move || is_wrong.get().to_string()
            on:keydown=pressed on:blur=left/>
    }
}

fn with_video(store: Store, act: impl FnOnce(&HtmlMediaElement)) {
    store.video.with_value(|video| {
        if let Some(video) = video {
            act(video);
        }
    });
}
