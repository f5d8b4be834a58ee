//! What the engine says, taken into the store.

use leptos::prelude::*;
use shared_model::timeline::Prediction;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use web_messages::{FromEngine, JobId, ModelSummary};
use web_sys::VideoFrame;

use crate::browser::now_ms;
use crate::state::notice::Tone;
use crate::state::store::{Opened, Store};
use crate::{
    behind, job_control, opened_files, relabel, review_storage, service_worker, startup, webcam, zip_orders,
};
use page_view::job::EnginePhase;
use page_view::job::{JobKind, JobState};
use page_view::label_view::LabelView;
use page_view::plain_fault;
use page_view::shipped_model::ShippedModel;
use page_view::viewport::Viewport;

/// Length of a frame in seconds where nothing is known yet.
const USUAL_FRAME_S: f64 = 1.0 / 30.0;

/// Takes one message and what came with it.
pub fn handle(store: Store, message: FromEngine, attachment: &JsValue) {
    let message = in_plain_words(message);
    let is_of_order = store.order.with_untracked(|order| {
        order
            .as_ref()
            .is_some_and(|order| order.hear(&message, attachment))
    });
    if is_of_order {
        return;
    }
    match message {
        FromEngine::Loading { step, percent } => store
            .engine
            .update(|engine| engine.phase = EnginePhase::Loading { step, percent }),
        FromEngine::Ready {
            backend,
            notice,
            model,
        } => ready(store, backend, notice, model),
        FromEngine::ModelRefused { reason } => {
            store.engine.update(|engine| engine.phase = EnginePhase::Ready);
            store.fail(reason);
            job_control::send_queued(store);
        }
        FromEngine::Opened {
            job,
            width,
            height,
            duration_s,
            start_s,
            frame_count,
            notice,
        } => {
            if store.is_current(job) {
                opened(
                    store,
                    Opened {
                        width,
                        height,
                        duration_s,
                        start_s,
                        frame_count,
                    },
                );
                let name = job_control::job_source(store).map_or_else(String::new, |source| source.name);
                notify_if_any(store, notice.map(|notice| crate::strings::named(&name, &notice)));
            }
        }
        FromEngine::Resumed { job, frames } => {
            if store.is_current(job) {
                store.update_read(|analysis| analysis.seen = frames);
            }
        }
        FromEngine::TryVideoElement { job, reason } => job_control::try_player(store, job, reason),
        FromEngine::Predictions { job, predictions } => take_predictions(store, job, predictions),
        FromEngine::Progress { job, fraction, .. } if zip_orders::is_current(store, job) => {
            zip_orders::progressed(store, fraction);
        }
        FromEngine::Progress {
            job,
            fraction,
            frames_per_s,
            seconds_left,
            ..
        } => store.update_job(job, |job| {
            if job.kind == JobKind::File {
                job.fraction = fraction;
                job.seconds_left = seconds_left;
            }
            job.frames_per_s = frames_per_s;
        }),
        FromEngine::NeedFrame { job } => job_control::need_frame(store, job),
        FromEngine::Done { job, notice } => {
            if store.is_current(job) {
                notify_if_any(store, notice);
                done(store, job);
            }
        }
        FromEngine::Cancelled { job } if zip_orders::is_current(store, job) => {
            zip_orders::cancelled(store, job);
        }
        FromEngine::Cancelled { job } => cancelled(store, job),
        FromEngine::Packed { job, notice } => zip_orders::packed(store, job, notice, attachment),
        FromEngine::Failed {
            job: Some(job),
            reason,
        } if zip_orders::is_current(store, job) => zip_orders::failed(store, job, &reason),
        FromEngine::Failed {
            job: Some(job),
            reason,
        } => job_control::fail_job(store, job, reason),
        FromEngine::Failed { job: None, reason } => engine_broke(store, &reason),
        FromEngine::DeviceLost { reason } => store.notify(Tone::Warning, reason, None),
        FromEngine::Frame { .. } => close(attachment),
        FromEngine::ReadForLearning { .. } | FromEngine::Learned { .. } | FromEngine::Benchmarked { .. } => {}
    }
}

/// What the engine says of faults, without what only programmers read: that stays in the browser's console.
fn in_plain_words(message: FromEngine) -> FromEngine {
    let plain = |reason: String| {
        let said = plain_fault::plain(&reason);
        if said != reason {
            leptos::logging::error!("{reason}");
        }
        said
    };
    match message {
        FromEngine::ModelRefused { reason } => FromEngine::ModelRefused {
            reason: plain(reason),
        },
        FromEngine::DeviceLost { reason } => FromEngine::DeviceLost {
            reason: plain(reason),
        },
        FromEngine::Failed { job, reason } => FromEngine::Failed {
            job,
            reason: plain(reason),
        },
        FromEngine::TryVideoElement { job, reason } => FromEngine::TryVideoElement {
            job,
            reason: plain(reason),
        },
        FromEngine::Done { job, notice } => FromEngine::Done {
            job,
            notice: notice.map(plain),
        },
        FromEngine::Ready {
            backend,
            notice,
            model,
        } => FromEngine::Ready {
            backend,
            notice: notice.map(plain),
            model,
        },
        other => other,
    }
}

/// A frame that nobody waits for any more.
fn close(frame: &JsValue) {
    if let Some(frame) = frame.dyn_ref::<VideoFrame>() {
        frame.close();
    }
}

/// All frames of a job are in.
fn done(store: Store, id: JobId) {
    store.update_read(|analysis| {
        let seen = analysis.seen;
        analysis.timeline.truncate(seen);
        analysis.is_whole = true;
        if let Some(kept) = &mut analysis.kept {
            kept.is_whole = true;
        }
    });
    if behind::is_on(store) {
        // Nobody looks at its labels. What went wrong earlier does not hide that this one went well.
        store.fault.set(None);
        store.update_job(id, |job| job.state = JobState::Done);
        return;
    }
    relabel::results_grew(store);
    review_storage::facts_changed(store);
    store.update_job(id, |job| job.state = JobState::Finishing);
    relabel::frames_complete(store);
}

/// A job ended before its end. One that the person did not cancel gave way to another model: a file is read again
/// with it.
fn cancelled(store: Store, id: JobId) {
    let running = store
        .job
        .get_untracked()
        .filter(|job| job.id == id && job.is_under_way());
    match running.map(|job| job.kind) {
        Some(JobKind::File) => job_control::begin(store, JobKind::File),
        _ => store.update_job(id, |job| job.state = JobState::Cancelled),
    }
}

/// The engine cannot go on. What was read stays. One that worked before is started again, since a file may have been
/// the cause; one that never worked is not.
pub fn engine_broke(store: Store, cause: &str) {
    let cause = &plain_fault::plain(cause);
    zip_orders::lost(store);
    store.order.set(None);
    store.job.update(|job| {
        if let Some(job) = job.as_mut().filter(|job| job.is_under_way()) {
            job.state = JobState::Failed;
        }
    });
    let had_worked = store
        .engine
        .with_untracked(|engine| engine.phase == EnginePhase::Ready);
    if had_worked {
        store.pending.set_value(None);
        store.fail(cause);
        startup::restart(store);
        return;
    }
    store
        .engine
        .update(|engine| engine.phase = EnginePhase::Failed(cause.to_owned()));
    let offers = startup::ways_on(store, cause);
    store.notify_with(Tone::Error, cause, &offers);
}

fn ready(store: Store, backend: String, notice: Option<String>, model: ModelSummary) {
    if !store.window_chosen.get_value() && model.window > 0 {
        store.window.set(model.window);
    }
    let shipped = store.models.with_untracked(|models| {
        let of_name = models.iter().find(|shipped| shipped.file == model.name);
        of_name.map(ShippedModel::url)
    });
    if let Some(url) = shipped {
        service_worker::keep(url);
    }
    store.engine.update(|engine| {
        engine.phase = EnginePhase::Ready;
        engine.backend = Some(backend);
        engine.notice = notice;
        engine.model = Some(model);
    });
    job_control::send_queued(store);
}

/// A job's file is open: what was shown before makes room.
pub fn opened(store: Store, opened: Opened) {
    if let Some(source) = store.pending.get_value() {
        store.pending.set_value(None);
        opened_files::place(store, source);
    }
    let model = store
        .engine
        .with_untracked(|engine| engine.model.as_ref().map(|model| model.name.clone()));
    store.update_read(|analysis| {
        if analysis.resumes {
            analysis.resumes = false;
            analysis.seen = 0;
        } else {
            analysis.clear();
            analysis.model = model.unwrap_or_default();
            analysis.timeline.set_unrelated(opened.is_picture());
        }
        // Also of frames that were kept before the page knew it.
        analysis.timeline.set_start_s(opened.start_s);
    });
    if behind::is_on(store) {
        store.behind.update_value(|behind| {
            if let Some(behind) = behind {
                behind.opened = Some(opened);
            }
        });
        return;
    }
    review_storage::facts_changed(store);
    store.opened.set(Some(opened));
    store.viewport.set(whole_sight(opened));
    store.results_changed();
    relabel::results_replaced(store);
}

/// All of what is open in sight.
#[must_use]
pub fn whole_sight(opened: Opened) -> Viewport {
    let frame_s = match opened.frame_count {
        Some(count) if count > 1 && opened.duration_s > 0.0 => opened.duration_s / count as f64,
        _ => USUAL_FRAME_S,
    };
    let duration_s = if opened.duration_s > 0.0 {
        opened.duration_s
    } else {
        1.0
    };
    Viewport::whole(duration_s, frame_s)
}

fn notify_if_any(store: Store, notice: Option<String>) {
    if let Some(notice) = notice {
        store.notify(Tone::Warning, notice, None);
    }
}

fn take_predictions(store: Store, id: JobId, predictions: Vec<Prediction>) {
    if !store.is_current(id) {
        return;
    }
    let is_live = store
        .job
        .with_untracked(|job| job.as_ref().is_some_and(|job| job.kind == JobKind::Live));
    if is_live {
        return take_live(store, predictions);
    }
    let is_behind = behind::is_on(store);
    if !is_behind {
        review_storage::note_frames(store, &predictions);
    }
    store.update_read(|analysis| {
        for prediction in predictions {
            if let Prediction::Seen { frame, .. } = &prediction {
                analysis.seen = frame + 1;
            }
            analysis.timeline.replace(prediction);
        }
    });
    if is_behind {
        return;
    }
    // Not before: what is written is what the timeline holds.
    review_storage::start_writing(store);
    relabel::results_grew(store);
}

/// The webcam's few frames are relabelled at once.
fn take_live(store: Store, predictions: Vec<Prediction>) {
    let (smoothing, window) = (store.smoothing.get_untracked(), store.window.get_untracked());
    let mut end_s = 0.0;
    store.analysis.update_value(|analysis| {
        for prediction in predictions {
            if let Prediction::Seen { time_s, .. } = &prediction {
                webcam::note_speed(store, now_ms(), *time_s);
            }
            analysis.live.push(prediction);
        }
        let view = LabelView::of(&analysis.live.timeline(), smoothing, window);
        end_s = view.end_s();
        analysis.view = Rc::new(view);
    });
    store.viewport.set(Viewport::whole(end_s.max(0.5), USUAL_FRAME_S));
    store.playhead.set(end_s);
    store.shown_s.set(end_s);
    store.results_changed();
}
