//! What is kept of a review between two visits.

use serde::{Deserialize, Serialize};
use shared_model::people::People;
use shared_model::reviewed_segment::ReviewedSegment;

use super::document::{ReviewDocument, SegmentFault};

/// Version that is written.
pub const SAVED_VERSION: u32 = 1;

/// Labels of one video, as they lie in the browser's storage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedReview {
    /// Format version, [`SAVED_VERSION`].
    pub version: u32,
    /// The video's file name when it was last reviewed, for people.
    pub video: String,
    /// By track and start.
    pub segments: Vec<ReviewedSegment>,
    /// Who is who; not there in what older pages kept.
    #[serde(default)]
    pub people: People,
}

/// Why saved labels cannot be taken.
#[derive(Debug)]
pub enum SavedReviewError {
    /// A newer page wrote them.
    Newer(u32),
    /// They are no labels.
    Json(serde_json::Error),
    /// They contradict one another.
    Segments(SegmentFault),
}

impl SavedReview {
    /// Of a document.
    #[must_use]
    pub fn of(video: &str, document: &ReviewDocument) -> Self {
        Self {
            version: SAVED_VERSION,
            video: video.to_owned(),
            segments: document.segments().collect(),
            people: document.people().clone(),
        }
    }

    /// As text.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}

/// Reads [`SavedReview::to_json`].
///
/// # Errors
/// On a newer version, text that is something else, and segments that overlap.
pub fn read(text: &str) -> Result<ReviewDocument, SavedReviewError> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let Versioned { version } = serde_json::from_str(text).map_err(SavedReviewError::Json)?;
    if version > SAVED_VERSION {
        return Err(SavedReviewError::Newer(version));
    }
    let saved: SavedReview = serde_json::from_str(text).map_err(SavedReviewError::Json)?;
    let document = ReviewDocument::from_segments(&saved.segments).map_err(SavedReviewError::Segments)?;
    Ok(document.with_people(saved.people))
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::expression::Expression;

    #[test]
    fn what_is_saved_comes_back_and_what_is_wrong_is_told_apart() {
        let segments = [4, 9].map(|start| ReviewedSegment {
            track: 1,
            start,
            end: start + 3,
            label: Expression::Sadness,
            confirmed: start == 4,
        });
        let mut people = People::default();
        people.rename(1, "Ada");
        people.merge(2, 1);
        let document = ReviewDocument::from_segments(&segments)
            .unwrap()
            .with_people(people);
        let text = SavedReview::of("a.mp4", &document).to_json().unwrap();
        assert_eq!(read(&text).unwrap(), document);
        let newer = text.replace("\"version\":1", "\"version\":7");
        assert!(matches!(read(&newer), Err(SavedReviewError::Newer(7))));
        let overlapping = text.replace("\"start\":9", "\"start\":5");
        assert!(matches!(read(&overlapping), Err(SavedReviewError::Segments(_))));
        assert!(matches!(read("{}"), Err(SavedReviewError::Json(_))));
        // As it was kept before people could be told.
        let older = r#"{"version":1,"video":"a.mp4","segments":[]}"#;
        assert!(read(older).unwrap().is_empty());
    }
}
