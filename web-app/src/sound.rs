//! The film's sound behind the ruler of the timeline.

use std::sync::Arc;

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::File;

use crate::browser::audio;
use crate::state::source::SourceKind;
use crate::state::store::Store;

/// Bytes of a film whose sound is read, at most: all of it lies in memory meanwhile.
const MOST_BYTES: f64 = 300e6;
/// Seconds of such a film, at most.
const MOST_S: f64 = 3600.0;

/// The sound follows the film on the stage, for as long as the page lives.
pub fn follow(store: Store) {
    let shown = Memo::new(move |_| file_shown(store).map(|file| (file.name(), file.size().to_bits())));
    let read = StoredValue::new(None);
    Effect::new(move |_| {
        let film = shown.get();
        let is_short = store.opened.with(|opened| {
            opened.is_some_and(|opened| opened.duration_s > 0.0 && opened.duration_s <= MOST_S)
        });
        if read.get_value() == film {
            return;
        }
        store.bench.sound.set(None);
        if film.is_some() && !is_short {
            // Its length is not known yet, or it is too long.
            read.set_value(None);
            return;
        }
        read.set_value(film.clone());
        let Some(file) = untrack(|| file_shown(store)).filter(|file| file.size() <= MOST_BYTES) else {
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

/// The video file on the stage; tracks changes.
fn file_shown(store: Store) -> Option<File> {
    store.source.with(|source| {
        let source = source
            .as_ref()
            .filter(|source| source.kind == SourceKind::Video)?;
        source.file.clone()
    })
}
