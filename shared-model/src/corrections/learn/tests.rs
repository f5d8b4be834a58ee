//! Made-up videos whose features tell two expressions.

use super::*;
use crate::backbone::BackboneShape;
use crate::expression::CLASS_COUNT;
use crate::face_box::FaceBox;
use crate::model_file::{ModelMetadata, TemporalShape};
use crate::stored_weights::{Weight, Weights};

const LENGTH: usize = 64;

/// A model of 64 features whose heads say nothing, with an encoder or without one.
fn model(has_encoder: bool) -> ModelFile {
    let temporal = TemporalShape {
        layers: 1,
        heads: 2,
        d_model: 16,
        d_ff: 16,
        positions: false,
    };
    let metadata = ModelMetadata {
        backbone: BackboneShape::bottleneck([1, 1, 1, 1], LENGTH / 32),
        temporal: has_encoder.then(|| temporal.clone()),
        clip_length: 16,
        ..ModelMetadata::default()
    };
    let mut weights = Weights::new();
    if has_encoder {
        weights = passing_on(&temporal);
    }
    weights.insert(
        "backbone.fc.weight".to_owned(),
        Weight {
            shape: vec![CLASS_COUNT, LENGTH],
            values: vec![0.0; CLASS_COUNT * LENGTH],
        },
    );
    weights.insert(
        "backbone.fc.bias".to_owned(),
        Weight {
            shape: vec![CLASS_COUNT],
            // Neutral, until it has learned.
            values: (0..CLASS_COUNT)
                .map(|class| if class == 0 { 0.5 } else { 0.0 })
                .collect(),
        },
    );
    ModelFile { metadata, weights }
}

/// An encoder whose attention and inner layers add nothing: each of its 16 numbers is the sum of four features, every sixteenth.
fn passing_on(shape: &TemporalShape) -> Weights {
    let mut weights = shape
        .init(LENGTH, 0.0, &Device::flex())
        .save(TEMPORAL_PREFIX)
        .unwrap();
    for (name, weight) in &mut weights {
        if name.ends_with("input.weight") {
            for (place, value) in weight.values.iter_mut().enumerate() {
                let (row, column) = (place / LENGTH, place % LENGTH);
                *value = if column % 16 == row { 1.0 } else { 0.0 };
            }
        } else if ["out_proj", "linear2", "head", "input.bias"]
            .iter()
            .any(|part| name.contains(part))
        {
            weight.values.fill(0.0);
        }
    }
    weights
}

/// A video of one face, or of two that stand apart, whose features tell two expressions that take turns. All of it is reviewed.
fn video(people: u32, seed: usize) -> CorrectedVideo {
    let mut frames = Vec::new();
    let mut corrections = Vec::new();
    for frame in 0..60 {
        let expression = |person: u32| (frame / 12 + person as usize + seed) % 2;
        let faces: Vec<SeenFace> = (0..people)
            .map(|person| {
                let feature: Vec<f32> = (0..LENGTH)
                    .map(|place| {
                        let told = if place % 2 == expression(person) { 1.0 } else { 0.0 };
                        told + 0.1 * ((place * 7 + frame * 3 + seed) % 5) as f32
                    })
                    .collect();
                SeenFace {
                    face_box: FaceBox {
                        x: 200.0 * person as f32,
                        y: 10.0,
                        w: 80.0,
                        h: 80.0,
                        score: 0.9,
                        roll_deg: 0.0,
                    },
                    logits: [0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                    feature,
                    look: None,
                }
            })
            .collect();
        corrections.extend((0..people).zip(&faces).map(|(person, face)| Correction {
            frame,
            time_s: frame as f64 / 25.0,
            face_box: face.face_box,
            person,
            label: [Expression::Disgust, Expression::Surprise][expression(person)],
        }));
        frames.push((frame as f64 / 25.0, faces));
    }
    CorrectedVideo {
        frames,
        corrections,
        smoothing: Smoothing::SLIDING,
        window: 5,
    }
}

fn learned(model: &ModelFile, videos: &[CorrectedVideo]) -> Result<Learned, LearnError> {
    pollster::block_on(learn(model, videos, async |_| ()))
}

#[test]
fn what_holds_for_one_video_is_found_in_the_other() {
    for has_encoder in [false, true] {
        let videos = [video(1, 0), video(1, 1)];
        let learned = learned(&model(has_encoder), &videos).unwrap();
        let measured = learned.report.measured.unwrap();
        assert_eq!((measured.part, measured.parts), (Part::Video, 2));
        assert_eq!(
            (
                learned.report.videos,
                learned.report.people,
                learned.report.frames
            ),
            (2, 2, 120)
        );
        assert!(measured.before.accuracy < 0.6, "{measured:?}");
        // At the turns the window mixes two expressions.
        assert!(
            measured.after.accuracy > 0.85 && measured.after.macro_f1 > 0.85,
            "{measured:?}"
        );
        let note = learned.model.metadata.training["note"].as_str().unwrap();
        assert!(note.contains("120 reviewed frames of 2 videos"), "{note}");
    }
}

#[test]
fn of_one_video_people_are_left_out_and_of_one_person_nothing_is_measured() {
    let of_two = learned(&model(true), &[video(2, 0)]).unwrap().report;
    let measured = of_two.measured.unwrap();
    assert_eq!(
        (measured.part, measured.parts, of_two.people),
        (Part::Person, 2, 2)
    );
    assert!(measured.after.accuracy > 0.85, "{measured:?}");
    assert!(
        learned(&model(true), &[video(1, 0)])
            .unwrap()
            .report
            .measured
            .is_none()
    );
    let nobody = CorrectedVideo {
        corrections: vec![Correction {
            time_s: 36.0,
            ..video(1, 0).corrections[0]
        }],
        ..video(1, 0)
    };
    assert!(matches!(
        learned(&model(true), &[nobody]),
        Err(LearnError::NothingReviewed)
    ));
}

#[test]
fn faces_are_found_again_by_their_place_whoever_they_were_called() {
    // Another reading called the two 7 and 3, saw them a little elsewhere, and somebody else where nobody is.
    let renamed = |seed: usize| {
        let mut video = video(2, seed);
        for correction in &mut video.corrections {
            correction.person = if correction.person == 0 { 7 } else { 3 };
            correction.face_box.x += 6.0;
            correction.face_box.y -= 3.0;
        }
        let mut elsewhere = video.corrections[0];
        (elsewhere.person, elsewhere.face_box.x) = (9, 900.0);
        video.corrections.push(elsewhere);
        video
    };
    let model = model(true);
    let of_others = learned(&model, &[renamed(0), renamed(1)]).unwrap();
    let plain = learned(&model, &[video(2, 0), video(2, 1)]).unwrap();
    assert_eq!(of_others.report.people, 4);
    assert_eq!(of_others.report, plain.report);
    // But for the order in which the examples are added up.
    for (name, weight) in &plain.model.weights {
        let pairs = weight.values.iter().zip(&of_others.model.weights[name].values);
        let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-4, "{name}: {worst}");
    }
    assert!(plain.report.measured.unwrap().after.accuracy > 0.85);
}

#[test]
fn frames_are_found_again_by_their_time_however_they_are_counted() {
    // The other reading counted every fortieth of a second, the person's labels are of those that stand in this one too.
    let counted_otherwise = |seed: usize| {
        let mut video = video(1, seed);
        for correction in &mut video.corrections {
            correction.frame = correction.frame * 8 / 5;
            correction.time_s += 0.004;
        }
        video
    };
    let otherwise = learned(&model(true), &[counted_otherwise(0), counted_otherwise(1)]).unwrap();
    let plain = learned(&model(true), &[video(1, 0), video(1, 1)]).unwrap();
    assert_eq!(otherwise.report.frames, plain.report.frames);
    assert!(otherwise.report.measured.unwrap().after.accuracy > 0.85);
    let times = |time_s: f64| frame_at(&video(1, 0), time_s);
    assert_eq!(
        [times(0.0), times(0.41), times(2.36), times(2.37)],
        [Some(0), Some(10), Some(59), Some(59)]
    );
    assert_eq!(
        [times(0.0601), times(-0.03), times(2.4), times(f64::NAN)],
        [Some(2), None, None, None]
    );
}

#[test]
fn whoever_was_another_track_before_has_one_face_at_a_time() {
    let known = |frame: usize, face: usize| Known {
        part: 0,
        video: 0,
        correction: Correction {
            frame,
            person: 4,
            ..video(1, 0).corrections[0]
        },
        face,
        share: 1.0,
        hidden: Vec::new(),
    };
    let tracks = vec![vec![0, 1]; 200];
    let known: Vec<Known> = (0..200).map(|frame| known(frame, frame / 100)).collect();
    let people = people_of(&tracks, &known);
    let of = |track: u32, frame: usize| people.person_of(track, frame);
    assert_eq!([of(0, 0), of(0, 99), of(1, 100), of(1, 199)], [row_of(4); 4]);
    assert_eq!([of(0, 100), of(0, 199), of(1, 0), of(1, 99)], [0, 0, 1, 1]);
}

#[test]
fn a_track_is_who_was_seen_there_from_the_first_word_on() {
    let known = |frame: usize, face: usize, person: u32| Known {
        part: 0,
        video: 0,
        correction: Correction {
            frame,
            person,
            ..video(1, 0).corrections[0]
        },
        face,
        share: 1.0,
        hidden: Vec::new(),
    };
    let tracks = vec![vec![0, 1]; 30];
    let people = people_of(&tracks, &[known(10, 0, 1), known(20, 0, 2), known(12, 1, 0)]);
    let of = |track: u32, frame: usize| u32::MAX - 1 - people.person_of(track, frame);
    assert_eq!([of(0, 0), of(0, 19), of(0, 20), of(1, 0)], [1, 1, 2, 0]);
}

#[test]
fn whoever_runs_it_can_stop_it_at_any_step_of_a_fit() {
    let mut told = Vec::new();
    let (model, videos) = (model(true), [video(1, 0), video(1, 1)]);
    let run = learn(&model, &videos, async |part| told.push(part));
    pollster::block_on(run).map(drop).unwrap();
    assert!(told.len() > 200, "{} pauses", told.len());
    assert!(told.is_sorted() && told.first() == Some(&0.0) && told.last() == Some(&1.0));
}

#[test]
fn a_model_that_has_learned_before_is_measured_on_nothing_that_it_may_know() {
    let videos = [video(1, 0), video(1, 1)];
    let once = learned(&model(false), &videos).unwrap();
    assert!(once.report.measured.is_some() && !once.report.has_learned_before);
    let twice = learned(&once.model, &videos).unwrap();
    assert!(twice.report.measured.is_none() && twice.report.has_learned_before);
}

#[test]
fn the_learned_model_says_what_was_measured_before_it_was_written() {
    let model = model(true);
    let videos = [video(1, 0), video(1, 1)];
    let learned = learned(&model, &videos).unwrap().model;
    let back = ModelFile::from_bytes(&learned.to_bytes().unwrap()).unwrap();
    let (heads, empty) = (Heads::of(&back).unwrap(), []);
    let learning = Learning {
        model: &back,
        heads: &heads,
        videos: &videos,
        known: &empty,
        people: &[],
    };
    let timeline = pollster::block_on(learning.timeline(&videos[0], Some(&heads))).unwrap();
    let rows = timeline.rows(Smoothing::SLIDING, 5);
    let right = videos[0]
        .corrections
        .iter()
        .filter(|correction| rows[correction.frame].smoothed == Some(correction.label))
        .count();
    assert!(right > 50, "{right} of 60");
}

#[test]
fn clips_cover_each_frame_as_the_refiner_lays_them() {
    assert_eq!(clip_starts(10, 16), [0]);
    assert_eq!(clip_starts(16, 16), [0]);
    assert_eq!(clip_starts(17, 16), [0, 1]);
    assert_eq!(clip_starts(32, 16), [0, 8, 16]);
    assert_eq!(clip_starts(35, 16), [0, 8, 16, 19]);
}
