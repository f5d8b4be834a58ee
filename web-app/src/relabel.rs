//! Computes the shown rows from the results, in slices that leave the page free to answer.

use std::rc::Rc;

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::browser::{now_ms, tasks};
use crate::state::store::Store;
use page_view::job::JobState;
use page_view::label_view::LabelView;
use page_view::review::rows;
use page_view::session::Event;
use page_view::smoother::Smoother;
use shared_model::timeline_rows::RowBuilder;

/// Rows of one step: some tenths of a millisecond.
const STEP_ROWS: usize = 1024;
/// Frames whose rows are made in one go: a millisecond or two.
const GROWS_AT_ONCE: usize = 2048;
/// Milliseconds of work before the browser gets its turn.
const SLICE_MS: f64 = 6.0;
/// Least pause in milliseconds between two computations while frames come in.
const PAUSE_MS: f64 = 120.0;
/// The pause is at least so many times what the computation took.
const PAUSE_FACTOR: f64 = 4.0;

/// Frames from this one on were added to the results, or refined.
pub fn results_grew(store: Store, from: usize) {
    store.relabel.update_value(|state| {
        state.grown_from = Some(state.grown_from.map_or(from, |before| before.min(from)));
    });
    run(store);
}

/// Rows that are there may be others now: people are, or frames have gone.
pub fn rows_outdated(store: Store) {
    store.relabel.update_value(|state| state.rows = true);
    run(store);
}

/// The results are others altogether: what is under way no longer counts.
pub fn results_replaced(store: Store) {
    store.relabel.update_value(|state| {
        state.rows = true;
        state.generation = state.generation.wrapping_add(1);
    });
    run(store);
}

/// The smoothing has changed.
pub fn smoothing_changed(store: Store) {
    store.relabel.update_value(|state| state.labels = true);
    run(store);
}

/// Waits until what is shown is all that is known.
pub async fn settled(store: Store) {
    while !store.relabel.get_value().is_idle() {
        store.relabel.update_value(|state| state.urgent = true);
        tasks::sleep(10).await;
    }
}

fn run(store: Store) {
    if store.relabel.get_value().running {
        return;
    }
    store.relabel.update_value(|state| state.running = true);
    spawn_local(async move {
        loop {
            let state = store.relabel.get_value();
            if state.rows {
                store.relabel.update_value(|state| {
                    state.rows = false;
                    state.grown_from = None;
                    state.labels = false;
                });
                let started = now_ms();
                build(store, state.generation).await;
                pause(store, now_ms() - started).await;
            } else if state.labels {
                store.relabel.update_value(|state| state.labels = false);
                smooth_in_place(store).await;
            } else if let Some(from) = state.grown_from {
                store.relabel.update_value(|state| state.grown_from = None);
                let started = now_ms();
                grow(store, from);
                pause(store, now_ms() - started).await;
            } else {
                break;
            }
        }
        store.relabel.update_value(|state| {
            state.running = false;
            state.urgent = false;
        });
        // A job is done when its last labels are shown.
        store.tell(Event::LabelsComplete);
    });
}

/// Builds all rows anew, unless the results are replaced meanwhile.
async fn build(store: Store, generation: u32) {
    let (smoothing, window) = settings(store);
    let people = store
        .desk
        .with_value(|desk| desk.review.document().people().clone());
    let mut builder = store.with_stage(|reading| RowBuilder::of_people(&reading.timeline, people));
    let mut slice = Slice::start();
    loop {
        if store.relabel.get_value().generation != generation {
            return;
        }
        let done = store.with_stage(|reading| builder.step(&reading.timeline, STEP_ROWS));
        if done {
            break;
        }
        slice.rest().await;
    }
    let mut view = LabelView::from(builder.finish());
    let mut smoother = Smoother::new(smoothing, window);
    while !smoother.step(&mut view, STEP_ROWS) {
        slice.rest().await;
    }
    if store.relabel.get_value().generation == generation {
        show(store, view);
        store
            .relabel
            .update_value(|state| state.made_by = Some((smoothing, window)));
    }
}

/// Makes the rows that have changed; where those are too many for one go, or the others were made in another way, all of them are made
/// anew.
fn grow(store: Store, from: usize) {
    let setting = settings(store);
    let is_same = store.relabel.get_value().made_by == Some(setting);
    let is_few = |frames: std::ops::Range<usize>| frames.len() <= GROWS_AT_ONCE;
    let mut is_done = false;
    store.session.with_value(|session| {
        store.desk.with_value(|desk| {
            let document = desk.review.document();
            let timeline = &session.stage().timeline;
            // A video that is read again changes from its start: not looked through each time for what is known.
            if !is_same || !is_few(from..timeline.frames().len()) {
                return;
            }
            store.analysis.update_value(|analysis| {
                let view = Rc::make_mut(&mut analysis.view);
                let outdated = view.outdated(timeline, document.people(), from);
                is_done = is_few(outdated.clone());
                if is_done {
                    view.grow(timeline, document.people().clone(), outdated.start, setting);
                    rows::write_from(view, document, outdated.start);
                }
            });
        });
    });
    if is_done {
        store.results_changed();
    } else {
        store.relabel.update_value(|state| state.rows = true);
    }
}

fn show(store: Store, mut view: LabelView) {
    // Labels by hand outlive every computation.
    store
        .desk
        .with_value(|desk| rows::write_all(&mut view, desk.review.document()));
    store
        .analysis
        .update_value(|analysis| analysis.view = Rc::new(view));
    store.results_changed();
}

/// Gives the shown rows new labels; starts again when the setting changes meanwhile.
async fn smooth_in_place(store: Store) {
    let (smoothing, window) = settings(store);
    let mut smoother = Smoother::new(smoothing, window);
    let mut slice = Slice::start();
    store.relabel.update_value(|state| state.made_by = None);
    loop {
        let state = store.relabel.get_value();
        if state.labels || state.rows {
            return;
        }
        let mut done = false;
        store.analysis.update_value(|analysis| {
            done = smoother.step(Rc::make_mut(&mut analysis.view), STEP_ROWS);
        });
        if done {
            break;
        }
        slice.rest().await;
    }
    store
        .relabel
        .update_value(|state| state.made_by = Some((smoothing, window)));
    store.results_changed();
}

fn settings(store: Store) -> (shared_model::smoothing::Smoothing, usize) {
    (store.smoothing.get_untracked(), store.window.get_untracked())
}

/// Keeps the share of time that goes into labels small while frames still come in.
async fn pause(store: Store, took_ms: f64) {
    let until = now_ms() + (took_ms * PAUSE_FACTOR).max(PAUSE_MS);
    while now_ms() < until && !store.relabel.get_value().urgent && !is_finishing(store) {
        tasks::sleep(20).await;
    }
}

fn is_finishing(store: Store) -> bool {
    store
        .job
        .with_untracked(|job| job.as_ref().is_some_and(|job| job.state == JobState::Finishing))
}

/// The job's frames are all in.
pub fn frames_complete(store: Store) {
    run(store);
}

/// A stretch of work.
struct Slice {
    since: f64,
}

impl Slice {
    fn start() -> Self {
        Self { since: now_ms() }
    }

    /// Lets the browser work when the time is up.
    async fn rest(&mut self) {
        if now_ms() - self.since > SLICE_MS {
            tasks::next_task().await;
            self.since = now_ms();
        }
    }
}
