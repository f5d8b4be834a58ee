//! Readers of files that may come from anywhere: none panics on damaged bytes, and what they accept holds what its types say.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

use mutation::Inputs;
use shared_model::affwild2;
use shared_model::decisions::Decisions;
use shared_model::expression::Expression;
use shared_model::face_box::FaceBox;
use shared_model::frame_table;
use shared_model::label_files::{self, LabelFile};
use shared_model::model_file::{
    ModelFile, ModelMetadata, TemporalShape, Weight, WeightType, Weights, read_weights,
};
use shared_model::project::{PROJECT_VERSION, Project};
use shared_model::remark::Remarks;
use shared_model::reviewed_segment::ReviewedSegment;
use shared_model::smoothing::Smoothing;
use shared_model::timeline::{FrameRow, Prediction, Timeline, TrackedFace};
use shared_model::{elan, people::People};

fn timeline() -> Timeline {
    let mut timeline = Timeline::new();
    for frame in 0..5 {
        let face = |track: u32| TrackedFace {
            track,
            face_box: FaceBox::whole(40 + frame, 30),
            raw: std::array::from_fn(|class| {
                if class == (frame + track as usize) % 8 {
                    0.93
                } else {
                    0.01
                }
            }),
            temporal: None,
        };
        timeline.push(Prediction::Seen {
            frame,
            time_s: frame as f64 * 0.04,
            faces: if frame == 2 {
                Vec::new()
            } else {
                vec![face(0), face(1)]
            },
        });
    }
    timeline
}

fn rows() -> Vec<FrameRow> {
    timeline().rows(Smoothing::NONE, 1)
}

fn project() -> Project {
    Project {
        version: PROJECT_VERSION,
        video: "a.mp4".into(),
        fingerprint: Some("9-ab".into()),
        model: "tiny".into(),
        smoothing: Smoothing::MEAN,
        window: 3,
        reviewed: vec![ReviewedSegment {
            track: 0,
            start: 1,
            end: 3,
            label: Expression::Fear,
            confirmed: true,
        }],
        people: People::default(),
        remarks: Remarks::default()
            .with_note(0, 1..3, "hand")
            .with_event(2, "bell"),
        decisions: Decisions { blind: 4, seeing: 5 },
        timeline: timeline(),
    }
}

fn model(weight_type: WeightType) -> Vec<u8> {
    let weight = Weight {
        shape: vec![2, 3],
        values: vec![1.0, -2.5, 0.25, 4e-3, 0.0, 7.0],
    };
    let metadata = ModelMetadata {
        temporal: Some(TemporalShape::default()),
        weight_type,
        ..ModelMetadata::default()
    };
    let weights = Weights::from([("backbone.fc.weight".to_owned(), weight)]);
    ModelFile { metadata, weights }.to_bytes().unwrap()
}

#[test]
fn model_files() {
    let good = [model(WeightType::F32), model(WeightType::F16)];
    Inputs::of("model-file", good).try_all(|bytes| {
        if let Ok(model) = ModelFile::from_bytes(bytes) {
            assert!(
                model
                    .weights
                    .values()
                    .flat_map(|weight| &weight.values)
                    .all(|value| value.is_finite())
            );
            let again = ModelFile::from_bytes(&model.to_bytes().unwrap()).unwrap();
            assert_eq!(again.metadata, model.metadata);
        }
        let _ = read_weights(bytes);
    });
}

#[test]
fn csv_tables() {
    let text = frame_table::to_string("a.mp4", &rows());
    let older: String = text
        .lines()
        .map(|line| format!("{}\n", line.split(',').take(20).collect::<Vec<_>>().join(",")))
        .collect();
    Inputs::of("csv", [text, older]).try_all(|bytes| {
        let Ok(found) = frame_table::read(bytes) else {
            return;
        };
        assert!(found.iter().all(|named| named.row.time_s.is_finite()));
        // What was read can be written and read again.
        let mut written = Vec::new();
        let rows = found
            .iter()
            .map(|named| (named.video.as_str(), std::slice::from_ref(&named.row)));
        frame_table::write(&mut written, rows).unwrap();
        let again = frame_table::read(written.as_slice()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(again.len(), found.len());
    });
}

#[test]
fn label_files_of_all_kinds() {
    let rows = rows();
    let good = [
        elan::write("a.mp4", &rows, &[], 0.2, 0),
        affwild2::write(&rows),
        frame_table::to_string("a.mp4", &rows),
        project().to_json().unwrap(),
        "0.0 Neutral\n0.5 1\n1.25 Fear\n".to_owned(),
    ];
    Inputs::of("labels", good).try_all(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        if let Ok(LabelFile::Spans(spans)) = label_files::read(&text) {
            assert!(spans.end_s().is_finite());
            let times: Vec<f64> = (0..100).map(|frame| f64::from(frame) * 0.04).collect();
            assert_eq!(spans.first_face(&times, 4.0).len(), times.len());
        }
        let _ = affwild2::read(&text);
    });
}

#[test]
fn projects() {
    Inputs::of("project", [project().to_json().unwrap()]).try_all(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        let Ok(project) = Project::from_json(&text) else {
            return;
        };
        // A project that was opened can be kept and opened again.
        let again = Project::from_json(&project.to_json().unwrap()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(again.timeline.frames().len(), project.timeline.frames().len());
        if project.timeline.frames().len() < 1000 {
            let _ = project
                .timeline
                .rows(project.smoothing, project.window.clamp(1, 1000));
        }
    });
}
