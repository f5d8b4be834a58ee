//! ABAW submission.

use page_view::comparison::stem;
use shared_model::abaw;

use super::format::{ExportFormat, Purpose, Written, never_empty, text};
use super::labels::chosen_rows;
use crate::state::notice::Tone;
use crate::state::store::Store;
use crate::strings;

/// ABAW submission.
pub const FORMAT: ExportFormat = ExportFormat {
    purpose: Purpose::Tables,
    hook: "export-abaw",
    name: "ABAW",
    hint: "Submission: one class for every frame",
    ending: "abaw.txt",
    media_type: "text/plain",
    why_empty: never_empty,
    write,
};

fn write(store: Store, name: String) -> Written {
    let submission = abaw::write([(stem(&name), &*chosen_rows(store))]);
    if submission.without_label > 0 {
        store.notify(Tone::Warning, strings::abaw_gaps(submission.without_label), None);
    }
    text(submission.text)
}
