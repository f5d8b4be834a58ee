//! Timeline as a drawing.

use super::drawing::drawing;
use super::format::{ExportFormat, Purpose, Written, never_empty, text};
use crate::state::store::Store;

/// Timeline as a drawing.
pub const FORMAT: ExportFormat = ExportFormat {
    purpose: Purpose::Figures,
    hook: "export-svg",
    name: "SVG",
    hint: "The whole timeline as a drawing",
    ending: "svg",
    media_type: "image/svg+xml",
    why_empty: never_empty,
    write,
};

fn write(store: Store, name: String) -> Written {
    text(drawing(store, &name))
}
