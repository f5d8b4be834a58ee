//! The comparison of two lanes that the page shows and reports.

use leptos::prelude::*;
use page_view::agreement::{self, Side};
use page_view::report_html::ReportedAgreement;
use shared_model::agreement::Unit;
use shared_model::metrics::Report;

use crate::state::store::Store;
use crate::strings;

/// What is shown of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// Name of the lane that is taken for the truth.
    pub truth: String,
    /// Name of the other one.
    pub other: String,
    /// Over frames.
    pub report: Report,
    /// Cohen's kappa over segments.
    pub segment_kappa: f64,
}

/// The lanes that are compared: those that were asked for, where they are there.
#[must_use]
pub fn sides_in_force(store: Store) -> [Side; 2] {
    let asked = store.comparing.with_untracked(|comparing| comparing.sides);
    let files = store.analysis.with_value(|analysis| analysis.label_files.len());
    agreement::sides_in_force(asked, files)
}

/// Compares the lanes in force; `None` where they are one lane.
#[must_use]
pub fn compare(store: Store) -> Option<Compared> {
    store.review_revision.track();
    let view = store.view();
    let comparing = store.comparing.get();
    let sides = sides_in_force(store);
    let [truth_side, other_side] = sides;
    if truth_side == other_side {
        return None;
    }
    store.analysis.with_value(|analysis| {
        let files = &analysis.label_files;
        let name = |side: Side| match side {
            Side::File(place) => files.get(place).map(|labels| labels.name.clone()),
            own => Some(strings::side(own, None)),
        };
        let [truth, other] = sides.map(name);
        let unit = if comparing.window_s > 0.0 {
            Unit::Window(comparing.window_s)
        } else {
            Unit::Stretch
        };
        let over = |unit| agreement::matrix(&view, files, sides, unit).report();
        Some(Compared {
            truth: truth?,
            other: other?,
            report: over(Unit::Frame),
            segment_kappa: over(unit).kappa,
        })
    })
}

/// The comparison as a report shows it, where there is one.
#[must_use]
pub fn reported(store: Store) -> Option<ReportedAgreement> {
    let compared = compare(store).filter(|compared| compared.report.frames > 0)?;
    let window_s = store.comparing.with_untracked(|comparing| comparing.window_s);
    Some(ReportedAgreement {
        heading: strings::compared(compared.report.frames, &compared.truth, &compared.other),
        segment_kappa: (compared.segment_kappa, strings::segment_kappa_hint(window_s)),
        report: compared.report,
    })
}
