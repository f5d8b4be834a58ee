//! Sentences of the timeline's tools, of people and of keys.

use page_view::clock;
use page_view::command::Command;
use page_view::key_map::KeyRefusal;
use page_view::review::edit_kind::EditKind;
use page_view::review::queue::Doubtful;

use super::{HIDDEN, command, face};

pub const LOOP: &str = "Loop";
pub const OVERVIEW: &str = "whole video";
pub const OVERVIEW_HINT: &str = "Drag to move, drag an end or turn the wheel to zoom";
pub const REACTION: &str = "Reaction";
pub const REACTION_HINT: &str = "Labels painted with a held key are taken back by this time";
pub const MILLISECONDS: &str = "ms";
pub const CONFIDENCE_LANE: &str = "Confidence";

pub const PEOPLE: &str = "People";
pub const NO_PEOPLE: &str = "Nobody yet.";
pub const PEOPLE_HINT: &str = "Drag one onto another to make both the same person.";
pub const SAME_AS: &str = "Same as";
pub const PART_HERE: &str = "Another from here";
pub const LEAVE_OUT: &str = "Leave out";
pub const BRING_BACK: &str = "Bring back";
pub const LEFT_OUT: &str = "Left out";
pub const NOTHING_TO_PART: &str =
    "A person is parted at the frame shown: go where they are seen before and after it.";

pub const QUEUE: &str = "To review, most doubtful first";
pub const CLASS_FILTER: &str = "Offer segments labelled";

pub const HELP_LABELS: &str = "A label's key labels the segment and goes on to the next doubtful one. Held while the video plays, it paints.";
pub const CHANGE_KEY: &str = "Change";
pub const PRESS_A_KEY: &str = "Press a key, Escape to leave it";
pub const USE_HERE: &str = "Use it here";
pub const USUAL_KEYS: &str = "Back to the usual keys";

/// What a window of frames is in seconds, where a frame lasts `frame_s`.
#[must_use]
pub fn window_seconds(window: usize, frame_s: f64) -> String {
    let frames = if window == 1 {
        "1 frame lasts".to_owned()
    } else {
        format!("{window} frames last")
    };
    format!("{frames} {:.2} s in this video.", window as f64 * frame_s)
}

#[must_use]
pub fn change_key(of: Command) -> String {
    format!("Change the key: {}", command(of))
}

#[must_use]
pub fn key_refused(key: &str, refusal: KeyRefusal) -> String {
    match refusal {
        KeyRefusal::Taken(other) => format!("{key} is taken: {}.", command(other)),
        KeyRefusal::Reserved => format!("{key} belongs to the browser. Press another key."),
    }
}

#[must_use]
pub fn keys_not_read(cause: &str) -> String {
    format!("Your own keys cannot be read ({cause}), so the usual ones are in force.")
}

#[must_use]
pub fn keys_not_kept(cause: &str) -> String {
    format!("Your own keys hold until the page is closed; this browser does not keep them ({cause}).")
}

#[must_use]
pub fn seen_together(one: &str, other: &str, frames: usize, first_s: f64) -> String {
    let noun = if frames == 1 { "frame" } else { "frames" };
    format!(
        "{one} and {other} are seen together in {frames} {noun}, first at {}: part one of them there first.",
        clock::precise(first_s)
    )
}

#[must_use]
pub fn name_of(person: &str) -> String {
    format!("Name of {person}")
}

#[must_use]
pub fn same_as(person: &str) -> String {
    format!("{person} is the same as")
}

#[must_use]
pub fn seen_for(seconds: f64) -> String {
    format!("seen {}", clock::coarse(seconds))
}

#[must_use]
pub fn portrait(person: &str, at_s: f64) -> String {
    format!("{person} at {}", clock::precise(at_s))
}

/// What a change of people did.
#[must_use]
pub fn people_step(kind: EditKind, name: impl Fn(u32) -> String) -> Option<String> {
    Some(match kind {
        // By its number: the name is what has changed.
        EditKind::Rename(person) => format!("{} renamed", face(person)),
        EditKind::MergePeople(from, into) => format!("{} made the same as {}", name(from), name(into)),
        EditKind::SplitPerson(person, other) => format!("{} parted: later {}", name(person), name(other)),
        EditKind::Ignore(person) => format!("{} left out", name(person)),
        EditKind::BringBack(person) => format!("{} brought back", name(person)),
        _ => return None,
    })
}

/// A line of the queue: where, and how doubtful.
#[must_use]
pub fn queued(
    doubtful: &Doubtful,
    (start, end): (f64, f64),
    person: Option<&str>,
    is_hidden: bool,
) -> String {
    let who = person.map(|person| format!("{person}, ")).unwrap_or_default();
    let label = match is_hidden {
        true => HIDDEN,
        false => doubtful.segment.label.name(),
    };
    let why = match (is_hidden, doubtful.is_audit) {
        (true, _) => String::new(),
        (false, true) => ", drawn for the audit".to_owned(),
        (false, false) => format!(", doubt {:.0}%", doubtful.doubt * 100.0),
    };
    format!(
        "{who}{label}, {} to {}{why}",
        clock::precise(start),
        clock::precise(end)
    )
}

pub const PICTURES: &str = "Pictures";
pub const PICTURES_HINT: &str = "Small pictures of the film over the timeline";
