//! Zips to take away. The engine packs them, so that the page goes on answering.

use js_sys::Array;
use leptos::prelude::*;
use page_view::batch::ItemState;
use page_view::batch_files::{self, Manner};
use page_view::comparison::stem;
use page_view::group_figures;
use page_view::job::{EnginePhase, Job};
use page_view::training_export;
use shared_model::abaw;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_messages::{JobId, ToEngine};
use web_sys::File;

use crate::browser::download::download;
use crate::browser::{error_text, tasks, today};
use crate::state::notice::Tone;
use crate::state::store::Store;
use crate::state::zip_order::Zipping;
use crate::{batch_results, relabel, strings};

const ZIP: &str = "application/zip";

/// Whether the engine can read a file for something else than its labels: it reads one file at a time. Tracks changes.
#[must_use]
pub fn is_free(store: Store) -> bool {
    let is_idle = store.zipping.with(Option::is_none) && store.order.with(Option::is_none);
    is_idle && store.job.with(|job| !job.as_ref().is_some_and(Job::is_under_way))
}

/// Hands out what was reviewed of the video on the stage, to train with: labels, and the faces cut out of the file.
pub fn training(store: Store) {
    spawn_local(async move {
        relabel::settled(store).await;
        let source = store.stage.source.get_untracked();
        let Some((name, file)) = source.map(|source| (source.name, source.file)) else {
            return;
        };
        let view = store.view_now();
        if !view.rows.iter().any(|row| row.reviewed.is_some()) {
            return store.fail(strings::export_failed(strings::NOTHING_REVIEWED));
        }
        let stem = stem(&name).to_owned();
        let set = training_export::training_set(&stem, &view.rows);
        let Some(job) = begin(store, format!("{stem}.training.zip"), file.as_ref().map(|_| 0.0)) else {
            return;
        };
        let others = [
            ("mien.toml", strings::TRAINING_CONFIG),
            ("README.txt", strings::TRAINING_README),
        ];
        let others = others.map(|(name, text)| (name.to_owned(), text.to_owned()));
        for (name, text) in set.texts.into_iter().chain(others) {
            store.send(&ToEngine::PackText { job, name, text }, None);
            tasks::next_task().await;
        }
        if !is_current(store, job) {
            return;
        }
        match (file, serde_json::to_string(&set.faces)) {
            (Some(file), Ok(faces)) => cut(store, job, name, faces, &file),
            (Some(_), Err(error)) => failed(store, job, &error.to_string()),
            (None, _) => {
                store.notify(Tone::Warning, strings::TRAINING_WITHOUT_VIDEO, None);
                store.send(&ToEngine::EndPack { job }, None);
            }
        }
    });
}

fn cut(store: Store, job: JobId, name: String, faces: String, file: &File) {
    let message = ToEngine::CutFaces { job, name, faces };
    store.send(&message, Some(file.as_ref()));
}

/// Hands out the results of all videos of the list that were read.
pub fn list(store: Store) {
    spawn_local(async move {
        let Some(job) = begin(store, strings::BATCH_ZIP_NAME.to_owned(), None) else {
            return;
        };
        match send_list(store, job).await {
            Ok(()) => store.send(&ToEngine::EndPack { job }, None),
            Err(reason) => failed(store, job, &reason),
        }
    });
}

async fn send_list(store: Store, job: JobId) -> Result<(), String> {
    let manner = manner(store);
    let mut submission = Vec::new();
    let mut shares = Vec::new();
    for (place, name) in read_items(store) {
        let results = store.batch.with_untracked(|batch| {
            let is_current = batch.current() == Some(place);
            let item = batch.items().get(place).filter(|_| !is_current);
            item.and_then(|item| item.results.clone())
        });
        let results = results.unwrap_or_else(|| batch_results::results_now(store));
        tasks::next_task().await;
        let files = batch_files::files(&name, &results, &manner).map_err(|fault| fault.to_string())?;
        for (name, text) in files.texts {
            store.send(&ToEngine::PackText { job, name, text }, None);
            tasks::next_task().await;
        }
        submission.push((stem(&name).to_owned(), files.rows));
        shares.extend(files.shares);
    }
    if submission.is_empty() {
        return Err(strings::BATCH_NOTHING.to_owned());
    }
    let videos = submission
        .iter()
        .map(|(stem, rows)| (stem.as_str(), rows.as_slice()));
    let table = group_figures::csv(&shares).map_err(|error| error.to_string())?;
    let texts = [
        ("abaw-submission.txt", abaw::write(videos).text),
        ("shares.csv", table),
        ("shares.svg", group_figures::svg(&shares, strings::GROUP_MEAN)),
    ];
    for (name, text) in texts {
        let name = name.to_owned();
        store.send(&ToEngine::PackText { job, name, text }, None);
    }
    Ok(())
}

/// How the files of a list of videos are made, and what they say in words.
fn manner(store: Store) -> Manner {
    let (smoothing, window) = (store.smoothing.get_untracked(), store.window.get_untracked());
    Manner {
        smoothing,
        window,
        smoothing_text: strings::smoothing_in_force(smoothing, window),
        lanes: strings::lanes(),
        labels: store.bench.export_labels.get_untracked(),
        face: strings::face,
        written: today(),
        now_s: (js_sys::Date::now() / 1000.0) as u64,
    }
}

/// Place and name of the videos of the list that were read.
fn read_items(store: Store) -> Vec<(usize, String)> {
    store.batch.with_untracked(|batch| {
        let items = batch.items().iter().enumerate();
        items
            .filter(|(_, item)| item.state == ItemState::Done)
            .map(|(place, item)| (place, item.name.clone()))
            .collect()
    })
}

/// Begins a zip, unless one is on its way already or there is nobody who could pack it.
fn begin(store: Store, name: String, fraction: Option<f64>) -> Option<JobId> {
    if store.zipping.with_untracked(Option::is_some) {
        return None;
    }
    let has_engine = store
        .engine
        .with_untracked(|engine| !matches!(engine.phase, EnginePhase::Failed(_)));
    if !has_engine {
        store.fail(strings::export_failed(strings::PACKS_NOT));
        return None;
    }
    let id = store.next_job();
    store.zipping.set(Some(Zipping { id, name, fraction }));
    Some(id)
}

/// Whether a number is that of the zip on its way.
#[must_use]
pub fn is_current(store: Store, job: JobId) -> bool {
    store
        .zipping
        .with_untracked(|zipping| zipping.as_ref().is_some_and(|zipping| zipping.id == job))
}

/// The engine has come so far.
pub fn progressed(store: Store, fraction: f64) {
    store.zipping.update(|zipping| {
        if let Some(zipping) = zipping {
            zipping.fraction = Some(fraction);
        }
    });
}

/// The zip is there.
pub fn packed(store: Store, job: JobId, notice: Option<String>, blob: &JsValue) {
    let Some(zipping) = take(store, job) else { return };
    if let Err(error) = download(&zipping.name, ZIP, &Array::of1(blob)) {
        store.fail(strings::export_failed(&error_text(&error)));
    }
    if let Some(notice) = notice {
        store.notify(Tone::Warning, notice, None);
    }
}

/// The zip cannot be made.
pub fn failed(store: Store, job: JobId, reason: &str) {
    if take(store, job).is_some() {
        store.fail(strings::export_failed(reason));
    }
}

/// The engine gave the zip up for something else that it was told to do.
pub fn cancelled(store: Store, job: JobId) {
    if let Some(zipping) = take(store, job) {
        store.notify(Tone::Warning, strings::zip_gave_way(&zipping.name), None);
    }
}

/// The person gives the zip up.
pub fn cancel(store: Store) {
    if let Some(zipping) = store.zipping.get_untracked() {
        store.zipping.set(None);
        store.send(&ToEngine::Cancel { job: zipping.id }, None);
    }
}

/// The engine is gone, and with it the zip.
pub fn lost(store: Store) {
    store.zipping.set(None);
}

fn take(store: Store, job: JobId) -> Option<Zipping> {
    if !is_current(store, job) {
        return None;
    }
    let zipping = store.zipping.get_untracked();
    store.zipping.set(None);
    zipping
}
