//! The JSON project: everything that was seen in a video, complete and reloadable.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::decisions::Decisions;
use crate::face_box::FaceBox;
use crate::people::People;
use crate::remark::Remarks;
use crate::reviewed_segment::ReviewedSegment;
use crate::smoothing::Smoothing;
use crate::timeline::Timeline;

/// Version that is written. Version 1 held no reviewed labels and is read as well.
pub const PROJECT_VERSION: u32 = 2;

/// A video's analysis with the settings that were in force.
///
/// Its text is [`Project::to_json`]'s, where `start_s` ([`Timeline::start_s`]) and, for pictures that have nothing to do with
/// one another, `unrelated` ([`Timeline::is_unrelated`]) stand beside the timeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Project {
    /// Format version, [`PROJECT_VERSION`].
    pub version: u32,
    /// File name of the video.
    pub video: String,
    /// The video's content: size and SHA-256 of its ends, as the page tells files apart; `None` where it was not taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// Name of the model.
    pub model: String,
    /// How labels were smoothed.
    pub smoothing: Smoothing,
    /// Window in frames.
    pub window: usize,
    /// What a person said, by track and start.
    #[serde(default)]
    pub reviewed: Vec<ReviewedSegment>,
    /// Who is who; the tracks of `reviewed` are people.
    #[serde(default)]
    pub people: People,
    /// What a person noted; the tracks in it are people.
    #[serde(default, skip_serializing_if = "Remarks::is_empty")]
    pub remarks: Remarks,
    /// How the labels of `reviewed` were decided; none in projects of older pages.
    #[serde(default, skip_serializing_if = "Decisions::is_empty")]
    pub decisions: Decisions,
    /// All that was seen.
    pub timeline: Timeline,
}

/// The project cannot be read.
#[derive(Debug, Error)]
pub enum ProjectError {
    #[error(
        "project version {0} is newer than this program understands ({PROJECT_VERSION}); update the program"
    )]
    Newer(u32),
    #[error("not a Mien project: {0}")]
    Json(String),
    #[error("frame {frame} of the project: {fault}")]
    Timeline { frame: usize, fault: &'static str },
    #[error("the project's `start_s` is {0}, expected a finite number of seconds")]
    Start(f64),
}

impl From<serde_json::Error> for ProjectError {
    /// Its words alone: as a cause beside them it would be told twice.
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error.to_string())
    }
}

impl Project {
    /// The project as JSON text; the timeline is its last member.
    ///
    /// # Errors
    /// When a number cannot be written as JSON, which has none that is infinite or undefined.
    pub fn to_json(&self) -> Result<String, ProjectError> {
        check(&self.timeline, false)?;
        #[derive(Serialize)]
        struct Written<'a> {
            start_s: f64,
            #[serde(skip_serializing_if = "Option::is_none")]
            unrelated: Option<bool>,
            #[serde(flatten)]
            project: &'a Project,
        }
        Ok(serde_json::to_string(&Written {
            start_s: self.timeline.start_s(),
            unrelated: self.timeline.is_unrelated().then_some(true),
            project: self,
        })?)
    }

    /// Reads [`Project::to_json`], also behind the mark that some editors put in front of UTF-8. Projects that do not say where
    /// their frames lie on the media's clock start at 0.
    ///
    /// # Errors
    /// On a newer version, text that is no project, and numbers that no analysis gives: they could not be written again.
    pub fn from_json(text: &str) -> Result<Self, ProjectError> {
        #[derive(Deserialize)]
        struct Beside {
            version: u32,
            #[serde(default)]
            start_s: f64,
            #[serde(default)]
            unrelated: bool,
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let beside: Beside = serde_json::from_str(text)?;
        if beside.version > PROJECT_VERSION {
            return Err(ProjectError::Newer(beside.version));
        }
        let mut project: Self = serde_json::from_str(text)?;
        if !beside.start_s.is_finite() {
            return Err(ProjectError::Start(beside.start_s));
        }
        check(&project.timeline, true)?;
        project.timeline.set_start_s(beside.start_s);
        project.timeline.set_unrelated(beside.unrelated);
        Ok(project)
    }
}

/// Makes sure that all numbers are finite and that boxes are boxes, and where `ordered` that times ascend: what was seen is written
/// even of a video whose clock goes back.
fn check(timeline: &Timeline, ordered: bool) -> Result<(), ProjectError> {
    let mut before_s = f64::NEG_INFINITY;
    for (frame, seen) in timeline.frames().iter().enumerate() {
        let fail = |fault| Err(ProjectError::Timeline { frame, fault });
        if !seen.time_s.is_finite() {
            return fail("its time is no finite number");
        }
        if ordered && seen.time_s < before_s {
            return fail("its time is before that of the frame before it");
        }
        before_s = seen.time_s;
        for face in &seen.faces {
            let FaceBox {
                x,
                y,
                w,
                h,
                score,
                roll_deg,
            } = face.face_box;
            if ![x, y, w, h, score, roll_deg].into_iter().all(f32::is_finite) {
                return fail("a face's box has a number that is not finite");
            }
            if w < 0.0 || h < 0.0 {
                return fail("a face's box has a side below 0");
            }
            let mut scores = face.raw.iter().chain(face.temporal.iter().flatten());
            if !scores.all(|score| score.is_finite()) {
                return fail("a probability is no finite number");
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::Expression;

    fn project() -> Project {
        Project {
            version: PROJECT_VERSION,
            video: "a.mp4".into(),
            fingerprint: Some("9-ab".into()),
            model: "tiny".into(),
            smoothing: Smoothing::MEAN,
            window: 12,
            reviewed: vec![ReviewedSegment {
                track: 0,
                start: 3,
                end: 9,
                label: Expression::Fear,
                confirmed: true,
            }],
            people: People::default(),
            remarks: Remarks::default().with_event(2, "bell"),
            decisions: Decisions { blind: 2, seeing: 1 },
            timeline: Timeline::new(),
        }
    }

    #[test]
    fn a_mark_in_front_is_no_part_of_it_and_other_text_is_told_once() {
        let text = project().to_json().unwrap();
        assert_eq!(Project::from_json(&format!("\u{feff}{text}")).unwrap(), project());
        let error = Project::from_json("frame,time").unwrap_err();
        assert!(error.to_string().starts_with("not a Mien project: "), "{error}");
        // Whoever prints an error with its causes would say the same again.
        assert!(std::error::Error::source(&error).is_none());
    }

    #[test]
    fn a_newer_version_is_named() {
        let project = project();
        let text = project.to_json().unwrap();
        assert_eq!(Project::from_json(&text).unwrap(), project);
        let newer = text.replace("\"version\":2", "\"version\":99");
        assert!(Project::from_json(&newer).unwrap_err().to_string().contains("99"));
        assert!(Project::from_json("{}").is_err());
    }

    #[test]
    fn what_is_known_of_the_media_stands_beside_the_timeline() {
        let text = r#"{"version":2,"video":"a","model":"tiny","smoothing":"none","window":1,"timeline":{"frames":[]}}"#;
        let mut project = Project::from_json(text).unwrap();
        assert_eq!(project.timeline.start_s(), 0.0);
        assert!(!project.timeline.is_unrelated());
        for (start_s, unrelated) in [(0.0, false), (0.083_411, true), (12.5, false)] {
            project.timeline.set_start_s(start_s);
            project.timeline.set_unrelated(unrelated);
            let text = project.to_json().unwrap();
            let plain: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(plain["start_s"], start_s);
            assert_eq!(plain["unrelated"].as_bool().unwrap_or(false), unrelated);
            assert_eq!(Project::from_json(&text).unwrap(), project);
        }
    }

    #[test]
    fn numbers_that_no_analysis_gives_are_refused() {
        let frame = |time: &str, edges: &str| {
            format!(
                r#"{{"time_s":{time},"faces":[{{"track":0,"face_box":{{{edges},"score":1}},"raw":[1,0,0,0,0,0,0,0],"temporal":null}}]}}"#
            )
        };
        let good = r#""x":0,"y":-2,"w":9,"h":9"#;
        let read = |second: String| {
            let first = frame("0.5", good);
            Project::from_json(&format!(
                r#"{{"version":2,"video":"a","model":"t","smoothing":"none","window":1,"timeline":{{"frames":[{first},{second}]}}}}"#
            ))
        };
        read(frame("0.54", good)).unwrap();
        for (time, edges, said) in [
            ("0.25", good, "before that of the frame before"),
            // Beyond single precision, so infinite there.
            ("0.54", r#""x":1e39,"y":0,"w":9,"h":9"#, "not finite"),
            ("0.54", r#""x":0,"y":0,"w":9,"h":-1"#, "below 0"),
            ("null", good, "null"),
            ("1e999", good, "out of range"),
        ] {
            let error = read(frame(time, edges)).unwrap_err().to_string();
            assert!(error.contains(said), "{time} {edges}: {error}");
        }
        let mut timeline = Timeline::new();
        timeline.push(crate::timeline::Prediction::Seen {
            frame: 0,
            time_s: f64::NAN,
            faces: Vec::new(),
        });
        let project = Project {
            timeline,
            ..read(frame("0.54", good)).unwrap()
        };
        assert!(project.to_json().unwrap_err().to_string().contains("frame 0"));
    }

    #[test]
    fn the_first_version_is_read_without_reviewed_labels() {
        // As version 1 wrote it.
        let text = r#"{"version":1,"video":"a.mp4","model":"tiny.safetensors","smoothing":"sliding","window":30,
            "timeline":{"frames":[{"time_s":0.0,"faces":[]},{"time_s":0.04,"faces":[]}]}}"#;
        let project = Project::from_json(text).unwrap();
        assert!(project.reviewed.is_empty());
        assert_eq!(project.timeline.frames().len(), 2);
        assert_eq!(project.window, 30);
    }
}
