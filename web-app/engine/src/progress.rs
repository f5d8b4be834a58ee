//! How far a job is, how fast, and how to stop it.

use std::collections::VecDeque;
use std::future::Future;

use futures_channel::oneshot;
use futures_util::FutureExt as _;
use futures_util::future::{Either, Shared, select};
use web_messages::{FromEngine, JobId};

use crate::worker_scope::now_ms;

/// The speed is that of the latest seconds.
const SPEED_WINDOW_MS: f64 = 6_000.0;

/// Frames a second of late, and the time left.
#[derive(Debug, Default)]
pub struct Speed {
    /// Clock and frames done, at the latest answers.
    marks: VecDeque<(f64, usize)>,
}

impl Speed {
    /// A speed from now on, of a job that has done so many frames already.
    #[must_use]
    pub fn starting_at(frames_done: usize) -> Self {
        Self {
            marks: VecDeque::from([(now_ms(), frames_done)]),
        }
    }

    /// The progress message after `frames_done` frames, at `fraction` (0 to 1) of the job.
    pub fn message(&mut self, job: JobId, frames_done: usize, fraction: f64) -> FromEngine {
        let now = now_ms();
        self.marks.push_back((now, frames_done));
        while self.marks.len() > 2
            && self
                .marks
                .front()
                .is_some_and(|(time, _)| now - time > SPEED_WINDOW_MS)
        {
            self.marks.pop_front();
        }
        let frames_per_s = match self.marks.front() {
            Some((time, frames)) if now > *time => {
                frames_done.saturating_sub(*frames) as f64 / (now - time) * 1e3
            }
            _ => 0.0,
        };
        let fraction = fraction.clamp(0.0, 1.0);
        let frames_left = frames_done as f64 * (1.0 - fraction) / fraction.max(1e-6);
        FromEngine::Progress {
            job,
            frames_done,
            fraction,
            frames_per_s,
            seconds_left: (frames_per_s > 0.0 && fraction > 0.0).then(|| frames_left / frames_per_s),
        }
    }
}

/// Stops a job from outside.
pub struct Canceller(oneshot::Sender<()>);

/// A job's ear for its [`Canceller`].
#[derive(Clone)]
pub struct CancelToken(Shared<oneshot::Receiver<()>>);

/// The job was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped;

/// A canceller and its token.
pub fn cancel_pair() -> (Canceller, CancelToken) {
    let (sender, receiver) = oneshot::channel();
    (Canceller(sender), CancelToken(receiver.shared()))
}

impl Canceller {
    /// Stops the job at its next wait.
    pub fn cancel(self) {
        // A job that has ended hears nothing.
        let _ = self.0.send(());
    }
}

impl CancelToken {
    /// Waits for `work`, or for the cancel, whichever comes first.
    ///
    /// # Errors
    /// When the job is stopped; `work` is dropped then.
    pub async fn or<T>(&self, work: impl Future<Output = T>) -> Result<T, Stopped> {
        let work = Box::pin(work);
        match select(self.0.clone(), work).await {
            Either::Left(_) => Err(Stopped),
            Either::Right((value, _)) => Ok(value),
        }
    }
}
