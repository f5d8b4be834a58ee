//! The list of projects that this browser keeps.

use std::rc::Rc;

use leptos::prelude::*;
use page_view::kept_analysis::{self, CHUNK, KEPT_VERSION, KeptProject, chunk_key, key_of_name};
use page_view::review::document::ReviewDocument;
use page_view::review::history::Review;
use page_view::review::saved::{self, SavedReview};
use page_view::session::{Event, StorageEvent};
use shared_model::project::{PROJECT_VERSION, Project};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::File;

use crate::browser::database::{Change, Database, Shelf};
use crate::browser::{download, error_text, lock, text_of};
use crate::state::notice::Tone;
use crate::state::question::Question;
use crate::state::store::Store;
use crate::{file_handles, opened_projects, review_storage, strings};

/// Opens the list.
pub fn show(store: Store) {
    spawn_local(async move {
        match list().await {
            Ok(projects) => store.projects.set(Some(projects)),
            Err(error) => store.fail(strings::not_kept(&error_text(&error))),
        }
    });
}

/// The project that was worked on last. What keeps the storage from being read is told where the person asks for the list.
pub async fn latest() -> Option<KeptProject> {
    list().await.ok()?.into_iter().next()
}

/// All kept projects, the latest first. What cannot be read is left out of the list, but stays.
async fn list() -> Result<Vec<KeptProject>, JsValue> {
    let database = Database::open().await?;
    let texts = database.read_all(Shelf::Projects).await?;
    let mut projects: Vec<KeptProject> = texts
        .iter()
        .filter_map(|text| KeptProject::read(text).ok())
        .collect();
    projects.sort_by(|a, b| b.written_ms.total_cmp(&a.written_ms));
    Ok(projects)
}

/// Shows a project on the stage.
pub fn open(store: Store, project: &KeptProject) {
    store.projects.set(None);
    store.clear_faults();
    if !is_open_here(store, &project.key) {
        opened_projects::open_kept(store, project);
        file_handles::reopen(store, project);
    }
}

fn is_open_here(store: Store, key: &str) -> bool {
    store
        .desk
        .with_value(|desk| desk.place.as_ref().is_some_and(|place| place.key == key))
}

/// Deletes a project, once the person has said so.
pub fn delete(store: Store, project: KeptProject) {
    store.projects.set(None);
    store.ask(Question {
        text: strings::delete_project(&project),
        yes: strings::PROJECT_DELETE.to_owned(),
        no: strings::PROJECT_KEEP.to_owned(),
        act: Rc::new(move || {
            let project = project.clone();
            spawn_local(async move {
                match delete_now(&project).await {
                    Ok(()) => {
                        file_handles::forget(&project).await;
                        store.tell(Event::Storage(StorageEvent::TryAgain));
                        show(store);
                    }
                    Err(error) => store.fail(error_text(&error)),
                }
            });
        }),
        otherwise: None,
    });
}

async fn delete_now(project: &KeptProject) -> Result<(), JsValue> {
    let lock = lock::take(&review_storage::lock_name(&project.key), false).await;
    if lock.is_none() {
        return Err(JsValue::from_str(strings::PROJECT_IN_USE));
    }
    let mut changes = changes_without_frames(project);
    changes.push((Shelf::Reviews, project.key.clone(), None));
    changes.push((Shelf::Projects, project.key.clone(), None));
    Database::open().await?.write(&changes).await
}

fn changes_without_frames(project: &KeptProject) -> Vec<Change> {
    (0..=project.chunks())
        .map(|chunk| (Shelf::Frames, chunk_key(&project.key, chunk), None))
        .collect()
}

/// Hands a project out as a file.
pub fn export(store: Store, project: KeptProject) {
    spawn_local(async move {
        let written = match project_of(&project).await {
            Ok(text) => {
                let stem = page_view::comparison::stem(&project.video);
                let name = format!("{stem}.mien.json");
                download::download(&name, "application/json", &js_sys::Array::of1(&text.into()))
            }
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            store.fail(strings::export_failed(&error_text(&error)));
        }
    });
}

async fn project_of(kept: &KeptProject) -> Result<String, JsValue> {
    let database = Database::open().await?;
    let Some((_, timeline)) = review_storage::read_results(&database, &kept.key).await? else {
        return Err(JsValue::from_str(strings::NO_PROJECTS));
    };
    let document = match database.read(Shelf::Reviews, &kept.key).await? {
        Some(text) => {
            let read = saved::read(&text);
            let review = read.map_err(|error| JsValue::from_str(&strings::saved_review_error(&error)))?;
            review.document().clone()
        }
        None => ReviewDocument::default(),
    };
    let project = Project {
        version: PROJECT_VERSION,
        video: kept.video.clone(),
        fingerprint: Some(kept.key.clone()).filter(|key| kept_analysis::is_fingerprint(key)),
        model: kept.model.clone(),
        smoothing: kept.smoothing,
        window: kept.window,
        reviewed: document.segments().collect(),
        people: document.people().clone(),
        remarks: document.remarks().clone(),
        decisions: document.decisions(),
        timeline,
    };
    project
        .to_json()
        .map_err(|error| JsValue::from_str(&error.to_string()))
}

/// Takes a project file into the list; what is on the stage stays.
pub fn import(store: Store, files: Vec<File>) {
    let Some(file) = files.into_iter().next() else {
        return;
    };
    spawn_local(async move {
        if let Err(cause) = import_file(store, &file).await {
            store.projects.set(None);
            store.fail(strings::not_readable(&file.name(), &cause));
        }
    });
}

async fn import_file(store: Store, file: &File) -> Result<(), String> {
    let text = text_of(file).await.map_err(|error| error_text(&error))?;
    let project = Project::from_json(&text).map_err(|error| error.to_string())?;
    let document = ReviewDocument::of_project(&project).map_err(|fault| fault.to_string())?;
    let key = project
        .fingerprint
        .clone()
        .unwrap_or_else(|| key_of_name(&project.video));
    let known = list().await.map_err(|error| error_text(&error))?;
    let is_known = known.iter().any(|other| other.key == key);
    let imported = Rc::new(Imported {
        key,
        project,
        document,
    });
    if !is_known {
        keep(store, imported);
        return Ok(());
    }
    store.projects.set(None);
    store.ask(Question {
        text: strings::replace_project(&imported.project.video),
        yes: strings::PROJECT_REPLACE.to_owned(),
        no: strings::PROJECT_KEEP.to_owned(),
        act: Rc::new(move || keep(store, Rc::clone(&imported))),
        otherwise: None,
    });
    Ok(())
}

/// A project file that was read.
struct Imported {
    key: String,
    project: Project,
    document: ReviewDocument,
}

fn keep(store: Store, imported: Rc<Imported>) {
    spawn_local(async move {
        match keep_now(&imported).await {
            Ok(()) => {
                let text = strings::project_imported(&imported.project.video);
                store.notify(Tone::Info, text, None);
                show(store);
            }
            Err(error) => store.fail(error_text(&error)),
        }
    });
}

async fn keep_now(imported: &Imported) -> Result<(), JsValue> {
    let Imported {
        key,
        project,
        document,
    } = imported;
    let lock = lock::take(&review_storage::lock_name(key), false).await;
    if lock.is_none() {
        return Err(JsValue::from_str(strings::PROJECT_IN_USE));
    }
    let said = |error: String| JsValue::from_str(&error);
    let frames = project.timeline.frames();
    let mut changes: Vec<Change> = Vec::new();
    let mut bytes = 0;
    for chunk in 0..frames.len().div_ceil(CHUNK) {
        let text = kept_analysis::chunk_text(frames, chunk).map_err(|error| said(error.to_string()))?;
        bytes += text.len();
        changes.push((Shelf::Frames, chunk_key(key, chunk), Some(text)));
    }
    let review = SavedReview::of(&project.video, &Review::of(document.clone()));
    let facts = KeptProject {
        version: KEPT_VERSION,
        key: key.clone(),
        video: project.video.clone(),
        model: project.model.clone(),
        model_facts: String::new(),
        backend: String::new(),
        smoothing: project.smoothing,
        window: project.window,
        frames: frames.len(),
        is_whole: true,
        start_s: project.timeline.start_s(),
        is_unrelated: project.timeline.is_unrelated(),
        reviewed: review.segments.iter().filter(|segment| segment.confirmed).count(),
        segments: 0,
        bytes,
        written_ms: js_sys::Date::now(),
    };
    let review = review.to_json().map_err(|error| said(error.to_string()))?;
    let facts = serde_json::to_string(&facts).map_err(|error| said(error.to_string()))?;
    changes.push((Shelf::Reviews, key.clone(), Some(review)));
    changes.push((Shelf::Projects, key.clone(), Some(facts)));
    Database::open().await?.write(&changes).await
}
