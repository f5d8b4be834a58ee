//! The webcam's pictures: how fast they are read, and the device is let go.

use std::rc::Rc;

use leptos::prelude::*;
use page_view::job::JobKind;
use page_view::label_view::LabelView;
use page_view::opened::USUAL_FRAME_S;
use page_view::session::Event;
use page_view::viewport::Viewport;
use shared_model::timeline::Prediction;
use wasm_bindgen::JsCast;
use web_sys::MediaStreamTrack;

use crate::browser::now_ms;
use crate::stage;
use crate::state::feed::Feed;
use crate::state::store::Store;

/// Takes the webcam off the stage and lets the device go. What was recorded is asked about.
pub fn stop(store: Store) {
    let Some(source) = store.stage.source.get_untracked() else {
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
        store.tell(Event::Cancel);
        store.tell(Event::Forget);
    }
    stage::clear(store);
}

/// The webcam's few frames are relabelled at once.
pub fn show(store: Store, predictions: Vec<Prediction>) {
    let (smoothing, window) = (store.smoothing.get_untracked(), store.window.get_untracked());
    let mut end_s = 0.0;
    store.analysis.update_value(|analysis| {
        for prediction in predictions {
            if let Prediction::Seen { time_s, .. } = &prediction {
                note_speed(store, now_ms(), *time_s);
            }
            analysis.live.push(prediction);
        }
        let view = LabelView::of(&analysis.live.timeline(), smoothing, window);
        end_s = view.end_s();
        analysis.view = Rc::new(view);
    });
    store
        .stage
        .viewport
        .set(Viewport::whole(end_s.max(0.5), USUAL_FRAME_S));
    store.stage.playhead.set(end_s);
    store.stage.shown_s.set(end_s);
    store.results_changed();
}

/// An answer came: how fast, and how late after its picture, which was sent `time_s` seconds after the first one.
fn note_speed(store: Store, now_ms: f64, time_s: f64) {
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
