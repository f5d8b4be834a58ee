//! The one store: every signal of the page.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use leptos::prelude::*;
use shared_model::expression::ClassScores;
use shared_model::smoothing::{DEFAULT_WINDOW, Smoothing};
use shared_model::timeline::FrameRow;
use wasm_bindgen::JsValue;
use web_messages::{JobId, ToEngine};
use web_sys::{File, HtmlVideoElement};

use super::analysis::Analysis;
use super::comparing::Comparing;
use super::engine_order::EngineOrder;
use super::engine_state::EngineState;
use super::feed::Feed;
use super::learning::Learning;
use super::live_desk::LiveDesk;
use super::notice::{NoticeBoard, Offer, Tone};
use super::question::Question;
use super::relabel::Relabel;
use super::review_desk::ReviewDesk;
use super::source::{Source, SourceKind};
use super::stage_state::{StageSignals, StageState};
use super::waiting_labels::WaitingLabels;
use super::workbench::Workbench;
use super::zip_order::Zipping;
use crate::browser::known_files::KnownFiles;
use crate::browser::{error_text, now_ms};
use crate::engine_link::EngineLink;
use crate::network_count::NetworkCount;
use page_view::batch::Batch;
use page_view::job::{self, Job};
use page_view::keeping::Keeping;
use page_view::kept_analysis::{KeptProject, is_fingerprint};
use page_view::label_view::LabelView;
use page_view::review::doubt::Conflicts;
use page_view::review::queue::ReviewQueue;
use page_view::review::queue_filter::QueueFilter;
use page_view::session::{Answer, Effect, Event, Reading, Session, StorageEvent};
use page_view::shipped_model::{Asked, ShippedModel, is_same_model};
use page_view::sureness::{Manner, Saying};
use page_view::timeline_layout::PlotStyle;

/// What does as the session asks.
pub type Executor = fn(Store, Effect<Source>);

/// All state. Cheap to copy: it holds handles.
#[derive(Clone, Copy)]
pub struct Store {
    /// The engine.
    pub engine: RwSignal<EngineState>,
    /// Counts up whenever the engine is to be started anew.
    pub engine_starts: RwSignal<u32>,
    /// The way to the engine, once its worker runs.
    pub link: StoredValue<Option<Rc<EngineLink>>, LocalStorage>,
    /// Shipped models.
    pub models: RwSignal<Vec<ShippedModel>>,
    /// The model that has read a video here last, and how many frames per second.
    pub measured: RwSignal<Option<(String, f64)>>,
    /// What is read, how far it is, and what is kept of it. Changed by [`Store::tell`].
    pub session: StoredValue<Session<Source>, LocalStorage>,
    /// Does what the session asks for; set once, at the start.
    pub executor: StoredValue<Option<Executor>>,
    /// The latest job, as the session has it.
    pub job: RwSignal<Option<Job>>,
    /// What went wrong last, until the person does something else.
    pub fault: RwSignal<Option<String>>,
    /// What was said to the person.
    pub notices: RwSignal<NoticeBoard>,
    /// What belongs to the source on the stage.
    pub stage: StageSignals,
    /// What is shown of the results. Read with `revision`.
    pub analysis: StoredValue<Analysis, LocalStorage>,
    /// Counts up whenever what is shown of the results has changed.
    pub revision: RwSignal<u32>,
    /// What was shown of the video that is read behind the stage, with the labels laid beside it.
    pub shown_behind: StoredValue<Option<Analysis>, LocalStorage>,
    /// Labels of files that wait for their video.
    pub waiting_labels: StoredValue<WaitingLabels, LocalStorage>,
    /// Progress of the computation of labels.
    pub relabel: StoredValue<Relabel>,
    /// How labels are smoothed.
    pub smoothing: RwSignal<Smoothing>,
    /// Window in frames.
    pub window: RwSignal<usize>,
    /// Whether the person has chosen the window, so that a model's own no longer counts.
    pub window_chosen: StoredValue<bool>,
    /// What the engine does for somebody who waits for it: frames to draw on, or learning.
    pub order: RwSignal<Option<EngineOrder>, LocalStorage>,
    /// The model that learns from corrections.
    pub learning: RwSignal<Learning, LocalStorage>,
    /// Handles of files that were opened, as far as the browser gave any.
    pub known_files: StoredValue<KnownFiles, LocalStorage>,
    /// Where the frames of a job come from that the page feeds itself.
    pub feed: StoredValue<Option<Feed>, LocalStorage>,
    /// The player on the stage.
    pub video: StoredValue<Option<HtmlVideoElement>, LocalStorage>,
    /// How probabilities are drawn.
    pub plot_style: RwSignal<PlotStyle>,
    /// The review under way. Read with `review_revision`.
    pub desk: StoredValue<ReviewDesk, LocalStorage>,
    /// Counts up whenever labels by hand have changed.
    pub review_revision: RwSignal<u32>,
    /// Whether the review is kept, as the session has it.
    pub keeping: RwSignal<Keeping>,
    /// Which segments the queue offers.
    pub queue_filter: RwSignal<QueueFilter>,
    /// Segments, and which of them to look at next.
    pub queue: RwSignal<Arc<ReviewQueue>>,
    /// Frames whose labels differ from loaded ones.
    pub conflicts: StoredValue<Option<Conflicts>>,
    /// Whether the person has chosen the model, in the address or by hand.
    pub model_chosen: StoredValue<bool>,
    /// Kept projects, while their list is open.
    pub projects: RwSignal<Option<Vec<KeptProject>>>,
    /// Videos that are read one after the other.
    pub batch: RwSignal<Batch<File>, LocalStorage>,
    /// The zip on its way.
    pub zipping: RwSignal<Option<Zipping>>,
    /// Which lanes are compared.
    pub comparing: RwSignal<Comparing>,
    /// What the page asks the person, until it is answered.
    pub question: RwSignal<Option<Question>, LocalStorage>,
    /// What it asks after that.
    questions: StoredValue<VecDeque<Question>, LocalStorage>,
    /// The webcam.
    pub live: LiveDesk,
    /// Tools of the timeline, and settings.
    pub bench: Workbench,
    /// What the address asks of the engine, or the person in its place.
    pub asked: StoredValue<Asked>,
    /// Whether the list of all notices is open.
    pub lists_notices: RwSignal<bool>,
    /// How often the network was asked since the page has loaded.
    pub network: NetworkCount,
    /// Whether the help is open.
    pub help: RwSignal<bool>,
    /// Counts up when colours change (light or dark).
    pub theme: RwSignal<u32>,
}

impl Store {
    /// How labels are said now: by the threshold of the model that they are from. Rows of a model that is not in force any more, or
    /// from a file, have no threshold.
    #[must_use]
    pub fn manner(self) -> Manner {
        let is_live = untrack(|| self.is_live());
        let not_sure_below = self.session.with_value(|session| {
            self.engine.with_untracked(|engine| {
                let model = engine.model.as_ref();
                let made_by = &session.stage().model;
                let model = model.filter(|model| is_live || is_same_model(&model.name, made_by));
                model.map_or(0.0, |model| model.not_sure_below)
            })
        });
        Manner {
            not_sure_below,
            hides_undecided: self.bench.is_blind.get_untracked() && !is_live,
        }
    }

    /// What is said of a row now.
    #[must_use]
    pub fn saying(self, row: &FrameRow) -> Option<Saying> {
        self.manner().say(row)
    }

    /// Asks something, once what is asked already is answered.
    pub fn ask(self, question: Question) {
        if self.question.with_untracked(Option::is_some) {
            self.questions.update_value(|waiting| waiting.push_back(question));
        } else {
            self.question.set(Some(question));
        }
    }

    /// Takes an answer, and asks what waits.
    pub fn answer(self, is_yes: bool) {
        let question = self.question.get_untracked();
        let mut next = None;
        self.questions.update_value(|waiting| next = waiting.pop_front());
        self.question.set(next);
        let Some(question) = question else { return };
        if is_yes {
            (question.act)();
        } else if let Some(otherwise) = &question.otherwise {
            otherwise();
        }
    }

    /// The probabilities of a row, where they may be shown.
    #[must_use]
    pub fn shown_probabilities(self, row: &FrameRow) -> Option<ClassScores> {
        row.probabilities.filter(|_| !self.manner().hides(row))
    }

    /// Whether the webcam is on the stage; tracks changes.
    #[must_use]
    pub fn is_live(self) -> bool {
        self.stage.source.with(|source| {
            source
                .as_ref()
                .is_some_and(|source| source.kind == SourceKind::Webcam)
        })
    }

    /// An empty page.
    #[must_use]
    pub fn new() -> Self {
        Self {
            engine: RwSignal::new(EngineState::default()),
            engine_starts: RwSignal::new(0),
            link: StoredValue::new_local(None),
            models: RwSignal::new(Vec::new()),
            measured: RwSignal::new(None),
            session: StoredValue::new_local(Session::default()),
            executor: StoredValue::new(None),
            job: RwSignal::new(None),
            fault: RwSignal::new(None),
            notices: RwSignal::new(NoticeBoard::default()),
            stage: StageSignals::new(StageState::default()),
            analysis: StoredValue::new_local(Analysis::default()),
            revision: RwSignal::new(0),
            shown_behind: StoredValue::new_local(None),
            waiting_labels: StoredValue::new_local(WaitingLabels::default()),
            relabel: StoredValue::new(Relabel::default()),
            smoothing: RwSignal::new(Smoothing::default()),
            window: RwSignal::new(DEFAULT_WINDOW),
            window_chosen: StoredValue::new(false),
            order: RwSignal::new_local(None),
            learning: RwSignal::new_local(Learning::default()),
            known_files: StoredValue::new_local(KnownFiles::default()),
            feed: StoredValue::new_local(None),
            video: StoredValue::new_local(None),
            plot_style: RwSignal::new(PlotStyle::default()),
            desk: StoredValue::new_local(ReviewDesk::default()),
            review_revision: RwSignal::new(0),
            keeping: RwSignal::new(Keeping::default()),
            queue_filter: RwSignal::new(QueueFilter::default()),
            queue: RwSignal::new(Arc::new(ReviewQueue::default())),
            conflicts: StoredValue::new(None),
            model_chosen: StoredValue::new(false),
            projects: RwSignal::new(None),
            batch: RwSignal::new_local(Batch::default()),
            zipping: RwSignal::new(None),
            comparing: RwSignal::new(Comparing::default()),
            question: RwSignal::new_local(None),
            questions: StoredValue::new_local(VecDeque::new()),
            live: LiveDesk::new(),
            bench: Workbench::new(),
            asked: StoredValue::new(Asked::default()),
            lists_notices: RwSignal::new(false),
            network: NetworkCount {
                requests: RwSignal::new(None),
                works_offline: RwSignal::new(false),
            },
            help: RwSignal::new(false),
            theme: RwSignal::new(0),
        }
    }

    /// The store of the component tree; every component has it.
    #[must_use]
    pub fn of_page() -> Self {
        use_context::<Self>().unwrap_or_default()
    }

    /// The text of the status line.
    #[must_use]
    pub fn status(self) -> String {
        self.engine.with(|engine| {
            self.job.with(|job| {
                self.fault
                    .with(|fault| job::status(&engine.phase, job.as_ref(), fault.as_deref()))
            })
        })
    }

    /// The rows that are shown; tracks changes.
    #[must_use]
    pub fn view(self) -> Rc<LabelView> {
        self.revision.track();
        self.view_now()
    }

    /// The rows that are shown, untracked.
    #[must_use]
    pub fn view_now(self) -> Rc<LabelView> {
        self.analysis.with_value(|analysis| Rc::clone(&analysis.view))
    }

    /// Says that what is shown of the results has changed.
    pub fn results_changed(self) {
        self.revision
            .update(|revision| *revision = revision.wrapping_add(1));
    }

    /// Something has happened: the session takes it, and what it asks for is done.
    pub fn tell(self, event: Event<Source>) {
        let asked = self.asked.get_value();
        let asks_model = self.model_chosen.get_value() || asked.model.is_some();
        let mut effects = Vec::new();
        self.engine.with_untracked(|state| {
            let engine = state.for_session(asks_model, asked.backend.is_some());
            self.session
                .update_value(|session| effects = session.handle(event, engine));
        });
        self.show_session();
        let Some(execute) = self.executor.get_value() else {
            return;
        };
        for effect in effects {
            execute(self, effect);
        }
    }

    /// Something is said of a job.
    pub fn hear(self, job: JobId, answer: Answer) {
        self.tell(Event::Answer { job, answer });
    }

    /// What the page shows of the session: this alone sets these signals.
    pub fn show_session(self) {
        let (job, keeping) = self
            .session
            .with_value(|session| (session.job().cloned(), session.keeper().keeping().clone()));
        if self.job.with_untracked(|shown| *shown != job) {
            self.job.set(job);
        }
        if self.keeping.with_untracked(|shown| *shown != keeping) {
            self.keeping.set(keeping);
        }
    }

    /// Number of a job of the engine that is not the page's reading.
    #[must_use]
    pub fn next_job(self) -> JobId {
        let mut id = 0;
        self.session.update_value(|session| id = session.next_job());
        id
    }

    /// Whether this job is the latest one and under way; answers to others come late and are dropped.
    #[must_use]
    pub fn is_current(self, id: JobId) -> bool {
        self.session.with_value(|session| session.is_current(id))
    }

    /// What was read of the source on the stage.
    pub fn with_stage<T>(self, act: impl FnOnce(&Reading) -> T) -> T {
        self.session.with_value(|session| act(session.stage()))
    }

    /// Counts up with each source on the stage.
    #[must_use]
    pub fn stage_generation(self) -> u32 {
        self.session.with_value(|session| session.keeper().generation())
    }

    /// Sends the engine a message; what cannot be sent is said to the person.
    pub fn send(self, message: &ToEngine, attachment: Option<&JsValue>) {
        let Some(link) = self.link.get_value() else {
            return;
        };
        if let Err(error) = link.send(message, attachment) {
            self.fail(error_text(&error));
        }
    }

    /// Whether a video is read behind the stage.
    #[must_use]
    pub fn reads_behind(self) -> bool {
        self.session.with_value(|session| session.behind().is_some())
    }

    /// Labels by hand, or something else of the project, are others than those in the storage.
    pub fn mark_unwritten(self) {
        self.tell(Event::Storage(StorageEvent::Edited));
    }

    /// Whether what is on the stage is being read; tracks changes.
    #[must_use]
    pub fn reads_stage(self) -> bool {
        let is_behind = self.batch.with(Batch::is_behind);
        !is_behind && self.job.with(|job| job.as_ref().is_some_and(Job::is_under_way))
    }

    /// An order of the engine has come to its end; another one that was given meanwhile goes on.
    pub fn end_order(self, id: JobId) {
        let is_in_force = |order: &Option<EngineOrder>| order.as_ref().is_some_and(|order| order.id == id);
        if self.order.with_untracked(is_in_force) {
            self.order.set(None);
        }
    }

    /// Keeps the handle of the file on the stage with its project, once both are known.
    pub fn keep_handle(self) {
        let file = self
            .stage
            .source
            .with_untracked(|source| source.as_ref().and_then(|source| source.file.clone()));
        let key = self
            .desk
            .with_value(|desk| desk.place.as_ref().map(|place| place.key.clone()));
        if let (Some(file), Some(key)) = (file, key.filter(|key| is_fingerprint(key))) {
            self.known_files.with_value(|known| known.keep(key, &file));
        }
    }

    /// Shows a notice; one with the same text is replaced.
    pub fn notify(self, tone: Tone, text: impl Into<String>, offer: Option<Offer>) {
        self.notify_with(tone, &text.into(), offer.as_slice());
    }

    /// Shows a notice that offers several ways on.
    pub fn notify_with(self, tone: Tone, text: &str, offers: &[Offer]) {
        self.notices
            .update(|board| board.add(tone, text, offers, now_ms()));
    }

    /// Says that something did not work, in the status line and as a notice. Results stay.
    pub fn fail(self, text: impl Into<String>) {
        let text = text.into();
        self.notify(Tone::Error, text.clone(), None);
        self.fault.set(Some(text));
    }

    /// Forgets what went wrong before: the person does something new.
    pub fn clear_faults(self) {
        self.fault.set(None);
        self.notices.update(NoticeBoard::dismiss_all);
    }
}

impl Default for Store {
    fn default() -> Self {
        Self::new()
    }
}
