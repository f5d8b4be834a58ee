//! The engine's first worker: takes the UI's messages, one job at a time.

mod orders;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Mutex;

use futures_channel::mpsc::{UnboundedSender, unbounded};
use futures_channel::oneshot;
use futures_util::StreamExt as _;
use js_sys::{Array, ArrayBuffer, Uint8Array};
use shared_model::framing::DetectorKind;
use shared_model::resume::ResumePoint;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_messages::{BackendChoice, FaceCut, FromEngine, JobId, ToEngine};
use web_sys::{Blob, File};

use crate::compute_message::DeviceWish;
use crate::compute_pool::ComputePool;
use crate::compute_worker::{StartError, Weights, cpu_name, measure};
use crate::frames_job::SentFrame;
use crate::learn_job::Learning;
use crate::loaded_model::LoadedModel;
use crate::outcome::{Outcome, say};
use crate::progress::{CancelToken, Canceller, cancel_pair};
use crate::told_fetch::told_fetch;
use crate::worker_scope::{error_text, messages, on_panic, post, scope, unpack};
use crate::zip_blob::ZipBlob;
use crate::{cut_job, frames_job, picture_job, video_job};

/// Workers of the CPU path at most: more cost memory (each has the model) and gain little.
const MAX_CPU_WORKERS: u32 = 8;

/// Folder of the face detectors' weights, beside the page.
const DETECTORS_URL: &str = "detector";

/// What the engine does until a model's file is here.
const LOADING_MODEL: &str = "loading the model";

/// File name of the job under way, for the message if the engine stops over it.
static JOB_NAME: Mutex<Option<String>> = Mutex::new(None);

fn set_job_name(name: Option<&str>) {
    if let Ok(mut current) = JOB_NAME.lock() {
        *current = name.map(str::to_owned);
    }
}

/// Takes messages until the page is closed.
pub fn run(early: &Array) {
    on_panic(|reason| {
        // A demuxer may stop at a damaged file: its name is the best hint there is.
        let name = JOB_NAME.lock().map(|name| name.clone()).unwrap_or_default();
        let reason = match name {
            Some(name) => format!("{name}: the engine stopped over it, it is probably damaged ({reason})"),
            None => format!("the engine stopped ({reason})"),
        };
        say(&FromEngine::Failed { job: None, reason });
    });
    let mut incoming = messages(early);
    spawn_local(async move {
        let mut coordinator = Coordinator::default();
        while let Some(packed) = incoming.next().await {
            match unpack::<ToEngine>(&packed) {
                Ok((message, attachment)) => coordinator.take(message, attachment).await,
                Err(reason) => say(&FromEngine::Failed { job: None, reason }),
            }
        }
    });
}

/// Pool and model that belong together.
struct Engine {
    pool: ComputePool,
    model: LoadedModel,
    /// Worth saying with `Ready`.
    notice: Option<String>,
}

struct RunningJob {
    id: JobId,
    canceller: Option<Canceller>,
    frames: Option<UnboundedSender<SentFrame>>,
    /// Where it is told that the page has taken a frame.
    taken: Option<UnboundedSender<()>>,
    ended: Option<oneshot::Receiver<()>>,
}

/// What was read to learn from.
struct ToLearnFrom {
    /// The job that it is for.
    job: JobId,
    /// What read it: features of two models do not mix.
    engine: Rc<Engine>,
    learning: Rc<RefCell<Learning>>,
}

#[derive(Default)]
struct Coordinator {
    choice: BackendChoice,
    cpu_workers: u32,
    /// The weights of the face detector that was last in force, once they are loaded.
    detector: Option<(DetectorKind, Uint8Array)>,
    engine: Option<Rc<Engine>>,
    job: Option<RunningJob>,
    /// What was read to learn from.
    learning: Option<ToLearnFrom>,
    /// The zip that is being filled.
    zip: Option<(JobId, ZipBlob)>,
    /// The model in force, for the `Ready` that follows a lost device.
    summary: Rc<RefCell<Option<web_messages::ModelSummary>>>,
}

impl Coordinator {
    async fn take(&mut self, message: ToEngine, attachment: JsValue) {
        match message {
            ToEngine::Start {
                backend,
                model_url,
                cpu_workers,
            } => {
                self.choice = backend;
                self.cpu_workers = if cpu_workers == 0 {
                    usual_workers()
                } else {
                    cpu_workers
                };
                self.fetch_model(&model_url).await;
            }
            ToEngine::FetchModel { model_url } => self.fetch_model(&model_url).await,
            ToEngine::OpenModel { name } => {
                let bytes = bytes_of(attachment.unchecked_ref::<Blob>()).await;
                self.take_model(&name, bytes).await;
            }
            ToEngine::Analyze { job, name, resume } => {
                self.analyze(job, name, resume, attachment.unchecked_into()).await;
            }
            ToEngine::StartFrames { job, live } => self.start_frames(job, live).await,
            ToEngine::Frame { job, time_s } => self.send_frame(job, Some((attachment, time_s))),
            ToEngine::EndFrames { job } => self.send_frame(job, None),
            ToEngine::Cancel { job } => {
                if self.job.as_ref().is_some_and(|running| running.id == job) {
                    self.stop_job().await;
                }
            }
            ToEngine::PackText { job, name, text } => self.pack_text(job, &name, &text),
            ToEngine::EndPack { job } => self.end_pack(job),
            ToEngine::CutFaces { job, name, faces } => {
                self.cut_faces(job, name, &faces, attachment.unchecked_into())
                    .await;
            }
            ToEngine::ShowFrames { job, name } => {
                self.show_frames(job, name, attachment.unchecked_into()).await;
            }
            ToEngine::Taken { job } => self.note_taken(job),
            ToEngine::ReadForLearning { job, name, reviewed } => {
                self.read_for_learning(job, name, &reviewed, attachment.unchecked_into())
                    .await;
            }
            ToEngine::Learn { job } => self.learn(job).await,
            ToEngine::Benchmark { passes } => self.benchmark(passes).await,
            ToEngine::LoseDevice => {
                if let Some(engine) = &self.engine {
                    engine.pool.lose_device();
                }
            }
        }
    }

    async fn fetch_model(&mut self, url: &str) {
        say_step(LOADING_MODEL, None);
        let name = url.rsplit('/').next().unwrap_or(url).to_owned();
        let bytes = told_fetch(url, |come, whole| say_come(LOADING_MODEL, come, whole)).await;
        self.take_model(&name, bytes).await;
    }

    async fn take_model(&mut self, name: &str, bytes: Result<Uint8Array, String>) {
        let opened = match bytes {
            Ok(bytes) => LoadedModel::new(name, bytes).map_err(|error| error.to_string()),
            Err(reason) => Err(reason),
        };
        let outcome = match opened {
            Ok(model) => match self.detector(model.framing().detector).await {
                Ok(detector) => self.start_engine(model, detector).await,
                Err(reason) => Err(reason),
            },
            Err(reason) => Err(format!("{name}: {reason}")),
        };
        match outcome {
            Ok(engine) => {
                self.stop_job().await;
                *self.summary.borrow_mut() = Some(engine.model.summary.clone());
                say(&FromEngine::Ready {
                    backend: engine.pool.name(),
                    notice: engine.notice.clone(),
                    model: engine.model.summary.clone(),
                });
                self.engine = Some(Rc::new(engine));
            }
            Err(reason) => {
                say(&if self.engine.is_some() {
                    FromEngine::ModelRefused { reason }
                } else {
                    FromEngine::Failed { job: None, reason }
                });
            }
        }
    }

    /// The weights of the detector that a model names: no other is loaded.
    async fn detector(&mut self, kind: DetectorKind) -> Result<Uint8Array, String> {
        match &self.detector {
            Some((loaded, bytes)) if *loaded == kind => Ok(bytes.clone()),
            _ => {
                let url = format!("{DETECTORS_URL}/{}", kind.file_name());
                let bytes = told_fetch(&url, |_, _| ())
                    .await
                    .map_err(|reason| format!("the face detector {reason}"))?;
                self.detector = Some((kind, bytes.clone()));
                Ok(bytes)
            }
        }
    }

    /// Brings up workers with the model on the device that was asked for, or on the next best one.
    async fn start_engine(&self, model: LoadedModel, detector: Uint8Array) -> Result<Engine, String> {
        let weights = Weights {
            model: model.bytes.clone(),
            detector,
        };
        let mut notice = None;
        if self.choice != BackendChoice::Cpu {
            say_step("starting and checking the graphics adapter", None);
            let wish = DeviceWish::WebGpu {
                software_will_do: self.choice == BackendChoice::WebGpu,
            };
            match self.start_pool(wish, &weights).await {
                Ok(pool) => return Ok(Engine { pool, model, notice }),
                Err(StartError::Model(reason)) => return Err(format!("{}: {reason}", model.summary.name)),
                Err(StartError::Device(reason)) if self.choice == BackendChoice::WebGpu => {
                    return Err(format!("WebGPU was asked for and cannot be used: {reason}"));
                }
                Err(StartError::Device(reason)) => notice = Some(format!("Running on the CPU: {reason}.")),
            }
        }
        say_step("starting the workers on the CPU", None);
        match self.start_pool(DeviceWish::Cpu, &weights).await {
            Ok(pool) => Ok(Engine { pool, model, notice }),
            Err(StartError::Model(reason)) => Err(format!("{}: {reason}", model.summary.name)),
            Err(StartError::Device(reason)) => Err(reason),
        }
    }

    async fn start_pool(&self, wish: DeviceWish, weights: &Weights) -> Result<ComputePool, StartError> {
        let summary = Rc::clone(&self.summary);
        let workers = self.cpu_workers;
        let on_lost = move |reason: String| {
            let text =
                format!("The graphics adapter was lost ({reason}). The analysis goes on with the CPU.");
            say(&FromEngine::DeviceLost { reason: text });
            if let Some(model) = summary.borrow().clone() {
                say(&FromEngine::Ready {
                    backend: cpu_name(workers as usize),
                    notice: None,
                    model,
                });
            }
        };
        ComputePool::start(wish, self.cpu_workers as usize, weights, on_lost).await
    }

    async fn analyze(&mut self, job: JobId, name: String, resume: Option<ResumePoint>, file: File) {
        let Some((engine, token)) = self.begin(job, None).await else {
            return;
        };
        let ended = self.ended_signal();
        spawn_local(async move {
            set_job_name(Some(&name));
            let outcome = analyze_file(job, &file, resume, &engine, &token).await;
            conclude(job, &name, outcome);
            // The coordinator may have stopped listening.
            let _ = ended.send(());
        });
    }

    async fn start_frames(&mut self, job: JobId, is_live: bool) {
        let (sender, frames) = unbounded();
        let Some((engine, token)) = self.begin(job, Some(sender)).await else {
            return;
        };
        let ended = self.ended_signal();
        spawn_local(async move {
            let outcome = match ensure_workers(&engine, &token).await {
                Ok(()) => frames_job::run(job, is_live, frames, &engine.pool, &engine.model, &token).await,
                Err(outcome) => Err(outcome),
            };
            conclude(job, if is_live { "camera" } else { "video" }, outcome);
            let _ = ended.send(());
        });
    }

    fn pack_text(&mut self, job: JobId, name: &str, text: &str) {
        if self.zip.as_ref().is_none_or(|(id, _)| *id != job) {
            self.zip = Some((job, ZipBlob::default()));
        }
        if let Some((_, zip)) = &mut self.zip
            && let Err(reason) = zip.add_text(name, text)
        {
            self.zip = None;
            say(&FromEngine::Failed {
                job: Some(job),
                reason,
            });
        }
    }

    /// The zip of this number; one whose texts could not be packed is gone, and that was said.
    fn take_zip(&mut self, job: JobId) -> Option<ZipBlob> {
        self.zip.take().filter(|(id, _)| *id == job).map(|(_, zip)| zip)
    }

    fn end_pack(&mut self, job: JobId) {
        let Some(zip) = self.take_zip(job) else { return };
        match zip.finish() {
            Ok(blob) => post(&FromEngine::Packed { job, notice: None }, &blob),
            Err(reason) => say(&FromEngine::Failed {
                job: Some(job),
                reason,
            }),
        }
    }

    async fn cut_faces(&mut self, job: JobId, name: String, faces: &str, file: File) {
        let Some(zip) = self.take_zip(job) else { return };
        let faces: Vec<FaceCut> = match serde_json::from_str(faces) {
            Ok(faces) => faces,
            Err(error) => {
                return say(&FromEngine::Failed {
                    job: Some(job),
                    reason: error.to_string(),
                });
            }
        };
        self.stop_job().await;
        let token = self.put(job, None);
        let ended = self.ended_signal();
        let framing = self.engine.as_ref().map(|engine| engine.model.framing());
        spawn_local(async move {
            set_job_name(Some(&name));
            let framing = framing.unwrap_or_default();
            match cut_job::run(job, &file, &faces, &framing, zip, &token).await {
                Ok((blob, notice)) => {
                    set_job_name(None);
                    let notice = notice.map(|notice| format!("{name}: {notice}"));
                    post(&FromEngine::Packed { job, notice }, &blob);
                }
                Err(outcome) => conclude(job, &name, Err(outcome)),
            }
            // The coordinator may have stopped listening.
            let _ = ended.send(());
        });
    }

    /// Stops the job under way and makes room for this one.
    async fn begin(
        &mut self,
        job: JobId,
        frames: Option<UnboundedSender<SentFrame>>,
    ) -> Option<(Rc<Engine>, CancelToken)> {
        self.stop_job().await;
        // What another job was to learn from is given up with it.
        self.learning = None;
        let Some(engine) = self.engine.clone() else {
            let reason = "the engine has no model".to_owned();
            say(&FromEngine::Failed {
                job: Some(job),
                reason,
            });
            return None;
        };
        let token = self.put(job, frames);
        Some((engine, token))
    }

    fn put(&mut self, job: JobId, frames: Option<UnboundedSender<SentFrame>>) -> CancelToken {
        let (canceller, token) = cancel_pair();
        self.job = Some(RunningJob {
            id: job,
            canceller: Some(canceller),
            frames,
            taken: None,
            ended: None,
        });
        token
    }

    fn ended_signal(&mut self) -> oneshot::Sender<()> {
        let (sender, receiver) = oneshot::channel();
        if let Some(job) = &mut self.job {
            job.ended = Some(receiver);
        }
        sender
    }

    async fn stop_job(&mut self) {
        if let Some(mut job) = self.job.take() {
            if let Some(canceller) = job.canceller.take() {
                canceller.cancel();
            }
            if let Some(ended) = job.ended.take() {
                // It has ended either way.
                let _ = ended.await;
            }
        }
    }

    fn send_frame(&self, job: JobId, frame: SentFrame) {
        if let Some(RunningJob {
            id,
            frames: Some(frames),
            ..
        }) = &self.job
            && *id == job
        {
            // A job that has just ended takes no more.
            drop(frames.unbounded_send(frame));
        }
    }

    async fn benchmark(&mut self, passes: u32) {
        self.stop_job().await;
        let wish = match &self.engine {
            Some(engine) if engine.pool.is_gpu() => DeviceWish::WebGpu {
                software_will_do: true,
            },
            _ => DeviceWish::Cpu,
        };
        let workers = if wish == DeviceWish::Cpu {
            self.cpu_workers as usize
        } else {
            1
        };
        match measure(wish, workers, passes).await {
            Ok((ms_a_picture, backend)) => say(&FromEngine::Benchmarked {
                backend,
                ms_a_picture,
            }),
            Err(reason) => say(&FromEngine::Failed { job: None, reason }),
        }
    }
}

async fn analyze_file(
    job: JobId,
    file: &File,
    resume: Option<ResumePoint>,
    engine: &Engine,
    token: &CancelToken,
) -> Result<Option<String>, Outcome> {
    ensure_workers(engine, token).await?;
    if picture_job::is_picture(file).map_err(|error| Outcome::Failed(error.to_string()))? {
        picture_job::run(job, file, &engine.pool, &engine.model, token).await
    } else {
        video_job::run(job, file, resume, &engine.pool, &engine.model, token).await
    }
}

async fn ensure_workers(engine: &Engine, token: &CancelToken) -> Result<(), Outcome> {
    token
        .or(engine.pool.ensure_workers())
        .await?
        .map_err(Outcome::Failed)
}

/// Says how a job ended.
fn conclude(job: JobId, name: &str, outcome: Result<Option<String>, Outcome>) {
    set_job_name(None);
    let in_file = |reason: String| format!("{name}: {reason}");
    say(&match outcome {
        Ok(notice) => FromEngine::Done {
            job,
            notice: notice.map(in_file),
        },
        Err(Outcome::Stopped) => FromEngine::Cancelled { job },
        Err(Outcome::Failed(reason)) => FromEngine::Failed {
            job: Some(job),
            reason: in_file(reason),
        },
        Err(Outcome::TryVideoElement(reason)) => FromEngine::TryVideoElement {
            job,
            reason: in_file(reason),
        },
    });
}

/// Says what the engine does while it gets ready, and how much of it is done.
fn say_step(step: &str, percent: Option<u8>) {
    say(&FromEngine::Loading {
        step: step.to_owned(),
        percent,
    });
}

/// Says how many bytes of a file have come, of how many if that is known.
fn say_come(step: &str, come: f64, whole: Option<f64>) {
    let megabytes = |bytes: f64| format!("{:.1}", bytes / 1e6);
    let (text, percent) = match whole {
        Some(whole) => (
            format!("{step}: {} of {} MB", megabytes(come), megabytes(whole)),
            Some((100.0 * come / whole).floor() as u8),
        ),
        None => (format!("{step}: {} MB", megabytes(come)), None),
    };
    say_step(&text, percent);
}

/// One core is left to the page where there are more than two.
fn usual_workers() -> u32 {
    let cores = scope().navigator().hardware_concurrency().max(1.0) as u32;
    let workers = if cores > 2 { cores - 1 } else { cores };
    workers.min(MAX_CPU_WORKERS)
}

async fn bytes_of(blob: &Blob) -> Result<Uint8Array, String> {
    let buffer = JsFuture::from(blob.array_buffer())
        .await
        .map_err(|error| format!("cannot be read ({})", error_text(&error)))?;
    Ok(Uint8Array::new(buffer.unchecked_ref::<ArrayBuffer>()))
}
