//! What a job says of the file that it reads: that it is open, or that it cannot be read.

use leptos::prelude::*;
use page_view::opened::Opened;
use page_view::session::Answer;
use web_messages::JobId;

use crate::stage;
use crate::state::store::Store;

/// A job's file is open: what was shown before makes room.
pub fn opened(store: Store, job: JobId, opened: Opened) {
    if !store.is_current(job) {
        return;
    }
    let mut pending = None;
    store.session.update_value(|session| {
        pending = session.pending().cloned();
        session.set_pending(None);
    });
    if let Some(source) = pending {
        stage::place(store, source);
    }
    store.hear(job, Answer::Opened(opened));
}

/// The job has failed: what was read before stays, the person is told.
pub fn failed(store: Store, job: JobId, reason: String) {
    if store.is_current(job) {
        store.fail(reason);
        store.hear(job, Answer::Failed);
    }
}
