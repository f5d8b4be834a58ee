//! A model that learns from what was reviewed: videos are read again, the heads are fitted, and what came of it is told.

use futures_util::StreamExt as _;
use js_sys::Array;
use leptos::prelude::*;
use page_view::comparison::stem;
use page_view::learning_material::{Material, learned_from};
use page_view::review::document::ReviewDocument;
use page_view::shipped_model::is_same_model;
use shared_model::corrections::Correction;
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
use crate::{job_control, opened_files, strings, zip_orders};

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
    store.source.track();
    store.revision.track();
    store.engine.track();
    let mut material = Material::default();
    for (_, _, document) in files_with_documents(store) {
        material.add(&document);
    }
    material
}

/// The video on the stage and those of the list, as far as the model in force has read them, with what a person said of them.
fn files_with_documents(store: Store) -> impl Iterator<Item = (String, File, ReviewDocument)> {
    let of_stage = store.source.with_untracked(|source| {
        let source = source
            .as_ref()
            .filter(|source| source.kind == SourceKind::Video)?;
        Some((source.name.clone(), source.file.clone()?))
    });
    let in_force = store
        .engine
        .with_untracked(|engine| engine.model.as_ref().map(|model| model.name.clone()));
    // Faces are told by their numbers, which another model may have given otherwise.
    let is_read_by_it = |made_by: &str| {
        let in_force = in_force.as_deref();
        in_force.is_some_and(|name| is_same_model(name, made_by))
    };
    let document = store.desk.with_value(|desk| desk.review.document().clone());
    let of_stage = of_stage
        .filter(|_| {
            store
                .analysis
                .with_value(|analysis| is_read_by_it(&analysis.model))
        })
        .map(|(name, file)| (name, file, document));
    let of_list = store.batch.with_untracked(|batch| {
        let others = batch.items().iter().enumerate();
        let others = others.filter(|(place, _)| batch.current() != Some(*place));
        others
            .filter_map(|(_, item)| {
                let results = item
                    .results
                    .as_ref()
                    .filter(|results| is_read_by_it(&results.model))?;
                Some((item.name.clone(), item.file.clone(), results.document.clone()))
            })
            .collect::<Vec<_>>()
    });
    // A file that is in the list twice is one film: left out, it would still have been learned from.
    let mut seen: Vec<(String, u64, u64)> = Vec::new();
    of_stage
        .into_iter()
        .chain(of_list)
        .filter(move |(name, file, _)| {
            let facts = (
                name.clone(),
                file.size().to_bits(),
                file.last_modified().to_bits(),
            );
            let is_new = !seen.contains(&facts);
            seen.push(facts);
            is_new
        })
}

fn reviewed(store: Store) -> Vec<Reviewed> {
    let (smoothing, window) = (store.smoothing.get_untracked(), store.window.get_untracked());
    files_with_documents(store)
        .filter_map(|(name, file, document)| {
            let corrections: Vec<Correction> = learned_from(&document)
                .flat_map(|segment| {
                    (segment.start..segment.end).map(move |frame| Correction {
                        frame,
                        person: segment.track,
                        label: segment.label,
                    })
                })
                .collect();
            (!corrections.is_empty()).then(|| Reviewed {
                name,
                file,
                video: ReviewedVideo {
                    people: document.people().clone(),
                    smoothing,
                    window,
                    corrections,
                },
            })
        })
        .collect()
}

/// Whether the engine is free for it; tracks changes.
#[must_use]
pub fn can_begin(store: Store) -> bool {
    store.engine.with(|engine| engine.model.is_some()) && zip_orders::is_free(store)
}

/// Learns from all that was reviewed.
pub fn begin(store: Store) {
    let videos = reviewed(store);
    if videos.is_empty() || !untrack(|| can_begin(store)) {
        return;
    }
    let name = store.engine.with_untracked(|engine| {
        let model = engine.model.as_ref().map(|model| model.name.clone());
        strings::learned_name(stem(&model.unwrap_or_default()))
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
    next_step(store, id, left.next())?;
    loop {
        match news.next().await {
            Some((FromEngine::Progress { fraction, .. }, _)) => store.learning.update(|learning| {
                if let Learning::Running(part) = learning {
                    *part = (done + fraction) / parts;
                }
            }),
            // A film may have ended in the moment of giving up.
            Some((FromEngine::ReadForLearning { .. }, _)) if !is_running(store) => return Ok(None),
            Some((FromEngine::ReadForLearning { .. }, _)) => {
                done += 1.0;
                next_step(store, id, left.next())?;
            }
            Some((FromEngine::Learned { report, .. }, blob)) => {
                let blob: Blob = blob.dyn_into().map_err(|_| strings::ENGINE_LOST.to_owned())?;
                let options = FilePropertyBag::new();
                options.set_type(MODEL);
                let file = File::new_with_blob_sequence_and_options(&Array::of1(&blob), name, &options);
                return Ok(Some(Learned {
                    report,
                    file: file.map_err(|error| error_text(&error))?,
                }));
            }
            Some((FromEngine::Failed { reason, .. } | FromEngine::TryVideoElement { reason, .. }, _)) => {
                return Err(reason);
            }
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
            job_control::send(store, &message, Some(next.file.as_ref()));
        }
        None => job_control::send(store, &ToEngine::Learn { job }, None),
    }
    Ok(())
}

/// The person gives it up.
pub fn cancel(store: Store) {
    store.learning.set(Learning::Idle);
    if let Some(order) = store.order.get_untracked() {
        job_control::send(store, &ToEngine::Cancel { job: order.id }, None);
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
