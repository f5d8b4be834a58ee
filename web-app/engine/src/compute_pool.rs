//! The compute workers: one on the graphics adapter, or several on the CPU, behind one queue.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_channel::{mpsc, oneshot};
use futures_util::StreamExt as _;
use futures_util::lock::Mutex;
use page_view::answer_limit::AnswerLimit;
use wasm_bindgen_futures::spawn_local;

use crate::compute_message::DeviceWish;
use crate::compute_worker::{ComputeWorker, StartError, Weights, cpu_name, start_worker, start_workers};
use crate::faces::Faces;
use crate::raw_frame::RawFrame;

const WHAT_TO_DO: &str = "open the file again, or reload the page";

/// Frames on their way through a pool.
struct Task {
    frames: Vec<RawFrame>,
    /// Number of the first one, where they follow each other in a film.
    first: Option<usize>,
    reply: oneshot::Sender<Faces>,
    /// Workers that died over it.
    deaths: u32,
}

impl Task {
    fn fail(self, reason: &str) {
        // The job may have ended meanwhile.
        drop(self.reply.send(Err(reason.to_owned())));
    }
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
    is_gpu: Cell<bool>,
    name: RefCell<String>,
    /// The worker on the graphics adapter, if there is one.
    gpu: RefCell<Option<Rc<ComputeWorker>>>,
    /// Of frames, on the device in force.
    limit: Cell<AnswerLimit>,
    /// Workers that take tasks or are being replaced.
    serving: Cell<usize>,
    /// Why no worker is left.
    deserted: RefCell<Option<String>>,
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
        let cpu_workers = cpu_workers.max(1);
        let is_gpu = wish != DeviceWish::Cpu;
        let count = if is_gpu { 1 } else { cpu_workers };
        let (workers, device) = start_workers(wish, count, weights).await?;
        let (queue, waiting) = mpsc::unbounded();
        let shared = Rc::new(Shared {
            waiting: Mutex::new(waiting),
            weights: weights.clone(),
            cpu_workers,
            is_gpu: Cell::new(is_gpu),
            name: RefCell::new(if is_gpu { device } else { cpu_name(count) }),
            gpu: RefCell::new(workers.first().filter(|_| is_gpu).cloned()),
            limit: Cell::default(),
            serving: Cell::new(0),
            deserted: RefCell::new(None),
            on_lost: Box::new(on_lost),
        });
        let pool = Self { queue, shared };
        for worker in workers {
            enlist(worker, &pool.shared, &pool.again());
        }
        Ok(pool)
    }

    /// Makes sure that somebody takes tasks: where no worker is left, new ones are started on the CPU. To be called
    /// before each job.
    ///
    /// # Errors
    /// When none starts.
    pub async fn ensure_workers(&self) -> Result<(), String> {
        if self.shared.deserted.borrow().is_none() {
            return Ok(());
        }
        go_on_with_cpu(&self.shared, &self.again(), "no worker was left".to_owned())
            .await
            .map_err(|error| format!("no worker can be started ({error}): reload the page"))
    }

    /// The device, for the person.
    #[must_use]
    pub fn name(&self) -> String {
        self.shared.name.borrow().clone()
    }

    /// Batches that keep all workers busy.
    #[must_use]
    pub fn capacity(&self) -> usize {
        if self.is_gpu() {
            2
        } else {
            self.shared.cpu_workers + 1
        }
    }

    /// Whether the graphics adapter computes.
    #[must_use]
    pub fn is_gpu(&self) -> bool {
        self.shared.is_gpu.get()
    }

    /// Sends frames to the next worker that is free; `first` is the number of the first one where they follow each other in a film. The answer is an error if no worker is left, or the pool is gone by
    /// then.
    pub fn submit(&self, frames: Vec<RawFrame>, first: Option<usize>) -> oneshot::Receiver<Faces> {
        let (reply, answer) = oneshot::channel();
        let task = Task {
            frames,
            first,
            reply,
            deaths: 0,
        };
        match &*self.shared.deserted.borrow() {
            Some(reason) => task.fail(reason),
            // A task that is not taken drops its sender, which the receiver sees.
            None => drop(self.queue.unbounded_send(task)),
        }
        answer
    }

    /// Destroys the graphics device, for tests.
    pub fn lose_device(&self) {
        if let Some(worker) = &*self.shared.gpu.borrow() {
            worker.lose_device();
        }
    }

    fn again(&self) -> Again {
        let queue = self.queue.clone();
        Rc::new(move |task| drop(queue.unbounded_send(task)))
    }
}

impl Drop for ComputePool {
    fn drop(&mut self) {
        // The workers' own clones of the sender must not keep the queue alive.
        self.queue.close_channel();
    }
}

impl Shared {
    /// One worker fewer. Where none is left, nobody will answer what waits: it is told `why`.
    async fn leave(&self, why: Option<String>) {
        self.serving.set(self.serving.get().saturating_sub(1));
        let Some(why) = why.filter(|_| self.serving.get() == 0) else {
            return;
        };
        self.deserted.replace(Some(why.clone()));
        // Nobody else waits for tasks.
        let mut waiting = self.waiting.lock().await;
        while let Ok(task) = waiting.try_recv() {
            task.fail(&why);
        }
    }
}

type Again = Rc<dyn Fn(Task)>;

/// Lets a worker take tasks.
fn enlist(worker: Rc<ComputeWorker>, shared: &Rc<Shared>, again: &Again) {
    shared.serving.set(shared.serving.get() + 1);
    let (shared, again) = (Rc::clone(shared), Rc::clone(again));
    spawn_local(async move {
        let why = serve(worker, &shared, &again).await;
        shared.leave(why).await;
    });
}

/// Gives a worker one task after the other, and its successor where it dies. Says why there is no successor; nothing when
/// the queue ends.
async fn serve(mut worker: Rc<ComputeWorker>, shared: &Rc<Shared>, again: &Again) -> Option<String> {
    let is_gpu = shared.is_gpu.get();
    loop {
        let mut task = shared.waiting.lock().await.next().await?;
        if task.reply.is_canceled() {
            continue;
        }
        let reason = match worker.read(&task.frames, task.first, &shared.limit).await {
            Ok(faces) => {
                // The job may have ended meanwhile.
                drop(task.reply.send(faces));
                continue;
            }
            Err(reason) => reason,
        };
        // It may still compute in vain.
        worker.end();
        task.deaths += 1;
        if task.deaths > 1 {
            task.fail(&format!("the computation stopped twice over it ({reason})"));
        } else {
            again(task);
        }
        if is_gpu {
            let went_on = go_on_with_cpu(shared, again, reason.clone()).await;
            return went_on.err().map(|error| {
                format!(
                    "the graphics adapter was lost ({reason}), and workers on the CPU could not be started ({error}): \
                     {WHAT_TO_DO}"
                )
            });
        }
        match start_worker(DeviceWish::Cpu, &shared.weights).await {
            Ok((fresh, _)) => worker = Rc::new(fresh),
            Err(error) => {
                let error = error.reason();
                return Some(format!(
                    "the workers stopped ({reason}), and others could not be started ({error}): {WHAT_TO_DO}"
                ));
            }
        }
    }
}

/// Workers on the CPU take over from what was lost.
async fn go_on_with_cpu(shared: &Rc<Shared>, again: &Again, lost: String) -> Result<(), String> {
    shared.gpu.borrow_mut().take();
    let (workers, _) = start_workers(DeviceWish::Cpu, shared.cpu_workers, &shared.weights)
        .await
        .map_err(StartError::reason)?;
    let was_gpu = shared.is_gpu.replace(false);
    shared.limit.set(AnswerLimit::default());
    shared.deserted.replace(None);
    shared.name.replace(cpu_name(workers.len()));
    for worker in workers {
        enlist(worker, shared, again);
    }
    if was_gpu {
        (shared.on_lost)(lost);
    }
    Ok(())
}
