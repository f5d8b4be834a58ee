//! What is kept of a review between two visits.

use serde::{Deserialize, Deserializer, Serialize};
use shared_model::decisions::Decisions;
use shared_model::people::People;
use shared_model::remark::Remarks;
use shared_model::reviewed_segment::ReviewedSegment;

use super::document::{ReviewDocument, SegmentFault};
use super::history::{Review, Steps};

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
    /// What was noted beside the labels; not there in what older pages kept.
    #[serde(default)]
    pub remarks: Remarks,
    /// How the labels were decided; not there in what older pages kept.
    #[serde(default)]
    pub decisions: Decisions,
    /// The latest edits, so that they can still be taken back; not there in what older pages kept.
    #[serde(default, deserialize_with = "steps_or_none")]
    pub steps: Steps,
}

/// Edits of a kind that this page does not know cost nobody their labels.
fn steps_or_none<'de, D: Deserializer<'de>>(from: D) -> Result<Steps, D::Error> {
    let value = serde_json::Value::deserialize(from)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
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
    /// Of a review.
    #[must_use]
    pub fn of(video: &str, review: &Review) -> Self {
        let document = review.document();
        Self {
            version: SAVED_VERSION,
            video: video.to_owned(),
            segments: document.segments().collect(),
            people: document.people().clone(),
            remarks: document.remarks().clone(),
            decisions: document.decisions(),
            steps: review.latest_steps(),
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
pub fn read(text: &str) -> Result<Review, SavedReviewError> {
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
    Ok(Review::with_steps(
        document
            .with_people(saved.people)
            .with_remarks(saved.remarks)
            .with_decisions(saved.decisions),
        saved.steps,
    ))
}

#[cfg(test)]
mod tests {
    use super::super::edit_kind::EditKind;
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
            .with_people(people)
            .with_remarks(
                Remarks::default()
                    .with_note(1, 4..7, "hand")
                    .with_event(5, "bell"),
            )
            .with_decisions(Decisions { blind: 3, seeing: 0 });
        let text = SavedReview::of("a.mp4", &Review::of(document.clone()))
            .to_json()
            .unwrap();
        assert_eq!(read(&text).unwrap().document(), &document);
        // Counts that are none leave the labels as they are.
        let odd = text.replace("\"blind\":3", "\"blind\":-3");
        assert_ne!(odd, text);
        let read_odd = read(&odd).unwrap();
        assert_eq!(read_odd.document().segments().count(), 2);
        let newer = text.replace("\"version\":1", "\"version\":7");
        assert!(matches!(read(&newer), Err(SavedReviewError::Newer(7))));
        let overlapping = text.replace("\"start\":9", "\"start\":5");
        assert!(matches!(read(&overlapping), Err(SavedReviewError::Segments(_))));
        assert!(matches!(read("{}"), Err(SavedReviewError::Json(_))));
        // As it was kept before people could be told.
        let older = r#"{"version":1,"video":"a.mp4","segments":[]}"#;
        assert!(read(older).unwrap().document().is_empty());
    }

    #[test]
    fn edits_come_back_with_the_labels_unless_they_are_not_of_them() {
        let label = |start, label| ReviewedSegment {
            track: 0,
            start,
            end: start + 5,
            label,
            confirmed: true,
        };
        let mut review = Review::default();
        review.set(EditKind::Relabel(Expression::Fear), label(0, Expression::Fear));
        review.set(EditKind::Relabel(Expression::Anger), label(2, Expression::Anger));
        review.rename(0, "Ana");
        review.undo();
        let text = SavedReview::of("a.mp4", &review).to_json().unwrap();
        let mut back = read(&text).unwrap();
        assert_eq!(back, review);
        assert!(back.redo().is_some() && back.document().people().name(0) == Some("Ana"));
        while back.undo().is_some() {}
        assert!(back.document().is_empty());
        // Labels that were changed by another hand.
        let changed = text.replacen("\"end\":7", "\"end\":6", 1);
        assert_ne!(changed, text);
        let back = read(&changed).unwrap();
        assert_eq!(
            back.document().segments().last().map(|segment| segment.end),
            Some(6)
        );
        assert!(
            back.last_done().is_none(),
            "nothing that does not fit is taken back"
        );
        // A kind of edit that only newer pages know.
        let newer = text.replace("\"Relabel\"", "\"Dream\"");
        assert_ne!(newer, text);
        let back = read(&newer).unwrap();
        assert_eq!(back.document(), review.document());
        assert!(back.last_done().is_none() && back.last_undone().is_none());
    }
}
