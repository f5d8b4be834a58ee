//! The player on the stage: kept in step with the timeline.

use leptos::prelude::*;
use page_view::place_to_go::PlaceToGo;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::HtmlVideoElement;

use crate::browser::{call_method, tasks};
use crate::state::source::SourceKind;
use crate::state::store::Store;

/// Watches a player for as long as the page lives: whatever picture it shows, the store knows its time.
pub fn watch(store: Store, video: &HtmlVideoElement) {
    store.video.set_value(Some(video.clone()));
    let has_picture_callback =
        js_sys::Reflect::has(video, &JsValue::from_str("requestVideoFrameCallback")).unwrap_or(false);
    let video = video.clone();
    wasm_bindgen_futures::spawn_local(async move {
        if has_picture_callback {
            loop {
                let media_s = picture_shown(&video).await;
                picture_is_on(store, &video, media_s);
            }
        }
        loop {
            tasks::event(&video, &["timeupdate", "seeked", "loadeddata", "playing"]).await;
            picture_is_on(store, &video, video.current_time());
            while !video.paused() && !video.ended() {
                animation_frame().await;
                picture_is_on(store, &video, video.current_time());
            }
        }
    });
}

/// Waits for the next picture; its presentation time in seconds.
pub async fn picture_shown(video: &HtmlVideoElement) -> f64 {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        let callback = Closure::once_into_js(move |_now: JsValue, metadata: JsValue| {
            let _ = resolve.call1(&JsValue::NULL, &metadata);
        });
        let _ = call_method(video, "requestVideoFrameCallback", &callback);
    });
    let metadata = JsFuture::from(promise).await.unwrap_or(JsValue::NULL);
    js_sys::Reflect::get(&metadata, &JsValue::from_str("mediaTime"))
        .ok()
        .and_then(|time| time.as_f64())
        .unwrap_or_else(|| video.current_time())
}

/// Waits until the player shows a new picture, or for a moment where it cannot tell.
pub async fn next_picture(video: &HtmlVideoElement) {
    if js_sys::Reflect::has(video, &JsValue::from_str("requestVideoFrameCallback")).unwrap_or(false) {
        picture_shown(video).await;
    } else {
        if video.ready_state() < 2 {
            tasks::event(video, &["loadeddata"]).await;
        }
        animation_frame().await;
    }
}

async fn animation_frame() {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        let callback = Closure::once_into_js(move || {
            let _ = resolve.call0(&JsValue::NULL);
        });
        if let Some(window) = web_sys::window() {
            let _ = window.request_animation_frame(callback.unchecked_ref());
        }
    });
    let _ = JsFuture::from(promise).await;
}

fn picture_is_on(store: Store, video: &HtmlVideoElement, media_s: f64) {
    if kind_of(store) != Some(SourceKind::Video) {
        return;
    }
    // Some files do not begin at 0, our frame times do.
    if video.current_time() == 0.0 {
        store.stage.media_start_s.set(media_s);
    }
    let time_s = (media_s - store.stage.media_start_s.get_untracked()).max(0.0);
    store.stage.shown_s.set(time_s);
    if !video.paused() {
        store.stage.playhead.set(time_s);
        store
            .stage
            .viewport
            .update(|viewport| *viewport = viewport.following(time_s));
    }
}

fn kind_of(store: Store) -> Option<SourceKind> {
    store
        .stage
        .source
        .with_untracked(|source| source.as_ref().map(|source| source.kind))
}

fn video_of(store: Store) -> Option<HtmlVideoElement> {
    (kind_of(store) == Some(SourceKind::Video)).then(|| store.video.get_value())?
}

/// Where the player is, in seconds from the first frame; `None` while it is on its way elsewhere or where there is
/// none.
#[must_use]
pub fn now_s(store: Store) -> Option<f64> {
    let video = video_of(store).filter(|video| !video.seeking())?;
    Some(video.current_time() - store.stage.media_start_s.get_untracked())
}

/// Length of what is on the stage in seconds.
#[must_use]
pub fn length_s(store: Store) -> f64 {
    let opened = store
        .stage
        .opened
        .with_untracked(|opened| opened.map_or(0.0, |opened| opened.duration_s));
    let played = video_of(store)
        .map(|video| video.duration())
        .filter(|duration| duration.is_finite());
    opened.max(played.unwrap_or(0.0)).max(store.view_now().end_s())
}

/// Stops at a place that was typed; beyond the end it is the last frame.
pub fn go_to(store: Store, place: PlaceToGo) {
    let view = store.view_now();
    let start_of = |frame| view.span_of(frame).0;
    let start_s = match (place, view.frame_count().checked_sub(1)) {
        (PlaceToGo::Frame(frame), Some(last)) => start_of(frame.min(last)),
        (PlaceToGo::Frame(_), None) => return,
        // What is not read yet has no frames.
        (PlaceToGo::Time(time_s), _) if time_s < view.end_s() => {
            view.frame_at(time_s).map_or(time_s, start_of)
        }
        (PlaceToGo::Time(time_s), _) => time_s,
    };
    pause(store);
    seek(store, start_s);
    let at_s = store.stage.playhead.get_untracked();
    store
        .stage
        .viewport
        .update(|viewport| *viewport = viewport.following(at_s));
}

/// Plays or pauses.
pub fn toggle(store: Store) {
    let Some(video) = video_of(store) else { return };
    if video.paused() {
        play(store);
    } else {
        let _ = video.pause();
    }
}

/// Plays.
pub fn play(store: Store) {
    let Some(video) = video_of(store) else { return };
    set_speed(store, store.bench.speed.get_untracked());
    // A refusal (for instance of a broken file) shows as an error of the player.
    if let Ok(promise) = video.play() {
        wasm_bindgen_futures::spawn_local(async move {
            let _ = JsFuture::from(promise).await;
        });
    }
}

/// Sets how fast the video plays; 1 as it was taken.
pub fn set_speed(store: Store, speed: f64) {
    store.bench.speed.set(speed);
    if let Some(video) = video_of(store) {
        // A file that is opened later begins with the default.
        video.set_default_playback_rate(speed);
        video.set_playback_rate(speed);
    }
}

/// Pauses.
pub fn pause(store: Store) {
    if let Some(video) = video_of(store) {
        let _ = video.pause();
    }
}

/// Goes to a time in seconds: to the middle of its frame where frames are known.
pub fn seek(store: Store, time_s: f64) {
    let time_s = time_s.clamp(0.0, length_s(store));
    store.stage.playhead.set(time_s);
    let Some(video) = video_of(store) else {
        store.stage.shown_s.set(time_s);
        return;
    };
    let view = store.view_now();
    let target = match view.frame_at(time_s) {
        Some(frame) if time_s < view.end_s() => view.middle_of(frame),
        _ => time_s,
    };
    // A player that still seeks is told the latest target when it has arrived.
    if video.seeking() {
        store.stage.wanted_s.set(Some(time_s));
    } else {
        store.stage.wanted_s.set(None);
        video.set_current_time(target + store.stage.media_start_s.get_untracked());
    }
}

/// The player has arrived: on to where the person has moved meanwhile; if somebody else has moved it, the playhead
/// follows.
pub fn arrived(store: Store) {
    let Some(video) = video_of(store) else { return };
    if let Some(wanted_s) = store.stage.wanted_s.get_untracked() {
        return seek(store, wanted_s);
    }
    let playhead = store.stage.playhead.get_untracked();
    let view = store.view_now();
    let there = video.current_time() - store.stage.media_start_s.get_untracked();
    let is_same = match (view.frame_at(playhead), view.frame_at(there)) {
        (Some(wanted), Some(shown)) if playhead < view.end_s() => wanted == shown,
        _ => (playhead - there).abs() < 0.05,
    };
    if !is_same {
        store.stage.playhead.set(there.max(0.0));
        follow(store);
    }
}

/// Moves by whole frames, and pauses.
pub fn step_frames(store: Store, by: isize) {
    pause(store);
    let view = store.view_now();
    let now = store.stage.playhead.get_untracked();
    let target = match view.frame_at(now) {
        Some(frame) if now < view.end_s() => {
            let last = view.frame_count().saturating_sub(1);
            let frame = frame.saturating_add_signed(by).min(last);
            view.times.get(frame).copied().unwrap_or(now)
        }
        _ => now + by as f64 * store.stage.viewport.with_untracked(|viewport| viewport.frame_s),
    };
    seek(store, target);
    follow(store);
}

/// Moves by seconds.
pub fn step_seconds(store: Store, by_s: f64) {
    seek(store, store.stage.playhead.get_untracked() + by_s);
    follow(store);
}

fn follow(store: Store) {
    let playhead = store.stage.playhead.get_untracked();
    store
        .stage
        .viewport
        .update(|viewport| *viewport = viewport.following(playhead));
}
