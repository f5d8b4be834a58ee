//! What is to be done.

use shared_model::resume::ResumePoint;
use shared_model::smoothing::Smoothing;
use shared_model::timeline::Prediction;
use web_messages::JobId;

use crate::opened::Opened;

/// What is to be done, in the order in which it is given.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect<S> {
    /// Nothing more of the page's own frames goes to the engine.
    StopFeed,
    /// The engine is to read a file.
    Read {
        /// The job's number.
        job: JobId,
        /// Which one; `None` is the one on the stage.
        source: Option<S>,
        /// What is known of its beginning.
        resume: Option<Box<ResumePoint>>,
    },
    /// The engine is to take frames from the page.
    StartFrames {
        /// The job's number.
        job: JobId,
        /// Whether they are the webcam's.
        is_live: bool,
    },
    /// The engine is to stop.
    Cancel {
        /// The job's number.
        job: JobId,
    },
    /// The webcam's labels are to be shown.
    ShowLive(Vec<Prediction>),
    /// Size and length of what is on the stage are known.
    ShowSize(Opened),
    /// What an earlier visit has kept is on the stage.
    ShowKept {
        /// How its labels were smoothed.
        smoothing: Smoothing,
        /// Window in frames.
        window: usize,
        /// Frames that came from it, and whether these are all; `None` where the engine was further.
        news: Option<(usize, bool)>,
    },
    /// The rows that are shown are of something else.
    ForgetRows,
    /// Rows of frames from this one on are to be made.
    RowsGrew(usize),
    /// Rows are to be made of other results altogether.
    RowsReplaced,
    /// Rows are to be made anew.
    RowsOutdated,
    /// All labels are to be made of what is known; then [`LabelsComplete`](super::Event::LabelsComplete).
    CompleteLabels,
    /// What went wrong before is no longer in the status.
    ForgetFault,
    /// How fast the model in force is on this machine.
    Measured {
        /// Its name.
        model: String,
        /// Frames per second.
        frames_per_s: f64,
    },
    /// A job has failed before anything was read of what is on the stage: it may leave.
    NothingWasRead,
    /// There may be something to write: [`Session::take_write`](super::Session::take_write).
    Write,
}
