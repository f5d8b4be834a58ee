//! The webcam on the stage.

use std::rc::Rc;

use js_sys::{Array, Object, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    DomException, File, MediaDeviceInfo, MediaDeviceKind, MediaDevices, MediaStream, MediaStreamConstraints,
    MediaStreamTrack,
};

use crate::browser::download::download;
use crate::browser::recorder::Recorder;
use crate::browser::{error_text, this_minute};
use crate::state::feed::Feed;
use crate::state::live_desk::Camera;
use crate::state::notice::Tone;
use crate::state::question::Question;
use crate::state::source::{Source, SourceKind};
use crate::state::store::Store;
use crate::{batch_run, job_control, live_source, media, stage, strings};
use page_view::file_kind::FileKind;
use page_view::job::JobKind;
use page_view::live_speed::LiveSpeed;
use page_view::session::Event;

/// Seconds that a film has at least; less is a slip of the hand.
const LEAST_FILM_S: f64 = 1.0;

/// Asks for the webcam and shows live labels. It is recorded meanwhile, in this page's memory.
pub fn start(store: Store) {
    start_with(store, None);
}

/// Goes over to another camera.
pub fn choose(store: Store, camera: String) {
    start_with(store, Some(camera));
}

fn start_with(store: Store, camera: Option<String>) {
    store.clear_faults();
    // Many phones cannot open a second camera beside the first.
    live_source::stop(store);
    spawn_local(async move {
        match stream(camera.as_deref()).await {
            Ok(stream) => {
                show(store, stream);
                list_cameras(store).await;
            }
            Err(error) => store.fail(explain(&error)),
        }
    });
}

fn devices() -> Result<MediaDevices, JsValue> {
    let unsupported = || JsValue::from_str(strings::WEBCAM_UNSUPPORTED);
    let window = web_sys::window().ok_or_else(unsupported)?;
    let devices = window.navigator().media_devices().map_err(|_| unsupported())?;
    if devices.is_undefined() {
        return Err(unsupported());
    }
    Ok(devices)
}

async fn stream(camera: Option<&str>) -> Result<MediaStream, JsValue> {
    let constraints = MediaStreamConstraints::new();
    match camera {
        Some(id) => {
            let wanted = Object::new();
            let exact = Object::new();
            Reflect::set(&exact, &"exact".into(), &id.into())?;
            Reflect::set(&wanted, &"deviceId".into(), &exact)?;
            constraints.set_video(&wanted);
        }
        None => constraints.set_video(&JsValue::TRUE),
    }
    let stream = JsFuture::from(devices()?.get_user_media_with_constraints(&constraints)?).await?;
    stream.dyn_into()
}

/// Which cameras there are; their names are told once one is allowed. Without the list there is no choice, and nothing else is amiss.
async fn list_cameras(store: Store) {
    let asked = devices().and_then(|devices| devices.enumerate_devices());
    let Ok(asked) = asked else { return };
    let Ok(found) = JsFuture::from(asked).await else {
        return;
    };
    let found: Vec<MediaDeviceInfo> = Array::from(&found)
        .iter()
        .filter_map(|device| device.dyn_into().ok())
        .collect();
    let cameras = found
        .iter()
        .filter(|device| device.kind() == MediaDeviceKind::Videoinput);
    let cameras = cameras.enumerate().map(|(place, device)| Camera {
        id: device.device_id(),
        label: match device.label() {
            label if label.is_empty() => strings::camera(place),
            label => label,
        },
    });
    store.live.cameras.set(cameras.collect());
}

fn camera_of(stream: &MediaStream) -> String {
    let tracks = stream.get_video_tracks();
    let track: Option<MediaStreamTrack> = tracks.get(0).dyn_into().ok();
    let settings = track.map(|track| track.get_settings());
    let id = settings.and_then(|settings| Reflect::get(&settings, &"deviceId".into()).ok());
    id.and_then(|id| id.as_string()).unwrap_or_default()
}

fn explain(error: &JsValue) -> String {
    let name = error.dyn_ref::<DomException>().map(DomException::name);
    match name.as_deref() {
        Some("NotAllowedError" | "SecurityError") => strings::WEBCAM_DENIED.to_owned(),
        Some("NotFoundError" | "OverconstrainedError") => strings::WEBCAM_NONE.to_owned(),
        _ => strings::webcam_failed(&error_text(error)),
    }
}

fn show(store: Store, stream: MediaStream) {
    job_control::give_way(store);
    live_source::stop(store);
    batch_run::interrupt(store);
    store.live.camera.set(camera_of(&stream));
    store.live.speed.set(LiveSpeed::default());
    // Where it cannot be recorded, it is shown all the same.
    let recorder = Recorder::start(&stream).ok();
    store.live.is_recorded.set(recorder.is_some());
    store.live.recording.set_value(recorder);
    stage::place(
        store,
        Source {
            kind: SourceKind::Webcam,
            name: strings::WEBCAM_NAME.to_owned(),
            file: None,
            url: None,
            stream: Some(stream),
        },
    );
    store.tell(Event::Begin(JobKind::Live));
    store.feed.set_value(Some(Feed::Live { started_ms: None }));
}

/// What was recorded is asked about, for as long as the page lives.
pub fn follow(store: Store) {
    Effect::new(move |_| {
        let mut ended = Vec::new();
        store.live.ended.track();
        store
            .live
            .ended
            .update_untracked(|recordings| ended.append(recordings));
        for recording in ended {
            finish(store, recording);
        }
    });
}

/// Makes a film of what was recorded, and asks whether it is kept.
fn finish(store: Store, recording: Recorder) {
    let seconds = recording.seconds();
    let name = format!("{} {}", strings::WEBCAM_FILM, this_minute());
    spawn_local(async move {
        match recording.film(&name).await.filter(|_| seconds >= LEAST_FILM_S) {
            Some(film) => ask(store, film, seconds),
            None => decided(store),
        }
    });
}

fn ask(store: Store, film: File, seconds: f64) {
    store.ask(Question {
        text: strings::keep_film(seconds),
        yes: strings::KEEP_FILM.to_owned(),
        no: strings::DROP_FILM.to_owned(),
        act: Rc::new(move || {
            decided(store);
            keep(store, &film);
        }),
        otherwise: Some(Rc::new(move || decided(store))),
    });
}

fn decided(store: Store) {
    store
        .live
        .undecided
        .update_value(|count| *count = count.saturating_sub(1));
}

/// A film that is kept comes on the stage as any other. Where something else is there by now, or another film waits to be saved, it is saved
/// as a file at once.
fn keep(store: Store, film: &File) {
    if store.stage.source.with_untracked(Option::is_some) || has_film_now(store) {
        if hand_out(store, film) {
            store.notify(Tone::Info, strings::film_saved(&film.name()), None);
        }
        return;
    }
    store.live.film.set(Some(film.clone()));
    job_control::give_way(store);
    batch_run::clear(store);
    media::open_media(store, film.clone(), FileKind::Video);
}

/// Whether a film is kept in the page's memory alone; tracks changes.
#[must_use]
pub fn has_film(store: Store) -> bool {
    store.live.film.with(Option::is_some)
}

/// Whether closing the page would throw a film away.
#[must_use]
pub fn is_in_memory(store: Store) -> bool {
    let is_undecided = store.live.undecided.get_value() > 0;
    is_undecided || store.live.recording.with_value(Option::is_some) || has_film_now(store)
}

fn has_film_now(store: Store) -> bool {
    store.live.film.with_untracked(Option::is_some)
}

/// Hands the film that was recorded last out as a file.
pub fn save_film(store: Store) {
    let film = store.live.film.get_untracked();
    if film.is_some_and(|film| hand_out(store, &film)) {
        store.live.film.set(None);
    }
}

fn hand_out(store: Store, film: &File) -> bool {
    let done = download(&film.name(), &film.type_(), &Array::of1(film));
    if let Err(error) = &done {
        store.fail(strings::export_failed(&error_text(error)));
    }
    done.is_ok()
}
