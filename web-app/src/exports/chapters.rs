//! Events as chapters.

use shared_model::remark::RemarkKind;
use shared_model::webvtt;

use super::format::{ExportFormat, Purpose, Written, text};
use super::labels::{has_remark, of_timed_remarks};
use crate::state::store::Store;
use crate::strings;

/// Events as chapters.
pub const FORMAT: ExportFormat = ExportFormat {
    purpose: Purpose::Tools,
    hook: "export-chapters",
    name: "Chapters",
    hint: "A chapter from each event to the next (WebVTT)",
    ending: "chapters.vtt",
    media_type: "text/vtt",
    why_empty,
    write,
};

fn why_empty(store: Store) -> Option<&'static str> {
    let has_event = has_remark(store, |remark| remark.kind == RemarkKind::Event);
    (!has_event).then_some(strings::NO_EVENTS)
}

fn write(store: Store, _: String) -> Written {
    let view = store.view_now();
    let end_s = view.start_s() + view.end_s();
    text(of_timed_remarks(store, |remarks| {
        webvtt::chapters(remarks, end_s)
    }))
}
