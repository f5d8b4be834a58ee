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
    /// The project as JSON text.
    ///
    /// # Errors
    /// When a number cannot be written as JSON.
    pub fn to_json(&self) -> Result<String, ProjectError> {
        Ok(serde_json::to_string(self)?)
    }

    /// Reads [`Project::to_json`].
    ///
    /// # Errors
    /// On a newer version or text that is no project.
    pub fn from_json(text: &str) -> Result<Self, ProjectError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let Versioned { version } = serde_json::from_str(text)?;
        if version > PROJECT_VERSION {
            return Err(ProjectError::Newer(version));
        }
        Ok(serde_json::from_str(text)?)
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
