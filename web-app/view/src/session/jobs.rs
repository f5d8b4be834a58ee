//! The jobs that the page gives the engine: there is one at a time.

use web_messages::JobId;

use crate::job::{Job, JobKind, JobState};

/// The latest job, and the numbers of all.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    latest: Option<Job>,
    last_number: JobId,
}

impl Jobs {
    pub(super) fn latest(&self) -> Option<&Job> {
        self.latest.as_ref()
    }

    pub(super) fn next_number(&mut self) -> JobId {
        self.last_number = self.last_number.wrapping_add(1);
        self.last_number
    }

    /// A new job takes the place of the one before, whose answers count no more.
    pub(super) fn queue(&mut self, kind: JobKind) -> JobId {
        let id = self.next_number();
        self.latest = Some(Job::queued(id, kind));
        id
    }

    pub(super) fn is_current(&self, id: JobId) -> bool {
        self.latest
            .as_ref()
            .is_some_and(|job| job.id == id && job.is_under_way())
    }

    /// Changes the job if it is still the latest one and under way.
    pub(super) fn update(&mut self, id: JobId, change: impl FnOnce(&mut Job)) {
        if self.is_current(id)
            && let Some(job) = &mut self.latest
        {
            change(job);
        }
    }

    /// The one that is under way has failed, whichever it is.
    pub(super) fn fail_latest(&mut self) {
        if let Some(job) = self.latest.as_mut().filter(|job| job.is_under_way()) {
            job.state = JobState::Failed;
        }
    }

    pub(super) fn forget(&mut self) {
        self.latest = None;
    }
}
