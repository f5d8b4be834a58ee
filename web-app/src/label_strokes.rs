//! Painting: a class key that is held while the video plays labels what passes.

use leptos::prelude::*;
use page_view::review::stroke::Stroke;
use shared_model::expression::Expression;

use crate::review;
use crate::state::store::Store;

/// A class key goes down while the video plays.
pub fn press(store: Store, label: Expression) {
    if store.stage.stroke.with_untracked(Option::is_some) {
        return;
    }
    let Some(segment) = review::editable(store) else {
        return;
    };
    store.stage.stroke.set(Some(Stroke {
        track: segment.track,
        label,
        from_s: store.stage.shown_s.get_untracked(),
    }));
}

/// The key goes up, or the video stops: what passed meanwhile is labelled, as one step.
pub fn release(store: Store) {
    let Some(stroke) = store.stage.stroke.get_untracked() else {
        return;
    };
    store.stage.stroke.set(None);
    let view = store.view_now();
    // Reaction is a matter of the person's time; the video may run slower or faster.
    let reaction_s = store.bench.reaction_s.get_untracked() * store.bench.speed.get_untracked();
    let frames = stroke.frames(&view, store.stage.shown_s.get_untracked(), reaction_s);
    let queue = store.queue.get_untracked();
    review::edit(store, |review| {
        review
            .paint(stroke.label, stroke.track, frames, queue.segments(stroke.track))
            .cloned()
    });
}
