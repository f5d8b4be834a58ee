//! What the engine says, taken into the store.

use leptos::prelude::*;
use page_view::job::EnginePhase;
use page_view::opened::Opened;
use page_view::plain_fault;
use page_view::session::{Answer, Event};
use page_view::shipped_model::ShippedModel;
use wasm_bindgen::{JsCast, JsValue};
use web_messages::{FromEngine, ModelSummary};
use web_sys::VideoFrame;

use crate::state::notice::{Offer, Tone};
use crate::state::store::Store;
use crate::{frame_feed, job_control, job_results, service_worker, strings, zip_orders};

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
            store.tell(Event::MayProceed);
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
                let opened = Opened {
                    width,
                    height,
                    duration_s,
                    start_s,
                    frame_count,
                };
                job_results::opened(store, job, opened);
                let name = job_control::job_source(store).map_or_else(String::new, |source| source.name);
                notify_if_any(store, notice.map(|notice| strings::named(&name, &notice)));
            }
        }
        FromEngine::Resumed { job, frames } => store.hear(job, Answer::Resumed(frames)),
        FromEngine::TryVideoElement { job, reason } => frame_feed::try_player(store, job, reason),
        FromEngine::Predictions { job, predictions } => store.hear(job, Answer::Predictions(predictions)),
        FromEngine::Progress { job, fraction, .. } if zip_orders::is_current(store, job) => {
            zip_orders::progressed(store, fraction);
        }
        FromEngine::Progress {
            job,
            fraction,
            frames_per_s,
            seconds_left,
            ..
        } => store.hear(
            job,
            Answer::Progress {
                fraction,
                frames_per_s,
                seconds_left,
            },
        ),
        FromEngine::NeedFrame { job } => frame_feed::need_frame(store, job),
        FromEngine::Done { job, notice } => {
            if store.is_current(job) {
                notify_if_any(store, notice);
                store.hear(job, Answer::Done);
            }
        }
        FromEngine::Cancelled { job } if zip_orders::is_current(store, job) => {
            zip_orders::cancelled(store, job);
        }
        FromEngine::Cancelled { job } => store.hear(job, Answer::Cancelled),
        FromEngine::Packed { job, notice } => zip_orders::packed(store, job, notice, attachment),
        FromEngine::Failed {
            job: Some(job),
            reason,
        } if zip_orders::is_current(store, job) => zip_orders::failed(store, job, &reason),
        FromEngine::Failed {
            job: Some(job),
            reason,
        } => job_results::failed(store, job, reason),
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

/// The engine cannot go on. What was read stays. One that worked before is started again, since a file may have been
/// the cause; one that never worked is not.
pub fn engine_broke(store: Store, cause: &str) {
    let cause = &plain_fault::plain(cause);
    zip_orders::lost(store);
    store.order.set(None);
    store.tell(Event::EngineBroke);
    let had_worked = store
        .engine
        .with_untracked(|engine| engine.phase == EnginePhase::Ready);
    if had_worked {
        store.fail(cause);
        store
            .engine
            .update(|engine| engine.phase = EnginePhase::loading(strings::ENGINE_STARTS));
        store.engine_starts.update(|count| *count = count.wrapping_add(1));
        return;
    }
    store
        .engine
        .update(|engine| engine.phase = EnginePhase::Failed(cause.to_owned()));
    let offers = ways_on(store, cause);
    store.notify_with(Tone::Error, cause, &offers);
}

/// What can be done when the engine cannot start as it was asked to.
fn ways_on(store: Store, cause: &str) -> Vec<Offer> {
    let asked = store.asked.get_value();
    store.models.with_untracked(|models| asked.ways_on(models, cause))
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
    store.tell(Event::MayProceed);
}

fn notify_if_any(store: Store, notice: Option<String>) {
    if let Some(notice) = notice {
        store.notify(Tone::Warning, notice, None);
    }
}
