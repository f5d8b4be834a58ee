//! The webcam on the stage.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{DomException, MediaStream, MediaStreamConstraints, MediaStreamTrack};

use crate::browser::error_text;
use crate::frame_feed::Feed;
use crate::state::source::{Source, SourceKind};
use crate::state::store::Store;
use crate::{batch_run, job_control, opened_files, strings};
use page_view::job::{JobKind, JobState};

/// Whether the webcam is on the stage; tracks changes.
#[must_use]
pub fn is_on(store: Store) -> bool {
    store.source.with(|source| {
        source
            .as_ref()
            .is_some_and(|source| source.kind == SourceKind::Webcam)
    })
}

/// Asks for the webcam and shows live labels.
pub fn start(store: Store) {
    store.clear_faults();
    spawn_local(async move {
        match stream().await {
            Ok(stream) => show(store, stream),
            Err(error) => store.fail(explain(&error)),
        }
    });
}

async fn stream() -> Result<MediaStream, JsValue> {
    let unsupported = || JsValue::from_str(strings::WEBCAM_UNSUPPORTED);
    let window = web_sys::window().ok_or_else(unsupported)?;
    let devices = window.navigator().media_devices().map_err(|_| unsupported())?;
    if devices.is_undefined() {
        return Err(unsupported());
    }
    let constraints = MediaStreamConstraints::new();
    constraints.set_video(&JsValue::TRUE);
    let stream = JsFuture::from(devices.get_user_media_with_constraints(&constraints)?).await?;
    stream.dyn_into()
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
    stop(store);
    batch_run::interrupt(store);
    opened_files::place(
        store,
        Source {
            kind: SourceKind::Webcam,
            name: strings::WEBCAM_NAME.to_owned(),
            file: None,
            url: None,
            stream: Some(stream),
        },
    );
    job_control::begin(store, JobKind::Live);
    store.feed.set_value(Some(Feed::Live { started_ms: None }));
}

/// Takes the webcam off the stage and lets the device go.
pub fn stop(store: Store) {
    let Some(source) = store.source.get_untracked() else {
        return;
    };
    let Some(stream) = source.stream else { return };
    for track in stream.get_tracks().iter() {
        if let Ok(track) = track.dyn_into::<MediaStreamTrack>() {
            track.stop();
        }
    }
    let is_live = store
        .job
        .with_untracked(|job| job.as_ref().is_some_and(|job| job.kind == JobKind::Live));
    if is_live {
        job_control::cancel(store);
        store.job.update(|job| {
            if job.as_ref().is_some_and(|job| job.state == JobState::Cancelled) {
                *job = None;
            }
        });
    }
    opened_files::clear_stage(store);
}
