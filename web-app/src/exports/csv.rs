//! Per-frame csv.

use js_sys::Array;
use page_view::export_text::{self, PART};

use super::format::{ExportFormat, Purpose, Written, never_empty};
use crate::browser::tasks;
use crate::state::store::Store;

/// Per-frame csv.
pub const FORMAT: ExportFormat = ExportFormat {
    purpose: Purpose::Tables,
    hook: "export-csv",
    name: "CSV",
    hint: "One row a frame and face",
    ending: "csv",
    media_type: "text/csv",
    why_empty: never_empty,
    write,
};

fn write(store: Store, name: String) -> Written {
    Box::pin(async move {
        let view = store.view_now();
        let parts = Array::new();
        for start in (0..view.rows.len()).step_by(PART) {
            parts.push(&export_text::csv_part(&name, &view.rows, start).into());
            tasks::next_task().await;
        }
        Ok(parts)
    })
}
