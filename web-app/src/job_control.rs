//! Jobs: begun, stopped, given up for something else.

use leptos::prelude::*;
use page_view::job::{Job, JobKind};
use page_view::keeping::Keeping;
use page_view::session::Event;
use wasm_bindgen_futures::spawn_local;

use crate::browser::tasks;
use crate::state::notice::Tone;
use crate::state::source::{Source, SourceKind};
use crate::state::store::Store;
use crate::strings;

/// What the job reads: the source that waits for the engine's word, or the one behind the stage, else the one on it.
#[must_use]
pub fn job_source(store: Store) -> Option<Source> {
    let elsewhere = store.session.with_value(|session| {
        let behind = || session.behind().map(|behind| behind.source.clone());
        session.pending().cloned().or_else(behind)
    });
    elsewhere.or_else(|| store.stage.source.get_untracked())
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
    store.tell(Event::Cancel);
    if let Some(source) = source {
        let text = strings::reading_stopped(&source.name, job.percent(), is_kept);
        store.notify(Tone::Info, text, None);
    }
}

/// What is on the stage is all there: it is said again that it is done, for who waits for it.
pub fn say_done(store: Store) {
    store.tell(Event::BeginShown);
    let Some(job) = store.job.with_untracked(|job| job.as_ref().map(|job| job.id)) else {
        return;
    };
    spawn_local(async move {
        tasks::next_task().await;
        store.tell(Event::AllShown { job });
    });
}

/// Reads the source on the stage again.
pub fn analyze_again(store: Store) {
    store.clear_faults();
    if can_analyze(store) {
        store.tell(Event::BeginAgain);
    }
}

/// Whether the source on the stage is a file.
#[must_use]
pub fn can_analyze(store: Store) -> bool {
    store.stage.source.with(|source| {
        source
            .as_ref()
            .is_some_and(|source| matches!(source.kind, SourceKind::Video | SourceKind::Picture))
    })
}
