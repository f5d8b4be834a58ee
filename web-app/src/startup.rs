//! Starts the engine once the page has been painted, so that the page answers before the engine is there.

use std::rc::Rc;

use leptos::prelude::*;
use page_view::shipped_model::{self, Asked};
use wasm_bindgen_futures::spawn_local;
use web_messages::{BackendChoice, ToEngine};

use crate::browser::{error_text, query_parameter, tasks};
use crate::engine_link::{EngineLink, Heard};
use crate::state::notice::Tone;
use crate::state::store::Store;
use crate::{engine_events, job_control, network_count, service_worker, shipped_models, strings};
use page_view::job::{EnginePhase, Job, JobKind};
use page_view::session::Event;

/// Milliseconds between two looks at whether the engine is there.
const LOOK_MS: i32 = 200;

/// Starts what the page needs beside itself.
pub fn start(store: Store) {
    store.asked.set_value(Asked {
        backend: query_parameter("backend"),
        model: query_parameter("model"),
    });
    follow_starts(store);
    spawn_local(async move {
        tasks::painted().await;
        start_engine(store).await;
        // What the engine loads first is then in the browser's own cache, and does not come twice.
        while store
            .engine
            .with_untracked(|engine| matches!(engine.phase, EnginePhase::Loading { .. }))
        {
            tasks::sleep(LOOK_MS).await;
        }
        if let Some(registration) = service_worker::register(store).await {
            // What it stores belongs to the loading.
            while registration.installing().is_some() {
                tasks::sleep(LOOK_MS).await;
            }
        }
        network_count::begin(store.network, service_worker::container().as_ref());
    });
}

/// Ends a broken engine and starts another with the shipped model, whenever that is asked for.
fn follow_starts(store: Store) {
    Effect::new(move |before: Option<u32>| {
        let count = store.engine_starts.get();
        if before.is_some() {
            spawn_local(async move {
                store.link.set_value(None);
                start_engine(store).await;
            });
        }
        count
    });
}

/// Starts the engine on the processor, whatever the address asks for.
pub fn use_cpu(store: Store) {
    store
        .asked
        .update_value(|asked| asked.backend = Some("cpu".to_owned()));
    start_over(store);
}

/// Starts the engine with the first of the shipped models, whatever the address asks for.
pub fn use_demo_model(store: Store) {
    store.asked.update_value(|asked| asked.model = None);
    start_over(store);
}

/// What was opened meanwhile is read as soon as the engine is there.
fn start_over(store: Store) {
    store.clear_faults();
    store
        .engine
        .update(|engine| engine.phase = EnginePhase::loading(strings::ENGINE_STARTS));
    store.engine_starts.update(|count| *count = count.wrapping_add(1));
    let has_results = store.with_stage(|reading| !reading.timeline.frames().is_empty());
    let is_under_way = store
        .job
        .with_untracked(|job| job.as_ref().is_some_and(Job::is_under_way));
    if !has_results && !is_under_way && untrack(|| job_control::can_analyze(store)) {
        store.tell(Event::Begin(JobKind::File));
    }
}

async fn start_engine(store: Store) {
    let link = EngineLink::start(move |heard| match heard {
        Heard::Message(message, attachment) => engine_events::handle(store, message, &attachment),
        Heard::Broken(cause) => engine_events::engine_broke(store, &cause),
    });
    let link = match link {
        Ok(link) => Rc::new(link),
        Err(error) => return engine_events::engine_broke(store, &error_text(&error)),
    };
    store.link.set_value(Some(Rc::clone(&link)));
    let models = shipped_models::load().await;
    let model_url = shipped_model::first_url(&models, asked_model(store).as_deref());
    store.models.set(models);
    let message = ToEngine::Start {
        backend: asked_backend(store),
        model_url,
        cpu_workers: 0,
    };
    if let Err(error) = link.send(&message, None) {
        store
            .engine
            .update(|engine| engine.phase = EnginePhase::Failed(error_text(&error)));
    }
}

fn asked_backend(store: Store) -> BackendChoice {
    let Some(value) = store.asked.with_value(|asked| asked.backend.clone()) else {
        return BackendChoice::default();
    };
    BackendChoice::parse(&value).unwrap_or_else(|| {
        store.notify(Tone::Warning, strings::unknown_backend(&value), None);
        BackendChoice::default()
    })
}

fn asked_model(store: Store) -> Option<String> {
    let value = store.asked.with_value(|asked| asked.model.clone())?;
    if shipped_model::is_plain_name(&value) {
        return Some(value);
    }
    store.notify(Tone::Warning, strings::bad_model_name(&value), None);
    None
}
