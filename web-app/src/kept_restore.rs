//! Results of an earlier visit are shown again, and filled up where they end early.

use leptos::prelude::*;
use page_view::job::{JobKind, JobState};
use page_view::kept_analysis::KeptProject;
use page_view::viewport::Viewport;
use shared_model::timeline::Timeline;

use crate::kept_results::{self, Left};
use crate::state::notice::Tone;
use crate::state::store::Store;
use crate::{job_control, relabel, strings};

/// Shows what was kept of the video on the stage, unless there are results of it already.
pub fn restore(store: Store, kept: KeptProject, timeline: Timeline) {
    let count = timeline.frames().len();
    let read = store
        .analysis
        .with_value(|analysis| analysis.timeline.frames().len());
    let is_running = !store.reads_behind()
        && store
            .job
            .with_untracked(|job| job.as_ref().is_some_and(|job| job.state == JobState::Running));
    if count == 0 || (read > 0 && !is_running) {
        return;
    }
    let (smoothing, window) = (kept.smoothing, kept.window.max(1));
    store.analysis.update_value(|analysis| {
        analysis.model.clone_from(&kept.model);
        analysis.is_whole = kept.is_whole;
        analysis.kept = Some(kept.clone());
    });
    // Of the job behind the stage nothing is said here.
    let left = if store.reads_behind() {
        Left::Nothing
    } else {
        kept_results::left_to_read(store)
    };
    if is_running && left == Left::All {
        store.analysis.update_value(|analysis| analysis.kept = None);
        return;
    }
    // The engine may have been quicker, and further than the visit before.
    let is_behind = !is_running || count > read;
    if is_behind {
        store
            .analysis
            .update_value(|analysis| analysis.timeline = timeline);
    }
    if is_running && left == Left::Nothing {
        job_control::stop_quietly(store);
    } else if is_running && is_behind {
        job_control::begin(store, JobKind::File);
    }
    store.smoothing.set(smoothing);
    store.window.set(window);
    store.window_chosen.set_value(true);
    let text = if kept.is_whole {
        strings::results_back(count)
    } else {
        strings::part_back(count)
    };
    if is_behind {
        store.notify(Tone::Info, text, None);
    }
    show_all(store);
    relabel::results_replaced(store);
}

/// Brings the whole timeline in sight.
fn show_all(store: Store) {
    let (count, last_s) = store.analysis.with_value(|analysis| {
        let frames = analysis.timeline.frames();
        (frames.len(), frames.last().map_or(0.0, |frame| frame.time_s))
    });
    let frame_s = last_s / (count.saturating_sub(1)).max(1) as f64;
    let frame_s = if frame_s > 0.0 { frame_s } else { 0.04 };
    store.viewport.set(Viewport::whole(last_s + frame_s, frame_s));
}
