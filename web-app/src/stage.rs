//! What is on the stage: put there, taken off, with all that belongs to it.

use leptos::prelude::*;
use page_view::file_kind::FileKind;
use page_view::session::Reading;
use web_sys::{File, Url};

use crate::state::analysis::Analysis;
use crate::state::source::{Source, SourceKind};
use crate::state::stage_state::StageState;
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
    leave(store);
    let kept = source.file.clone().filter(|_| source.kind == SourceKind::Video);
    show(store, Some(source));
    if let Some(file) = kept {
        review_storage::bind(store, &file);
    }
}

/// Takes everything off the stage.
pub fn clear(store: Store) {
    leave(store);
    show(store, None);
}

/// What is on the stage is kept before it goes.
fn leave(store: Store) {
    batch_results::keep_stage(store);
    review_storage::release(store);
    if let Some(before) = store.stage.source.get_untracked() {
        let_go_of(&before);
    }
}

fn show(store: Store, source: Option<Source>) {
    store
        .session
        .update_value(|session| session.set_stage(Reading::default()));
    store.analysis.set_value(Analysis::default());
    store.stage.replace(StageState {
        source,
        ..StageState::default()
    });
    store.results_changed();
    relabel::results_replaced(store);
}
