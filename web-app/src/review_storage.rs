//! Keeps a review in the browser's storage, bound to the video's content.

use leptos::prelude::*;
use page_view::review::document::ReviewDocument;
use page_view::review::history::Review;
use page_view::review::saved::{self, SavedReview};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::File;

use crate::browser::database::Database;
use crate::browser::fingerprint::fingerprint;
use crate::browser::{error_text, lock, tasks};
use crate::state::notice::Tone;
use crate::state::review_desk::{Keeping, Place, ReviewDesk};
use crate::state::store::Store;
use crate::{review, strings};

/// Milliseconds in which a lock that this tab has just given back gets free.
const LOCK_SETTLES_MS: i32 = 200;

/// Ends the review of the source that leaves the stage.
pub fn release(store: Store) {
    if store.desk.with_value(|desk| desk.is_dirty) {
        write_soon(store);
    }
    store.desk.update_value(|desk| {
        *desk = ReviewDesk {
            generation: desk.generation.wrapping_add(1),
            ..ReviewDesk::default()
        };
    });
    store.keeping.set(Keeping::Nowhere);
    review::document_replaced(store);
}

/// Looks for labels of this video and takes them; labels that are there already, of a project file, are laid over
/// them as a step that can be taken back.
pub fn bind(store: Store, file: &File) {
    let file = file.clone();
    let generation = store.desk.with_value(|desk| desk.generation);
    let is_current = move || store.desk.with_value(|desk| desk.generation == generation);
    store.keeping.set(Keeping::Opening);
    spawn_local(async move {
        let opened = open(store, &file, is_current).await;
        if !is_current() {
            return;
        }
        match opened {
            Ok(Some((place, document))) => take(store, place, document),
            // The source has left meanwhile.
            Ok(None) => {}
            Err(error) => failed(store, &error_text(&error)),
        }
    });
}

async fn open(
    store: Store,
    file: &File,
    is_current: impl Fn() -> bool,
) -> Result<Option<(Place, ReviewDocument)>, JsValue> {
    let key = fingerprint(file).await?;
    let name = format!("mien-review-{key}");
    let mut lock = lock::take(&name, false).await;
    if lock.is_none() {
        tasks::sleep(LOCK_SETTLES_MS).await;
        lock = lock::take(&name, false).await;
    }
    if lock.is_none() && is_current() {
        store.keeping.set(Keeping::OtherTab);
        store.notify(Tone::Warning, strings::OTHER_TAB, None);
        lock = lock::take(&name, true).await;
    }
    let Some(lock) = lock.filter(|_| is_current()) else {
        return Ok(None);
    };
    let database = Database::open().await?;
    let document = match database.read(&key).await? {
        Some(text) => {
            saved::read(&text).map_err(|error| JsValue::from_str(&strings::saved_review_error(&error)))?
        }
        None => ReviewDocument::default(),
    };
    let place = Place { key, database, lock };
    Ok(Some((place, document)))
}

fn take(store: Store, place: Place, kept: ReviewDocument) {
    let mut is_changed = false;
    store.desk.update_value(|desk| {
        let shown = desk.review.document().clone();
        let count = kept.segments().filter(|segment| segment.confirmed).count();
        if shown.is_empty() {
            desk.review = Review::of(kept);
            if count > 0 {
                store.notify(Tone::Info, strings::restored(count), None);
            }
        } else {
            desk.review = Review::of(kept);
            is_changed = desk.review.take(&shown).is_some();
        }
        desk.place = Some(place);
    });
    store.keeping.set(Keeping::Kept);
    store
        .notices
        .update(|notices| notices.retain(|notice| notice.text != strings::OTHER_TAB));
    review::document_replaced(store);
    if is_changed {
        changed(store);
    }
}

/// The labels have changed: keeps them.
pub fn changed(store: Store) {
    let (has_place, is_writing) = store
        .desk
        .with_value(|desk| (desk.place.is_some(), desk.is_writing));
    if !has_place {
        return;
    }
    store.desk.update_value(|desk| desk.is_dirty = true);
    if !is_writing {
        write_soon(store);
    }
}

/// Writes what there is; changes made meanwhile are written behind it.
fn write_soon(store: Store) {
    let name = store
        .source
        .with_untracked(|source| source.as_ref().map(|source| source.name.clone()))
        .unwrap_or_default();
    let mut job = None;
    let mut generation = 0;
    store.desk.update_value(|desk| {
        generation = desk.generation;
        let text = SavedReview::of(&name, desk.review.document()).to_json();
        job = desk
            .place
            .as_ref()
            .map(|place| (place.database.clone(), place.key.clone(), text));
        desk.is_dirty = false;
        desk.is_writing = job.is_some();
    });
    let Some((database, key, text)) = job else { return };
    if store.keeping.with_untracked(|keeping| *keeping == Keeping::Kept) {
        store.keeping.set(Keeping::Writing);
    }
    spawn_local(async move {
        let written = match text {
            Ok(text) => database.write(&key, &text).await,
            Err(error) => Err(JsValue::from_str(&error.to_string())),
        };
        if store.desk.with_value(|desk| desk.generation != generation) {
            return;
        }
        store.desk.update_value(|desk| desk.is_writing = false);
        match written {
            Ok(()) if store.desk.with_value(|desk| desk.is_dirty) => write_soon(store),
            Ok(()) => store.keeping.set(Keeping::Kept),
            Err(error) => failed(store, &error_text(&error)),
        }
    });
}

fn failed(store: Store, cause: &str) {
    store.keeping.set(Keeping::Failed);
    store.notify(Tone::Warning, strings::not_kept(cause), None);
}
