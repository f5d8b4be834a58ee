//! Sequences of events, drawn at random, in a world of which page, engine and storage are played here: what arrives late, what
//! fails, what is cut off.

use std::collections::{BTreeMap, VecDeque};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use shared_model::face_box::FaceBox;
use shared_model::resume::ResumePoint;
use shared_model::smoothing::Smoothing;
use shared_model::timeline::{Prediction, Timeline, TrackedFace};
use web_messages::{JobId, ModelSummary};

use super::*;

/// Frames of the two videos: several chunks of the storage, and not a whole number of them.
const FRAMES: [usize; 2] = [700, 310];
/// Frames after which the temporal label of one is known.
const LAG: usize = 40;
/// Frames of one message.
const MESSAGE: usize = 60;

/// What is kept of a video.
#[derive(Debug, Clone, Default, PartialEq)]
struct Shelf {
    /// How often its labels had been edited.
    labels: u32,
    chunks: BTreeMap<usize, String>,
    facts: Option<KeptProject>,
}

/// A write on its way.
struct InFlight {
    video: usize,
    write: Write,
    labels: u32,
    facts: KeptProject,
}

struct World {
    random: StdRng,
    session: Session<usize>,
    model: ModelSummary,
    /// The video on the stage, and how often its labels were edited.
    stage: Option<usize>,
    labels: u32,
    shelves: [Shelf; 2],
    in_flight: VecDeque<InFlight>,
    /// Edits of which the storage has said that they are written.
    confirmed: [u32; 2],
    /// What is kept of the video on the stage is being looked for.
    looking: Option<u32>,
    /// What the engine has said and the page has not heard.
    mail: VecDeque<Event<usize>>,
    /// The job that the engine works on, and what it will say.
    engine: Option<(JobId, VecDeque<Event<usize>>)>,
    labels_wait: bool,
    storage_fails: bool,
}

fn face(video: usize, frame: usize) -> TrackedFace {
    let number = (video * 1000 + frame) as f32;
    TrackedFace {
        track: 0,
        face_box: FaceBox::whole(40, 40),
        raw: [number; 8],
        temporal: None,
    }
}

/// All that the recogniser says of a video.
fn said_of(video: usize) -> Vec<Prediction> {
    let refined = |frame: usize| Prediction::Refined {
        frame,
        track: 0,
        temporal: [(video * 1000 + frame) as f32 + 0.5; 8],
    };
    let mut said = Vec::new();
    for frame in 0..FRAMES[video] {
        said.push(Prediction::Seen {
            frame,
            time_s: frame as f64 / 25.0,
            faces: vec![face(video, frame)],
        });
        said.extend(frame.checked_sub(LAG).map(refined));
    }
    said.extend((FRAMES[video] - LAG..FRAMES[video]).map(refined));
    said
}

/// What is shown at the end, whatever happened on the way.
fn whole(video: usize) -> Timeline {
    let mut timeline = Timeline::new();
    timeline.extend(said_of(video));
    timeline
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            random: StdRng::seed_from_u64(seed),
            session: Session::default(),
            model: ModelSummary {
                name: "m".into(),
                input_size: 64,
                has_temporal: true,
                clip_length: 64,
                window: 30,
                not_sure_below: 0.0,
                note: String::new(),
                training: String::new(),
            },
            stage: None,
            labels: 0,
            shelves: [Shelf::default(), Shelf::default()],
            in_flight: VecDeque::new(),
            confirmed: [0; 2],
            looking: None,
            mail: VecDeque::new(),
            engine: None,
            labels_wait: false,
            storage_fails: false,
        }
    }

    fn engine(model: &ModelSummary) -> Engine<'_> {
        Engine {
            phase: &EnginePhase::Ready,
            backend: Some("CPU"),
            model: Some(model),
            asks_model: false,
            asks_backend: false,
        }
    }

    fn tell(&mut self, event: Event<usize>) {
        let effects = self.session.handle(event, Self::engine(&self.model));
        for effect in effects {
            match effect {
                Effect::Read { job, source, resume } => {
                    let Some(video) = source.or(self.stage) else {
                        continue;
                    };
                    self.stop_engine();
                    self.engine = Some((job, answers(job, video, resume.map(|point| *point))));
                }
                Effect::Cancel { job } if self.engine.as_ref().is_some_and(|(own, _)| *own == job) => {
                    self.stop_engine();
                }
                Effect::Write => {
                    let write = self.session.take_write().unwrap();
                    self.send(write);
                }
                // Whenever rows are made, it is said at the end that they are.
                Effect::CompleteLabels
                | Effect::RowsGrew(_)
                | Effect::RowsReplaced
                | Effect::RowsOutdated => self.labels_wait = true,
                _ => {}
            }
        }
    }

    /// The engine gives up what it does, and says so.
    fn stop_engine(&mut self) {
        if let Some((job, _)) = self.engine.take() {
            self.mail.push_back(said(job, Answer::Cancelled));
        }
    }

    fn send(&mut self, write: Option<Write>) {
        let (Some(write), Some(video)) = (write, self.stage) else {
            return;
        };
        let facts = KeptFacts {
            key: "key",
            video: "video",
            smoothing: Smoothing::SLIDING,
            window: 30,
            reviewed: 0,
            bytes: write.bytes,
            now_ms: 0.0,
        };
        let mut facts = self.session.stage().described(facts, Self::engine(&self.model));
        if facts.frames > write.frames {
            facts.frames = write.frames;
            facts.is_whole = false;
        }
        self.in_flight.push_back(InFlight {
            video,
            write,
            labels: self.labels,
            facts,
        });
    }

    /// The storage ends the write that has waited longest.
    fn end_write(&mut self) {
        let Some(InFlight {
            video,
            write,
            labels,
            facts,
        }) = self.in_flight.pop_front()
        else {
            return;
        };
        let is_ok = !self.storage_fails;
        if is_ok {
            let shelf = &mut self.shelves[video];
            for (chunk, text) in write.chunks {
                match text {
                    Some(text) => shelf.chunks.insert(chunk, text),
                    None => shelf.chunks.remove(&chunk),
                };
            }
            if write.has_labels {
                shelf.labels = labels;
                self.confirmed[video] = labels;
            }
            shelf.facts = Some(facts);
        }
        let generation = write.generation;
        self.tell(Event::Storage(StorageEvent::Wrote { generation, is_ok }));
    }

    /// As the page does when something comes on the stage.
    fn place(&mut self, video: usize) {
        let last = self.session.take_last_write().unwrap();
        self.send(last);
        self.tell(Event::Storage(StorageEvent::Left));
        self.session.set_stage(Reading::default());
        (self.stage, self.labels) = (Some(video), 0);
        self.tell(Event::Storage(StorageEvent::Looking));
        self.looking = Some(self.session.keeper().generation());
    }

    /// As the page does when a video is dropped.
    fn open(&mut self, video: usize) {
        self.tell(Event::Cancel);
        let has_results = !self.session.stage().timeline.frames().is_empty();
        if has_results && self.stage.is_some() {
            self.session.set_pending(Some(video));
        } else {
            self.session.set_pending(None);
            self.place(video);
        }
        self.tell(Event::Begin(JobKind::File));
    }

    /// The storage says what was kept of the video on the stage; it waits for writes that are on their way.
    fn found(&mut self) {
        let (Some(generation), Some(video)) = (self.looking.take(), self.stage) else {
            return;
        };
        if generation != self.session.keeper().generation() {
            return;
        }
        while self.in_flight.iter().any(|write| write.video == video) {
            self.end_write();
        }
        let shelf = self.shelves[video].clone();
        self.labels = shelf.labels;
        let chunks = shelf.facts.as_ref().map_or(0, KeptProject::chunks);
        let bytes = shelf.facts.as_ref().map_or(0, |facts| facts.bytes);
        self.tell(Event::Storage(StorageEvent::Bound { chunks, bytes }));
        let has_frames = !self.session.stage().timeline.frames().is_empty();
        if let Some(kept) = shelf.facts {
            let texts = (0..kept.chunks()).map(|chunk| shelf.chunks.get(&chunk).cloned());
            let timeline = kept.timeline(texts).unwrap();
            assert_eq!(timeline.frames().len(), kept.frames, "what is promised is there");
            self.tell(Event::Kept { kept, timeline });
        }
        if has_frames {
            self.tell(Event::Storage(StorageEvent::AllChanged));
        }
        self.tell(Event::MayProceed);
    }

    /// Another tab has the video open: it is read here all the same, and what was kept comes late.
    fn other_tab(&mut self) {
        if self.looking.is_some() {
            self.tell(Event::Storage(StorageEvent::OtherTab));
            self.tell(Event::MayProceed);
        }
    }

    fn edit(&mut self) {
        if self.stage.is_some() && self.session.keeper().keeping().allows_edits() {
            self.labels += 1;
            self.tell(Event::Storage(StorageEvent::Edited));
        }
    }

    /// The engine works a little.
    fn compute(&mut self) {
        let Some((_, answers)) = &mut self.engine else {
            return;
        };
        match answers.pop_front() {
            Some(answer) => self.mail.push_back(answer),
            None => self.engine = None,
        }
    }

    /// The page hears the engine.
    fn hear(&mut self) {
        let Some(event) = self.mail.pop_front() else {
            return;
        };
        if let Event::Answer {
            job,
            answer: Answer::Opened(_),
        } = event
            && self.session.is_current(job)
            && let Some(video) = self.session.pending().copied()
        {
            self.session.set_pending(None);
            self.place(video);
        }
        self.tell(event);
    }

    fn show_labels(&mut self) {
        if std::mem::take(&mut self.labels_wait) {
            self.tell(Event::LabelsComplete);
        }
    }

    /// The tab is closed: of the writes on their way those that began first are done.
    fn cut(&mut self) {
        let done = self.random.random_range(0..=self.in_flight.len());
        for _ in 0..done {
            self.end_write();
        }
        self.in_flight.clear();
        self.session = Session::default();
        (self.stage, self.looking, self.engine) = (None, None, None);
        (self.labels, self.labels_wait) = (0, false);
        self.mail.clear();
    }

    /// Something happens.
    fn step(&mut self) {
        match self.random.random_range(0..40) {
            0 => self.cut(),
            1..=2 => {
                let video = self.random.random_range(0..2);
                self.open(video);
            }
            3 => self.tell(Event::Cancel),
            4 => self.tell(Event::BeginAgain),
            5 => self.storage_fails = self.random.random_bool(0.5),
            6..=10 => self.edit(),
            11 | 13..=14 => self.found(),
            15..=19 => self.end_write(),
            20 => self.tell(Event::Storage(StorageEvent::TryAgain)),
            12 => self.other_tab(),
            21..=23 => self.show_labels(),
            24..=31 => self.compute(),
            _ => self.hear(),
        }
        self.check();
    }

    /// What holds at any time.
    fn check(&self) {
        let frames = self.session.stage().timeline.frames();
        for (number, frame) in frames.iter().enumerate() {
            let video = self.stage.expect("what is shown is of a video");
            let expected = face(video, number);
            assert_eq!(frame.faces.len(), 1);
            assert_eq!(
                frame.faces[0].raw, expected.raw,
                "of another video, or another frame"
            );
        }
        // Nothing is called kept that is not.
        if let Some(video) = self.stage
            && *self.session.keeper().keeping() == Keeping::Kept
            && self.looking.is_none()
        {
            assert_eq!(self.shelves[video].labels, self.labels);
        }
    }

    /// Nothing more goes wrong, and all that waits happens.
    fn settle(&mut self) {
        self.storage_fails = false;
        for _ in 0..10_000 {
            let is_quiet = self.mail.is_empty()
                && self.engine.is_none()
                && self.in_flight.is_empty()
                && self.looking.is_none()
                && !self.labels_wait;
            if is_quiet {
                return;
            }
            self.found();
            self.compute();
            self.hear();
            self.end_write();
            self.show_labels();
            self.check();
        }
        panic!("it never becomes quiet");
    }
}

fn said(job: JobId, answer: Answer) -> Event<usize> {
    Event::Answer { job, answer }
}

/// What the engine says of a job, message by message.
fn answers(job: JobId, video: usize, resume: Option<ResumePoint>) -> VecDeque<Event<usize>> {
    let opened = Opened {
        width: 40,
        height: 40,
        duration_s: FRAMES[video] as f64 / 25.0,
        start_s: 0.0,
        frame_count: Some(FRAMES[video]),
    };
    let mut answers = VecDeque::from([said(job, Answer::Opened(opened))]);
    let mut all = said_of(video);
    if let Some(point) = resume {
        // The file bears it out only if it is this one.
        let known = point.known.first().expect("a point knows a frame");
        assert_eq!(
            known.faces[0].raw,
            face(video, point.from).raw,
            "resumed with another video"
        );
        all.retain(|prediction| point.is_new(prediction));
        answers.push_back(said(job, Answer::Resumed(point.frames())));
    }
    for part in all.chunks(MESSAGE) {
        answers.push_back(said(job, Answer::Predictions(part.to_vec())));
    }
    answers.push_back(said(job, Answer::Done));
    answers
}

/// Whatever happens on the way: what is on the stage at the end is what the recogniser says of that video, it is kept to the
/// last frame and the last edit, and the next visit finds it.
#[test]
fn nothing_is_lost_and_nothing_stale_is_shown() {
    let mut resumed = 0;
    for seed in 0..300 {
        let mut world = World::new(seed);
        for _ in 0..400 {
            world.step();
        }
        for video in [0, 1] {
            world.settle();
            assert!(world.labels >= world.stage.map_or(0, |shown| world.confirmed[shown]));
            world.open(video);
            resumed += usize::from(world.shelves[video].facts.is_some());
            world.settle();
            assert_eq!(world.stage, Some(video), "seed {seed}");
            // An edit sets the storage going again where it had failed.
            world.edit();
            world.settle();
            let job = world.session.job().map(|job| job.state.clone());
            assert_eq!(job, Some(JobState::Done), "seed {seed}");
            assert!(world.session.stage().timeline == whole(video), "seed {seed}");
            assert_eq!(*world.session.keeper().keeping(), Keeping::Kept, "seed {seed}");
            let shelf = &world.shelves[video];
            assert_eq!(shelf.labels, world.labels, "seed {seed}");
            let kept = shelf.facts.clone().expect("it is kept");
            assert!(kept.is_whole && kept.frames == FRAMES[video], "seed {seed}");
            let texts = (0..kept.chunks()).map(|chunk| shelf.chunks.get(&chunk).cloned());
            assert!(kept.timeline(texts).unwrap() == whole(video), "seed {seed}");
            assert_eq!(
                shelf.chunks.len(),
                kept.chunks(),
                "seed {seed}: nothing else is left there"
            );
        }
    }
    assert!(resumed > 300, "{resumed}");
}

/// An answer to a job that was stopped, or has given way, changes nothing.
#[test]
fn what_arrives_late_changes_nothing() {
    let mut world = World::new(1);
    world.open(0);
    world.found();
    for _ in 0..6 {
        world.compute();
        world.hear();
    }
    let stale = world.session.job().expect("a job runs").id;
    let seen = world.session.stage().clone();
    assert!(!seen.timeline.frames().is_empty());
    world.tell(Event::Cancel);
    for event in answers(stale, 1, None) {
        world.tell(event);
    }
    world.tell(said(stale, Answer::Failed));
    assert!(*world.session.stage() == seen);
    assert_eq!(
        world.session.job().map(|job| &job.state),
        Some(&JobState::Cancelled)
    );
}

/// A video that waits for the engine's word does not take over what was kept of the one on the stage.
#[test]
fn another_video_is_not_resumed_with_what_the_one_before_was_filled_up_with() {
    let mut world = World::new(2);
    world.open(0);
    world.found();
    for _ in 0..6 {
        world.compute();
        world.hear();
        world.end_write();
    }
    // Read in part and kept: the next visit fills it up, and another video is dropped before the engine has answered.
    world.cut();
    world.open(0);
    world.found();
    assert!(world.session.stage().resumes);
    world.open(1);
    world.settle();
    assert_eq!(world.stage, Some(1));
    assert!(world.session.stage().timeline == whole(1));
}

/// A write that fails when its video has left the stage was part of the last one as well.
#[test]
fn an_edit_on_its_way_when_the_video_leaves_is_not_lost() {
    let mut world = World::new(3);
    world.open(0);
    world.settle();
    world.edit();
    assert!(world.in_flight.iter().any(|write| write.write.has_labels));
    world.place(1);
    assert_eq!(world.in_flight.len(), 2);
    world.storage_fails = true;
    world.end_write();
    world.storage_fails = false;
    world.end_write();
    assert_eq!(world.shelves[0].labels, 1);
}

/// What was kept of the video on the stage comes late, while another one is about to take its place: that one is read.
#[test]
fn what_was_kept_of_one_video_does_not_end_the_job_of_another() {
    let mut world = World::new(4);
    world.open(0);
    world.found();
    world.settle();
    world.cut();
    world.open(0);
    world.other_tab();
    for _ in 0..12 {
        world.compute();
        world.hear();
    }
    world.open(1);
    assert_eq!(world.session.pending(), Some(&1));
    world.found();
    world.settle();
    assert_eq!(world.stage, Some(1));
    assert!(world.session.stage().timeline == whole(1));
}
