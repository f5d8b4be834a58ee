//! What happens.

use shared_model::timeline::{Prediction, Timeline};
use web_messages::JobId;

use super::keeper::StorageEvent;
use crate::job::JobKind;
use crate::kept_analysis::KeptProject;
use crate::opened::Opened;
use crate::review::document::ReviewDocument;

/// What happens.
#[derive(Debug, Clone)]
pub enum Event<S> {
    /// The person wants what is on the stage, or about to come on it, to be read; it waits where the engine is not ready.
    Begin(JobKind),
    /// The file on the stage is to be read again, whatever was kept of it.
    BeginAgain,
    /// A file is to be read behind the stage, once [`Event::LookedUp`] has said what was kept of it.
    BeginBehind(S),
    /// What was kept of the file behind the stage.
    LookedUp {
        /// The job that reads it.
        job: JobId,
        /// Labels by hand.
        document: ReviewDocument,
        /// What was read.
        results: Option<(KeptProject, Timeline)>,
    },
    /// A job that waits may have nothing to wait for any more.
    MayProceed,
    /// The person stops the job. What was read stays.
    Cancel,
    /// What is shown was read by no job.
    Forget,
    /// All of what is shown is there; a job for those who wait for one is begun, and ends with [`Event::AllShown`].
    BeginShown,
    /// See there.
    AllShown {
        /// The job's number.
        job: JobId,
    },
    /// All labels are made of what is known.
    LabelsComplete,
    /// The engine cannot go on.
    EngineBroke,
    /// What is said of a job; of one that is not the latest, or has ended, it changes nothing.
    Answer {
        /// The job's number.
        job: JobId,
        /// What is said of it.
        answer: Answer,
    },
    /// What an earlier visit, or another tab, has kept of the video on the stage.
    Kept {
        /// What is known of it.
        kept: KeptProject,
        /// What was seen.
        timeline: Timeline,
    },
    /// Something about the storage.
    Storage(StorageEvent),
}

/// What the engine, or the page that hands it frames, says of a job.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Its file is open, and on the stage if it belongs there.
    Opened(Opened),
    /// The file is the one of which the beginning is known; so many frames stand.
    Resumed(usize),
    /// Labels of frames have come, in order.
    Predictions(Vec<Prediction>),
    /// How far the engine is.
    Progress {
        /// 0 to 1.
        fraction: f64,
        /// Frames per second of late.
        frames_per_s: f64,
        /// Seconds left, where it can be told.
        seconds_left: Option<f64>,
    },
    /// How far the page is that steps through a player, 0 to 1.
    Stepped(f64),
    /// All frames are in.
    Done,
    /// It failed.
    Failed,
    /// The engine has stopped it.
    Cancelled,
}
