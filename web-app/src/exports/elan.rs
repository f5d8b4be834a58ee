//! ELAN annotation.

use shared_model::elan;

use super::format::{ExportFormat, Purpose, Written, never_empty, text};
use super::labels::of_timed_remarks;
use crate::state::store::Store;

/// ELAN annotation.
pub const FORMAT: ExportFormat = ExportFormat {
    purpose: Purpose::Tools,
    hook: "export-eaf",
    name: "ELAN",
    hint: "A tier for each face and lane (.eaf)",
    ending: "eaf",
    media_type: "text/xml",
    why_empty: never_empty,
    write,
};

fn write(store: Store, name: String) -> Written {
    let view = store.view_now();
    let now_s = (js_sys::Date::now() / 1000.0) as u64;
    text(of_timed_remarks(store, |remarks| {
        elan::write(&name, &view.rows, remarks, view.end_s(), now_s)
    }))
}
