//! Reading on while another video is on the stage.

use leptos::prelude::*;
use page_view::batch::{Batch, ItemResults};
use page_view::file_kind::FileKind;
use page_view::keeping::Keeping;
use page_view::opened::Opened;
use page_view::review::document::ReviewDocument;
use page_view::review::history::Review;
use page_view::session::{Behind, Event, Session};
use wasm_bindgen_futures::spawn_local;
use web_sys::File;

use crate::review_storage::LookedUp;
use crate::state::analysis::Analysis;
use crate::state::source::Source;
use crate::state::store::Store;
use crate::{relabel, review_storage, stage};

/// What is read on the stage, or was about to come on it, makes room and is read on behind it.
pub fn send(store: Store) {
    if store.session.with_value(|session| session.pending().is_some()) {
        store.session.update_value(Session::send_pending_behind);
        return;
    }
    let Some(source) = store.stage.source.get_untracked() else {
        return;
    };
    let document = store.desk.with_value(|desk| desk.review.document().clone());
    let is_looking = store
        .keeping
        .with_untracked(|keeping| *keeping == Keeping::Opening);
    // First: what is written on leaving is what the stage holds.
    review_storage::release(store);
    let (file, opened) = (source.file.clone(), store.stage.opened.get_untracked());
    store
        .session
        .update_value(|session| session.send_behind(source, opened, document, is_looking));
    let mut shown = Analysis::default();
    store
        .analysis
        .update_value(|analysis| std::mem::swap(analysis, &mut shown));
    store.shown_behind.set_value(Some(shown));
    // Its address stays good.
    store.stage.source.update_untracked(|source| *source = None);
    // Whoever looked for what was kept of it has given up.
    if let Some(file) = file.filter(|_| is_looking) {
        look_up(store, file);
    }
}

/// Begins to read a video behind the stage: what was kept of it is not read again.
pub fn begin(store: Store, file: File) {
    store.shown_behind.set_value(None);
    let source = stage::source_of(file.clone(), FileKind::Video);
    store.tell(Event::BeginBehind(source));
    look_up(store, file);
}

fn look_up(store: Store, file: File) {
    let Some(job) = store.job.with_untracked(|job| job.as_ref().map(|job| job.id)) else {
        return;
    };
    spawn_local(async move {
        // What cannot be looked up is read.
        let LookedUp { document, results } = review_storage::look_up(&file).await.unwrap_or_default();
        store.tell(Event::LookedUp {
            job,
            document,
            results,
        });
    });
}

/// What is read behind the stage comes on it, as far as it is; the job goes on.
pub fn bring_forward(store: Store) {
    let Some(behind) = take(store) else { return };
    let Behind {
        source,
        reading,
        opened,
        document,
        ..
    } = behind;
    let mut shown = None;
    store.shown_behind.update_value(|behind| shown = behind.take());
    stage::place(store, source);
    store.session.update_value(|session| session.set_stage(reading));
    if let Some(shown) = shown {
        store.analysis.set_value(shown);
    }
    show_document(store, document);
    if let Some(opened) = opened {
        show_size(store, opened);
    }
    store.results_changed();
    relabel::results_replaced(store);
    // One that waits may have nothing to wait for any more.
    store.tell(Event::MayProceed);
}

/// Labels by hand that are known already; what the storage holds is laid under them.
pub fn show_document(store: Store, document: ReviewDocument) {
    if !document.is_empty() {
        store.desk.update_value(|desk| desk.review = Review::of(document));
    }
}

/// Size and length of what has come on the stage.
pub fn show_size(store: Store, opened: Opened) {
    store.stage.opened.set(Some(opened));
    store.stage.viewport.set(opened.whole_sight());
}

/// What is read behind the stage comes to an end of some kind: it is kept, and its results are handed over.
#[must_use]
pub fn finish(store: Store) -> Option<ItemResults> {
    let behind = take(store)?;
    store.shown_behind.set_value(None);
    let results = ItemResults {
        timeline: behind.reading.timeline.clone(),
        document: behind.document.clone(),
        model: behind.reading.model.clone(),
    };
    keep(store, behind);
    Some(results)
}

/// Reading behind the stage gives way to something else.
pub fn put_away(store: Store) {
    if let Some(behind) = take(store) {
        store.shown_behind.set_value(None);
        keep(store, behind);
    }
}

fn take(store: Store) -> Option<Behind<Source>> {
    let mut taken = None;
    store
        .session
        .update_value(|session| taken = session.take_behind());
    taken
}

/// Writes it into the browser's storage.
fn keep(store: Store, behind: Behind<Source>) {
    let reviewed = behind.document.segments();
    let reviewed = reviewed.filter(|segment| segment.confirmed).count();
    let facts = review_storage::described(store, &behind.reading, "", &behind.source.name, (reviewed, 0));
    spawn_local(async move {
        let Some(file) = &behind.source.file else { return };
        // What cannot be kept stays in the list for as long as the page is open.
        if let Ok(Some(key)) = review_storage::write_aside(file, facts, &behind.reading.timeline).await {
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
