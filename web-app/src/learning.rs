//! A model that learns from what was reviewed: videos are read again, the heads are fitted, and what came of it is told.

use futures_util::StreamExt as _;
use js_sys::Array;
use leptos::prelude::*;
use page_view::comparison::stem;
use page_view::learning_material::{Material, corrections, learned_name};
use page_view::review::document::ReviewDocument;
use shared_model::timeline::Timeline;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_messages::{FromEngine, JobId, ReviewedVideo, ToEngine};
use web_sys::{Blob, File, FilePropertyBag};

use crate::browser::download::download;
use crate::browser::error_text;
use crate::state::engine_order::EngineOrder;
use crate::state::learning::{Learned, Learning};
use crate::state::notice::Tone;
use crate::state::source::SourceKind;
use crate::state::store::Store;
use crate::{opened_files, strings, zip_orders};

const MODEL: &str = "application/octet-stream";

/// A video with what was reviewed of it.
struct Reviewed {
    name: String,
    file: File,
    video: ReviewedVideo,
}

/// Counts what there is to learn from; tracks changes.
#[must_use]
pub fn material(store: Store) -> Material {
    store.review_revision.track();
    store.batch.track();
    store.stage.source.track();
    store.revision.track();
    let mut material = Material::default();
    for_each_film(store, |film| material.add(film.document));
    material
}

/// A video with what was read and said of it.
struct Film<'a> {
    name: &'a str,
    file: &'a File,
    timeline: &'a Timeline,
    document: &'a ReviewDocument,
}

/// The video on the stage, and those of the list.
fn for_each_film(store: Store, mut act: impl FnMut(&Film<'_>)) {
    // A file that is in the list twice is one film: left out, it would still have been learned from.
    let mut seen: Vec<(String, u64, u64)> = Vec::new();
    let mut act_once = |film: &Film<'_>| {
        let file = film.file;
        let facts = (
            film.name.to_owned(),
            file.size().to_bits(),
            file.last_modified().to_bits(),
        );
        if !seen.contains(&facts) {
            seen.push(facts);
            act(film);
        }
    };
    store.stage.source.with_untracked(|source| {
        let Some(source) = source.as_ref().filter(|it| it.kind == SourceKind::Video) else {
            return;
        };
        let Some(file) = &source.file else { return };
        store.with_stage(|reading| {
            store.desk.with_value(|desk| {
                act_once(&Film {
                    name: &source.name,
                    file,
                    timeline: &reading.timeline,
                    document: desk.review.document(),
                });
            });
        });
    });
    store.batch.with_untracked(|batch| {
        for (place, item) in batch.items().iter().enumerate() {
            let results = item.results.as_ref().filter(|_| batch.current() != Some(place));
            if let Some(results) = results {
                act_once(&Film {
                    name: &item.name,
                    file: &item.file,
                    timeline: &results.timeline,
                    document: &results.document,
                });
            }
        }
    });
}

fn reviewed(store: Store) -> Vec<Reviewed> {
    let (smoothing, window) = (store.smoothing.get_untracked(), store.window.get_untracked());
    let mut reviewed = Vec::new();
    for_each_film(store, |film| {
        let corrections = corrections(film.document, film.timeline);
        if !corrections.is_empty() {
            reviewed.push(Reviewed {
                name: film.name.to_owned(),
                file: film.file.clone(),
                video: ReviewedVideo {
                    smoothing,
                    window,
                    corrections,
                },
            });
        }
    });
    reviewed
}

/// Whether the engine is free for it; tracks changes.
#[must_use]
pub fn can_begin(store: Store) -> bool {
    store.engine.with(|engine| engine.model.is_some()) && zip_orders::is_free(store)
}

/// Learns from all that was reviewed.
pub fn begin(store: Store) {
    if !untrack(|| can_begin(store)) {
        return;
    }
    let videos = reviewed(store);
    if videos.is_empty() {
        store.notify(Tone::Info, strings::NO_FACE_TO_LEARN, None);
        return;
    }
    let name = store.engine.with_untracked(|engine| {
        let model = engine.model.as_ref().map(|model| model.name.clone());
        format!("{}.safetensors", learned_name(stem(&model.unwrap_or_default())))
    });
    spawn_local(async move {
        store.learning.set(Learning::Running(0.0));
        let id = store.next_job();
        let learned = learn(store, id, &videos, &name).await;
        store.end_order(id);
        if !is_running(store) {
            // The person has given it up.
            return;
        }
        let learned = learned.unwrap_or_else(|reason| {
            store.fail(strings::learning_failed(&reason));
            None
        });
        store.learning.set(learned.map_or(Learning::Idle, Learning::Done));
    });
}

fn is_running(store: Store) -> bool {
    matches!(store.learning.get_untracked(), Learning::Running(_))
}

/// What was learned; nothing where the engine was given something else to do, which is told.
async fn learn(store: Store, id: JobId, videos: &[Reviewed], name: &str) -> Result<Option<Learned>, String> {
    let (order, mut news) = EngineOrder::new(id);
    store.order.set(Some(order));
    let mut left = videos.iter();
    // Videos, and the fitting.
    let parts = videos.len() as f64 + 1.0;
    let mut done = 0.0;
    let mut unread = Vec::new();
    let mut current = left.next();
    next_step(store, id, current)?;
    loop {
        match news.next().await {
            Some((FromEngine::Progress { fraction, .. }, _)) => store.learning.update(|learning| {
                if let Learning::Running(part) = learning {
                    *part = (done + fraction) / parts;
                }
            }),
            // A film may have ended in the moment of giving up.
            Some((FromEngine::ReadForLearning { .. } | FromEngine::TryVideoElement { .. }, _))
                if !is_running(store) =>
            {
                return Ok(None);
            }
            Some((FromEngine::ReadForLearning { notice, .. }, _)) => {
                if let Some(notice) = notice {
                    store.notify(Tone::Warning, notice, None);
                }
                done += 1.0;
                current = left.next();
                next_step(store, id, current)?;
            }
            // What only the browser's player can read is left out.
            Some((FromEngine::TryVideoElement { reason, .. }, _)) => {
                unread.extend(current.map(|video| video.name.clone()));
                if unread.len() == videos.len() {
                    return Err(reason);
                }
                done += 1.0;
                current = left.next();
                next_step(store, id, current)?;
            }
            Some((FromEngine::Learned { report, .. }, blob)) => {
                let blob: Blob = blob.dyn_into().map_err(|_| strings::ENGINE_LOST.to_owned())?;
                let options = FilePropertyBag::new();
                options.set_type(MODEL);
                let file = File::new_with_blob_sequence_and_options(&Array::of1(&blob), name, &options);
                if !unread.is_empty() {
                    store.notify(Tone::Warning, strings::left_out_of_learning(&unread), None);
                }
                return Ok(Some(Learned {
                    report,
                    file: file.map_err(|error| error_text(&error))?,
                }));
            }
            Some((FromEngine::Failed { reason, .. }, _)) => return Err(reason),
            Some((FromEngine::Cancelled { .. }, _)) => {
                if is_running(store) {
                    store.notify(Tone::Warning, strings::LEARNING_GAVE_WAY, None);
                }
                return Ok(None);
            }
            Some(_) => {}
            None => return Err(strings::ENGINE_LOST.to_owned()),
        }
    }
}

/// Has the next video read, or the heads fitted once all are.
fn next_step(store: Store, job: JobId, next: Option<&Reviewed>) -> Result<(), String> {
    match next {
        Some(next) => {
            let message = ToEngine::ReadForLearning {
                job,
                name: next.name.clone(),
                reviewed: serde_json::to_string(&next.video).map_err(|error| error.to_string())?,
            };
            store.send(&message, Some(next.file.as_ref()));
        }
        None => store.send(&ToEngine::Learn { job }, None),
    }
    Ok(())
}

/// The person gives it up.
pub fn cancel(store: Store) {
    store.learning.set(Learning::Idle);
    if let Some(order) = store.order.get_untracked() {
        store.send(&ToEngine::Cancel { job: order.id }, None);
    }
}

/// Hands the new model out as a file.
pub fn save(store: Store) {
    if let Learning::Done(learned) = store.learning.get_untracked() {
        let file = &learned.file;
        if let Err(error) = download(&file.name(), MODEL, &Array::of1(file)) {
            store.fail(strings::export_failed(&error_text(&error)));
        }
    }
}

/// Takes the new model in the place of the old one; what was read stays until it is read again.
pub fn put_in_force(store: Store) {
    if let Learning::Done(learned) = store.learning.get_untracked() {
        opened_files::open_model(store, vec![learned.file]);
    }
}
