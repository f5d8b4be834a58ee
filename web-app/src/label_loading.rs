//! Label files laid beside the video's own labels.

use std::rc::Rc;

use leptos::prelude::*;
use page_view::agreement::Side;
use page_view::comparison::{LoadedLabels, Misfit};
use page_view::job::JobState;
use wasm_bindgen_futures::spawn_local;
use web_sys::File;

use crate::browser::text_of;
use crate::state::notice::Tone;
use crate::state::question::Question;
use crate::state::source::Source;
use crate::state::store::Store;
use crate::strings;

/// Labels that came before the video was read are taken when it has been.
pub fn follow(store: Store) {
    Effect::new(move |_| {
        store.revision.track();
        store.job.track();
        take_waiting(store);
    });
}

/// Reads a label file, whatever it is called, and lays it beside `video`: the one it was opened for, wherever that is when the
/// file has been read. Nothing changes where it cannot be read.
pub fn open(store: Store, file: File, video: Option<Source>) {
    spawn_local(async move {
        let name = file.name();
        let text = match text_of(&file).await {
            Ok(text) => text,
            Err(error) => {
                store.fail(strings::not_readable(&name, &crate::browser::error_text(&error)));
                return;
            }
        };
        let video_name = video.as_ref().map_or("", |video| video.name.as_str());
        match LoadedLabels::read(&name, &text, video_name) {
            Ok(labels) => {
                say_what_is_odd(store, &labels, video_name);
                if let Some(video) = video.as_ref().filter(|video| !is_open(store, video)) {
                    let text = strings::labels_without_video(&name, &video.name);
                    return store.notify(Tone::Warning, text, None);
                }
                store
                    .waiting_labels
                    .update_value(|waiting| waiting.add(video, labels));
                take_waiting(store);
                store.results_changed();
            }
            Err(error) => store.fail(strings::labels_refused(&name, &error.to_string())),
        }
    });
}

/// Whether a source is on the stage, about to come on it, or read behind it, or stands in the list.
fn is_open(store: Store, source: &Source) -> bool {
    let is_it = |other: Option<&Source>| other.is_some_and(|other| other.is_same(source));
    let is_read = store.session.with_value(|session| {
        is_it(session.pending()) || is_it(session.behind().map(|behind| &behind.source))
    });
    is_read
        || store.stage.source.with_untracked(|stage| is_it(stage.as_ref()))
        || store
            .batch
            .with_untracked(|batch| batch.items().iter().any(|item| source.is_of(&item.file)))
}

fn say_what_is_odd(store: Store, labels: &LoadedLabels, video: &str) {
    if !labels.left_out().is_empty() {
        let text = strings::tiers_left_out(&labels.name, labels.left_out());
        store.notify(Tone::Info, text, None);
    }
    let stem = page_view::comparison::stem;
    match &labels.video {
        Some(of) if stem(of) != stem(video) && !video.is_empty() => {
            let text = strings::labels_of_other_video(&labels.name, of, video);
            store.notify(Tone::Warning, text, None);
        }
        _ => {}
    }
}

/// Takes what waits, one after the other, once the number of frames is known.
fn take_waiting(store: Store) {
    let is_reading = untrack(|| store.reads_stage());
    let view = store.view_now();
    let is_asking = store.question.with_untracked(Option::is_some);
    if is_reading || is_asking || view.frame_count() == 0 {
        return;
    }
    let mut next = None;
    store.stage.source.with_untracked(|stage| {
        store
            .waiting_labels
            .update_value(|waiting| next = waiting.take(stage.as_ref()));
    });
    let Some(labels) = next else { return };
    // Of a video that was read in part nobody knows whether the labels fit.
    let is_whole = store.reads_behind()
        || store
            .job
            .with_untracked(|job| job.as_ref().is_none_or(|job| job.state == JobState::Done));
    match labels.misfit(&view).filter(|_| is_whole) {
        None => take(store, &labels),
        Some(misfit) => ask(store, labels, misfit),
    }
}

fn ask(store: Store, labels: Rc<LoadedLabels>, misfit: Misfit) {
    store.ask(Question {
        text: strings::misfit(&labels.name, misfit),
        yes: strings::misfit_answer(misfit).to_owned(),
        no: strings::REFUSE_LABELS.to_owned(),
        act: Rc::new(move || take(store, &labels)),
        otherwise: None,
    });
}

fn take(store: Store, labels: &Rc<LoadedLabels>) {
    let mut place = 0;
    store.analysis.update_value(|analysis| {
        analysis.label_files.retain(|other| other.name != labels.name);
        analysis.label_files.push(Rc::clone(labels));
        analysis.truth = Some(Rc::clone(labels));
        place = analysis.label_files.len() - 1;
    });
    store
        .comparing
        .update(|comparing| comparing.sides = [Side::File(place), Side::Final]);
    store.results_changed();
}

/// Takes a file's labels away; doubt is measured by the last one of the others.
pub fn remove(store: Store, name: &str) {
    store.analysis.update_value(|analysis| {
        analysis.label_files.retain(|labels| labels.name != name);
        analysis.truth = analysis.label_files.last().cloned();
    });
    store
        .comparing
        .update(|comparing| comparing.sides = [Side::File(0), Side::Final]);
    store.results_changed();
}
