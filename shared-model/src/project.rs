//! The JSON project: everything that was seen in a video, complete and reloadable.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::people::People;
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
    Json(#[from] serde_json::Error),
}

impl Project {
    /// The project as JSON text; the timeline is its last member.
    ///
    /// # Errors
    /// When a number cannot be written as JSON.
    pub fn to_json(&self) -> Result<String, ProjectError> {
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

    /// Reads [`Project::to_json`]. Projects that do not say where their frames lie on the media's clock start at 0.
    ///
    /// # Errors
    /// On a newer version or text that is no project.
    pub fn from_json(text: &str) -> Result<Self, ProjectError> {
        #[derive(Deserialize)]
        struct Beside {
            version: u32,
            #[serde(default)]
            start_s: f64,
            #[serde(default)]
            unrelated: bool,
        }
        let beside: Beside = serde_json::from_str(text)?;
        if beside.version > PROJECT_VERSION {
            return Err(ProjectError::Newer(beside.version));
        }
        let mut project: Self = serde_json::from_str(text)?;
        project.timeline.set_start_s(beside.start_s);
        project.timeline.set_unrelated(beside.unrelated);
        Ok(project)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::Expression;

    #[test]
    fn a_newer_version_is_named() {
        let project = Project {
            version: PROJECT_VERSION,
            video: "a.mp4".into(),
            fingerprint: Some("9-ab".into()),
            model: "tiny".into(),
            smoothing: Smoothing::Mean,
            window: 12,
            reviewed: vec![ReviewedSegment {
                track: 0,
                start: 3,
                end: 9,
                label: Expression::Fear,
                confirmed: true,
            }],
            people: People::default(),
            timeline: Timeline::new(),
        };
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
