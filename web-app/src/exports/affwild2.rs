//! Aff-Wild2 annotation.

use shared_model::affwild2;

use super::format::{ExportFormat, Purpose, Written, never_empty, text};
use super::labels::chosen_rows;
use crate::state::store::Store;

/// Aff-Wild2 annotation.
pub const FORMAT: ExportFormat = ExportFormat {
    purpose: Purpose::Tables,
    hook: "export-affwild2",
    name: "Aff-Wild2",
    hint: "One class index a frame",
    ending: "txt",
    media_type: "text/plain",
    why_empty: never_empty,
    write,
};

fn write(store: Store, _: String) -> Written {
    text(affwild2::write(&chosen_rows(store)))
}
