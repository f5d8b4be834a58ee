//! Files that are opened or dropped.

use leptos::prelude::*;
use page_view::file_kind::FileKind;
use page_view::job::EnginePhase;
use web_messages::ToEngine;
use web_sys::File;

use crate::state::notice::Tone;
use crate::state::store::Store;
use crate::{batch_run, job_control, label_loading, media, opened_projects, strings};

/// Opens each file as what it is; several videos become a list, of pictures the first counts.
pub fn open_files(store: Store, files: Vec<File>) {
    let mut files: Vec<(FileKind, File)> = files
        .into_iter()
        .map(|file| (FileKind::of(&file.name(), &file.type_()), file))
        .collect();
    if files.is_empty() {
        return;
    }
    store.clear_faults();
    let videos: Vec<File> = files
        .iter()
        .filter(|(kind, _)| *kind == FileKind::Video)
        .map(|(_, file)| file.clone())
        .collect();
    let mut has_media = videos.len() > 1;
    if has_media {
        files.retain(|(kind, _)| *kind != FileKind::Video);
        batch_run::add(store, videos);
    } else if !videos.is_empty() {
        job_control::give_way(store);
        batch_run::clear(store);
    }
    // Labels belong to the video that comes with them, so they come after it.
    files.sort_by_key(|(kind, _)| *kind == FileKind::Labels);
    for (kind, file) in files {
        match kind {
            FileKind::Video | FileKind::Picture if has_media => {
                store.notify(Tone::Info, strings::file_ignored(&file.name()), None);
            }
            FileKind::Video | FileKind::Picture => {
                has_media = true;
                job_control::give_way(store);
                batch_run::interrupt(store);
                media::open_media(store, file, kind);
            }
            FileKind::Project => opened_projects::open_project(store, file),
            FileKind::Model => take_model(store, &file),
            // A csv without a video beside it is what there is to look at.
            FileKind::Labels if is_table(&file) && store.stage.source.with_untracked(Option::is_none) => {
                opened_projects::open_table(store, file);
            }
            FileKind::Labels if has_media => label_loading::open(store, file, media::latest(store)),
            FileKind::Labels => label_loading::open(store, file, store.stage.source.get_untracked()),
        }
    }
}

fn is_table(file: &File) -> bool {
    file.name().to_ascii_lowercase().ends_with(".csv")
}

/// Hands a model file to the engine; a job under way goes on with the old model or is begun again by the person.
pub fn open_model(store: Store, files: Vec<File>) {
    store.clear_faults();
    if let Some(file) = files.first() {
        take_model(store, file);
    }
}

fn take_model(store: Store, file: &File) {
    let message = ToEngine::OpenModel { name: file.name() };
    change_model(store, &message, Some(file));
}

/// Takes another shipped model.
pub fn fetch_model(store: Store, model_url: String) {
    store.clear_faults();
    change_model(store, &ToEngine::FetchModel { model_url }, None);
}

fn change_model(store: Store, message: &ToEngine, file: Option<&File>) {
    store.model_chosen.set_value(true);
    store
        .engine
        .update(|engine| engine.phase = EnginePhase::loading(strings::MODEL_LOADING));
    store.send(message, file.map(AsRef::as_ref));
}

/// Reads labels to compare with, whatever the file's name.
pub fn open_labels(store: Store, files: Vec<File>) {
    store.clear_faults();
    for file in files {
        label_loading::open(store, file, store.stage.source.get_untracked());
    }
}
