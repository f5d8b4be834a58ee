//! One compute worker, as the coordinator sees it: asked, waited for, ended.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_channel::oneshot;
use futures_util::future::join_all;
use js_sys::{Array, Uint8Array};
use page_view::answer_limit::AnswerLimit;
use wasm_bindgen::prelude::*;
use web_sys::{Event, MessageEvent, Worker, WorkerOptions, WorkerType};

use crate::answer_wait::within;
use crate::compute_message::{DeviceWish, FromCompute, ToCompute, faces_of_rows, frame_bytes};
use crate::faces::Faces;
use crate::raw_frame::RawFrame;
use crate::worker_scope::{error_text, event_text, pack, unpack};

const OTHER_ANSWER: &str = "a worker gave another answer than asked for";

/// Address of the compute worker's script, beside the engine's.
const SCRIPT: &str = "compute-worker.js";

/// Passes of a benchmark that compile kernels and prepare weights.
const WARM_UP_PASSES: u32 = 2;

/// The bytes of the files that every worker needs.
#[derive(Debug, Clone)]
pub struct Weights {
    /// The model file.
    pub model: Uint8Array,
    /// The face detector's.
    pub detector: Uint8Array,
}

impl Weights {
    fn attachment(&self) -> JsValue {
        Array::of(&[self.model.clone(), self.detector.clone()]).into()
    }
}

/// Why workers did not come up.
#[derive(Debug)]
pub enum StartError {
    /// The model file is at fault.
    Model(String),
    /// The device is.
    Device(String),
}

impl StartError {
    /// The cause, whatever it lies in.
    #[must_use]
    pub fn reason(self) -> String {
        match self {
            Self::Model(reason) | Self::Device(reason) => reason,
        }
    }
}

type Answer = Result<(FromCompute, JsValue), String>;
type Asker = Rc<RefCell<Option<oneshot::Sender<Answer>>>>;

/// A worker that answers one question at a time. Dropping it ends it.
pub struct ComputeWorker {
    worker: Worker,
    asker: Asker,
    /// Why it cannot answer any more.
    broken: Rc<RefCell<Option<String>>>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(Event)>,
}

impl ComputeWorker {
    fn start() -> Result<Self, String> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let text = |error| format!("a worker cannot be started ({})", error_text(&error));
        let worker = Worker::new_with_options(SCRIPT, &options).map_err(text)?;
        let asker: Asker = Rc::default();
        let answer = |asker: &Asker, answer: Answer| {
            let waiting = asker.borrow_mut().take();
            if let Some(waiting) = waiting {
                drop(waiting.send(answer));
            }
        };
        let asking = Rc::clone(&asker);
        let on_message = Closure::new(move |event: MessageEvent| answer(&asking, unpack(&event.data())));
        let asking = Rc::clone(&asker);
        let broken: Rc<RefCell<Option<String>>> = Rc::default();
        let breaking = Rc::clone(&broken);
        let on_error = Closure::new(move |event: Event| {
            // Else it goes on to the coordinator's own owner, as if the coordinator had stopped.
            event.prevent_default();
            let reason = event_text(&event).unwrap_or_else(|| format!("{SCRIPT} cannot be loaded"));
            breaking.borrow_mut().replace(reason.clone());
            answer(&asking, Err(reason));
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        // The compiled wasm goes along, so that it is compiled once.
        worker.post_message(&wasm_bindgen::module()).map_err(text)?;
        Ok(Self {
            worker,
            asker,
            broken,
            _on_message: on_message,
            _on_error: on_error,
        })
    }

    /// The answer to a question; an error says that the worker is of no use any more. It has as long as `limit` says, which
    /// learns from the answer; a worker that takes longer is ended.
    async fn ask(&self, question: &ToCompute, attachment: &JsValue, limit: &Cell<AnswerLimit>) -> Answer {
        if let Some(reason) = self.broken.borrow().clone() {
            return Err(reason);
        }
        let (sender, answer) = oneshot::channel();
        self.asker.borrow_mut().replace(sender);
        let packed = pack(question, attachment)?;
        self.worker
            .post_message(&packed)
            .map_err(|error| format!("a worker cannot be reached ({})", error_text(&error)))?;
        let limit_s = limit.get().seconds();
        let Some((answer, took_s)) = within(limit_s, answer).await else {
            let reason = format!("a worker gave no answer for {limit_s:.0} s");
            self.broken.replace(Some(reason.clone()));
            self.end();
            return Err(reason);
        };
        let answer = answer.unwrap_or_else(|_| Err("a worker was ended".to_owned()))?;
        limit.set(limit.get().after(took_s));
        Ok(answer)
    }

    /// Faces, or why the frames are refused; the outer error says that the worker is of no use any more.
    pub async fn read(
        &self,
        frames: &[RawFrame],
        first: Option<usize>,
        limit: &Cell<AnswerLimit>,
    ) -> Result<Faces, String> {
        let headers = frames.iter().map(|frame| frame.header).collect();
        let question = ToCompute::Read {
            frames: headers,
            first,
        };
        match self.ask(&question, &frame_bytes(frames), limit).await? {
            (FromCompute::Faces { counts }, rows) => {
                Ok(faces_of_rows(&counts, &rows).ok_or_else(|| "a worker's answer does not fit".to_owned()))
            }
            (FromCompute::FramesRefused { reason }, _) => Ok(Err(reason)),
            (FromCompute::Failed { reason }, _) => Err(reason),
            _ => Err(OTHER_ANSWER.to_owned()),
        }
    }

    /// Milliseconds of `passes` passes of a benchmark.
    async fn measure(&self, passes: u32, limit: &Cell<AnswerLimit>) -> Result<f64, String> {
        let question = ToCompute::Benchmark {
            passes,
            of_model: false,
        };
        match self.ask(&question, &JsValue::NULL, limit).await? {
            (FromCompute::Measured { total_ms, .. }, _) => Ok(total_ms),
            (FromCompute::Failed { reason }, _) => Err(reason),
            _ => Err(OTHER_ANSWER.to_owned()),
        }
    }

    /// Ends it, whatever it does.
    pub fn end(&self) {
        self.worker.terminate();
    }

    /// Destroys its graphics device, for tests.
    pub fn lose_device(&self) {
        self.tell(&ToCompute::LoseDevice);
    }

    /// Sends what is not answered.
    fn tell(&self, message: &ToCompute) {
        if let Ok(packed) = pack(message, &JsValue::NULL) {
            drop(self.worker.post_message(&packed));
        }
    }
}

impl Drop for ComputeWorker {
    fn drop(&mut self) {
        // Answers that are on their way find nobody.
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

/// Workers on the CPU, for the person.
pub fn cpu_name(workers: usize) -> String {
    if workers == 1 {
        "CPU (1 worker)".to_owned()
    } else {
        format!("CPU ({workers} workers)")
    }
}

/// Starts `count` workers with the device and the model; gives them with the device's name.
pub async fn start_workers(
    wish: DeviceWish,
    count: usize,
    weights: &Weights,
) -> Result<(Vec<Rc<ComputeWorker>>, String), StartError> {
    let started = join_all((0..count).map(|_| start_worker(wish, weights))).await;
    let mut workers = Vec::new();
    let mut name = String::new();
    for outcome in started {
        let (worker, device) = outcome?;
        workers.push(Rc::new(worker));
        name = device;
    }
    Ok((workers, name))
}

/// Starts a worker with the device and the model; gives it with the device's name.
pub async fn start_worker(
    wish: DeviceWish,
    weights: &Weights,
) -> Result<(ComputeWorker, String), StartError> {
    let (worker, name) = start_bare(wish).await.map_err(StartError::Device)?;
    let answer = worker
        .ask(&ToCompute::TakeModel, &weights.attachment(), &Cell::default())
        .await;
    match answer.map_err(StartError::Device)? {
        (FromCompute::ModelTaken, _) => Ok((worker, name)),
        (FromCompute::ModelRefused { reason }, _) => Err(StartError::Model(reason)),
        (FromCompute::Failed { reason }, _) => Err(StartError::Device(reason)),
        _ => Err(StartError::Device(OTHER_ANSWER.to_owned())),
    }
}

/// A worker with a device and no model.
async fn start_bare(wish: DeviceWish) -> Result<(ComputeWorker, String), String> {
    let worker = ComputeWorker::start()?;
    let question = ToCompute::TakeDevice { wish };
    match worker.ask(&question, &JsValue::NULL, &Cell::default()).await? {
        (FromCompute::Device { name }, _) => Ok((worker, name)),
        (FromCompute::Failed { reason }, _) => Err(reason),
        _ => Err(OTHER_ANSWER.to_owned()),
    }
}

/// Mean milliseconds of a full ResNet-50 at 224 with `workers` workers, and the device's name for the person.
///
/// # Errors
/// When the device does not work.
pub async fn measure(wish: DeviceWish, workers: usize, passes: u32) -> Result<(f64, String), String> {
    let passes = passes.max(1);
    let mut started = Vec::new();
    let mut name = cpu_name(workers);
    for _ in 0..workers {
        let (worker, device) = start_bare(wish).await?;
        started.push(worker);
        if wish != DeviceWish::Cpu {
            name = device;
        }
    }
    let limit = Cell::default();
    measure_all(&started, WARM_UP_PASSES, &limit).await?;
    let times = f64::from(passes) / f64::from(WARM_UP_PASSES);
    let limit = Cell::new(limit.get().of_work(times));
    let slowest_ms = measure_all(&started, passes, &limit).await?;
    Ok((slowest_ms / f64::from(passes) / workers as f64, name))
}

/// Milliseconds that the slowest of the workers needs for `passes` passes, all at once.
async fn measure_all(
    workers: &[ComputeWorker],
    passes: u32,
    limit: &Cell<AnswerLimit>,
) -> Result<f64, String> {
    let outcomes = join_all(workers.iter().map(|worker| worker.measure(passes, limit))).await;
    outcomes
        .into_iter()
        .try_fold(0.0_f64, |slowest, outcome| Ok(slowest.max(outcome?)))
}
