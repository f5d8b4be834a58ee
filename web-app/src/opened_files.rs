//! Files that are opened or dropped.

use std::rc::Rc;

use leptos::prelude::*;
use shared_model::decisions::Decisions;
use shared_model::people::People;
use shared_model::project::{PROJECT_VERSION, Project};
use shared_model::remark::Remarks;
use shared_model::timeline::Timeline;
use wasm_bindgen_futures::spawn_local;
use web_messages::ToEngine;
use web_sys::{File, Url};

use crate::browser::error_text;
use crate::browser::fingerprint::fingerprint;
use crate::state::notice::Tone;
use crate::state::question::Question;
use crate::state::review_desk::Keeping;
use crate::state::source::{Source, SourceKind};
use crate::state::store::{Opened, Store};
use crate::{
    batch_run, behind, job_control, label_loading, relabel, review, review_storage, strings, webcam,
};
use page_view::batch::ItemResults;
use page_view::file_kind::FileKind;
use page_view::job::EnginePhase;
use page_view::job::JobKind;
use page_view::kept_analysis::{KeptProject, is_fingerprint};
use page_view::predictions_file::{self, Predictions};
use page_view::review::document::ReviewDocument;
use page_view::viewport::Viewport;

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
                open_media(store, file, kind);
            }
            FileKind::Project => open_project(store, file),
            FileKind::Model => take_model(store, &file),
            // A csv without a video beside it is what there is to look at.
            FileKind::Labels if is_table(&file) && store.source.with_untracked(Option::is_none) => {
                open_table(store, file);
            }
            FileKind::Labels => label_loading::open(store, file),
        }
    }
}

fn is_table(file: &File) -> bool {
    file.name().to_ascii_lowercase().ends_with(".csv")
}

/// Shows a project's video with the saved labels; nothing is analysed. A file of other content is asked about.
pub fn attach_first(store: Store, files: Vec<File>) {
    if let Some(file) = files.into_iter().next() {
        attach_video(store, file);
    }
}

/// The same of one file.
pub fn attach_video(store: Store, file: File) {
    let place = store
        .desk
        .with_value(|desk| desk.place.as_ref().map(|place| place.key.clone()));
    let expected = place
        .filter(|key| is_fingerprint(key))
        .or_else(|| store.expected_key.get_value());
    match expected {
        Some(key) => attach_expected(store, file, key),
        None => attach(store, file),
    }
}

/// Shows a project's video, whose content has this key.
pub fn attach_expected(store: Store, file: File, expected: String) {
    let generation = store.desk.with_value(|desk| desk.generation);
    spawn_local(async move {
        // A file that cannot be read fails in the player, which says so.
        let is_other = fingerprint(&file).await.is_ok_and(|found| found != expected);
        if store.desk.with_value(|desk| desk.generation) != generation {
            // Something else is on the stage by now.
            return;
        }
        if !is_other {
            attach(store, file);
            return;
        }
        let video = store
            .source
            .with_untracked(|source| source.as_ref().map(|source| source.name.clone()))
            .unwrap_or_default();
        store.ask(Question {
            text: strings::other_file(&file.name(), &video),
            yes: strings::ATTACH_ANYWAY.to_owned(),
            no: strings::ATTACH_NOT.to_owned(),
            act: Rc::new(move |store| {
                if store.desk.with_value(|desk| desk.generation) == generation {
                    attach(store, file.clone());
                }
            }),
            otherwise: None,
        });
    });
}

fn attach(store: Store, file: File) {
    let kind = FileKind::of(&file.name(), &file.type_());
    // What is kept may be on its way already.
    let is_opening = store
        .keeping
        .with_untracked(|keeping| *keeping == Keeping::Opening);
    if !is_opening && store.desk.with_value(|desk| desk.place.is_none()) {
        review_storage::bind(store, &file);
    }
    store.source.set(Some(source_of(file, kind)));
    store.keep_handle();
    // Its size comes from the player.
    store.opened.set(None);
}

/// Shows a project of the list; its video is asked for.
pub fn open_kept(store: Store, project: &KeptProject) {
    webcam::stop(store);
    batch_run::make_room(store);
    place(store, without_video(project.video.clone()));
    if is_fingerprint(&project.key) {
        store.expected_key.set_value(Some(project.key.clone()));
    }
    forget_job(store);
    review_storage::bind_key(store, project.key.clone());
}

/// The stage shows what no job has read; one behind it goes on.
fn forget_job(store: Store) {
    if !behind::is_on(store) {
        store.job.set(None);
    }
}

fn without_video(name: String) -> Source {
    Source {
        kind: SourceKind::ProjectOnly,
        name,
        file: None,
        url: None,
        stream: None,
    }
}

/// A video or picture file as a source.
#[must_use]
pub fn source_of(file: File, kind: FileKind) -> Source {
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
pub fn open_media(store: Store, file: File, kind: FileKind) {
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
    job_control::begin(store, JobKind::File);
}

/// Shows a video of the list that was read before, with what is known of it.
pub fn show_read(store: Store, file: File, results: ItemResults, is_whole: bool) {
    store.pending.set_value(None);
    place(store, source_of(file, FileKind::Video));
    let ItemResults {
        timeline,
        document,
        model,
    } = results;
    let (duration_s, frame_s) = length_of(&timeline);
    store.opened.set(Some(Opened {
        width: 0,
        height: 0,
        duration_s,
        start_s: timeline.start_s(),
        frame_count: Some(timeline.frames().len()),
    }));
    store.viewport.set(Viewport::whole(duration_s, frame_s));
    store.analysis.update_value(|analysis| {
        analysis.timeline = timeline;
        analysis.model = model;
        analysis.is_whole = is_whole;
    });
    behind::show_document(store, document);
    review::document_replaced(store);
    relabel::results_replaced(store);
    if !behind::is_on(store) {
        job_control::say_done(store);
    }
}

/// Length of what was read and of one frame of it, in seconds.
fn length_of(timeline: &Timeline) -> (f64, f64) {
    let frames = timeline.frames();
    let last = frames.last().map_or(0.0, |frame| frame.time_s);
    // A single frame lasts a second, as in the files that are written of it.
    let frame_s = match frames.len() {
        0 | 1 => 1.0,
        count => last / (count - 1) as f64,
    };
    ((last + frame_s).max(frame_s), frame_s)
}

/// Gives a source's address back to the browser.
pub fn let_go_of(source: &Source) {
    if let Some(url) = &source.url {
        let _ = Url::revoke_object_url(url);
    }
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
    batch_run::keep_stage(store);
    review_storage::release(store);
    if let Some(before) = store.source.get_untracked() {
        let_go_of(&before);
    }
    store.analysis.update_value(|analysis| {
        analysis.clear();
        analysis.clear_labels();
    });
    store.opened.set(None);
    store.expected_key.set_value(None);
    store.media_start_s.set_value(0.0);
    store.wanted_s.set_value(None);
    store.playhead.set(0.0);
    store.shown_s.set(0.0);
    store.playing.set(false);
    store.track.set(None);
    store.said.set(String::new());
    store.hover.set(None);
    store.bench.let_go();
    store.viewport.set(Viewport::default());
    store.results_changed();
    relabel::results_replaced(store);
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
    job_control::send(store, message, file.map(AsRef::as_ref));
}

/// Reads labels to compare with, whatever the file's name.
pub fn open_labels(store: Store, files: Vec<File>) {
    store.clear_faults();
    for file in files {
        label_loading::open(store, file);
    }
}

/// Opens predictions made elsewhere, a csv or a project, without analysing.
pub fn open_predictions(store: Store, files: Vec<File>) {
    store.clear_faults();
    let Some(file) = files.into_iter().next() else {
        return;
    };
    if FileKind::of(&file.name(), &file.type_()) == FileKind::Project {
        open_project(store, file);
    } else {
        open_table(store, file);
    }
}

fn open_table(store: Store, file: File) {
    spawn_local(async move {
        let name = file.name();
        let Some(text) = text_of(store, &file).await else {
            return;
        };
        let read = predictions_file::read(&text).map_err(|error| error.to_string());
        let document = |found: &Predictions| {
            ReviewDocument::from_segments(&found.reviewed).map_err(|fault| fault.to_string())
        };
        match read.and_then(|found| Ok((document(&found)?, found))) {
            Ok((document, found)) => {
                let differing = found.differing;
                show_project(store, project_of(found, &name), &document);
                if differing > 0 {
                    store.notify(Tone::Warning, strings::smoothed_anew(differing), None);
                }
            }
            Err(cause) => store.fail(strings::not_readable(&name, &cause)),
        }
    });
}

fn project_of(found: Predictions, file: &str) -> Project {
    Project {
        version: PROJECT_VERSION,
        video: found.video,
        fingerprint: None,
        model: file.to_owned(),
        smoothing: found.smoothing,
        window: found.window,
        reviewed: found.reviewed,
        people: People::default(),
        remarks: Remarks::default(),
        decisions: Decisions::default(),
        timeline: found.timeline,
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
            Ok(project) => match ReviewDocument::of_project(&project) {
                Ok(reviewed) => show_project(store, project, &reviewed),
                Err(fault) => store.fail(strings::not_readable(&name, &fault.to_string())),
            },
            Err(error) => store.fail(strings::not_readable(&name, &error.to_string())),
        }
    });
}

/// Shows a project's text with its video beside it; nothing is read.
///
/// # Errors
/// What is wrong with the text.
pub fn open_with_video(store: Store, project: &str, video: File) -> Result<(), String> {
    let project = Project::from_json(project).map_err(|error| error.to_string())?;
    let reviewed = ReviewDocument::of_project(&project).map_err(|fault| fault.to_string())?;
    show_project(store, project, &reviewed);
    attach(store, video);
    Ok(())
}

fn show_project(store: Store, project: Project, reviewed: &ReviewDocument) {
    webcam::stop(store);
    let video_is_open = store.source.with_untracked(|source| {
        source
            .as_ref()
            .is_some_and(|source| source.name == project.video && source.file.is_some())
    });
    if video_is_open {
        if untrack(|| store.reads_stage()) {
            job_control::cancel(store);
            batch_run::interrupt(store);
        }
    } else {
        batch_run::make_room(store);
        place(store, without_video(project.video.clone()));
        store.expected_key.set_value(project.fingerprint.clone());
    }
    forget_job(store);
    store.smoothing.set(project.smoothing);
    store.window.set(project.window.max(1));
    store.window_chosen.set_value(true);
    let (duration_s, frame_s) = length_of(&project.timeline);
    let start_s = project.timeline.start_s();
    let count = project.timeline.frames().len();
    store.analysis.update_value(|analysis| {
        analysis.clear();
        analysis.timeline = project.timeline;
        analysis.model = project.model;
        analysis.is_whole = true;
    });
    store.viewport.set(Viewport::whole(duration_s, frame_s));
    if !video_is_open {
        store.opened.set(Some(Opened {
            width: 0,
            height: 0,
            duration_s,
            start_s,
            frame_count: Some(count),
        }));
    }
    review_storage::all_changed(store);
    if !reviewed.is_empty() {
        review::take_project(store, reviewed);
    }
    relabel::results_replaced(store);
}

async fn text_of(store: Store, file: &File) -> Option<String> {
    match crate::browser::text_of(file).await {
        Ok(text) => Some(text),
        Err(error) => {
            store.fail(strings::not_readable(&file.name(), &error_text(&error)));
            None
        }
    }
}
