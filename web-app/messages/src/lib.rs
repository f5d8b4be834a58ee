//! What the page's UI and its engine say to each other.
//!
//! A message crosses as a JavaScript object `{ message, attachment }`: `message` is one of the enums below through
//! serde, `attachment` a `File`, `Blob`, `ImageBitmap` or `VideoFrame` where the variant says so (those cannot go
//! through serde and are transferred or cloned by the browser).
//!
//! The engine does one job at a time. Each job has a number that the UI counts up; answers carry it, so that what
//! arrives late from a cancelled job is told apart.

use serde::{Deserialize, Serialize};
use shared_model::corrections::{Correction, LearningReport};
use shared_model::face_box::FaceBox;
use shared_model::orientation::Orientation;
use shared_model::resume::ResumePoint;
use shared_model::smoothing::Smoothing;
use shared_model::timeline::Prediction;

/// Number of a job, given by the UI, ascending.
pub type JobId = u32;

/// Which device the person (or `?backend=`) asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendChoice {
    /// WebGPU if the adapter is real and passes the self-check, else the CPU.
    #[default]
    Auto,
    /// WebGPU also on a software adapter; an error if there is none or the self-check fails.
    WebGpu,
    /// The CPU.
    Cpu,
}

impl BackendChoice {
    /// Reads the value of `?backend=`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "auto" => Some(Self::Auto),
            "webgpu" => Some(Self::WebGpu),
            "cpu" => Some(Self::Cpu),
            _ => None,
        }
    }
}

/// From the UI to the engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ToEngine {
    /// First message: choose the device and load a shipped model. Answered by `Loading`..., then `Ready` or `Failed`.
    Start {
        /// Device.
        backend: BackendChoice,
        /// Address of the model file, relative to the page (`models/tiny.safetensors`).
        model_url: String,
        /// Workers of the CPU path; 0 takes as many as the machine has cores, less one, at most 8.
        cpu_workers: u32,
    },
    /// Take another model. Attachment: its `File`. Answered by `Ready`, or `ModelRefused` (the old model stays).
    OpenModel {
        /// File name, for messages.
        name: String,
    },
    /// Take a shipped model. Answered as `OpenModel` is.
    FetchModel {
        /// Address relative to the page.
        model_url: String,
    },
    /// Analyse a video or picture file. Attachment: its `File`. A job under way is cancelled first.
    /// Answered by `Opened`, then `Predictions` and `Progress` over and over, then `Done`; or `Failed`.
    Analyze {
        /// The job's number.
        job: JobId,
        /// File name, for messages.
        name: String,
        /// What is known of the video's beginning. If the file bears it out, `Resumed` is said and predictions are of
        /// what is not known; else of all frames.
        resume: Option<ResumePoint>,
    },
    /// Frames come from the page (webcam, or a `<video>` whose file could not be demuxed). Answered by `NeedFrame`.
    StartFrames {
        /// The job's number.
        job: JobId,
        /// Webcam: live labels over the last clip, nothing is kept. Else an approximate analysis.
        live: bool,
    },
    /// The next frame of a `StartFrames` job. Attachment: `VideoFrame` or `ImageBitmap` (transferred, closed by the
    /// engine). Answered by `Predictions` and the next `NeedFrame`.
    Frame {
        /// The job's number.
        job: JobId,
        /// Time in seconds, 0 at the first frame.
        time_s: f64,
    },
    /// No more frames. Answered by the last `Predictions` and `Done`.
    EndFrames {
        /// The job's number.
        job: JobId,
    },
    /// Stop the job. Answered by `Cancelled`, after which nothing of the job follows.
    Cancel {
        /// The job's number.
        job: JobId,
    },
    /// A text for a zip, which is begun with its first one. A zip that was begun before and is not ended is dropped.
    PackText {
        /// The zip's number, counted with those of the jobs.
        job: JobId,
        /// The text's name in the zip.
        name: String,
        /// The text.
        text: String,
    },
    /// The zip is complete. Answered by `Packed`, or `Failed`. No job is stopped for it.
    EndPack {
        /// The zip's number.
        job: JobId,
    },
    /// Cut faces out of a video or picture, put them into the zip as JPEG, and end it. Attachment: the `File`. It is a
    /// job like others. Answered by `Progress` over and over, then `Packed`; or `Failed`.
    CutFaces {
        /// The zip's number, and the job's.
        job: JobId,
        /// File name, for messages.
        name: String,
        /// A list of [`FaceCut`] as JSON, in the order of the frames: an hour's faces cross faster as one text.
        faces: String,
    },
    /// Hand out the frames of a video one by one. Attachment: its `File`. It is a job like others. Answered by `Frame` over and over,
    /// each of which is to be `Taken`, then `Done`; or `TryVideoElement`, or `Failed`.
    ShowFrames {
        /// The job's number.
        job: JobId,
        /// File name, for messages.
        name: String,
    },
    /// A `Frame` was taken: there is room for one more.
    Taken {
        /// The job's number.
        job: JobId,
    },
    /// Read a video's faces again, to learn from what a person said of them. Attachment: its `File`. It is a job like others; what was read
    /// before for the same number stays. Answered by `Progress` over and over, then `ReadForLearning`; or `TryVideoElement`, or `Failed`.
    ReadForLearning {
        /// The job's number.
        job: JobId,
        /// File name, for messages.
        name: String,
        /// A [`ReviewedVideo`] as JSON: an hour's labels cross faster as one text.
        reviewed: String,
    },
    /// Learn from all videos that were read for this number. Answered by `Progress` over and over, then `Learned`; or `Failed`.
    Learn {
        /// The job's number.
        job: JobId,
    },
    /// For tests and the benchmark page: mean milliseconds of a forward pass of a random full ResNet-50 at 224.
    /// Answered by `Benchmarked`.
    Benchmark {
        /// Passes that are timed.
        passes: u32,
    },
    /// For tests: destroys the GPU device, as a driver's reset would.
    LoseDevice,
}

/// From the engine to the UI.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum FromEngine {
    /// The engine is getting ready.
    Loading {
        /// What it does, in plain words.
        step: String,
        /// How much of it is done in percent, where that is known.
        #[serde(default)]
        percent: Option<u8>,
    },
    /// The engine can work.
    Ready {
        /// Device, for the person: `WebGPU - <adapter>` or `CPU (4 workers)`.
        backend: String,
        /// Why it is not the device one would expect, or other things worth saying.
        notice: Option<String>,
        /// The model in force.
        model: ModelSummary,
    },
    /// A model file was refused; the one before stays.
    ModelRefused {
        /// File, cause, and what to do.
        reason: String,
    },
    /// The job's file is open.
    Opened {
        /// The job's number.
        job: JobId,
        /// Width of the picture as it is shown, in pixels.
        width: u32,
        /// Height of the picture as it is shown, in pixels.
        height: u32,
        /// Length in seconds, 0 for a picture.
        duration_s: f64,
        /// Time of the first frame on the media's own clock in seconds, where 0 is the earliest start of all its streams
        /// (its sound's too); 0 for a picture.
        start_s: f64,
        /// Frames that are expected; `None` where the file does not say.
        frame_count: Option<usize>,
        /// A warning that belongs to the result (for instance approximate times).
        notice: Option<String>,
    },
    /// The file cannot be demuxed or decoded here; the UI may try a `<video>` with `StartFrames`.
    TryVideoElement {
        /// The job's number.
        job: JobId,
        /// Why.
        reason: String,
    },
    /// The file is the one of which the beginning is known, and reading goes on behind that.
    Resumed {
        /// The job's number.
        job: JobId,
        /// Frames that are known and stand.
        frames: usize,
    },
    /// What is newly known.
    Predictions {
        /// The job's number.
        job: JobId,
        /// In order; feed them to `Timeline::push`.
        predictions: Vec<Prediction>,
    },
    /// How far the job is.
    Progress {
        /// The job's number.
        job: JobId,
        /// Frames done.
        frames_done: usize,
        /// 0 to 1, by time where the number of frames is unknown.
        fraction: f64,
        /// Frames a second of late.
        frames_per_s: f64,
        /// Seconds left at that speed.
        seconds_left: Option<f64>,
    },
    /// The engine wants the next frame of a `StartFrames` job.
    NeedFrame {
        /// The job's number.
        job: JobId,
    },
    /// A frame of a `ShowFrames` job. Attachment: its `VideoFrame` as it is coded, to be closed by who gets it.
    Frame {
        /// The job's number.
        job: JobId,
        /// Frame number from 0.
        number: usize,
        /// Time in seconds, 0 at the first frame.
        time_s: f64,
        /// How the coded picture is to be turned.
        orientation: Orientation,
        /// Width of the picture as it is shown, in pixels.
        width: u32,
        /// Height of the picture as it is shown, in pixels.
        height: u32,
    },
    /// A video was read for learning.
    ReadForLearning {
        /// The job's number.
        job: JobId,
        /// What is missing of it, if anything is.
        notice: Option<String>,
    },
    /// The model has learned. Attachment: the new one as a `Blob`; the old one stays in force.
    Learned {
        /// The job's number.
        job: JobId,
        /// From what, and how it does on what it has not seen.
        report: LearningReport,
    },
    /// All frames are in.
    Done {
        /// The job's number.
        job: JobId,
        /// A warning, for instance that the file ended early; what was read stands.
        notice: Option<String>,
    },
    /// The job was stopped; what was sent stands.
    Cancelled {
        /// The job's number.
        job: JobId,
    },
    /// Something failed. Without a job the engine itself could not start.
    Failed {
        /// The job's number.
        job: Option<JobId>,
        /// File, cause, and what to do.
        reason: String,
    },
    /// A zip is complete. Attachment: its `Blob`.
    Packed {
        /// The zip's number.
        job: JobId,
        /// A warning, for instance that faces are missing.
        notice: Option<String>,
    },
    /// The device changed while running (a lost GPU): the job goes on where `Ready` follows.
    DeviceLost {
        /// Cause, and what happens now.
        reason: String,
    },
    /// Answer to `Benchmark`.
    Benchmarked {
        /// Device as in `Ready`.
        backend: String,
        /// Mean milliseconds of one picture.
        ms_a_picture: f64,
    },
}

impl FromEngine {
    /// The job that a message is about.
    #[must_use]
    pub fn job(&self) -> Option<JobId> {
        match self {
            Self::Opened { job, .. }
            | Self::TryVideoElement { job, .. }
            | Self::Resumed { job, .. }
            | Self::Predictions { job, .. }
            | Self::Progress { job, .. }
            | Self::NeedFrame { job }
            | Self::Frame { job, .. }
            | Self::ReadForLearning { job, .. }
            | Self::Learned { job, .. }
            | Self::Done { job, .. }
            | Self::Cancelled { job }
            | Self::Packed { job, .. } => Some(*job),
            Self::Failed { job, .. } => *job,
            Self::Loading { .. }
            | Self::Ready { .. }
            | Self::ModelRefused { .. }
            | Self::DeviceLost { .. }
            | Self::Benchmarked { .. } => None,
        }
    }
}

/// What a person said of a video, and how its labels are made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReviewedVideo {
    /// How labels are smoothed.
    pub smoothing: Smoothing,
    /// Window in frames.
    pub window: usize,
    /// The person's labels.
    pub corrections: Vec<Correction>,
}

/// A face that is to be cut out of a video.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaceCut {
    /// Frame number.
    pub frame: usize,
    /// The frame's time in seconds, which shows whether it is the video that the labels belong to.
    pub time_s: f64,
    /// Where the face is.
    pub face_box: FaceBox,
    /// The picture's name in the zip.
    pub path: String,
}

/// What the page shows of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelSummary {
    /// File name.
    pub name: String,
    /// Side of the input in pixels.
    pub input_size: usize,
    /// Whether it has a temporal part.
    pub has_temporal: bool,
    /// Frames in a clip.
    pub clip_length: usize,
    /// Smoothing window it was made with.
    pub window: usize,
    /// Probability below which its labels are more often wrong than right, 0 to 1; 0 where nobody measured it.
    pub not_sure_below: f64,
    /// One sentence on what it is, from its metadata (`training.note`).
    pub note: String,
    /// The rest of `training`, as pretty JSON text.
    pub training: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_back_as_they_were() {
        let message = FromEngine::Progress {
            job: 3,
            frames_done: 12,
            fraction: 0.5,
            frames_per_s: 4.0,
            seconds_left: None,
        };
        let text = serde_json::to_string(&message).unwrap();
        assert!(text.contains("\"type\":\"progress\""), "{text}");
        assert_eq!(serde_json::from_str::<FromEngine>(&text).unwrap(), message);
    }
}
