//! Keys, reaction time, ways of reviewing and own labels, kept from one visit to the next.

use leptos::prelude::*;
use page_view::key_map::KeyMap;

use crate::browser::{error_text, kept, size};
use crate::state::notice::Tone;
use crate::state::store::Store;
use crate::strings;

const KEYS: &str = "mien-keys";
const REACTION: &str = "mien-reaction";
const BLIND: &str = "mien-blind";
const AUDIT: &str = "mien-audit";
const PICTURES: &str = "mien-pictures";
const OWN_LABELS: &str = "mien-own-labels";

/// Height of a window in CSS pixels that has room for small pictures over the timeline.
const ROOM_FOR_PICTURES: f64 = 900.0;

/// Takes what was kept, and keeps what is changed from now on.
pub fn follow(store: Store) {
    let bench = store.bench;
    if let Some(text) = kept::read(KEYS) {
        match KeyMap::from_json(&text) {
            Ok(keys) => bench.keys.set(keys),
            Err(error) => store.notify(Tone::Warning, strings::keys_not_read(&error.to_string()), None),
        }
    }
    if let Some(seconds) = kept::read(REACTION).and_then(|text| text.parse::<f64>().ok()) {
        set_reaction(store, seconds);
    }
    follow_review_modes(store);
    follow_pictures(store);
    let own_labels = kept::read(OWN_LABELS).and_then(|text| serde_json::from_str(&text).ok());
    bench.own_labels.set(own_labels.unwrap_or_default());
    // The first run is not a change.
    Effect::new(move |before: Option<KeyMap>| {
        let keys = bench.keys.get();
        if before.is_some_and(|before| before != keys) {
            let written = keys.to_json().map_err(|error| error.to_string());
            let written =
                written.and_then(|text| kept::write(KEYS, &text).map_err(|error| error_text(&error)));
            if let Err(cause) = written {
                store.notify(Tone::Warning, strings::keys_not_kept(&cause), None);
            }
        }
        keys
    });
    Effect::new(move |before: Option<f64>| {
        let seconds = bench.reaction_s.get();
        if before.is_some() {
            // Not worth a word: it is set again in a second.
            let _ = kept::write(REACTION, &seconds.to_string());
        }
        seconds
    });
}

/// Whether the review is blind, and the share that the audit draws.
fn follow_review_modes(store: Store) {
    let is_blind = store.bench.is_blind;
    is_blind.set(kept::read(BLIND).is_some_and(|text| text == "on"));
    if let Some(share) = kept::read(AUDIT).and_then(|text| text.parse::<f64>().ok()) {
        let share = if share.is_finite() {
            share.clamp(0.0, 1.0)
        } else {
            0.0
        };
        store.queue_filter.update(|filter| filter.audit_share = share);
    }
    let share = Memo::new(move |_| store.queue_filter.with(|filter| filter.audit_share));
    Effect::new(move |before: Option<()>| {
        let (blind, share) = (if is_blind.get() { "on" } else { "off" }, share.get());
        if before.is_some() {
            // Not worth a word: they are set again in a second.
            let _ = kept::write(BLIND, blind).and_then(|()| kept::write(AUDIT, &share.to_string()));
        }
    });
}

/// Whether small pictures stand over the timeline: until somebody chooses, where there is room for them.
fn follow_pictures(store: Store) {
    let shows = store.bench.shows_pictures;
    let has_room = || size::window_height() >= ROOM_FOR_PICTURES;
    shows.set(kept::read(PICTURES).map_or_else(has_room, |text| text == "on"));
    Effect::new(move |before: Option<()>| {
        let text = if shows.get() { "on" } else { "off" };
        if before.is_some() {
            // Not worth a word: it is set again in a second.
            let _ = kept::write(PICTURES, text);
        }
    });
}

/// Sets by how much painted labels are taken back, in seconds.
pub fn set_reaction(store: Store, seconds: f64) {
    if seconds.is_finite() {
        let longest = page_view::review::stroke::LONGEST_REACTION_S;
        store.bench.reaction_s.set(seconds.clamp(0.0, longest));
    }
}

/// Adds a label to the person's own set; a name that is there already, or is none, changes nothing.
pub fn add_own_label(store: Store, name: &str) {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_new = store
        .bench
        .own_labels
        .with_untracked(|names| !name.is_empty() && !names.contains(&name));
    if is_new {
        store.bench.own_labels.update(|names| names.push(name));
        keep_own_labels(store);
    }
}

/// Takes a label out of the person's own set; where it was put, it stays.
pub fn forget_own_label(store: Store, name: &str) {
    store
        .bench
        .own_labels
        .update(|names| names.retain(|other| other != name));
    keep_own_labels(store);
}

fn keep_own_labels(store: Store) {
    let written = store
        .bench
        .own_labels
        .with_untracked(|names| serde_json::to_string(names).ok());
    if let Some(text) = written {
        // Not worth a word: they are typed again in a moment.
        let _ = kept::write(OWN_LABELS, &text);
    }
}
