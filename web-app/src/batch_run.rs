//! A list of videos, read one after the other: on the stage, or behind it while the person looks at another one.

use leptos::prelude::*;
use page_view::batch::{Batch, Choice, ItemState};
use page_view::file_kind::FileKind;
use page_view::job::JobState;
use page_view::session::Event;
use web_sys::File;

use crate::state::store::Store;
use crate::{batch_results, behind, job_control, media};

/// When a video of the list has come to its end the next one follows.
pub fn follow(store: Store) {
    Effect::new(move |_| {
        let state = store.job.with(|job| job.as_ref().map(|job| job.state.clone()));
        let ended = match state {
            Some(JobState::Done) => ItemState::Done,
            Some(JobState::Failed | JobState::Cancelled) => ItemState::Failed,
            _ => return,
        };
        if store.batch.with_untracked(|batch| batch.reading().is_some()) {
            let results = behind::finish(store);
            store.batch.update(|batch| batch.ended(ended, results));
            open_next(store);
        }
    });
}

/// Adds videos and begins with the first that waits.
pub fn add(store: Store, files: Vec<File>) {
    if store.batch.with_untracked(|batch| batch.reading().is_none()) {
        // The list's first video takes the place of a single one.
        job_control::give_way(store);
    }
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

/// Puts a video of the list on the stage. What is being read goes on behind it.
pub fn choose(store: Store, place: usize) {
    if store.batch.with_untracked(Batch::current) == Some(place) {
        return;
    }
    batch_results::keep_stage(store);
    let reads_on_stage = behind::is_read_on_stage(store);
    let is_whole = store.batch.with_untracked(|batch| {
        let item = batch.items().get(place);
        item.is_some_and(|item| item.state == ItemState::Done)
    });
    let mut choice = Choice::Nothing;
    store.batch.update(|batch| choice = batch.choose(place));
    match choice {
        Choice::Nothing => {}
        Choice::BringForward => behind::bring_forward(store),
        Choice::Show(file, results) => {
            if reads_on_stage {
                behind::send(store);
            }
            media::show_read(store, file, results, is_whole);
        }
        Choice::Read(file) => {
            behind::put_away(store);
            media::open_media(store, file, FileKind::Video);
        }
    }
}

fn open_next(store: Store) {
    if !store.batch.with_untracked(Batch::has_next) {
        return;
    }
    batch_results::keep_stage(store);
    let follows = store.batch.with_untracked(Batch::follows);
    let mut file = None;
    store.batch.update(|batch| file = batch.begin_next());
    match file {
        Some(file) if follows => media::open_media(store, file, FileKind::Video),
        Some(file) => behind::begin(store, file),
        None => {}
    }
}

/// Something that is not of the list comes on the stage. What is read of the list goes on behind it; anything else gives
/// way.
pub fn make_room(store: Store) {
    if behind::is_read_on_stage(store) {
        behind::send(store);
    } else if !store.reads_behind() {
        job_control::give_way(store);
    }
    batch_results::keep_stage(store);
    store.batch.update(Batch::stage_taken);
}

/// Something else is read: the list waits.
pub fn interrupt(store: Store) {
    behind::put_away(store);
    batch_results::keep_stage(store);
    store.batch.update(|batch| {
        batch.interrupted();
        batch.stage_taken();
    });
}

/// Closes the list. A video of it that is on the stage stays there.
pub fn clear(store: Store) {
    if store.reads_behind() {
        store.tell(Event::Cancel);
        behind::put_away(store);
    }
    store.batch.update(Batch::clear);
}
