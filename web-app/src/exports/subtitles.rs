//! Subtitles.

use shared_model::webvtt;

use super::format::{ExportFormat, Purpose, Written, never_empty, text};
use super::labels::chosen_rows;
use crate::state::store::Store;

/// Subtitles.
pub const FORMAT: ExportFormat = ExportFormat {
    purpose: Purpose::Tools,
    hook: "export-vtt",
    name: "Subtitles",
    hint: "WebVTT, one cue a label",
    ending: "vtt",
    media_type: "text/vtt",
    why_empty: never_empty,
    write,
};

fn write(store: Store, _: String) -> Written {
    text(webvtt::write(&chosen_rows(store), store.view_now().end_s()))
}
