//! Keeps results and labels in the browser's storage, bound to the video's content.

use leptos::prelude::*;
use page_view::keeping::Keeping;
use page_view::kept_analysis::{self, CHUNK, KeptError, KeptProject, chunk_key};
use page_view::review::document::ReviewDocument;
use page_view::review::history::Review;
use page_view::review::saved::{self, SavedReview};
use page_view::session::{Event, KeptFacts, Reading, StorageEvent, Write};
use shared_model::timeline::Timeline;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::File;

use crate::browser::database::{Change, Database, Shelf};
use crate::browser::fingerprint::fingerprint;
use crate::browser::{error_text, lock, tasks};
use crate::state::notice::{Offer, Tone};
use crate::state::review_desk::{Place, ReviewDesk};
use crate::state::store::Store;
use crate::{review, strings};

/// Milliseconds in which a lock that this tab has just given back gets free, and how often they are waited for: a tab that was closed
/// on a busy machine takes its time.
const LOCK_SETTLES_MS: i32 = 200;
const LOCK_TRIES: usize = 3;

/// Ends the review of the source that leaves the stage.
pub fn release(store: Store) {
    let mut last = Ok(None);
    store
        .session
        .update_value(|session| last = session.take_last_write());
    write(store, last);
    store.tell(Event::Storage(StorageEvent::Left));
    store.desk.set_value(ReviewDesk::default());
    review::document_replaced(store);
}

/// Looks for results and labels of this video and takes them; labels that are there already, of a project file, are
/// laid over them as a step that can be taken back.
pub fn bind(store: Store, file: &File) {
    let file = file.clone();
    bind_found(store, async move { fingerprint(&file).await });
}

/// The same for a project of the list, whose video is not open.
pub fn bind_key(store: Store, key: String) {
    bind_found(store, async move { Ok(key) });
}

fn bind_found(store: Store, key: impl Future<Output = Result<String, JsValue>> + 'static) {
    let generation = store.stage_generation();
    let is_current = move || store.stage_generation() == generation;
    store.tell(Event::Storage(StorageEvent::Looking));
    spawn_local(async move {
        let opened = open(store, key, is_current).await;
        if !is_current() {
            return;
        }
        match opened {
            Ok(Some(found)) => take(store, found),
            // The source has left meanwhile.
            Ok(None) => {}
            Err(error) => failed(store, &error),
        }
        store.tell(Event::MayProceed);
    });
}

/// What was found of a video.
struct Found {
    place: Place,
    review: Review,
    results: Option<(KeptProject, Timeline)>,
}

async fn open(
    store: Store,
    key: impl Future<Output = Result<String, JsValue>>,
    is_current: impl Fn() -> bool,
) -> Result<Option<Found>, JsValue> {
    let key = key.await?;
    let name = lock_name(&key);
    let mut lock = lock::take(&name, false).await;
    for _ in 0..LOCK_TRIES {
        if lock.is_none() {
            tasks::sleep(LOCK_SETTLES_MS).await;
            lock = lock::take(&name, false).await;
        }
    }
    if lock.is_none() {
        // Before it is said: until then nothing is read, and what is kept need not be.
        show_without_lock(store, &key, &is_current).await;
    }
    if lock.is_none() && is_current() {
        store.tell(Event::Storage(StorageEvent::OtherTab));
        store.notify(Tone::Warning, strings::OTHER_TAB, None);
        store.tell(Event::MayProceed);
        lock = lock::take(&name, true).await;
    }
    let Some(lock) = lock.filter(|_| is_current()) else {
        return Ok(None);
    };
    let database = Database::open().await?;
    let review = read_labels(&database, &key).await?;
    let results = read_results(&database, &key).await?;
    Ok(Some(Found {
        place: Place { key, database, lock },
        review,
        results,
    }))
}

/// What another tab has kept so far is shown here too, and not read again.
async fn show_without_lock(store: Store, key: &str, is_current: &impl Fn() -> bool) {
    // What cannot be read from the storage is read from the video.
    let Ok(database) = Database::open().await else {
        return;
    };
    if let Ok(Some((kept, timeline))) = read_results(&database, key).await
        && is_current()
    {
        store.tell(Event::Kept { kept, timeline });
    }
}

/// What is kept of a video that is not on the stage.
#[derive(Default)]
pub struct LookedUp {
    /// Labels by hand.
    pub document: ReviewDocument,
    /// What was read.
    pub results: Option<(KeptProject, Timeline)>,
}

/// Looks for what is kept of a video, without taking it: another tab may have it open.
///
/// # Errors
/// What the browser says, and when it is damaged or of a newer page.
pub async fn look_up(file: &File) -> Result<LookedUp, JsValue> {
    let key = fingerprint(file).await?;
    let database = Database::open().await?;
    Ok(LookedUp {
        document: read_labels(&database, &key).await?.document().clone(),
        results: read_results(&database, &key).await?,
    })
}

async fn read_labels(database: &Database, key: &str) -> Result<Review, JsValue> {
    match database.read(Shelf::Reviews, key).await? {
        Some(text) => {
            saved::read(&text).map_err(|error| JsValue::from_str(&strings::saved_review_error(&error)))
        }
        None => Ok(Review::default()),
    }
}

/// Keeps what was read of a video that is not on the stage; its labels by hand are kept already. Where a tab has the video
/// open nothing is written: that one keeps its own.
///
/// # Errors
/// What the browser says.
pub async fn write_aside(
    file: &File,
    mut facts: KeptProject,
    timeline: &Timeline,
) -> Result<Option<String>, JsValue> {
    let frames = timeline.frames();
    let key = fingerprint(file).await?;
    // Asked for only, and given back: the stage may want it at once.
    let is_free = lock::take(&lock_name(&key), false).await.is_some();
    if !is_free || frames.is_empty() {
        return Ok(None);
    }
    let said = |cause: String| JsValue::from_str(&cause);
    let mut changes: Vec<Change> = Vec::new();
    for chunk in 0..frames.len().div_ceil(CHUNK) {
        let text = kept_analysis::chunk_text(frames, chunk).map_err(|error| said(error.to_string()))?;
        facts.bytes += text.len();
        changes.push((Shelf::Frames, chunk_key(&key, chunk), Some(text)));
        tasks::next_task().await;
    }
    facts.key.clone_from(&key);
    let facts = serde_json::to_string(&facts).map_err(|error| said(error.to_string()))?;
    changes.push((Shelf::Projects, key.clone(), Some(facts)));
    Database::open().await?.write(&changes).await?;
    Ok(Some(key))
}

/// Name of the lock that goes with a project.
#[must_use]
pub fn lock_name(key: &str) -> String {
    format!("mien-review-{key}")
}

/// Reads the frames of a project.
///
/// # Errors
/// What the browser says, and when they are damaged or of a newer page.
pub async fn read_results(
    database: &Database,
    key: &str,
) -> Result<Option<(KeptProject, Timeline)>, JsValue> {
    let said = |error: KeptError| JsValue::from_str(&error.to_string());
    let Some(text) = database.read(Shelf::Projects, key).await? else {
        return Ok(None);
    };
    let project = KeptProject::read(&text).map_err(said)?;
    let mut chunks = Vec::new();
    for chunk in 0..project.chunks() {
        chunks.push(database.read(Shelf::Frames, &chunk_key(key, chunk)).await?);
    }
    let timeline = project.timeline(chunks).map_err(said)?;
    Ok(Some((project, timeline)))
}

fn take(store: Store, found: Found) {
    let Found {
        place,
        review: kept,
        results,
    } = found;
    let mut is_changed = false;
    store.desk.update_value(|desk| {
        let shown = desk.review.document().clone();
        let count = kept
            .document()
            .segments()
            .filter(|segment| segment.confirmed)
            .count();
        if shown.is_empty() {
            desk.review = kept;
            if count > 0 {
                store.notify(Tone::Info, strings::restored(count), None);
            }
        } else {
            desk.review = kept;
            is_changed = desk.review.take(&shown).is_some();
        }
        desk.place = Some(place);
    });
    let (chunks, bytes) = results
        .as_ref()
        .map_or((0, 0), |(project, _)| (project.chunks(), project.bytes));
    store.tell(Event::Storage(StorageEvent::Bound { chunks, bytes }));
    store.keep_handle();
    let has_frames = store.with_stage(|reading| !reading.timeline.frames().is_empty());
    if let Some((kept, timeline)) = results {
        store.tell(Event::Kept { kept, timeline });
    }
    if has_frames {
        store.tell(Event::Storage(StorageEvent::AllChanged));
    }
    store.notices.update(|board| board.withdraw(strings::OTHER_TAB));
    review::document_replaced(store);
    if is_changed {
        store.mark_unwritten();
    }
}

/// Writes what has changed, as far as one write holds it; the rest goes behind it.
pub fn write_soon(store: Store) {
    let mut next = Ok(None);
    store.session.update_value(|session| next = session.take_write());
    store.show_session();
    write(store, next);
}

fn write(store: Store, next: Result<Option<Write>, String>) {
    let write = match next {
        Ok(Some(write)) => write,
        Ok(None) => return,
        Err(cause) => return failed(store, &JsValue::from_str(&cause)),
    };
    let generation = write.generation;
    let changes = changes_of(store, write);
    let database = store
        .desk
        .with_value(|desk| desk.place.as_ref().map(|place| place.database.clone()));
    let (changes, database) = match (changes, database) {
        (Ok(changes), Some(database)) => (changes, database),
        (changes, _) => {
            let cause = changes.err().unwrap_or_else(|| strings::NO_FILE.to_owned());
            say_failure(store, &JsValue::from_str(&cause));
            let is_ok = false;
            return store.tell(Event::Storage(StorageEvent::Wrote { generation, is_ok }));
        }
    };
    spawn_local(async move {
        let written = database.write(&changes).await;
        let is_ok = written.is_ok();
        if store.stage_generation() != generation {
            return;
        }
        if let Err(error) = written {
            say_failure(store, &error);
        }
        store.tell(Event::Storage(StorageEvent::Wrote { generation, is_ok }));
    });
}

/// The texts of a write.
fn changes_of(store: Store, write: Write) -> Result<Vec<Change>, String> {
    let video = store
        .stage
        .source
        .with_untracked(|source| source.as_ref().map(|source| source.name.clone()))
        .unwrap_or_default();
    let total = store.queue.with_untracked(|queue| queue.total);
    store.desk.with_value(|desk| {
        let Some(place) = &desk.place else {
            return Ok(Vec::new());
        };
        let frames = write.chunks.into_iter();
        let mut changes: Vec<Change> = frames
            .map(|(chunk, text)| (Shelf::Frames, chunk_key(&place.key, chunk), text))
            .collect();
        let review = SavedReview::of(&video, &desk.review);
        if write.has_labels {
            let text = review.to_json().map_err(|error| error.to_string())?;
            changes.push((Shelf::Reviews, place.key.clone(), Some(text)));
        }
        let reviewed = review.segments.iter().filter(|segment| segment.confirmed).count();
        let mut facts = store
            .with_stage(|reading| described(store, reading, &place.key, &video, (reviewed, write.bytes)));
        facts.segments = total;
        // Frames that are not written yet are not promised.
        if facts.frames > write.frames {
            facts.frames = write.frames;
            facts.is_whole = false;
        }
        let facts = serde_json::to_string(&facts).map_err(|error| error.to_string())?;
        changes.push((Shelf::Projects, place.key.clone(), Some(facts)));
        Ok(changes)
    })
}

/// What is written beside the frames; `counts` are the reviewed segments and the bytes of all texts.
#[must_use]
pub fn described(
    store: Store,
    reading: &Reading,
    key: &str,
    video: &str,
    (reviewed, bytes): (usize, usize),
) -> KeptProject {
    let facts = KeptFacts {
        key,
        video,
        smoothing: store.smoothing.get_untracked(),
        window: store.window.get_untracked(),
        reviewed,
        bytes,
        now_ms: js_sys::Date::now(),
    };
    store
        .engine
        .with_untracked(|engine| reading.described(facts, engine.for_session(false, false)))
}

fn failed(store: Store, error: &JsValue) {
    say_failure(store, error);
    store.tell(Event::Storage(StorageEvent::Failed));
}

/// Says why something is not kept, unless that was said before.
fn say_failure(store: Store, error: &JsValue) {
    let cause = error_text(error);
    let is_full = error
        .dyn_ref::<web_sys::DomException>()
        .is_some_and(|error| error.name() == "QuotaExceededError");
    let was_failed = store
        .keeping
        .with_untracked(|keeping| *keeping == Keeping::Failed);
    if was_failed {
        return;
    }
    if is_full {
        store.notify(
            Tone::Warning,
            strings::storage_full(&cause),
            Some(Offer::Projects),
        );
    } else {
        store.notify(Tone::Warning, strings::not_kept(&cause), None);
    }
}
