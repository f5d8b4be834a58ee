//! Notes, unsure segments and events.

use shared_model::remark_table;

use super::format::{ExportFormat, Purpose, Written, text};
use super::labels::{has_remark, of_timed_remarks};
use crate::state::store::Store;
use crate::strings;

/// Notes, unsure segments and events.
pub const FORMAT: ExportFormat = ExportFormat {
    purpose: Purpose::Tables,
    hook: "export-remarks",
    name: "Notes",
    hint: "Notes, unsure segments and events, a line each (CSV)",
    ending: "notes.csv",
    media_type: "text/csv",
    why_empty,
    write,
};

fn why_empty(store: Store) -> Option<&'static str> {
    let is_empty = !has_remark(store, |_| true);
    is_empty.then_some(strings::NO_REMARKS)
}

fn write(store: Store, name: String) -> Written {
    text(of_timed_remarks(store, |remarks| {
        remark_table::to_string(&name, remarks)
    }))
}
