//! Sentences about notes, segments that a person is not sure of, and events.

use page_view::clock;
use shared_model::remark::{Remark, RemarkKind};

pub const REMARKS: &str = "Notes and events";
pub const UNSURE: &str = "Not sure of this segment";
pub const UNSURE_MARK: &str = "?";
pub const NOTE: &str = "Note on this segment";
pub const OWN_LABELS: &str = "Labels of your own";
pub const OWN_LABELS_HINT: &str =
    "Puts it on the segment, or on the range that was begun; again takes it off";
pub const NEW_LABEL: &str = "Own label, such as speaks";
pub const ADD_LABEL: &str = "Add";
pub const FORGET_LABEL: &str = "Remove from the list";
pub const EVENT: &str = "Event";
pub const EVENT_NAME: &str = "Name of the event";
pub const EVENT_EXAMPLE: &str = "Event, such as bell";
pub const MARK_EVENT: &str = "Mark an event here";
pub const MARK: &str = "Mark here";
pub const REMARKS_LISTED: &str = "All notes and events";
pub const TAKE_AWAY: &str = "Take away";
pub const NO_REMARKS: &str = "Nothing was noted, so there is no table of notes.";
pub const NO_EVENTS: &str = "No event was marked, so there are no chapters.";

/// A remark in words, without its time. `who`: what its person is called.
#[must_use]
pub fn remark(remark: &Remark, who: &str) -> String {
    match remark.kind {
        RemarkKind::Note => format!("{who}: {}", remark.text),
        RemarkKind::Unsure => format!("{who}: not sure"),
        RemarkKind::Label => format!("{who}: [{}]", remark.text),
        RemarkKind::Event => remark.text.clone(),
    }
}

#[must_use]
pub fn remark_at(start_s: f64, words: &str) -> String {
    format!("{}, {words}", clock::precise(start_s))
}

#[must_use]
pub fn take_away(words: &str) -> String {
    format!("{TAKE_AWAY}: {words}")
}

/// The segment's sentence, of which the person is not sure.
#[must_use]
pub fn unsure_segment(segment: &str) -> String {
    format!("{segment}, not sure")
}
