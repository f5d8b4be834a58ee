//! What was read of one video, and how far.

use shared_model::resume::ResumePoint;
use shared_model::smoothing::Smoothing;
use shared_model::timeline::{Prediction, Timeline};

use super::engine::Engine;
use crate::kept_analysis::{KEPT_VERSION, KeptProject};
use crate::opened::Opened;

/// What a job that is about to begin has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// Everything is there.
    Nothing,
    /// The video is read; frames that are there stay until they are read again.
    Rest,
    /// The video is read from nothing.
    All,
}

/// What was read of one video, and how far.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// What the recogniser said.
    pub timeline: Timeline,
    /// Name of the model that said it.
    pub model: String,
    /// What was kept of an earlier visit and is shown, until the video is read anew.
    pub kept: Option<KeptProject>,
    /// Whether the job under way fills up what was kept.
    pub resumes: bool,
    /// Frames that the latest job has read.
    pub seen: usize,
    /// Whether all frames of the video are there.
    pub is_whole: bool,
}

/// How labels are smoothed, how many are reviewed and how long all texts are: what is kept beside the frames.
#[derive(Debug, Clone, Copy)]
pub struct KeptFacts<'a> {
    /// The video's content.
    pub key: &'a str,
    /// Its file's name.
    pub video: &'a str,
    /// How labels are smoothed.
    pub smoothing: Smoothing,
    /// Window in frames.
    pub window: usize,
    /// Segments that a person confirmed.
    pub reviewed: usize,
    /// Length of all texts.
    pub bytes: usize,
    /// Milliseconds since 1970.
    pub now_ms: f64,
}

impl Reading {
    /// All that was read of a video, by something other than a job.
    #[must_use]
    pub fn of_results(timeline: Timeline, model: String, is_whole: bool) -> Self {
        Self {
            timeline,
            model,
            is_whole,
            ..Self::default()
        }
    }

    /// What an earlier visit has kept.
    #[must_use]
    pub fn of_kept(kept: KeptProject, timeline: Timeline) -> Self {
        Self {
            timeline,
            model: kept.model.clone(),
            is_whole: kept.is_whole,
            kept: Some(kept),
            ..Self::default()
        }
    }

    /// What is left to read. Results of another model or device stay, unless the person has asked for one by name.
    pub(super) fn left_to_read(&self, engine: Engine<'_>) -> Left {
        let Some(kept) = &self.kept else {
            return Left::All;
        };
        let other_model = kept.model_facts != model_facts(engine);
        let other_device = engine.asks_backend && kept.backend != engine.backend.unwrap_or_default();
        if (engine.asks_model && other_model) || other_device {
            Left::All
        } else if kept.is_whole {
            Left::Nothing
        } else if other_model {
            Left::All
        } else {
            Left::Rest
        }
    }

    /// Where the engine goes on, if the job that begins fills up what is there; `clip_length` is the model's, if it has a
    /// temporal part.
    pub(super) fn resume_point(&self, clip_length: Option<usize>) -> Option<ResumePoint> {
        let frames = self.timeline.frames();
        self.resumes
            .then(|| ResumePoint::of(frames, clip_length))
            .flatten()
    }

    /// The engine has opened the file; says whether it is read from nothing.
    pub(super) fn open(&mut self, model: &str, opened: &Opened) -> bool {
        let is_anew = !self.resumes;
        if is_anew {
            *self = Self::default();
            model.clone_into(&mut self.model);
            self.timeline.set_unrelated(opened.is_picture());
        } else {
            (self.resumes, self.seen) = (false, 0);
        }
        // Also of frames that were kept before the page knew it.
        self.timeline.set_start_s(opened.start_s);
        is_anew
    }

    /// Takes what the recogniser says; gives the first frame whose rows may be others now.
    pub(super) fn take(&mut self, predictions: Vec<Prediction>) -> usize {
        let mut first = usize::MAX;
        for prediction in predictions {
            let from = match &prediction {
                Prediction::Seen { frame, .. } => {
                    self.seen = frame + 1;
                    // One that is read again may show others than it did.
                    let is_new = *frame >= self.timeline.frames().len();
                    if is_new { *frame } else { 0 }
                }
                Prediction::Refined { frame, .. } => *frame,
            };
            first = first.min(from);
            self.timeline.replace(prediction);
        }
        first
    }

    /// All frames are in; says whether there were more before.
    pub(super) fn complete(&mut self) -> bool {
        let has_less = self.timeline.frames().len() > self.seen;
        self.timeline.truncate(self.seen);
        self.is_whole = true;
        if let Some(kept) = &mut self.kept {
            kept.is_whole = true;
        }
        has_less
    }

    /// What is written beside its frames.
    #[must_use]
    pub fn described(&self, facts: KeptFacts<'_>, engine: Engine<'_>) -> KeptProject {
        let (model_facts, backend) = match &self.kept {
            Some(kept) => (kept.model_facts.clone(), kept.backend.clone()),
            None => (model_facts(engine), engine.backend.unwrap_or_default().to_owned()),
        };
        KeptProject {
            version: KEPT_VERSION,
            key: facts.key.to_owned(),
            video: facts.video.to_owned(),
            model: self.model.clone(),
            model_facts,
            backend,
            smoothing: facts.smoothing,
            window: facts.window,
            frames: self.timeline.frames().len(),
            is_whole: self.is_whole,
            start_s: self.timeline.start_s(),
            is_unrelated: self.timeline.is_unrelated(),
            reviewed: facts.reviewed,
            segments: 0,
            bytes: facts.bytes,
            written_ms: facts.now_ms,
        }
    }
}

/// All that the page knows of the model in force, as text.
fn model_facts(engine: Engine<'_>) -> String {
    let facts = engine.model.map(serde_json::to_string);
    facts.and_then(Result::ok).unwrap_or_default()
}
