//! Results of the list's videos, kept when they leave the stage.

use leptos::prelude::*;
use page_view::batch::{ItemResults, ItemState};
use web_sys::File;

use crate::state::store::Store;

/// Keeps the results of the video that is about to leave the stage.
pub fn keep_stage(store: Store) {
    // A video of the list may still wait for the one before it to go.
    let is_on_stage = store.batch.with_untracked(|batch| {
        let item = batch.current().and_then(|place| batch.items().get(place));
        item.is_some_and(|item| item.state != ItemState::Reading && is_stage(store, &item.file))
    });
    if is_on_stage {
        let results = results_now(store);
        store.batch.update(|batch| batch.keep(results));
    }
}

fn is_stage(store: Store, file: &File) -> bool {
    store
        .stage
        .source
        .with_untracked(|source| source.as_ref().is_some_and(|source| source.is_of(file)))
}

/// Results of the video on the stage.
#[must_use]
pub fn results_now(store: Store) -> ItemResults {
    let document = store.desk.with_value(|desk| desk.review.document().clone());
    store.with_stage(|reading| ItemResults {
        timeline: reading.timeline.clone(),
        document,
        model: reading.model.clone(),
    })
}
