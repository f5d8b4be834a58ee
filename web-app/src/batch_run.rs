//! A list of videos, read one after the other.

use leptos::prelude::*;
use page_view::batch::{Batch, ItemResults, ItemState};
use page_view::file_kind::FileKind;
use page_view::job::JobState;
use web_sys::File;

use crate::opening;
use crate::state::store::Store;

/// When a video of the list has come to its end the next one follows.
pub fn follow(store: Store) {
    Effect::new(move |_| {
        let state = store.job.with(|job| job.as_ref().map(|job| job.state.clone()));
        let ended = match state {
            Some(JobState::Done) => ItemState::Done,
            Some(JobState::Failed | JobState::Cancelled) => ItemState::Failed,
            _ => return,
        };
        if store.batch.with_untracked(|batch| batch.current().is_some()) {
            store.batch.update(|batch| batch.ended(ended));
            open_next(store);
        }
    });
}

/// Adds videos and begins with the first that waits.
pub fn add(store: Store, files: Vec<File>) {
    store
        .batch
        .update(|batch| batch.add(files.into_iter().map(|file| (file.name(), file))));
    open_next(store);
}

/// Reads the rest of the list.
pub fn go_on(store: Store) {
    store.batch.update(Batch::go_on);
    open_next(store);
}

/// Puts a video of the list on the stage.
pub fn choose(store: Store, place: usize) {
    if store.batch.with_untracked(Batch::current) == Some(place) {
        return;
    }
    leave(store);
    let mut file = None;
    store.batch.update(|batch| file = batch.choose(place));
    if let Some(file) = file {
        opening::open_media(store, file, FileKind::Video);
    }
}

fn open_next(store: Store) {
    let mut is_next = false;
    store.batch.update_untracked(|batch| {
        let mut trial = batch.clone();
        is_next = trial.begin_next().is_some();
    });
    if !is_next {
        return;
    }
    leave(store);
    let mut file = None;
    store.batch.update(|batch| file = batch.begin_next());
    if let Some(file) = file {
        opening::open_media(store, file, FileKind::Video);
    }
}

/// Keeps the results of the video that leaves the stage for the zip.
pub fn leave(store: Store) {
    let current = store.batch.with_untracked(Batch::current);
    let is_there = store.batch.with_untracked(|batch| {
        let item = current.and_then(|place| batch.items().get(place));
        item.is_some_and(|item| item.state != ItemState::Reading)
    });
    // A video that was put on the list's stage a moment ago still waits for the results before it to go.
    if is_there {
        let results = results_now(store);
        store.batch.update(|batch| batch.left(results));
    }
}

/// Results of the video on the stage.
#[must_use]
pub fn results_now(store: Store) -> ItemResults {
    let (reviewed, people) = store.desk.with_value(|desk| {
        let document = desk.review.document();
        (document.segments().collect(), document.people().clone())
    });
    store.analysis.with_value(|analysis| ItemResults {
        timeline: analysis.timeline.clone(),
        reviewed,
        people,
        model: analysis.model.clone(),
    })
}
