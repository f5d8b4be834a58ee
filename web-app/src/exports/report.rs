//! Report on one page.

use leptos::prelude::*;
use page_view::report_html::{self, Facts, how_decided, reported_remarks};

use super::drawing::drawing;
use super::format::{ExportFormat, Purpose, Written, never_empty, text};
use crate::browser::today;
use crate::state::store::Store;
use crate::{lane_comparison, person_names, remarks, strings};

/// Report on one page.
pub const FORMAT: ExportFormat = ExportFormat {
    purpose: Purpose::Figures,
    hook: "export-report",
    name: "Report",
    hint: "Figures and timeline on one page (HTML)",
    ending: "html",
    media_type: "text/html",
    why_empty: never_empty,
    write,
};

fn write(store: Store, name: String) -> Written {
    text(report(store, &name))
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
        .stage
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
