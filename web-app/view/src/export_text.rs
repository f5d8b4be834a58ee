//! Long files in parts, so that writing an hour of frames never holds up the page.

use shared_model::frame_table;
use shared_model::project::{Project, ProjectError};
use shared_model::timeline::{FrameRow, TimelineFrame};

/// Rows or frames of one part.
pub const PART: usize = 1000;

/// The csv's part that starts at row `start`; the first one carries the header.
#[must_use]
pub fn csv_part(video: &str, rows: &[FrameRow], start: usize) -> String {
    let end = start.saturating_add(PART).min(rows.len());
    let text = frame_table::to_string(video, rows.get(start..end).unwrap_or_default());
    match text.split_once('\n') {
        Some((_, rest)) if start > 0 => rest.to_owned(),
        _ => text,
    }
}

/// What stands before and after the frames in the JSON of a project; `project` holds a timeline without frames.
///
/// # Errors
/// When the project cannot be written.
pub fn project_frame(project: &Project) -> Result<(String, String), ProjectError> {
    let text = project.to_json()?;
    // The timeline is the last member, so the last empty list is its own.
    Ok(match text.rfind("[]") {
        Some(place) => {
            let (before, after) = text.split_at(place + 1);
            (before.to_owned(), after.to_owned())
        }
        None => (text, String::new()),
    })
}

/// The project's frames from `start` on, with the comma that parts them from the ones before.
///
/// # Errors
/// When a number cannot be written as JSON.
pub fn project_part(frames: &[TimelineFrame], start: usize) -> Result<String, ProjectError> {
    let end = start.saturating_add(PART).min(frames.len());
    let text = serde_json::to_string(frames.get(start..end).unwrap_or_default())?;
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let inner = inner.unwrap_or(&text);
    Ok(if start > 0 && !inner.is_empty() {
        format!(",{inner}")
    } else {
        inner.to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::decisions::Decisions;
    use shared_model::face_box::FaceBox;
    use shared_model::people::People;
    use shared_model::project::PROJECT_VERSION;
    use shared_model::remark::Remarks;
    use shared_model::smoothing::Smoothing;
    use shared_model::timeline::{Prediction, Timeline, TrackedFace};

    fn timeline(frames: usize) -> Timeline {
        let mut timeline = Timeline::new();
        for frame in 0..frames {
            let face = TrackedFace {
                track: 0,
                face_box: FaceBox::whole(7, 9),
                raw: [0.125; 8],
                temporal: (frame % 2 == 0).then_some([0.125; 8]),
            };
            timeline.push(Prediction::Seen {
                frame,
                time_s: frame as f64 * 0.125,
                faces: if frame % 5 == 0 { Vec::new() } else { vec![face] },
            });
        }
        timeline
    }

    #[test]
    fn parts_of_the_csv_make_the_whole() {
        let rows = timeline(2 * PART + 7).rows(Smoothing::SLIDING, 30);
        let parts: String = (0..rows.len())
            .step_by(PART)
            .map(|start| csv_part("a,b.mp4", &rows, start))
            .collect();
        assert_eq!(parts, frame_table::to_string("a,b.mp4", &rows));
    }

    #[test]
    fn parts_of_the_project_are_read_back() {
        for count in [0, 1, PART, 2 * PART + 3] {
            let mut timeline = timeline(count);
            timeline.set_start_s(count as f64 / 8.0);
            timeline.set_unrelated(count % 2 == 1);
            let project = Project {
                version: PROJECT_VERSION,
                video: "[] odd \"name\".mp4".into(),
                fingerprint: None,
                model: "tiny".into(),
                smoothing: Smoothing::BLOCK,
                window: 12,
                reviewed: Vec::new(),
                people: People::default(),
                remarks: Remarks::default().with_event(0, "[]"),
                decisions: Decisions { blind: 1, seeing: 0 },
                timeline: timeline.without_frames(),
            };
            let (before, after) = project_frame(&project).unwrap();
            let frames: String = (0..count)
                .step_by(PART)
                .map(|start| project_part(timeline.frames(), start).unwrap())
                .collect();
            let back = Project::from_json(&format!("{before}{frames}{after}")).unwrap();
            assert!(back == Project { timeline, ..project }, "{count} frames");
        }
    }
}
