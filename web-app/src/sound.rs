//! The film's sound behind the ruler of the timeline.

use std::sync::Arc;

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::File;

use crate::browser::audio;
use crate::state::source::SourceKind;
use crate::state::store::Store;

/// Bytes of a film whose sound is read, at most: all of it lies in memory meanwhile.
const MOST_BYTES: f64 = 200e6;
/// Seconds of such a film, at most: browsers decode all of its sound at once, 23 MB a minute.
const MOST_S: f64 = 900.0;

/// The sound follows the film on the stage, for as long as the page lives.
pub fn follow(store: Store) {
    let shown = Memo::new(move |_| file_shown(store).map(|file| (file.name(), file.size().to_bits())));
    let read = StoredValue::new(None);
    Effect::new(move |_| {
        let film = shown.get();
        if read.get_value() == film {
            return;
        }
        store.bench.sound.set(None);
        // While the film is read there is enough to do.
        if film.is_some() && (store.reads_stage() || length_s(store) <= 0.0) {
            read.set_value(None);
            return;
        }
        read.set_value(film.clone());
        let is_short = |file: &File| can_be_read(file, untrack(|| length_s(store)));
        let Some(file) = untrack(|| file_shown(store)).filter(is_short) else {
            return;
        };
        spawn_local(async move {
            // A film without sound has nothing to show.
            let found = audio::waveform(&file)
                .await
                .ok()
                .filter(|found| !found.is_silent());
            if read.try_get_value().flatten() == film {
                store.bench.sound.set(found.map(Arc::new));
            }
        });
    });
}

/// Whether a film of this length in seconds is small enough for all of its sound to be read at once.
#[must_use]
pub fn can_be_read(file: &File, length_s: f64) -> bool {
    file.size() <= MOST_BYTES && length_s <= MOST_S
}

/// Length of the film in seconds, 0 while it is not known; tracks changes.
fn length_s(store: Store) -> f64 {
    let opened_s = store
        .stage
        .opened
        .with(|opened| opened.map_or(0.0, |opened| opened.duration_s));
    opened_s.max(store.view().end_s())
}

/// The video file on the stage; tracks changes.
fn file_shown(store: Store) -> Option<File> {
    store.stage.source.with(|source| {
        let source = source
            .as_ref()
            .filter(|source| source.kind == SourceKind::Video)?;
        source.file.clone()
    })
}
