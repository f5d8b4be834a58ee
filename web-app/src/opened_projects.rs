//! Projects and tables of predictions: what is in them is shown, and their video beside it once it is there.

use std::rc::Rc;

use leptos::prelude::*;
use page_view::file_kind::FileKind;
use page_view::keeping::Keeping;
use page_view::kept_analysis::{KeptProject, is_fingerprint};
use page_view::opened::Opened;
use page_view::predictions_file::{self, Predictions};
use page_view::review::document::ReviewDocument;
use page_view::session::{Event, Reading, StorageEvent};
use shared_model::decisions::Decisions;
use shared_model::people::People;
use shared_model::project::{PROJECT_VERSION, Project};
use shared_model::remark::Remarks;
use wasm_bindgen_futures::spawn_local;
use web_sys::File;

use crate::browser::error_text;
use crate::browser::fingerprint::fingerprint;
use crate::state::analysis::Analysis;
use crate::state::notice::Tone;
use crate::state::question::Question;
use crate::state::store::Store;
use crate::{batch_run, live_source, relabel, review, review_storage, stage, strings};

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

/// Opens a table of predictions.
pub fn open_table(store: Store, file: File) {
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
pub fn open_project(store: Store, file: File) {
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
    live_source::stop(store);
    let video_is_open = store.stage.source.with_untracked(|source| {
        source
            .as_ref()
            .is_some_and(|source| source.name == project.video && source.file.is_some())
    });
    if video_is_open {
        if untrack(|| store.reads_stage()) {
            store.tell(Event::Cancel);
            batch_run::interrupt(store);
        }
    } else {
        batch_run::make_room(store);
        stage::place(store, stage::without_video(project.video.clone()));
        store.stage.expected_key.set(project.fingerprint.clone());
    }
    forget_job(store);
    store.smoothing.set(project.smoothing);
    store.window.set(project.window.max(1));
    store.window_chosen.set_value(true);
    let opened = Opened::of_timeline(&project.timeline);
    store.analysis.update_value(Analysis::clear);
    let reading = Reading::of_results(project.timeline, project.model, true);
    store.session.update_value(|session| session.set_stage(reading));
    store.stage.viewport.set(opened.whole_sight());
    if !video_is_open {
        store.stage.opened.set(Some(opened));
    }
    store.tell(Event::Storage(StorageEvent::AllChanged));
    if !reviewed.is_empty() {
        review::take_project(store, reviewed);
    }
    relabel::results_replaced(store);
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
        .or_else(|| store.stage.expected_key.get_untracked());
    match expected {
        Some(key) => attach_expected(store, file, key),
        None => attach(store, file),
    }
}

/// Shows a project's video, whose content has this key.
pub fn attach_expected(store: Store, file: File, expected: String) {
    let generation = store.stage_generation();
    spawn_local(async move {
        // A file that cannot be read fails in the player, which says so.
        let is_other = fingerprint(&file).await.is_ok_and(|found| found != expected);
        if store.stage_generation() != generation {
            // Something else is on the stage by now.
            return;
        }
        if !is_other {
            attach(store, file);
            return;
        }
        let video = store
            .stage
            .source
            .with_untracked(|source| source.as_ref().map(|source| source.name.clone()))
            .unwrap_or_default();
        store.ask(Question {
            text: strings::other_file(&file.name(), &video),
            yes: strings::ATTACH_ANYWAY.to_owned(),
            no: strings::ATTACH_NOT.to_owned(),
            act: Rc::new(move || {
                if store.stage_generation() == generation {
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
    store.stage.source.set(Some(stage::source_of(file, kind)));
    store.keep_handle();
    // Its size comes from the player.
    store.stage.opened.set(None);
}

/// Shows a project of the list; its video is asked for.
pub fn open_kept(store: Store, project: &KeptProject) {
    live_source::stop(store);
    batch_run::make_room(store);
    stage::place(store, stage::without_video(project.video.clone()));
    if is_fingerprint(&project.key) {
        store.stage.expected_key.set(Some(project.key.clone()));
    }
    forget_job(store);
    review_storage::bind_key(store, project.key.clone());
}

/// The stage shows what no job has read; one behind it goes on.
fn forget_job(store: Store) {
    if !store.reads_behind() {
        store.tell(Event::Forget);
    }
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
