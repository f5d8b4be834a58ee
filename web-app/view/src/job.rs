//! The analysis under way, and the text of the status line.

use web_messages::JobId;

/// Whether the engine can work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnginePhase {
    /// Not yet: what it does.
    Loading {
        /// In plain words.
        step: String,
        /// How much of it is done in percent, where that is known.
        percent: Option<u8>,
    },
    /// It can.
    Ready,
    /// It could not start: why.
    Failed(String),
}

impl EnginePhase {
    /// A step of which nobody knows how long it takes.
    #[must_use]
    pub fn loading(step: &str) -> Self {
        Self::Loading {
            step: step.to_owned(),
            percent: None,
        }
    }
}

/// Where the frames come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    /// The engine reads the file.
    File,
    /// The page steps through a `<video>`.
    Stepped,
    /// Webcam.
    Live,
}

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobState {
    /// Waits for the engine.
    Queued,
    /// The engine has it.
    Running,
    /// All frames are in; the last labels are computed.
    Finishing,
    /// Ready.
    Done,
    /// Stopped by the person.
    Cancelled,
    /// It failed; the fault says why.
    Failed,
}

/// One analysis.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Number, ascending.
    pub id: JobId,
    /// Where its frames come from.
    pub kind: JobKind,
    /// How far it is.
    pub state: JobState,
    /// 0 to 1.
    pub fraction: f64,
    /// Frames a second of late, 0 before it is known.
    pub frames_per_s: f64,
    /// Seconds left, where it can be told.
    pub seconds_left: Option<f64>,
}

impl Job {
    /// A job that waits.
    #[must_use]
    pub fn queued(id: JobId, kind: JobKind) -> Self {
        Self {
            id,
            kind,
            state: JobState::Queued,
            fraction: 0.0,
            frames_per_s: 0.0,
            seconds_left: None,
        }
    }

    /// Whether it can be cancelled.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        matches!(
            self.state,
            JobState::Queued | JobState::Running | JobState::Finishing
        )
    }

    /// Whole percent; a webcam has no end and counts as up to date.
    #[must_use]
    pub fn percent(&self) -> u32 {
        match (self.kind, &self.state) {
            (JobKind::Live, _) | (_, JobState::Finishing | JobState::Done) => 100,
            _ => (self.fraction.clamp(0.0, 1.0) * 100.0).floor() as u32,
        }
    }
}

/// The text of `status`: `loading`, `ready`, `analyzing N%`, `done` or `error: ...`. Scripts read it.
#[must_use]
pub fn status(engine: &EnginePhase, job: Option<&Job>, fault: Option<&str>) -> String {
    let ready = *engine == EnginePhase::Ready;
    match job.map(|job| (&job.state, job)) {
        Some((JobState::Running | JobState::Finishing, job)) => {
            return format!("analyzing {}%", job.percent());
        }
        Some((JobState::Queued, job)) if ready => return format!("analyzing {}%", job.percent()),
        _ => {}
    }
    match (engine, fault, job.map(|job| &job.state)) {
        (_, Some(fault), _) => format!("error: {fault}"),
        (EnginePhase::Failed(reason), None, _) => format!("error: {reason}"),
        (EnginePhase::Loading { .. }, _, _) => "loading".to_owned(),
        (_, _, Some(JobState::Done)) => "done".to_owned(),
        _ => "ready".to_owned(),
    }
}

/// What is shown of a status, and the rest of it: of an error its cause, which stands in a notice.
#[must_use]
pub fn status_parts(status: &str) -> (&str, &str) {
    match status.find(": ") {
        Some(place) if status.starts_with("error") => status.split_at(place),
        _ => (status, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_said_in_one_word_where_a_notice_says_why() {
        assert_eq!(
            status_parts("error: a.mp4: no video"),
            ("error", ": a.mp4: no video")
        );
        assert_eq!(status_parts("analyzing 42%"), ("analyzing 42%", ""));
    }

    fn job(state: JobState) -> Job {
        Job {
            state,
            fraction: 0.427,
            ..Job::queued(1, JobKind::File)
        }
    }

    #[test]
    fn status_says_what_scripts_wait_for() {
        let loading = EnginePhase::loading("x");
        let ready = EnginePhase::Ready;
        assert_eq!(status(&loading, None, None), "loading");
        assert_eq!(status(&ready, None, None), "ready");
        assert_eq!(status(&loading, Some(&job(JobState::Queued)), None), "loading");
        assert_eq!(
            status(&ready, Some(&job(JobState::Running)), None),
            "analyzing 42%"
        );
        assert_eq!(status(&ready, Some(&job(JobState::Done)), None), "done");
        assert_eq!(status(&ready, Some(&job(JobState::Cancelled)), None), "ready");
        assert_eq!(
            status(&ready, Some(&job(JobState::Failed)), Some("a.mp4: no video")),
            "error: a.mp4: no video"
        );
        assert_eq!(
            status(&ready, Some(&job(JobState::Done)), Some("b.txt")),
            "error: b.txt"
        );
        assert_eq!(
            status(&EnginePhase::Failed("no model".into()), None, None),
            "error: no model"
        );
    }
}
