//! Two open label files laid together into the review, and who said what.

use leptos::prelude::*;
use page_view::adjudication::Adjudication;
use page_view::agreement::Side;
use shared_model::expression::Expression;

use crate::lane_comparison::sides_in_force;
use crate::state::store::Store;
use crate::{review, strings};

/// The two files that are chosen to be compared, by their places; `None` where one of the lanes is no file. Tracks changes.
#[must_use]
pub fn files_chosen(store: Store) -> Option<[usize; 2]> {
    store.revision.track();
    store.comparing.track();
    match sides_in_force(store) {
        [Side::File(first), Side::File(second)] if first != second => Some([first, second]),
        _ => None,
    }
}

/// Lays the two files together: what both say counts as reviewed, what they differ in waits in the queue.
pub fn lay_together(store: Store) {
    let Some(chosen) = untrack(|| files_chosen(store)).filter(|_| review::may_edit(store)) else {
        return;
    };
    let found = store.analysis.with_value(|analysis| {
        store.desk.with_value(|desk| {
            Adjudication::of(
                &analysis.view,
                &analysis.label_files,
                chosen,
                desk.review.document(),
            )
        })
    });
    review::edit(store, |review| review.lay_together(&found.segments).cloned());
    store.stage.said.set(strings::laid_together(&found));
}

/// What each open file says of the face at the playhead; tracks changes.
#[must_use]
pub fn who_said(store: Store) -> Vec<(String, Option<Expression>)> {
    let view = store.view();
    let here = review::current(store).zip(view.frame_at(store.stage.playhead.get()));
    let Some((segment, frame)) = here else {
        return Vec::new();
    };
    let track = view.tracks.iter().find(|track| track.track == segment.track);
    store.analysis.with_value(|analysis| {
        let files = analysis.label_files.iter();
        files
            .map(|file| {
                let label = track.and_then(|track| file.label_in(&view, track, frame));
                (file.name.clone(), label)
            })
            .collect()
    })
}
