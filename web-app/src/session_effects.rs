//! Does what the session asks for.

use leptos::prelude::*;
use page_view::session::Effect;
use page_view::viewport::Viewport;
use shared_model::resume::ResumePoint;
use wasm_bindgen::JsValue;
use web_messages::{JobId, ToEngine};

use crate::state::analysis::Analysis;
use crate::state::notice::Tone;
use crate::state::source::{Source, SourceKind};
use crate::state::store::Store;
use crate::{live_source, relabel, review_storage, stage, strings};

/// From now on what the session asks for is done.
pub fn follow(store: Store) {
    store.executor.set_value(Some(execute));
}

fn execute(store: Store, effect: Effect<Source>) {
    match effect {
        Effect::StopFeed => store.feed.set_value(None),
        Effect::Read { job, source, resume } => read(store, job, source, resume.map(|point| *point)),
        Effect::StartFrames { job, is_live } => {
            store.send(&ToEngine::StartFrames { job, live: is_live }, None);
        }
        Effect::Cancel { job } => store.send(&ToEngine::Cancel { job }, None),
        Effect::ShowLive(predictions) => live_source::show(store, predictions),
        Effect::ShowSize(opened) => {
            store.stage.opened.set(Some(opened));
            store.stage.viewport.set(opened.whole_sight());
        }
        Effect::ShowKept {
            smoothing,
            window,
            news,
        } => {
            store.smoothing.set(smoothing);
            store.window.set(window);
            store.window_chosen.set_value(true);
            if let Some((frames, is_whole)) = news {
                let text = if is_whole {
                    strings::results_back(frames)
                } else {
                    strings::part_back(frames)
                };
                store.notify(Tone::Info, text, None);
            }
            show_all(store);
        }
        Effect::ForgetRows => store.analysis.update_value(Analysis::clear),
        Effect::RowsGrew(from) => relabel::results_grew(store, from),
        Effect::RowsReplaced => {
            store.results_changed();
            relabel::results_replaced(store);
        }
        Effect::RowsOutdated => relabel::rows_outdated(store),
        Effect::CompleteLabels => relabel::frames_complete(store),
        Effect::ForgetFault => store.fault.set(None),
        Effect::Measured { model, frames_per_s } => store.measured.set(Some((model, frames_per_s))),
        Effect::NothingWasRead => {
            if untrack(|| store.is_live()) {
                // The device is let go, and what was recorded is asked about.
                live_source::stop(store);
            } else if !shows_something(store) {
                stage::clear(store);
            }
        }
        Effect::Write => review_storage::write_soon(store),
    }
}

fn read(store: Store, job: JobId, source: Option<Source>, resume: Option<ResumePoint>) {
    let Some(source) = source.or_else(|| store.stage.source.get_untracked()) else {
        return;
    };
    // Of a picture nothing can be missing.
    let resume = resume.filter(|_| source.kind == SourceKind::Video);
    let file = source.file.map(JsValue::from);
    let name = source.name;
    store.send(&ToEngine::Analyze { job, name, resume }, file.as_ref());
}

/// Brings the whole timeline in sight.
fn show_all(store: Store) {
    let (count, last_s) = store.with_stage(|reading| {
        let frames = reading.timeline.frames();
        (frames.len(), frames.last().map_or(0.0, |frame| frame.time_s))
    });
    let frame_s = last_s / (count.saturating_sub(1)).max(1) as f64;
    let frame_s = if frame_s > 0.0 { frame_s } else { 0.04 };
    store
        .stage
        .viewport
        .set(Viewport::whole(last_s + frame_s, frame_s));
}

fn shows_something(store: Store) -> bool {
    let is_video = store.stage.source.with_untracked(|source| {
        source
            .as_ref()
            .is_some_and(|source| source.kind == SourceKind::Video)
    });
    is_video
        && store
            .video
            .with_value(|video| video.as_ref().is_some_and(|video| video.ready_state() > 0))
}
