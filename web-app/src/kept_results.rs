//! Results of an earlier visit: what is left to read where there are some, and what is written of those at hand.

use leptos::prelude::*;
use page_view::job::{Job, JobState};
use page_view::kept_analysis::{KEPT_VERSION, KeptProject};
use shared_model::resume::ResumePoint;

use crate::relabel;
use crate::state::analysis::Analysis;
use crate::state::source::SourceKind;
use crate::state::store::Store;

/// What a job that is about to begin has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Everything is there.
    Nothing,
    /// The video is read; frames that are there stay until they are read again.
    Rest,
    /// The video is read from nothing.
    All,
}

/// What is left to read. Results of another model or device stay, unless the person has asked for one by name.
#[must_use]
pub fn left_to_read(store: Store) -> Left {
    let Some(kept) = store.with_read(|analysis| analysis.kept.clone()) else {
        return Left::All;
    };
    let facts = model_facts(store);
    let backend = backend(store);
    let asked = store.asked.get_value();
    let asks_model = store.model_chosen.get_value() || asked.model.is_some();
    let other_model = kept.model_facts != facts;
    let other_device = asked.backend.is_some() && kept.backend != backend;
    if (asks_model && other_model) || other_device {
        Left::All
    } else if kept.is_whole {
        Left::Nothing
    } else if other_model {
        Left::All
    } else {
        Left::Rest
    }
}

/// Where the engine goes on, if the job that begins fills up what is there. Of a picture nothing can be missing.
#[must_use]
pub fn resume_point(store: Store, kind: SourceKind) -> Option<ResumePoint> {
    let clip_length = store.engine.with_untracked(|engine| {
        let model = engine.model.as_ref()?;
        model.has_temporal.then_some(model.clip_length)
    });
    store.with_read(|analysis| {
        let fills_up = analysis.resumes && kind == SourceKind::Video;
        let frames = analysis.timeline.frames();
        fills_up.then(|| ResumePoint::of(frames, clip_length)).flatten()
    })
}

/// The job that waits has nothing to do.
pub fn finish_at_once(store: Store, job: &Job) {
    if store.reads_behind() {
        store.update_job(job.id, |job| job.state = JobState::Done);
        return;
    }
    store.update_job(job.id, |job| job.state = JobState::Finishing);
    relabel::frames_complete(store);
}

/// What is written beside the frames of `analysis`.
#[must_use]
pub fn describe(
    store: Store,
    analysis: &Analysis,
    key: &str,
    video: String,
    reviewed: usize,
    bytes: usize,
) -> KeptProject {
    let (model_facts, backend) = match &analysis.kept {
        Some(kept) => (kept.model_facts.clone(), kept.backend.clone()),
        None => (model_facts(store), backend(store)),
    };
    KeptProject {
        version: KEPT_VERSION,
        key: key.to_owned(),
        video,
        model: analysis.model.clone(),
        model_facts,
        backend,
        smoothing: store.smoothing.get_untracked(),
        window: store.window.get_untracked(),
        frames: analysis.timeline.frames().len(),
        is_whole: analysis.is_whole,
        start_s: analysis.timeline.start_s(),
        is_unrelated: analysis.timeline.is_unrelated(),
        reviewed,
        segments: 0,
        bytes,
        written_ms: js_sys::Date::now(),
    }
}

fn model_facts(store: Store) -> String {
    store.engine.with_untracked(|engine| {
        let facts = engine.model.as_ref().map(serde_json::to_string);
        facts.and_then(Result::ok).unwrap_or_default()
    })
}

fn backend(store: Store) -> String {
    store
        .engine
        .with_untracked(|engine| engine.backend.clone().unwrap_or_default())
}
