//! Files of the results.

use js_sys::Array;
use leptos::prelude::*;
use shared_model::project::{PROJECT_VERSION, Project};
use shared_model::remark::RemarkKind;
use shared_model::{abaw, affwild2, elan, remark_table, webvtt};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use crate::browser::download::download;
use crate::browser::{error_text, png, tasks, today};
use crate::export_formats::{Export, ExportFormat};
use crate::state::notice::Tone;
use crate::state::store::Store;
use crate::{lane_comparison, person_names, relabel, remarks, strings};
use page_view::comparison::stem;
use page_view::export_text::{self, PART};
use page_view::job::Job;
use page_view::kept_analysis::is_fingerprint;
use page_view::report_html::{self, Facts, how_decided, reported_remarks};
use page_view::timeline_svg::{self, Names};

/// Writes a file of what is known; a running analysis is not waited for, its labels so far are.
pub fn export(store: Store, format: ExportFormat) {
    spawn_local(async move {
        let is_running = store
            .job
            .with_untracked(|job| job.as_ref().is_some_and(Job::is_under_way));
        if !is_running {
            relabel::settled(store).await;
        }
        let Some(name) = store
            .source
            .with_untracked(|source| source.as_ref().map(|source| source.name.clone()))
        else {
            return;
        };
        if let Some(reason) = nothing_to_write(store, format.what) {
            store.notify(Tone::Info, reason.to_owned(), None);
            return;
        }
        let file_name = format!("{}.{}", stem(&name), format.ending);
        let written = match parts_of(store, format.what, &name).await {
            Ok(parts) => download(&file_name, format.media_type, &parts),
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            store.fail(strings::export_failed(&error_text(&error)));
        }
    });
}

/// Why there would be nothing in the file.
fn nothing_to_write(store: Store, what: Export) -> Option<&'static str> {
    let remarks = untrack(|| remarks::all(store));
    let frames = store.view_now().frame_count();
    let there = || remarks.iter().filter(|remark| remark.start < frames);
    match what {
        Export::Remarks if there().next().is_none() => Some(strings::NO_REMARKS),
        Export::Chapters if !there().any(|remark| remark.kind == RemarkKind::Event) => {
            Some(strings::NO_EVENTS)
        }
        _ => None,
    }
}

async fn parts_of(store: Store, what: Export, name: &str) -> Result<Array, JsValue> {
    let view = store.view_now();
    let chosen = || store.bench.export_labels.get_untracked().chosen(&view.rows);
    match what {
        Export::Csv => {
            let parts = Array::new();
            for start in (0..view.rows.len()).step_by(PART) {
                parts.push(&export_text::csv_part(name, &view.rows, start).into());
                tasks::next_task().await;
            }
            Ok(parts)
        }
        Export::AffWild2 => Ok(Array::of1(&affwild2::write(&chosen()).into())),
        Export::Vtt => Ok(Array::of1(&webvtt::write(&chosen(), view.end_s()).into())),
        Export::Elan => {
            let now_s = (js_sys::Date::now() / 1000.0) as u64;
            let remarks = untrack(|| remarks::all(store));
            let remarks = remarks.timed(&view.times, view.start_s());
            Ok(Array::of1(
                &elan::write(name, &view.rows, &remarks, view.end_s(), now_s).into(),
            ))
        }
        Export::Project => project_parts(store, name).await,
        Export::Abaw => {
            let submission = abaw::write([(stem(name), &*chosen())]);
            if submission.without_label > 0 {
                store.notify(Tone::Warning, strings::abaw_gaps(submission.without_label), None);
            }
            Ok(Array::of1(&submission.text.into()))
        }
        Export::Svg => Ok(Array::of1(&drawing(store, name).into())),
        Export::Png => {
            let picture: JsValue = png::of_svg(&drawing(store, name)).await?.into();
            Ok(Array::of1(&picture))
        }
        Export::Report => Ok(Array::of1(&report(store, name).into())),
        Export::Remarks => {
            let remarks = untrack(|| remarks::all(store));
            let remarks = remarks.timed(&view.times, view.start_s());
            Ok(Array::of1(&remark_table::to_string(name, &remarks).into()))
        }
        Export::Chapters => {
            let remarks = untrack(|| remarks::all(store));
            let remarks = remarks.timed(&view.times, view.start_s());
            let end_s = view.start_s() + view.end_s();
            Ok(Array::of1(&webvtt::chapters(&remarks, end_s).into()))
        }
    }
}

fn drawing(store: Store, name: &str) -> String {
    let view = store.view_now();
    let names = Names {
        title: name.to_owned(),
        lanes: strings::lanes(),
        people: view
            .tracks
            .iter()
            .map(|track| untrack(|| person_names::name(store, track.track)))
            .collect(),
    };
    store
        .analysis
        .with_value(|analysis| timeline_svg::draw(&view, &analysis.label_files, &names))
}

fn report(store: Store, name: &str) -> String {
    let agreement = untrack(|| lane_comparison::reported(store));
    let (facts, drawing) = (facts(store, name), drawing(store, name));
    report_html::write(&facts, &store.view_now(), agreement.as_ref(), &drawing)
}

/// The report as it is printed from the page; `None` where there are no results.
#[must_use]
pub fn printed(store: Store) -> Option<String> {
    let view = store.view_now();
    let name = store
        .source
        .with_untracked(|source| source.as_ref().map(|source| source.name.clone()))
        .filter(|_| view.frame_count() > 0)?;
    let agreement = untrack(|| lane_comparison::reported(store));
    let (facts, drawing) = (facts(store, &name), drawing(store, &name));
    Some(report_html::body(&facts, &view, agreement.as_ref(), &drawing))
}

fn facts(store: Store, name: &str) -> Facts {
    Facts {
        video: name.to_owned(),
        model: store.with_stage(|reading| reading.model.clone()),
        smoothing: strings::smoothing_in_force(store.smoothing.get_untracked(), store.window.get_untracked()),
        written: today(),
        audit: store.queue.with_untracked(|queue| queue.audit.said()),
        decided: store.desk.with_value(|desk| how_decided(desk.review.document())),
        remarks: untrack(|| {
            let remarks = remarks::all(store);
            reported_remarks(&remarks, &store.view_now(), |person| {
                person_names::name(store, person)
            })
        }),
    }
}

async fn project_parts(store: Store, name: &str) -> Result<Array, JsValue> {
    let said = |error: shared_model::project::ProjectError| JsValue::from_str(&error.to_string());
    let (count, timeline, model) = store.with_stage(|reading| {
        let timeline = &reading.timeline;
        (
            timeline.frames().len(),
            timeline.without_frames(),
            reading.model.clone(),
        )
    });
    let project = Project {
        version: PROJECT_VERSION,
        fingerprint: store.desk.with_value(|desk| {
            let place = desk.place.as_ref().map(|place| place.key.clone());
            place.filter(|key| is_fingerprint(key))
        }),
        video: name.to_owned(),
        model,
        smoothing: store.smoothing.get_untracked(),
        window: store.window.get_untracked(),
        reviewed: store
            .desk
            .with_value(|desk| desk.review.document().segments().collect()),
        people: store
            .desk
            .with_value(|desk| desk.review.document().people().clone()),
        remarks: untrack(|| remarks::all(store)),
        decisions: store.desk.with_value(|desk| desk.review.document().decisions()),
        timeline,
    };
    let (before, after) = export_text::project_frame(&project).map_err(said)?;
    let parts = Array::of1(&before.into());
    for start in (0..count).step_by(PART) {
        // Frames may be added while this runs; only those counted above are written.
        let part = store.with_stage(|reading| {
            let frames = reading.timeline.frames().get(..count).unwrap_or_default();
            export_text::project_part(frames, start)
        });
        parts.push(&part.map_err(said)?.into());
        tasks::next_task().await;
    }
    parts.push(&after.into());
    Ok(parts)
}
