//! What a job gives: what is open, labels of frames, its end.

use std::rc::Rc;

use leptos::prelude::*;
use page_view::job::{JobKind, JobState};
use page_view::label_view::LabelView;
use page_view::viewport::Viewport;
use shared_model::timeline::Prediction;
use web_messages::JobId;

use crate::browser::now_ms;
use crate::state::opened::{Opened, USUAL_FRAME_S};
use crate::state::store::Store;
use crate::{live_source, relabel, review_storage, stage};

/// A job's file is open: what was shown before makes room.
pub fn opened(store: Store, opened: Opened) {
    if let Some(source) = store.pending.get_value() {
        store.pending.set_value(None);
        stage::place(store, source);
    }
    let model = store
        .engine
        .with_untracked(|engine| engine.model.as_ref().map(|model| model.name.clone()));
    store.update_read(|analysis| {
        if analysis.resumes {
            analysis.resumes = false;
            analysis.seen = 0;
        } else {
            analysis.clear();
            analysis.model = model.unwrap_or_default();
            analysis.timeline.set_unrelated(opened.is_picture());
        }
        // Also of frames that were kept before the page knew it.
        analysis.timeline.set_start_s(opened.start_s);
    });
    if store.reads_behind() {
        store.behind.update_value(|behind| {
            if let Some(behind) = behind {
                behind.opened = Some(opened);
            }
        });
        return;
    }
    store.mark_unwritten();
    store.opened.set(Some(opened));
    store.viewport.set(opened.whole_sight());
    store.results_changed();
    relabel::results_replaced(store);
}

/// Labels of frames have come.
pub fn take(store: Store, id: JobId, predictions: Vec<Prediction>) {
    if !store.is_current(id) {
        return;
    }
    let is_live = store
        .job
        .with_untracked(|job| job.as_ref().is_some_and(|job| job.kind == JobKind::Live));
    if is_live {
        return take_live(store, predictions);
    }
    let is_behind = store.reads_behind();
    if !is_behind {
        review_storage::note_frames(store, &predictions);
    }
    let mut changed_from = usize::MAX;
    store.update_read(|analysis| {
        for prediction in predictions {
            let from = match &prediction {
                Prediction::Seen { frame, .. } => {
                    analysis.seen = frame + 1;
                    // One that is read again may show others than it did.
                    let is_new = *frame >= analysis.timeline.frames().len();
                    if is_new { *frame } else { 0 }
                }
                Prediction::Refined { frame, .. } => *frame,
            };
            changed_from = changed_from.min(from);
            analysis.timeline.replace(prediction);
        }
    });
    if is_behind {
        return;
    }
    // Not before: what is written is what the timeline holds.
    review_storage::start_writing(store);
    relabel::results_grew(store, changed_from);
}

/// The webcam's few frames are relabelled at once.
fn take_live(store: Store, predictions: Vec<Prediction>) {
    let (smoothing, window) = (store.smoothing.get_untracked(), store.window.get_untracked());
    let mut end_s = 0.0;
    store.analysis.update_value(|analysis| {
        for prediction in predictions {
            if let Prediction::Seen { time_s, .. } = &prediction {
                live_source::note_speed(store, now_ms(), *time_s);
            }
            analysis.live.push(prediction);
        }
        let view = LabelView::of(&analysis.live.timeline(), smoothing, window);
        end_s = view.end_s();
        analysis.view = Rc::new(view);
    });
    store.viewport.set(Viewport::whole(end_s.max(0.5), USUAL_FRAME_S));
    store.playhead.set(end_s);
    store.shown_s.set(end_s);
    store.results_changed();
}

/// All frames of a job are in.
pub fn done(store: Store, id: JobId) {
    let mut has_less = false;
    store.update_read(|analysis| {
        let seen = analysis.seen;
        has_less = analysis.timeline.frames().len() > seen;
        analysis.timeline.truncate(seen);
        analysis.is_whole = true;
        if let Some(kept) = &mut analysis.kept {
            kept.is_whole = true;
        }
    });
    note_speed(store);
    if store.reads_behind() {
        // Nobody looks at its labels. What went wrong earlier does not hide that this one went well.
        store.fault.set(None);
        store.update_job(id, |job| job.state = JobState::Done);
        return;
    }
    if has_less {
        relabel::rows_outdated(store);
    }
    store.mark_unwritten();
    store.update_job(id, |job| job.state = JobState::Finishing);
    relabel::frames_complete(store);
}

/// How fast a film was read says how fast the next one will be, also with another model.
fn note_speed(store: Store) {
    let frames_per_s = store.job.with_untracked(|job| {
        let job = job.as_ref().filter(|job| job.kind == JobKind::File);
        job.map_or(0.0, |job| job.frames_per_s)
    });
    let model = store.with_read(|analysis| analysis.model.clone());
    if frames_per_s > 0.0 {
        store.measured.set(Some((model, frames_per_s)));
    }
}
