//! Reading on while another video is on the stage.

use leptos::prelude::*;
use page_view::batch::{Batch, ItemResults};
use page_view::file_kind::FileKind;
use page_view::job::{Job, JobKind};
use page_view::review::document::ReviewDocument;
use page_view::review::history::Review;
use wasm_bindgen_futures::spawn_local;
use web_sys::File;

use crate::state::behind::Behind;
use crate::state::opened::Opened;
use crate::state::store::Store;
use crate::{job_control, kept_results, relabel, review_storage, stage};

/// What is read on the stage, or was about to come on it, makes room and is read on behind it.
pub fn send(store: Store) {
    if let Some(source) = store.pending.get_value() {
        store.pending.set_value(None);
        store.behind.set_value(Some(Behind::of(source)));
        return;
    }
    let Some(source) = store.source.get_untracked() else {
        return;
    };
    let document = store.desk.with_value(|desk| desk.review.document().clone());
    // First: what is written on leaving is what the stage holds.
    review_storage::release(store);
    let mut behind = Behind {
        opened: store.opened.get_untracked(),
        document,
        ..Behind::of(source)
    };
    store
        .analysis
        .update_value(|analysis| std::mem::swap(analysis, &mut behind.analysis));
    // Its address stays good.
    store.source.update_untracked(|source| *source = None);
    store.behind.set_value(Some(behind));
}

/// Begins to read a video behind the stage: what was kept of it is not read again.
pub fn begin(store: Store, file: File) {
    let source = stage::source_of(file.clone(), FileKind::Video);
    store.behind.set_value(Some(Behind {
        is_looking: true,
        ..Behind::of(source)
    }));
    let id = store.next_job();
    store.job.set(Some(Job::queued(id, JobKind::File)));
    spawn_local(async move {
        // What cannot be looked up is read.
        let found = review_storage::look_up(&file).await.unwrap_or_default();
        if !store.is_current(id) {
            return;
        }
        store.behind.update_value(|behind| {
            let Some(behind) = behind else { return };
            behind.is_looking = false;
            behind.document = found.document;
            if let Some((kept, timeline)) = found.results {
                behind.analysis.model.clone_from(&kept.model);
                behind.analysis.is_whole = kept.is_whole;
                behind.analysis.timeline = timeline;
                behind.analysis.kept = Some(kept);
            }
        });
        job_control::send_queued(store);
    });
}

/// What is read behind the stage comes on it, as far as it is; the job goes on.
pub fn bring_forward(store: Store) {
    let Some(behind) = take(store) else { return };
    let Behind {
        source,
        analysis,
        opened,
        document,
        ..
    } = behind;
    stage::place(store, source);
    store.analysis.set_value(analysis);
    show_document(store, document);
    if let Some(opened) = opened {
        show_size(store, opened);
    }
    store.results_changed();
    relabel::results_replaced(store);
    // One that waits may have nothing to wait for any more.
    job_control::send_queued(store);
}

/// Labels by hand that are known already; what the storage holds is laid under them.
pub fn show_document(store: Store, document: ReviewDocument) {
    if !document.is_empty() {
        store.desk.update_value(|desk| desk.review = Review::of(document));
    }
}

/// Size and length of what has come on the stage.
pub fn show_size(store: Store, opened: Opened) {
    store.opened.set(Some(opened));
    store.viewport.set(opened.whole_sight());
}

/// What is read behind the stage comes to an end of some kind: it is kept, and its results are handed over.
#[must_use]
pub fn finish(store: Store) -> Option<ItemResults> {
    let behind = take(store)?;
    let results = behind.results();
    keep(store, behind);
    Some(results)
}

/// Reading behind the stage gives way to something else.
pub fn put_away(store: Store) {
    if let Some(behind) = take(store) {
        keep(store, behind);
    }
}

fn take(store: Store) -> Option<Behind> {
    let mut taken = None;
    store.behind.update_value(|behind| taken = behind.take());
    taken
}

/// Writes it into the browser's storage.
fn keep(store: Store, behind: Behind) {
    let reviewed = behind.document.segments();
    let reviewed = reviewed.filter(|segment| segment.confirmed).count();
    let video = behind.source.name.clone();
    let facts = kept_results::describe(store, &behind.analysis, "", video, reviewed, 0);
    spawn_local(async move {
        let Some(file) = &behind.source.file else { return };
        // What cannot be kept stays in the list for as long as the page is open.
        if let Ok(Some(key)) = review_storage::write_aside(file, facts, &behind.analysis.timeline).await {
            store.known_files.with_value(|known| known.keep(key, file));
        }
        stage::let_go_of(&behind.source);
    });
}

/// Whether the list's video that is read is on the stage, or about to come on it.
#[must_use]
pub fn is_read_on_stage(store: Store) -> bool {
    store
        .batch
        .with_untracked(|batch| batch.reading().is_some() && !Batch::is_behind(batch))
}
