//! The compute workers: one on the graphics adapter, or several on the CPU, behind one queue.

use std::cell::RefCell;
use std::rc::Rc;

use futures_channel::{mpsc, oneshot};
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::lock::Mutex;
use js_sys::{Array, Uint8Array};
use shared_model::face_reader::SeenFace;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Event, MessageEvent, Worker, WorkerOptions, WorkerType};

use crate::compute_message::{DeviceWish, FromCompute, ToCompute, faces_of_rows, frame_bytes};
use crate::raw_frame::RawFrame;
use crate::worker_scope::{error_text, event_text, pack, unpack};

/// Address of the compute worker's script, beside the engine's.
const SCRIPT: &str = "compute-worker.js";

/// The answer to some frames: the faces of each, or why there is none.
pub type Faces = Result<Vec<Vec<SeenFace>>, String>;

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

/// Why a pool did not come up.
#[derive(Debug)]
pub enum StartError {
    /// The model file is at fault.
    Model(String),
    /// The device is.
    Device(String),
}

/// Frames on their way through a pool.
struct Task {
    frames: Vec<RawFrame>,
    reply: oneshot::Sender<Faces>,
    /// Workers that died over it.
    deaths: u32,
}

/// Workers behind one queue. Dropping it ends them.
pub struct ComputePool {
    queue: mpsc::UnboundedSender<Task>,
    shared: Rc<Shared>,
}

struct Shared {
    waiting: Mutex<mpsc::UnboundedReceiver<Task>>,
    weights: Weights,
    cpu_workers: usize,
    is_gpu: RefCell<bool>,
    name: RefCell<String>,
    /// The worker on the graphics adapter, if there is one.
    gpu: RefCell<Option<Rc<ComputeWorker>>>,
    /// Told when the graphics adapter is lost and the CPU goes on.
    on_lost: Box<dyn Fn(String)>,
}

impl ComputePool {
    /// Starts workers and gives them the model; `cpu_workers` of them on the CPU, also later if the graphics adapter
    /// is lost. `on_lost` is told then.
    ///
    /// # Errors
    /// When the model does not fit, or the device does not work.
    pub async fn start(
        wish: DeviceWish,
        cpu_workers: usize,
        weights: &Weights,
        on_lost: impl Fn(String) + 'static,
    ) -> Result<Self, StartError> {
        let count = if wish == DeviceWish::Cpu {
            cpu_workers.max(1)
        } else {
            1
        };
        let (workers, device) = start_workers(wish, count, weights).await?;
        let is_gpu = wish != DeviceWish::Cpu;
        let (queue, waiting) = mpsc::unbounded();
        let shared = Rc::new(Shared {
            waiting: Mutex::new(waiting),
            weights: weights.clone(),
            cpu_workers: cpu_workers.max(1),
            is_gpu: RefCell::new(is_gpu),
            name: RefCell::new(if is_gpu { device } else { cpu_name(count) }),
            gpu: RefCell::new(workers.first().filter(|_| is_gpu).cloned()),
            on_lost: Box::new(on_lost),
        });
        let pool = Self { queue, shared };
        for worker in workers {
            pool.run(worker, is_gpu);
        }
        Ok(pool)
    }

    /// The device, for the person.
    #[must_use]
    pub fn name(&self) -> String {
        self.shared.name.borrow().clone()
    }

    /// Batches that keep all workers busy.
    #[must_use]
    pub fn capacity(&self) -> usize {
        if *self.shared.is_gpu.borrow() {
            2
        } else {
            self.shared.cpu_workers + 1
        }
    }

    /// Whether the graphics adapter computes.
    #[must_use]
    pub fn is_gpu(&self) -> bool {
        *self.shared.is_gpu.borrow()
    }

    /// Sends frames to the next worker that is free. The answer is an error if the pool is gone by then.
    pub fn submit(&self, frames: Vec<RawFrame>) -> oneshot::Receiver<Faces> {
        let (reply, answer) = oneshot::channel();
        let task = Task {
            frames,
            reply,
            deaths: 0,
        };
        // A task that is not taken drops its sender, which the receiver sees.
        drop(self.queue.unbounded_send(task));
        answer
    }

    /// Destroys the graphics device, for tests.
    pub fn lose_device(&self) {
        if let Some(worker) = self.shared.gpu.borrow().clone() {
            worker.tell(&ToCompute::LoseDevice);
        }
    }

    fn run(&self, worker: Rc<ComputeWorker>, is_gpu: bool) {
        let queue = self.queue.clone();
        let again = move |task| drop(queue.unbounded_send(task));
        spawn_local(serve(worker, Rc::clone(&self.shared), Rc::new(again), is_gpu));
    }
}

impl Drop for ComputePool {
    fn drop(&mut self) {
        // The workers' own clones of the sender must not keep the queue alive.
        self.queue.close_channel();
    }
}

type Again = Rc<dyn Fn(Task)>;

/// Gives a worker one task after the other until the queue ends.
async fn serve(worker: Rc<ComputeWorker>, shared: Rc<Shared>, again: Again, is_gpu: bool) {
    let mut worker = worker;
    loop {
        let task = shared.waiting.lock().await.next().await;
        let Some(mut task) = task else { return };
        if task.reply.is_canceled() {
            continue;
        }
        let reason = match read(&worker, &task.frames).await {
            Ok(faces) => {
                // The job may have ended meanwhile.
                drop(task.reply.send(faces));
                continue;
            }
            Err(reason) => reason,
        };
        task.deaths += 1;
        if is_gpu {
            go_on_with_cpu(&shared, &again, task, reason).await;
            return;
        }
        if task.deaths > 1 {
            drop(
                task.reply
                    .send(Err(format!("the computation stopped twice over it ({reason})"))),
            );
        } else {
            again(task);
        }
        // A new worker for the one that died.
        match start_workers(DeviceWish::Cpu, 1, &shared.weights).await {
            Ok((fresh, _)) => match fresh.into_iter().next() {
                Some(fresh) => worker = fresh,
                None => return,
            },
            Err(_) => return,
        }
    }
}

/// The graphics adapter is lost: workers on the CPU take over, beginning with the task it was lost over.
async fn go_on_with_cpu(shared: &Rc<Shared>, again: &Again, task: Task, reason: String) {
    shared.gpu.borrow_mut().take();
    match start_workers(DeviceWish::Cpu, shared.cpu_workers, &shared.weights).await {
        Ok((workers, _)) => {
            *shared.is_gpu.borrow_mut() = false;
            *shared.name.borrow_mut() = cpu_name(workers.len());
            for worker in workers {
                spawn_local(serve(worker, Rc::clone(shared), Rc::clone(again), false));
            }
            (shared.on_lost)(reason);
            again(task);
        }
        Err(StartError::Device(error) | StartError::Model(error)) => {
            let text =
                format!("the graphics adapter was lost ({reason}), and the CPU does not start ({error})");
            drop(task.reply.send(Err(text)));
        }
    }
}

fn cpu_name(workers: usize) -> String {
    if workers == 1 {
        "CPU (1 worker)".to_owned()
    } else {
        format!("CPU ({workers} workers)")
    }
}

/// Faces, or why the frames are refused; the outer error says that the worker is of no use any more.
async fn read(worker: &ComputeWorker, frames: &[RawFrame]) -> Result<Faces, String> {
    let headers = frames.iter().map(|frame| frame.header).collect();
    match worker
        .ask(&ToCompute::Read { frames: headers }, &frame_bytes(frames))
        .await?
    {
        (FromCompute::Faces { counts }, rows) => {
            Ok(faces_of_rows(&counts, &rows).ok_or_else(|| "a worker's answer does not fit".to_owned()))
        }
        (FromCompute::FramesRefused { reason }, _) => Ok(Err(reason)),
        (FromCompute::Failed { reason }, _) => Err(reason),
        _ => Err("a worker gave another answer than asked for".to_owned()),
    }
}

/// Starts `count` workers with the device and the model; gives them with the device's name.
async fn start_workers(
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

async fn start_worker(wish: DeviceWish, weights: &Weights) -> Result<(ComputeWorker, String), StartError> {
    let (worker, name) = start_bare(wish).await.map_err(StartError::Device)?;
    match worker
        .ask(&ToCompute::TakeModel, &weights.attachment())
        .await
        .map_err(StartError::Device)?
    {
        (FromCompute::ModelTaken, _) => Ok((worker, name)),
        (FromCompute::ModelRefused { reason }, _) => Err(StartError::Model(reason)),
        (FromCompute::Failed { reason }, _) => Err(StartError::Device(reason)),
        _ => Err(StartError::Device(
            "a worker gave another answer than asked for".to_owned(),
        )),
    }
}

/// A worker with a device and no model.
async fn start_bare(wish: DeviceWish) -> Result<(ComputeWorker, String), String> {
    let worker = ComputeWorker::start()?;
    match worker
        .ask(&ToCompute::TakeDevice { wish }, &JsValue::NULL)
        .await?
    {
        (FromCompute::Device { name }, _) => Ok((worker, name)),
        (FromCompute::Failed { reason }, _) => Err(reason),
        _ => Err("a worker gave another answer than asked for".to_owned()),
    }
}

/// Mean milliseconds of a full ResNet-50 at 224 with `workers` workers, and the device's name.
///
/// # Errors
/// When the device does not work.
pub async fn measure(wish: DeviceWish, workers: usize, passes: u32) -> Result<(f64, String), String> {
    let mut started = Vec::new();
    for _ in 0..workers {
        started.push(start_bare(wish).await?);
    }
    let all = |passes| join_all(started.iter().map(move |(worker, _)| measure_one(worker, passes)));
    // The first passes compile kernels and prepare weights.
    for outcome in all(2).await {
        outcome?;
    }
    let mut slowest = 0.0_f64;
    for outcome in all(passes.max(1)).await {
        slowest = slowest.max(outcome?);
    }
    let name = match (wish, started.first()) {
        (DeviceWish::Cpu, _) | (_, None) => cpu_name(workers),
        (DeviceWish::WebGpu { .. }, Some((_, name))) => name.clone(),
    };
    Ok((slowest / f64::from(passes.max(1)) / workers as f64, name))
}

async fn measure_one(worker: &ComputeWorker, passes: u32) -> Result<f64, String> {
    match worker
        .ask(
            &ToCompute::Benchmark {
                passes,
                of_model: false,
            },
            &JsValue::NULL,
        )
        .await?
    {
        (FromCompute::Measured { total_ms, .. }, _) => Ok(total_ms),
        (FromCompute::Failed { reason }, _) => Err(reason),
        _ => Err("a worker gave another answer than asked for".to_owned()),
    }
}

type Answer = Result<(FromCompute, JsValue), String>;
type Asker = Rc<RefCell<Option<oneshot::Sender<Answer>>>>;

/// A worker that answers one question at a time. Dropping it ends it.
struct ComputeWorker {
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

    /// The answer to a question; an error says that the worker died.
    async fn ask(&self, question: &ToCompute, attachment: &JsValue) -> Answer {
        if let Some(reason) = self.broken.borrow().clone() {
            return Err(reason);
        }
        let (sender, answer) = oneshot::channel();
        self.asker.borrow_mut().replace(sender);
        let packed = pack(question, attachment)?;
        self.worker
            .post_message(&packed)
            .map_err(|error| format!("a worker cannot be reached ({})", error_text(&error)))?;
        answer
            .await
            .unwrap_or_else(|_| Err("a worker was ended".to_owned()))
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
