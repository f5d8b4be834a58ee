//! JSON project.

use js_sys::Array;
use leptos::prelude::*;
use page_view::export_text::{self, PART};
use page_view::kept_analysis::is_fingerprint;
use shared_model::project::{PROJECT_VERSION, Project};
use wasm_bindgen::JsValue;

use super::format::{ExportFormat, Purpose, Written, never_empty};
use crate::browser::tasks;
use crate::remarks;
use crate::state::store::Store;

/// JSON project.
pub const FORMAT: ExportFormat = ExportFormat {
    purpose: Purpose::Project,
    hook: "export-project",
    name: "Project",
    hint: "All results, to open here again",
    ending: "mien.json",
    media_type: "application/json",
    why_empty: never_empty,
    write,
};

fn write(store: Store, name: String) -> Written {
    Box::pin(async move { project_parts(store, &name).await })
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
