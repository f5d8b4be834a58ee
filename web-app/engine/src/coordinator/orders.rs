//! Jobs whose result is not a timeline: frames for the page to draw on, and a model that learns.

use std::rc::Rc;

use futures_channel::mpsc::unbounded;
use wasm_bindgen_futures::spawn_local;
use web_messages::{FromEngine, JobId, ReviewedVideo};
use web_sys::File;

use super::{Coordinator, ToLearnFrom, conclude, ensure_workers, set_job_name};
use crate::outcome::{Outcome, say};
use crate::show_job;
use crate::worker_scope::post;

impl Coordinator {
    pub(super) async fn show_frames(&mut self, job: JobId, name: String, file: File) {
        self.stop_job().await;
        let token = self.put(job, None);
        let (sender, taken) = unbounded();
        if let Some(job) = &mut self.job {
            job.taken = Some(sender);
        }
        let ended = self.ended_signal();
        spawn_local(async move {
            set_job_name(Some(&name));
            conclude(job, &name, show_job::run(job, &file, taken, &token).await);
            // The coordinator may have stopped listening.
            let _ = ended.send(());
        });
    }

    pub(super) async fn read_for_learning(&mut self, job: JobId, name: String, reviewed: &str, file: File) {
        let reviewed: ReviewedVideo = match serde_json::from_str(reviewed) {
            Ok(reviewed) => reviewed,
            Err(error) => {
                return say(&FromEngine::Failed {
                    job: Some(job),
                    reason: error.to_string(),
                });
            }
        };
        let before = self.learning.take().filter(|read| read.job == job);
        let Some((engine, token)) = self.begin(job, None).await else {
            return;
        };
        if before
            .as_ref()
            .is_some_and(|read| !Rc::ptr_eq(&read.engine, &engine))
        {
            // Another model has come meanwhile.
            return say(&FromEngine::Cancelled { job });
        }
        let learning = before.map(|read| read.learning).unwrap_or_default();
        self.learning = Some(ToLearnFrom {
            job,
            engine: Rc::clone(&engine),
            learning: Rc::clone(&learning),
        });
        let ended = self.ended_signal();
        spawn_local(async move {
            set_job_name(Some(&name));
            // Taken out meanwhile: jobs come one after the other, and one that is stopped loses what it read.
            let mut read = learning.take();
            let outcome = match ensure_workers(&engine, &token).await {
                Ok(()) => {
                    read.read(job, &file, reviewed, &engine.pool, &engine.model, &token)
                        .await
                }
                Err(outcome) => Err(outcome),
            };
            match outcome {
                Ok(notice) => {
                    learning.replace(read);
                    set_job_name(None);
                    let notice = notice.map(|notice| format!("{name}: {notice}"));
                    say(&FromEngine::ReadForLearning { job, notice });
                }
                Err(outcome) => {
                    if let Outcome::TryVideoElement(_) = outcome {
                        // The page may leave this one out.
                        learning.replace(read);
                    }
                    conclude(job, &name, Err(outcome));
                }
            }
            // The coordinator may have stopped listening.
            let _ = ended.send(());
        });
    }

    pub(super) async fn learn(&mut self, job: JobId) {
        let Some(read) = self.learning.take().filter(|read| read.job == job) else {
            let reason = "nothing was read to learn from".to_owned();
            return say(&FromEngine::Failed {
                job: Some(job),
                reason,
            });
        };
        let Some((engine, token)) = self.begin(job, None).await else {
            return;
        };
        if !Rc::ptr_eq(&read.engine, &engine) {
            return say(&FromEngine::Cancelled { job });
        }
        let ended = self.ended_signal();
        spawn_local(async move {
            let read = read.learning.take();
            match read.finish(job, &engine.model, &token).await {
                Ok((blob, report)) => post(&FromEngine::Learned { job, report }, &blob),
                Err(outcome) => conclude(job, "learning", Err(outcome)),
            }
            let _ = ended.send(());
        });
    }

    pub(super) fn note_taken(&self, job: JobId) {
        let running = self.job.as_ref().filter(|running| running.id == job);
        if let Some(taken) = running.and_then(|running| running.taken.as_ref()) {
            // A job that has just ended gives no more.
            drop(taken.unbounded_send(()));
        }
    }
}
