//! Keeps results and labels in the browser's storage, bound to the video's content.

use leptos::prelude::*;
use page_view::keeping::Keeping;
use page_view::kept_analysis::{self, CHUNK, KeptError, KeptProject, chunk_key};
use page_view::review::document::ReviewDocument;
use page_view::review::history::Review;
use page_view::review::saved::{self, SavedReview};
use shared_model::timeline::{Prediction, Timeline};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::File;

use crate::browser::database::{Change, Database, Shelf};
use crate::browser::fingerprint::fingerprint;
use crate::browser::{error_text, lock, tasks};
use crate::state::notice::{Offer, Tone};
use crate::state::review_desk::{Place, ReviewDesk};
use crate::state::store::Store;
use crate::{job_control, kept_restore, kept_results, review, strings};

/// Milliseconds in which a lock that this tab has just given back gets free, and how often they are waited for: a tab that was closed
/// on a busy machine takes its time.
const LOCK_SETTLES_MS: i32 = 200;
const LOCK_TRIES: usize = 3;
/// Chunks of one write: more would hold up the page while they become text.
const MOST_CHUNKS: usize = 4;

/// What is not written is written, for as long as the page lives.
pub fn follow(store: Store) {
    Effect::new(move |_| {
        store.unwritten.track();
        untrack(|| start_writing(store));
    });
}

/// Ends the review of the source that leaves the stage.
pub fn release(store: Store) {
    if store
        .desk
        .with_value(|desk| desk.place.is_some() && (desk.is_dirty || !desk.changed.is_empty()))
    {
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
    let generation = store.desk.with_value(|desk| desk.generation);
    let is_current = move || store.desk.with_value(|desk| desk.generation == generation);
    store.keeping.set(Keeping::Opening);
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
        job_control::send_queued(store);
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
        store.keeping.set(Keeping::OtherTab);
        store.notify(Tone::Warning, strings::OTHER_TAB, None);
        job_control::send_queued(store);
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
    if let Ok(Some((project, timeline))) = read_results(&database, key).await
        && is_current()
    {
        kept_restore::restore(store, project, timeline);
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
        if let Some((project, _)) = &results {
            // The lengths are not known one by one: the first counts for all until they are written again.
            desk.chunk_bytes = (0..project.chunks()).map(|chunk| (chunk, 0)).collect();
            desk.chunk_bytes.insert(0, project.bytes);
        }
        desk.place = Some(place);
    });
    store.keeping.set(Keeping::Kept);
    store.keep_handle();
    let had_frames = store
        .analysis
        .with_value(|analysis| analysis.timeline.frames().len());
    if let Some((project, timeline)) = results {
        kept_restore::restore(store, project, timeline);
    }
    if had_frames > 0 {
        store.desk.update_value(|desk| desk.changed.note_all(had_frames));
        start_writing(store);
    }
    store.notices.update(|board| board.withdraw(strings::OTHER_TAB));
    review::document_replaced(store);
    if is_changed {
        store.mark_unwritten();
    }
}

/// Frames are about to come, or to change; [`start_writing`] keeps them when they have.
pub fn note_frames(store: Store, predictions: &[Prediction]) {
    store.desk.update_value(|desk| {
        for prediction in predictions {
            desk.changed.note(prediction);
        }
    });
}

/// The frames are others altogether: keeps them.
pub fn all_changed(store: Store) {
    let count = store
        .analysis
        .with_value(|analysis| analysis.timeline.frames().len());
    store.desk.update_value(|desk| desk.changed.note_all(count));
    start_writing(store);
}

/// Writes what could not be written before.
pub fn try_again(store: Store) {
    if store
        .keeping
        .with_untracked(|keeping| *keeping == Keeping::Failed)
    {
        store.mark_unwritten();
    }
}

/// Writes what has changed, unless a write is under way, which goes on with it.
pub fn start_writing(store: Store) {
    let may_write = store
        .desk
        .with_value(|desk| desk.place.is_some() && !desk.is_writing);
    if may_write {
        write_soon(store);
    }
}

/// What one write takes out of the desk.
struct Batch {
    database: Database,
    changes: Vec<Change>,
    chunks: Vec<usize>,
}

/// Texts of all that has changed, or of as much of it as one write should hold.
fn take_changes(store: Store) -> Result<Option<Batch>, String> {
    let name = store
        .source
        .with_untracked(|source| source.as_ref().map(|source| source.name.clone()))
        .unwrap_or_default();
    let mut batch = Ok(None);
    store.desk.update_value(|desk| {
        batch = changes_of(store, desk, &name);
    });
    batch
}

fn changes_of(store: Store, desk: &mut ReviewDesk, video: &str) -> Result<Option<Batch>, String> {
    let Some(place) = &desk.place else { return Ok(None) };
    let key = place.key.clone();
    let database = place.database.clone();
    let chunks = desk.changed.take(MOST_CHUNKS);
    let mut changes: Vec<Change> = Vec::new();
    let count = store.analysis.with_value(|analysis| {
        let frames = analysis.timeline.frames();
        for chunk in &chunks {
            if chunk * CHUNK >= frames.len() {
                continue;
            }
            let text = kept_analysis::chunk_text(frames, *chunk).map_err(|error| error.to_string())?;
            desk.chunk_bytes.insert(*chunk, text.len());
            changes.push((Shelf::Frames, chunk_key(&key, *chunk), Some(text)));
        }
        Ok::<usize, String>(frames.len().div_ceil(CHUNK))
    })?;
    // Chunks of an analysis that was longer, or has given way to a new one.
    for chunk in desk.chunk_bytes.split_off(&count).into_keys() {
        changes.push((Shelf::Frames, chunk_key(&key, chunk), None));
    }
    let review = SavedReview::of(video, &desk.review);
    if desk.is_dirty {
        let text = review.to_json().map_err(|error| error.to_string())?;
        changes.push((Shelf::Reviews, key.clone(), Some(text)));
    }
    let reviewed = review.segments.iter().filter(|segment| segment.confirmed).count();
    let bytes = desk.chunk_bytes.values().sum();
    let mut facts = store.analysis.with_value(|analysis| {
        kept_results::describe(store, analysis, &key, video.to_owned(), reviewed, bytes)
    });
    facts.segments = store.queue.with_untracked(|queue| queue.total);
    // Frames that are not written yet are not promised.
    let written = desk.chunk_bytes.len().saturating_mul(CHUNK);
    if facts.frames > written {
        facts.frames = written;
        facts.is_whole = false;
    }
    let facts = serde_json::to_string(&facts).map_err(|error| error.to_string())?;
    changes.push((Shelf::Projects, key, Some(facts)));
    desk.is_dirty = false;
    desk.is_writing = true;
    Ok(Some(Batch {
        database,
        changes,
        chunks,
    }))
}

/// Writes what there is; changes made meanwhile are written behind it.
fn write_soon(store: Store) {
    let generation = store.desk.with_value(|desk| desk.generation);
    let batch = match take_changes(store) {
        Ok(Some(batch)) => batch,
        Ok(None) => return,
        Err(error) => return failed(store, &JsValue::from_str(&error)),
    };
    if store.keeping.with_untracked(|keeping| *keeping == Keeping::Kept) {
        store.keeping.set(Keeping::Writing);
    }
    spawn_local(async move {
        let written = batch.database.write(&batch.changes).await;
        if store.desk.with_value(|desk| desk.generation != generation) {
            return;
        }
        let mut goes_on = false;
        store.desk.update_value(|desk| {
            desk.is_writing = false;
            if written.is_err() {
                // They are tried again with the next change.
                desk.is_dirty = true;
                desk.changed.note_chunks(&batch.chunks);
            }
            goes_on = desk.is_dirty || !desk.changed.is_empty();
        });
        match written {
            Ok(()) if goes_on => write_soon(store),
            Ok(()) => store.keeping.set(Keeping::Kept),
            Err(error) => failed(store, &error),
        }
    });
}

fn failed(store: Store, error: &JsValue) {
    let cause = error_text(error);
    let is_full = error
        .dyn_ref::<web_sys::DomException>()
        .is_some_and(|error| error.name() == "QuotaExceededError");
    let was_failed = store
        .keeping
        .with_untracked(|keeping| *keeping == Keeping::Failed);
    store.keeping.set(Keeping::Failed);
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
