//! Files that are opened or dropped.

use std::rc::Rc;

use leptos::prelude::*;
use shared_model::project::Project;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_messages::ToEngine;
use web_sys::{File, FileList, Url};

use crate::browser::error_text;
use crate::state::notice::Tone;
use crate::state::source::{Source, SourceKind};
use crate::state::store::{Opened, Store};
use crate::{relabel, review, review_storage, running, strings, webcam};
use page_view::comparison::{LabelFileError, LoadedLabels};
use page_view::file_kind::FileKind;
use page_view::job::EnginePhase;
use page_view::job::JobKind;
use page_view::review::document::ReviewDocument;
use page_view::viewport::Viewport;

/// Opens each file as what it is; of videos and pictures the first.
pub fn open_files(store: Store, files: &FileList) {
    let mut files: Vec<(FileKind, File)> = (0..files.length())
        .filter_map(|index| files.item(index))
        .map(|file| (FileKind::of(&file.name(), &file.type_()), file))
        .collect();
    if files.is_empty() {
        return;
    }
    store.clear_faults();
    // Labels belong to the video that comes with them, so they come after it.
    files.sort_by_key(|(kind, _)| *kind == FileKind::Labels);
    let mut has_media = false;
    for (kind, file) in files {
        match kind {
            FileKind::Video | FileKind::Picture if has_media => {
                store.notify(Tone::Info, strings::file_ignored(&file.name()), None);
            }
            FileKind::Video | FileKind::Picture => {
                has_media = true;
                open_media(store, file, kind);
            }
            FileKind::Project => open_project(store, file),
            FileKind::Model => take_model(store, &file),
            FileKind::Labels => take_labels(store, file),
        }
    }
}

/// Shows a project's video with the saved labels; nothing is analysed.
pub fn attach_video(store: Store, files: &FileList) {
    let Some(file) = files.item(0) else { return };
    let kind = FileKind::of(&file.name(), &file.type_());
    review_storage::bind(store, &file);
    store.source.set(Some(source_of(file, kind)));
    // Its size comes from the player.
    store.opened.set(None);
}

fn source_of(file: File, kind: FileKind) -> Source {
    Source {
        kind: if kind == FileKind::Picture {
            SourceKind::Picture
        } else {
            SourceKind::Video
        },
        name: file.name(),
        url: Url::create_object_url_with_blob(&file).ok(),
        file: Some(file),
        stream: None,
    }
}

/// Opens a video or picture and has it analysed.
fn open_media(store: Store, file: File, kind: FileKind) {
    let source = source_of(file, kind);
    webcam::stop(store);
    let has_results = store
        .analysis
        .with_value(|analysis| !analysis.timeline.frames().is_empty());
    if has_results && store.source.with_untracked(Option::is_some) {
        // Results stay until the new file has turned out to be one.
        store.pending.set_value(Some(source));
    } else {
        store.pending.set_value(None);
        place(store, source);
    }
    running::begin(store, JobKind::File);
}

/// Puts a source on the stage; what belonged to the one before goes.
pub fn place(store: Store, source: Source) {
    release(store);
    if let Some(file) = source.file.as_ref().filter(|_| source.kind == SourceKind::Video) {
        review_storage::bind(store, file);
    }
    store.source.set(Some(source));
}

/// Takes everything off the stage.
pub fn clear_stage(store: Store) {
    release(store);
    store.source.set(None);
}

fn release(store: Store) {
    review_storage::release(store);
    let before = store.source.get_untracked();
    if let Some(url) = before.and_then(|source| source.url) {
        let _ = Url::revoke_object_url(&url);
    }
    store.analysis.update_value(|analysis| {
        analysis.clear();
        analysis.truth = None;
    });
    store.opened.set(None);
    store.media_start_s.set_value(0.0);
    store.wanted_s.set_value(None);
    store.playhead.set(0.0);
    store.shown_s.set(0.0);
    store.playing.set(false);
    store.track.set(None);
    store.hover.set(None);
    store.bench.let_go();
    store.viewport.set(Viewport::default());
    store.results_changed();
    relabel::results_replaced(store);
}

/// Hands a model file to the engine; a job under way goes on with the old model or is begun again by the person.
pub fn open_model(store: Store, files: &FileList) {
    store.clear_faults();
    if let Some(file) = files.item(0) {
        take_model(store, &file);
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
    store
        .engine
        .update(|engine| engine.phase = EnginePhase::Loading(strings::MODEL_LOADING.to_owned()));
    running::send(store, message, file.map(AsRef::as_ref));
}

/// Reads labels to compare with, whatever the file's name.
pub fn open_labels(store: Store, files: &FileList) {
    store.clear_faults();
    if let Some(file) = files.item(0) {
        take_labels(store, file);
    }
}

fn take_labels(store: Store, file: File) {
    spawn_local(async move {
        let name = file.name();
        let Some(text) = text_of(store, &file).await else {
            return;
        };
        match LoadedLabels::read(&name, &text) {
            Ok(labels) => {
                store
                    .analysis
                    .update_value(|analysis| analysis.truth = Some(Rc::new(labels)));
                store.results_changed();
            }
            Err(error) => store.fail(strings::labels_refused(&name, &label_error(&error))),
        }
    });
}

fn label_error(error: &LabelFileError) -> String {
    match error {
        LabelFileError::Annotation(error) => error.to_string(),
        LabelFileError::Table(error) => error.to_string(),
        LabelFileError::Empty => strings::nothing_labelled(),
    }
}

/// Opens a saved project: its results are shown as they were.
fn open_project(store: Store, file: File) {
    spawn_local(async move {
        let name = file.name();
        let Some(text) = text_of(store, &file).await else {
            return;
        };
        match Project::from_json(&text) {
            Ok(project) => match ReviewDocument::from_segments(&project.reviewed) {
                Ok(reviewed) => {
                    let reviewed = reviewed.with_people(project.people.clone());
                    show_project(store, project, &reviewed);
                }
                Err(fault) => store.fail(strings::not_readable(&name, &strings::segment_fault(&fault))),
            },
            Err(error) => store.fail(strings::not_readable(&name, &error.to_string())),
        }
    });
}

fn show_project(store: Store, project: Project, reviewed: &ReviewDocument) {
    running::cancel(store);
    webcam::stop(store);
    let video_is_open = store.source.with_untracked(|source| {
        source
            .as_ref()
            .is_some_and(|source| source.name == project.video && source.file.is_some())
    });
    if !video_is_open {
        place(
            store,
            Source {
                kind: SourceKind::ProjectOnly,
                name: project.video.clone(),
                file: None,
                url: None,
                stream: None,
            },
        );
    }
    store.job.set(None);
    store.smoothing.set(project.smoothing);
    store.window.set(project.window.max(1));
    store.window_chosen.set_value(true);
    let frames = project.timeline.frames();
    let last = frames.last().map_or(0.0, |frame| frame.time_s);
    let frame_s = last / (frames.len().saturating_sub(1)).max(1) as f64;
    let duration_s = last + frame_s;
    let count = frames.len();
    store.analysis.update_value(|analysis| {
        analysis.clear();
        analysis.timeline = project.timeline;
        analysis.model = project.model;
    });
    store
        .viewport
        .set(Viewport::whole(duration_s.max(frame_s), frame_s));
    if !video_is_open {
        store.opened.set(Some(Opened {
            width: 0,
            height: 0,
            duration_s,
            frame_count: Some(count),
        }));
    }
    if !reviewed.is_empty() {
        review::take_project(store, reviewed);
    }
    relabel::results_replaced(store);
}

async fn text_of(store: Store, file: &File) -> Option<String> {
    let read: Result<JsValue, JsValue> = JsFuture::from(file.text()).await;
    match read {
        Ok(text) => text.as_string(),
        Err(error) => {
            store.fail(strings::not_readable(&file.name(), &error_text(&error)));
            None
        }
    }
}
