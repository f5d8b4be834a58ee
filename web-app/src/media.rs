//! Videos and pictures that come on the stage: to be read, or with what was read of them.

use leptos::prelude::*;
use page_view::batch::ItemResults;
use page_view::file_kind::FileKind;
use page_view::job::JobKind;
use page_view::session::{Event, Reading};
use web_sys::File;

use crate::state::source::Source;
use crate::state::store::Store;
use crate::{behind, job_control, live_source, relabel, review, stage};
use page_view::opened::Opened;

/// Opens a video or picture and has it analysed.
pub fn open_media(store: Store, file: File, kind: FileKind) {
    let source = stage::source_of(file, kind);
    live_source::stop(store);
    let has_results = store.with_stage(|reading| !reading.timeline.frames().is_empty());
    if has_results && store.stage.source.with_untracked(Option::is_some) {
        // Results stay until the new file has turned out to be one.
        store
            .session
            .update_value(|session| session.set_pending(Some(source)));
    } else {
        store.session.update_value(|session| session.set_pending(None));
        stage::place(store, source);
    }
    store.tell(Event::Begin(JobKind::File));
}

/// What was opened last: it is on the stage, or comes on it when the engine has opened it.
#[must_use]
pub fn latest(store: Store) -> Option<Source> {
    let pending = store.session.with_value(|session| session.pending().cloned());
    pending.or_else(|| store.stage.source.get_untracked())
}

/// Shows a video of the list that was read before, with what is known of it.
pub fn show_read(store: Store, file: File, results: ItemResults, is_whole: bool) {
    store.session.update_value(|session| session.set_pending(None));
    stage::place(store, stage::source_of(file, FileKind::Video));
    let ItemResults {
        timeline,
        document,
        model,
    } = results;
    let opened = Opened::of_timeline(&timeline);
    store.stage.opened.set(Some(opened));
    store.stage.viewport.set(opened.whole_sight());
    store
        .session
        .update_value(|session| session.set_stage(Reading::of_results(timeline, model, is_whole)));
    behind::show_document(store, document);
    review::document_replaced(store);
    relabel::results_replaced(store);
    if !store.reads_behind() {
        job_control::say_done(store);
    }
}
