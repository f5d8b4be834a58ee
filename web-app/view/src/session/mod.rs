//! The page's core without a browser: what is read, how far it is, and what is kept of it.
//!
//! [`Session::handle`] takes what happens (the person's wishes, the engine's messages, the storage's answers) and gives what is
//! to be done. It decides; the page does as it is told and shows what stands here. So sequences of events can be tried natively
//! by the thousand (`sequences.rs`).

mod behind;
mod effect;
mod engine;
mod event;
mod jobs;
mod keeper;
mod reading;
#[cfg(test)]
mod sequences;

use shared_model::timeline::{Prediction, Timeline};
use web_messages::JobId;

use crate::job::{EnginePhase, Job, JobKind, JobState};
use crate::keeping::Keeping;
use crate::kept_analysis::KeptProject;
use crate::opened::Opened;
use crate::review::document::ReviewDocument;

pub use behind::Behind;
pub use effect::Effect;
pub use engine::Engine;
pub use event::{Answer, Event};
pub use keeper::{Keeper, StorageEvent, Write};
pub use reading::{KeptFacts, Reading};

use jobs::Jobs;
use reading::Left;

/// What is read, how far it is, and what is kept of it.
#[derive(Debug)]
pub struct Session<S> {
    jobs: Jobs,
    /// What comes on the stage when the engine has opened it.
    pending: Option<S>,
    behind: Option<Behind<S>>,
    stage: Reading,
    keeper: Keeper,
}

impl<S> Default for Session<S> {
    fn default() -> Self {
        Self {
            jobs: Jobs::default(),
            pending: None,
            behind: None,
            stage: Reading::default(),
            keeper: Keeper::default(),
        }
    }
}

impl<S: Clone> Session<S> {
    /// The latest job.
    #[must_use]
    pub fn job(&self) -> Option<&Job> {
        self.jobs.latest()
    }

    /// Number of a job that is nobody's but the caller's.
    pub fn next_job(&mut self) -> JobId {
        self.jobs.next_number()
    }

    /// Whether this job is the latest one and under way; answers to others come late and are dropped.
    #[must_use]
    pub fn is_current(&self, id: JobId) -> bool {
        self.jobs.is_current(id)
    }

    /// What comes on the stage when the engine has opened it.
    #[must_use]
    pub fn pending(&self) -> Option<&S> {
        self.pending.as_ref()
    }

    /// Sets what comes on the stage when the engine has opened it.
    pub fn set_pending(&mut self, pending: Option<S>) {
        self.pending = pending;
    }

    /// What is read behind the stage.
    #[must_use]
    pub fn behind(&self) -> Option<&Behind<S>> {
        self.behind.as_ref()
    }

    /// What is about to come on the stage is read behind it instead.
    pub fn send_pending_behind(&mut self) {
        self.behind = self.pending.take().map(Behind::of);
    }

    /// What is on the stage is read on behind it; the stage is empty then. `is_looking`: what was kept of it was still being
    /// looked for, and [`Event::LookedUp`] will say it.
    pub fn send_behind(
        &mut self,
        source: S,
        opened: Option<Opened>,
        document: ReviewDocument,
        is_looking: bool,
    ) {
        self.behind = Some(Behind {
            reading: std::mem::take(&mut self.stage),
            opened,
            document,
            is_looking,
            ..Behind::of(source)
        });
    }

    /// Takes away what is read behind the stage.
    pub fn take_behind(&mut self) -> Option<Behind<S>> {
        self.behind.take()
    }

    /// What was read of the source on the stage.
    #[must_use]
    pub fn stage(&self) -> &Reading {
        &self.stage
    }

    /// Shows what was read elsewhere, or nothing.
    pub fn set_stage(&mut self, reading: Reading) {
        self.stage = reading;
    }

    /// What the job adds to: what was read of the stage, or of what is read behind it.
    #[must_use]
    pub fn read(&self) -> &Reading {
        self.behind.as_ref().map_or(&self.stage, |behind| &behind.reading)
    }

    /// What becomes of the review on the stage.
    #[must_use]
    pub fn keeper(&self) -> &Keeper {
        &self.keeper
    }

    /// Takes out what is to be written, as far as one write should hold it.
    ///
    /// # Errors
    /// When frames cannot be made into text.
    pub fn take_write(&mut self) -> Result<Option<Write>, String> {
        self.keeper.take(&self.stage)
    }

    /// Takes out what is to be written before the source on the stage leaves it.
    ///
    /// # Errors
    /// As [`Session::take_write`].
    pub fn take_last_write(&mut self) -> Result<Option<Write>, String> {
        self.keeper.take_last(&self.stage)
    }

    /// Takes what happens; gives what is to be done, in this order.
    pub fn handle(&mut self, event: Event<S>, engine: Engine<'_>) -> Vec<Effect<S>> {
        let mut effects = Vec::new();
        self.take(event, engine, &mut effects);
        effects
    }

    fn take(&mut self, event: Event<S>, engine: Engine<'_>, effects: &mut Vec<Effect<S>>) {
        match event {
            Event::Begin(kind) => self.begin(kind, engine, effects),
            Event::BeginAgain => {
                self.stage.kept = None;
                self.begin(JobKind::File, engine, effects);
            }
            Event::BeginBehind(source) => {
                self.behind = Some(Behind {
                    is_looking: true,
                    ..Behind::of(source)
                });
                self.jobs.queue(JobKind::File);
            }
            Event::LookedUp {
                job,
                document,
                results,
            } => {
                if !self.is_current(job) {
                    return;
                }
                if let Some(behind) = &mut self.behind {
                    behind.is_looking = false;
                    behind.document = document;
                    if let Some((kept, timeline)) = results {
                        behind.reading = Reading::of_kept(kept, timeline);
                    }
                }
                self.proceed(engine, effects);
            }
            Event::MayProceed => self.proceed(engine, effects),
            Event::Cancel => self.cancel(effects),
            Event::Forget => self.jobs.forget(),
            Event::BeginShown => {
                let id = self.jobs.queue(JobKind::File);
                self.jobs.update(id, |job| {
                    (job.state, job.fraction) = (JobState::Running, 1.0);
                });
            }
            Event::AllShown { job } => {
                if self.is_current(job) {
                    self.finishing(job, effects);
                }
            }
            Event::LabelsComplete => self.labels_complete(effects),
            Event::EngineBroke => {
                self.jobs.fail_latest();
                if *engine.phase == EnginePhase::Ready {
                    self.pending = None;
                }
            }
            Event::Answer { job, answer } => {
                if self.is_current(job) {
                    self.answered(job, answer, engine, effects);
                }
            }
            Event::Kept { kept, timeline } => self.kept(kept, timeline, engine, effects),
            Event::Storage(event) => {
                if self.keeper.hear(event, &self.stage) {
                    effects.push(Effect::Write);
                }
            }
        }
    }

    /// Takes what is said of the job that is under way.
    fn answered(&mut self, job: JobId, answer: Answer, engine: Engine<'_>, effects: &mut Vec<Effect<S>>) {
        match answer {
            Answer::Opened(opened) => self.opened(opened, engine, effects),
            Answer::Resumed(frames) => self.read_mut().seen = frames,
            Answer::Predictions(predictions) => self.predictions(predictions, effects),
            Answer::Progress {
                fraction,
                frames_per_s,
                seconds_left,
            } => self.jobs.update(job, |job| {
                if job.kind == JobKind::File {
                    job.fraction = fraction;
                    job.seconds_left = seconds_left;
                }
                job.frames_per_s = frames_per_s;
            }),
            Answer::Stepped(fraction) => self.jobs.update(job, |job| {
                if job.kind == JobKind::Stepped {
                    job.fraction = fraction;
                }
            }),
            Answer::Done => self.done(job, effects),
            Answer::Failed => self.failed(job, effects),
            Answer::Cancelled => self.cancelled(job, engine, effects),
        }
    }

    fn read_mut(&mut self) -> &mut Reading {
        match &mut self.behind {
            Some(behind) => &mut behind.reading,
            None => &mut self.stage,
        }
    }

    fn begin(&mut self, kind: JobKind, engine: Engine<'_>, effects: &mut Vec<Effect<S>>) {
        effects.push(Effect::StopFeed);
        self.jobs.queue(kind);
        self.proceed(engine, effects);
    }

    /// Sends the waiting job, if there is one and the engine is ready.
    fn proceed(&mut self, engine: Engine<'_>, effects: &mut Vec<Effect<S>>) {
        let waiting = self.jobs.latest().filter(|job| job.state == JobState::Queued);
        let Some((id, kind)) = waiting.map(|job| (job.id, job.kind)) else {
            return;
        };
        if *engine.phase != EnginePhase::Ready {
            return;
        }
        // What waits for the engine's word has nothing to do with what is shown.
        let is_pending = self.pending.is_some();
        if kind == JobKind::File && !is_pending {
            // What is kept of the video may be all of it.
            if self.is_looking() {
                return;
            }
            match self.read().left_to_read(engine) {
                Left::Nothing if self.behind.is_some() => {
                    return self.jobs.update(id, |job| job.state = JobState::Done);
                }
                Left::Nothing => return self.finishing(id, effects),
                left => self.read_mut().resumes = left == Left::Rest,
            }
        }
        self.jobs.update(id, |job| job.state = JobState::Running);
        effects.push(match kind {
            JobKind::File => {
                let clip_length = engine
                    .model
                    .and_then(|model| model.has_temporal.then_some(model.clip_length));
                let resume = self.read().resume_point(clip_length).filter(|_| !is_pending);
                let behind = self.behind.as_ref().map(|behind| behind.source.clone());
                Effect::Read {
                    job: id,
                    source: self.pending.clone().or(behind),
                    resume: resume.map(Box::new),
                }
            }
            JobKind::Live | JobKind::Stepped => Effect::StartFrames {
                job: id,
                is_live: kind == JobKind::Live,
            },
        });
    }

    /// Whether what was kept of the video that the job reads is still being looked for.
    fn is_looking(&self) -> bool {
        match &self.behind {
            Some(behind) => behind.is_looking,
            None => *self.keeper.keeping() == Keeping::Opening,
        }
    }

    fn cancel(&mut self, effects: &mut Vec<Effect<S>>) {
        let Some(job) = self.jobs.latest().filter(|job| job.is_under_way()) else {
            return;
        };
        effects.push(Effect::StopFeed);
        let (id, is_sent) = (job.id, job.state != JobState::Queued);
        if is_sent {
            effects.push(Effect::Cancel { job: id });
        }
        self.pending = None;
        self.jobs.update(id, |job| job.state = JobState::Cancelled);
    }

    /// Its frames are all there; it is done when its labels are shown.
    fn finishing(&mut self, id: JobId, effects: &mut Vec<Effect<S>>) {
        self.jobs.update(id, |job| job.state = JobState::Finishing);
        effects.push(Effect::CompleteLabels);
    }

    fn labels_complete(&mut self, effects: &mut Vec<Effect<S>>) {
        let finishing = self.jobs.latest().filter(|job| job.state == JobState::Finishing);
        if let Some(id) = finishing
            .filter(|job| job.kind != JobKind::Live)
            .map(|job| job.id)
        {
            // What went wrong earlier does not hide that this one went well.
            effects.push(Effect::ForgetFault);
            self.jobs.update(id, |job| job.state = JobState::Done);
        }
    }

    fn opened(&mut self, opened: Opened, engine: Engine<'_>, effects: &mut Vec<Effect<S>>) {
        let model = engine.model.map_or("", |model| model.name.as_str());
        let is_anew = self.read_mut().open(model, &opened);
        if let Some(behind) = &mut self.behind {
            behind.opened = Some(opened);
            return;
        }
        if is_anew {
            effects.push(Effect::ForgetRows);
        }
        self.keeper.mark_unwritten();
        effects.push(Effect::Write);
        effects.push(Effect::ShowSize(opened));
        effects.push(Effect::RowsReplaced);
    }

    fn predictions(&mut self, predictions: Vec<Prediction>, effects: &mut Vec<Effect<S>>) {
        if self.jobs.latest().is_some_and(|job| job.kind == JobKind::Live) {
            return effects.push(Effect::ShowLive(predictions));
        }
        if self.behind.is_none() {
            self.keeper.note(&predictions);
        }
        let from = self.read_mut().take(predictions);
        if self.behind.is_none() {
            effects.push(Effect::Write);
            effects.push(Effect::RowsGrew(from));
        }
    }

    fn done(&mut self, id: JobId, effects: &mut Vec<Effect<S>>) {
        let has_less = self.read_mut().complete();
        let speed = self.jobs.latest().filter(|job| job.kind == JobKind::File);
        let frames_per_s = speed.map_or(0.0, |job| job.frames_per_s);
        if frames_per_s > 0.0 {
            // How fast a film was read says how fast the next one will be, also with another model.
            effects.push(Effect::Measured {
                model: self.read().model.clone(),
                frames_per_s,
            });
        }
        if self.behind.is_some() {
            // Nobody looks at its labels. What went wrong earlier does not hide that this one went well.
            effects.push(Effect::ForgetFault);
            return self.jobs.update(id, |job| job.state = JobState::Done);
        }
        if has_less {
            effects.push(Effect::RowsOutdated);
        }
        self.keeper.mark_unwritten();
        effects.push(Effect::Write);
        self.finishing(id, effects);
    }

    /// What was read before stays.
    fn failed(&mut self, id: JobId, effects: &mut Vec<Effect<S>>) {
        effects.push(Effect::StopFeed);
        self.jobs.update(id, |job| job.state = JobState::Failed);
        let was_pending = self.pending.take().is_some();
        // What cannot be shown either does not stay on the stage.
        if self.behind.is_none() && !was_pending && self.stage.timeline.frames().is_empty() {
            effects.push(Effect::NothingWasRead);
        }
    }

    /// A job ended before its end. One that the person did not cancel gave way to another model: a file is read again with it.
    fn cancelled(&mut self, id: JobId, engine: Engine<'_>, effects: &mut Vec<Effect<S>>) {
        if self.jobs.latest().is_some_and(|job| job.kind == JobKind::File) {
            self.begin(JobKind::File, engine, effects);
        } else {
            self.jobs.update(id, |job| job.state = JobState::Cancelled);
        }
    }

    /// What was kept of the video on the stage is shown, unless there are results of it already; a job under way goes on from
    /// there, or has nothing to do any more.
    fn kept(
        &mut self,
        kept: KeptProject,
        timeline: Timeline,
        engine: Engine<'_>,
        effects: &mut Vec<Effect<S>>,
    ) {
        let (count, read) = (timeline.frames().len(), self.stage.timeline.frames().len());
        // The job may be that of another video, behind the stage or about to come on it.
        let is_of_stage = self.behind.is_none() && self.pending.is_none();
        let is_running = is_of_stage
            && self
                .jobs
                .latest()
                .is_some_and(|job| job.state == JobState::Running);
        if count == 0 || (read > 0 && !is_running) {
            return;
        }
        let left = if is_of_stage {
            Reading::of_kept(kept.clone(), Timeline::new()).left_to_read(engine)
        } else {
            // Of another video's job nothing is said here.
            Left::Nothing
        };
        if is_running && left == Left::All {
            return;
        }
        self.stage.model.clone_from(&kept.model);
        self.stage.is_whole = kept.is_whole;
        self.stage.kept = Some(kept.clone());
        // The engine may have been quicker, and further than the visit before. What is whole has all its temporal labels too.
        let is_news = !is_running || count > read || left == Left::Nothing;
        if is_news {
            self.stage.timeline = timeline;
        }
        if is_running && left == Left::Nothing {
            // All that the job would give is there: it ends as one that is done.
            if let Some(job) = self.jobs.latest().map(|job| job.id) {
                effects.extend([Effect::StopFeed, Effect::Cancel { job }]);
            }
            let id = self.jobs.queue(JobKind::File);
            self.jobs.update(id, |job| job.state = JobState::Finishing);
        } else if is_running && is_news {
            self.begin(JobKind::File, engine, effects);
        }
        effects.push(Effect::ShowKept {
            smoothing: kept.smoothing,
            window: kept.window.max(1),
            news: is_news.then_some((count, kept.is_whole)),
        });
        effects.push(Effect::RowsReplaced);
    }
}
