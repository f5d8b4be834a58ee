//! A job that fails.

use leptos::prelude::*;
use page_view::job::JobState;
use web_messages::JobId;

use crate::state::source::SourceKind;
use crate::state::store::Store;
use crate::{job_control, stage};

/// The job has failed: what was read before stays, the person is told.
pub fn fail(store: Store, id: JobId, reason: String) {
    if !store.is_current(id) {
        return;
    }
    job_control::stop_feed(store);
    store.update_job(id, |job| job.state = JobState::Failed);
    store.fail(reason);
    let had_pending = store.pending.get_value().is_some();
    store.pending.set_value(None);
    let is_empty = store
        .analysis
        .with_value(|analysis| analysis.timeline.frames().is_empty());
    // What cannot be shown either does not stay on the stage.
    if !store.reads_behind() && is_empty && !had_pending && !stage_shows_something(store) {
        stage::clear(store);
    }
}

fn stage_shows_something(store: Store) -> bool {
    let is_video = store.source.with_untracked(|source| {
        source
            .as_ref()
            .is_some_and(|source| source.kind == SourceKind::Video)
    });
    is_video
        && store
            .video
            .with_value(|video| video.as_ref().is_some_and(|video| video.ready_state() > 0))
}
