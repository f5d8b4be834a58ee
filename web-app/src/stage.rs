//! What is on the stage: put there, taken off, with all that belongs to it.

use leptos::prelude::*;
use page_view::file_kind::FileKind;
use page_view::session::Reading;
use page_view::viewport::Viewport;
use web_sys::{File, Url};

use crate::state::source::{Source, SourceKind};
use crate::state::store::Store;
use crate::{batch_results, relabel, review_storage};

/// A video or picture file as a source.
#[must_use]
pub fn source_of(file: File, kind: FileKind) -> Source {
    Source {
        kind: if kind == FileKind::Picture {
            SourceKind::Picture
        } else {
            SourceKind::Video
        },
        name: file.name(),
        url: Url::create_object_url_with_blob(&file).ok(),
        file: Some(file),
        stream: None,
    }
}

/// A project as a source, whose video is not open.
#[must_use]
pub fn without_video(name: String) -> Source {
    Source {
        kind: SourceKind::ProjectOnly,
        name,
        file: None,
        url: None,
        stream: None,
    }
}

/// Gives a source's address back to the browser.
pub fn let_go_of(source: &Source) {
    if let Some(url) = &source.url {
        let _ = Url::revoke_object_url(url);
    }
}

/// Puts a source on the stage; what belonged to the one before goes.
pub fn place(store: Store, source: Source) {
    release(store);
    if let Some(file) = source.file.as_ref().filter(|_| source.kind == SourceKind::Video) {
        review_storage::bind(store, file);
    }
    store.source.set(Some(source));
}

/// Takes everything off the stage.
pub fn clear(store: Store) {
    release(store);
    store.source.set(None);
}

fn release(store: Store) {
    batch_results::keep_stage(store);
    review_storage::release(store);
    if let Some(before) = store.source.get_untracked() {
        let_go_of(&before);
    }
    store
        .session
        .update_value(|session| session.set_stage(Reading::default()));
    store.analysis.update_value(|analysis| {
        analysis.clear();
        analysis.clear_labels();
    });
    store.opened.set(None);
    store.expected_key.set_value(None);
    store.media_start_s.set_value(0.0);
    store.wanted_s.set_value(None);
    store.playhead.set(0.0);
    store.shown_s.set(0.0);
    store.playing.set(false);
    store.track.set(None);
    store.said.set(String::new());
    store.hover.set(None);
    store.bench.let_go();
    store.viewport.set(Viewport::default());
    store.results_changed();
    relabel::results_replaced(store);
}
