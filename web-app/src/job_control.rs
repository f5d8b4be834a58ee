//! Jobs: begun, sent to the engine, stopped.

use leptos::prelude::*;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_messages::ToEngine;

use crate::browser::tasks;
use crate::kept_results::Left;
use crate::state::notice::Tone;
use crate::state::source::{Source, SourceKind};
use crate::state::store::Store;
use crate::{kept_results, relabel, strings};
use page_view::job::EnginePhase;
use page_view::job::{Job, JobKind, JobState};
use page_view::keeping::Keeping;

/// Begins a job of this kind; it waits where the engine is not ready.
pub fn begin(store: Store, kind: JobKind) {
    stop_feed(store);
    let id = store.next_job();
    store.job.set(Some(Job::queued(id, kind)));
    send_queued(store);
}

/// Sends the waiting job, if there is one and the engine is ready.
pub fn send_queued(store: Store) {
    let is_ready = store
        .engine
        .with_untracked(|engine| engine.phase == EnginePhase::Ready);
    let Some(job) = store.job.get_untracked() else {
        return;
    };
    if !is_ready || job.state != JobState::Queued {
        return;
    }
    let pends = store.pending.with_value(Option::is_some);
    if job.kind == JobKind::File && !pends {
        // What is kept of the video may be all of it.
        if is_looking(store) {
            return;
        }
        let left = kept_results::left_to_read(store);
        if left == Left::Nothing {
            return kept_results::finish_at_once(store, &job);
        }
        store.update_read(|analysis| analysis.resumes = left == Left::Rest);
    }
    store.update_job(job.id, |job| job.state = JobState::Running);
    match job.kind {
        JobKind::File => {
            let Some(source) = job_source(store) else { return };
            let file = source.file.map(JsValue::from);
            let resume = kept_results::resume_point(store, source.kind);
            let message = ToEngine::Analyze {
                job: job.id,
                name: source.name,
                resume,
            };
            store.send(&message, file.as_ref());
        }
        JobKind::Live | JobKind::Stepped => {
            let live = job.kind == JobKind::Live;
            store.send(&ToEngine::StartFrames { job: job.id, live }, None);
        }
    }
}

/// Whether what was kept of the video that the job reads is still being looked for.
fn is_looking(store: Store) -> bool {
    let behind = store
        .behind
        .with_value(|behind| behind.as_ref().map(|behind| behind.is_looking));
    behind.unwrap_or_else(|| {
        store
            .keeping
            .with_untracked(|keeping| *keeping == Keeping::Opening)
    })
}

/// What the job reads: the source that waits for the engine's word, or the one behind the stage, else the one on it.
#[must_use]
pub fn job_source(store: Store) -> Option<Source> {
    let behind = || {
        store
            .behind
            .with_value(|behind| behind.as_ref().map(|behind| behind.source.clone()))
    };
    let pending = store.pending.get_value().or_else(behind);
    pending.or_else(|| store.source.get_untracked())
}

/// Something else is opened: a file that is still being read gives way, and the person is told.
pub fn give_way(store: Store) {
    let Some(job) = store.job.get_untracked().filter(Job::is_under_way) else {
        return;
    };
    let source = job_source(store).filter(|_| job.kind != JobKind::Live);
    let is_kept = !store.reads_behind()
        && store
            .keeping
            .with_untracked(|keeping| matches!(keeping, Keeping::Kept | Keeping::Writing));
    cancel(store);
    if let Some(source) = source {
        let text = strings::reading_stopped(&source.name, job.percent(), is_kept);
        store.notify(Tone::Info, text, None);
    }
}

/// What is on the stage is all there: it is said again that it is done, for who waits for it.
pub fn say_done(store: Store) {
    let id = store.next_job();
    store.job.set(Some(Job {
        state: JobState::Running,
        fraction: 1.0,
        ..Job::queued(id, JobKind::File)
    }));
    spawn_local(async move {
        tasks::next_task().await;
        store.update_job(id, |job| job.state = JobState::Finishing);
        relabel::frames_complete(store);
    });
}

/// Reads the source on the stage again.
pub fn analyze_again(store: Store) {
    store.clear_faults();
    if can_analyze(store) {
        store.analysis.update_value(|analysis| analysis.kept = None);
        begin(store, JobKind::File);
    }
}

/// Whether the source on the stage is a file.
#[must_use]
pub fn can_analyze(store: Store) -> bool {
    store.source.with(|source| {
        source
            .as_ref()
            .is_some_and(|source| matches!(source.kind, SourceKind::Video | SourceKind::Picture))
    })
}

/// Stops the job. What was read stays.
pub fn cancel(store: Store) {
    let Some(job) = store.job.get_untracked().filter(Job::is_under_way) else {
        return;
    };
    stop_feed(store);
    if job.state != JobState::Queued {
        store.send(&ToEngine::Cancel { job: job.id }, None);
    }
    store.pending.set_value(None);
    store.update_job(job.id, |job| job.state = JobState::Cancelled);
}

/// Stops reading: all that the job would give is there. It ends as one that is done.
pub fn stop_quietly(store: Store) {
    let Some(job) = store.job.get_untracked().filter(Job::is_under_way) else {
        return;
    };
    stop_feed(store);
    store.send(&ToEngine::Cancel { job: job.id }, None);
    let id = store.next_job();
    store.job.set(Some(Job::queued(id, JobKind::File)));
    store.update_job(id, |job| job.state = JobState::Finishing);
}

/// Nothing more is handed to the engine.
pub fn stop_feed(store: Store) {
    store.feed.set_value(None);
}
