//! The webcam's pictures: how fast they are read, and the device is let go.

use leptos::prelude::*;
use page_view::job::{JobKind, JobState};
use wasm_bindgen::JsCast;
use web_sys::MediaStreamTrack;

use crate::state::feed::Feed;
use crate::state::store::Store;
use crate::{job_control, stage};

/// Takes the webcam off the stage and lets the device go. What was recorded is asked about.
pub fn stop(store: Store) {
    let Some(source) = store.source.get_untracked() else {
        return;
    };
    let Some(stream) = source.stream else { return };
    let mut recording = None;
    store
        .live
        .recording
        .update_value(|recorder| recording = recorder.take());
    if let Some(recording) = recording {
        // Before the stream ends, so that the end of the film is in it.
        recording.end();
        store.live.undecided.update_value(|count| *count += 1);
        store.live.ended.update(|ended| ended.push(recording));
    }
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
    stage::clear(store);
}

/// An answer came: how fast, and how late after its picture, which was sent `time_s` seconds after the first one.
pub fn note_speed(store: Store, now_ms: f64, time_s: f64) {
    let started_ms = store.feed.with_value(|feed| match feed {
        Some(Feed::Live { started_ms }) => *started_ms,
        _ => None,
    });
    if let Some(started_ms) = started_ms {
        let late_ms = now_ms - started_ms - time_s * 1000.0;
        // Only what is said anew wakes whoever shows it.
        let mut is_new = false;
        store
            .live
            .speed
            .update_untracked(|speed| is_new = speed.take(now_ms, late_ms));
        if is_new {
            store.live.speed.notify();
        }
    }
}
