//! Project files as older programs wrote them.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use shared_model::expression::Expression;
use shared_model::people::People;
use shared_model::project::{PROJECT_VERSION, Project};
use shared_model::reviewed_segment::ReviewedSegment;
use shared_model::smoothing::Smoothing;
use shared_model::timeline::{FrameRow, Timeline};

const VERSION_1: &str = include_str!("older_projects/version-1.mien.json");
const VERSION_2_BEFORE_PEOPLE: &str = include_str!("older_projects/version-2-before-people.mien.json");

fn rows(project: &Project) -> Vec<FrameRow> {
    project.timeline.rows(project.smoothing, project.window)
}

/// What is read must be what stands in the text, and what is written from it must say the same.
fn read(text: &str) -> Project {
    let project = Project::from_json(text).unwrap();
    let plain: serde_json::Value = serde_json::from_str(text).unwrap();
    let timeline: Timeline = serde_json::from_value(plain["timeline"].clone()).unwrap();
    assert_eq!(project.timeline, timeline);
    assert_eq!(plain["video"], project.video);
    let written = Project {
        version: PROJECT_VERSION,
        ..project.clone()
    };
    let again = Project::from_json(&written.to_json().unwrap()).unwrap();
    assert_eq!(again, written);
    assert_eq!(rows(&again), rows(&project));
    project
}

#[test]
fn version_1_had_no_labels_by_hand() {
    let project = read(VERSION_1);
    assert_eq!(project.version, 1);
    assert_eq!((project.smoothing, project.window), (Smoothing::MEAN, 12));
    assert_eq!(project.model, "tiny.safetensors");
    assert!(project.reviewed.is_empty() && project.people.is_empty() && project.fingerprint.is_none());
    let rows = rows(&project);
    assert_eq!(rows.len(), 6);
    assert!(
        rows.iter()
            .all(|row| row.track == Some(0) && row.smoothed.is_some())
    );
}

#[test]
fn version_2_had_labels_before_it_had_people() {
    let project = read(VERSION_2_BEFORE_PEOPLE);
    let segment = |start, end, label, confirmed| ReviewedSegment {
        track: 0,
        start,
        end,
        label,
        confirmed,
    };
    assert_eq!(
        project.reviewed,
        [
            segment(1, 3, Expression::Fear, true),
            segment(3, 5, Expression::Neutral, false)
        ]
    );
    assert_eq!(project.people, People::default());
    assert!(project.fingerprint.is_none());
    assert_eq!(rows(&project).len(), 6);
}
