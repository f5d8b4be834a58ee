//! Files of the results. Each kind is a file here, and a line in [`FORMATS`].

mod abaw;
mod affwild2;
mod chapters;
mod csv;
mod drawing;
mod elan;
pub mod format;
mod labels;
mod notes;
mod png;
mod project;
pub mod report;
mod subtitles;
mod svg;

use leptos::prelude::*;
use page_view::comparison::stem;
use page_view::job::Job;
use wasm_bindgen_futures::spawn_local;

use crate::browser::download::download;
use crate::browser::error_text;
use crate::state::notice::Tone;
use crate::state::store::Store;
use crate::{relabel, strings};
use format::ExportFormat;

/// All kinds, in the order of the panel.
pub const FORMATS: &[ExportFormat] = &[
    csv::FORMAT,
    affwild2::FORMAT,
    abaw::FORMAT,
    notes::FORMAT,
    elan::FORMAT,
    subtitles::FORMAT,
    chapters::FORMAT,
    svg::FORMAT,
    png::FORMAT,
    report::FORMAT,
    project::FORMAT,
];

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
            .stage
            .source
            .with_untracked(|source| source.as_ref().map(|source| source.name.clone()))
        else {
            return;
        };
        if let Some(reason) = (format.why_empty)(store) {
            store.notify(Tone::Info, reason.to_owned(), None);
            return;
        }
        let file_name = format!("{}.{}", stem(&name), format.ending);
        let written = match (format.write)(store, name).await {
            Ok(parts) => download(&file_name, format.media_type, &parts),
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            store.fail(strings::export_failed(&error_text(&error)));
        }
    });
}
