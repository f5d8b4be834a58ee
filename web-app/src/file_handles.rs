//! Finds the file of a project again: one click opens it where the browser gives handles of files and the person lets it.

use leptos::prelude::*;
use page_view::kept_analysis::KeptProject;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::{DataTransfer, File};

use crate::browser::database::{Database, Shelf};
use crate::browser::file_picker::{self, Handled, PickFault};
use crate::browser::{error_text, file_input, handle_store, lock};
use crate::state::notice::Tone;
use crate::state::store::Store;
use crate::{opened_files, opened_projects, review_storage, strings};

/// Asks the person for files, with handles where the browser gives any.
pub fn choose(store: Store) {
    if !choose_with_handles(store) {
        file_input::pick("open-video");
    }
}

/// The same where the browser has a dialogue that gives handles; whether it has.
#[must_use]
pub fn choose_with_handles(store: Store) -> bool {
    if !file_picker::is_there() {
        return false;
    }
    let mut is_asking = false;
    store
        .known_files
        .update_value(|known| is_asking = std::mem::replace(&mut known.is_asking, true));
    if is_asking {
        return true;
    }
    spawn_local(async move {
        let picked = file_picker::pick(strings::KINDS_OF_FILES).await;
        store.known_files.update_value(|known| known.is_asking = false);
        match picked {
            Ok(picked) => {
                let files: Vec<File> = picked.iter().map(|handled| handled.file.clone()).collect();
                for handled in picked {
                    remember(store, handled);
                }
                opened_files::open_files(store, files);
            }
            // Browsers may forbid this dialogue and allow the other one.
            Err(PickFault::Refused) => file_input::pick("open-video"),
            Err(PickFault::Unreadable(error)) => store.fail(error_text(&error)),
        }
    });
    true
}

/// Remembers handles of what is dropped; to be called while the event is handled.
pub fn note_drop(store: Store, dropped: &DataTransfer) {
    for asked in file_picker::of_drop(dropped) {
        spawn_local(async move {
            if let Some(handled) = file_picker::settled(asked).await {
                remember(store, handled);
            }
        });
    }
}

fn remember(store: Store, handled: Handled) {
    store.known_files.update_value(|known| known.remember(handled));
    // The file may be on the stage by now.
    store.keep_handle();
}

/// Forgets the handle of a project that is deleted.
pub async fn forget(project: &KeptProject) {
    let _ = handle_store::remove(&project.key).await;
}

/// Forgets handles whose projects are gone: browsers clear what they keep piece by piece. A project that is open in some tab may not be written yet.
pub fn forget_strays() {
    spawn_local(async move {
        // What stays for want of an answer is looked at in the next visit.
        let _ = forget_strays_now().await;
    });
}

async fn forget_strays_now() -> Result<(), JsValue> {
    // Before the projects: these are written before their handles.
    let names = handle_store::names().await?;
    let database = Database::open().await?;
    for name in names {
        let is_kept = database.read(Shelf::Projects, &name).await?.is_some();
        if !is_kept
            && lock::take(&review_storage::lock_name(&name), false)
                .await
                .is_some()
        {
            handle_store::remove(&name).await?;
        }
    }
    Ok(())
}

/// Opens the file of a project that was just put on the stage, where its handle is kept.
pub fn reopen(store: Store, project: &KeptProject) {
    let (key, video) = (project.key.clone(), project.video.clone());
    let generation = store.stage_generation();
    spawn_local(async move {
        let Ok(Some(handle)) = handle_store::read(&key).await else {
            return;
        };
        let reopened = file_picker::reopened(&handle).await;
        let is_on_stage = store.stage_generation() == generation;
        if !is_on_stage || !has_no_film(store) {
            return;
        }
        match reopened {
            Ok(Some(file)) => opened_projects::attach_expected(store, file, key),
            Ok(None) => store.notify(Tone::Info, strings::not_let_in(&video), None),
            Err(error) if file_picker::is_gone(&error) => {
                store.notify(Tone::Info, strings::file_moved(&video), None);
            }
            Err(error) => store.fail(strings::not_readable(&video, &error_text(&error))),
        }
    });
}

/// Whether the project on the stage has no film yet.
fn has_no_film(store: Store) -> bool {
    store
        .stage
        .source
        .with_untracked(|source| source.as_ref().is_some_and(|source| source.file.is_none()))
}
