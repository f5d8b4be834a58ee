//! The page's sample: its kept result is what the program gives of its film.

use std::fs;
use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use native_train::frame_source::FrameSource;
use native_train::model_store;
use shared_model::face_box::FaceBox;
use shared_model::face_look::FaceLook;
use shared_model::face_reader::{FaceReader, SeenFace};
use shared_model::film_predictor::FilmPredictor;
use shared_model::project::Project;
use shared_model::temperature::tempered;
use shared_model::timeline::{Timeline, TimelineFrame, TrackedFace};

use crate::common::{ffmpeg, mien_ok};

/// Most that a number may differ by: another processor adds up in another order.
const TOLERANCE: f32 = 1e-3;
/// Boxes are in pixels.
const PIXEL_TOLERANCE: f32 = 0.1;
/// How much larger than its box the face's square is, as the model's header says.
const MARGIN: f32 = 1.3;
/// Nearer than this to the edge between two whole pixels, another processor's last bits may choose the other one: the square is
/// then a pixel larger, and the network sees another picture. In the film's frame 292 the square has 191.50002 pixels. Such a
/// frame's numbers are compared at the kept box.
const EDGE: f32 = 1e-3;

fn project(path: &Path) -> Project {
    Project::from_json(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_kept_result_is_what_is_read_anew() {
    let folder = tempfile::tempdir().unwrap();
    if !ffmpeg(
        folder.path(),
        "-f lavfi -i color=size=16x16 -frames:v 1 -y probe.png",
    ) {
        return;
    }
    let www = Path::new(env!("CARGO_MANIFEST_DIR")).join("../www");
    let film = www.join("sample/six-expressions.mp4");
    let model = www.join("models/demo.safetensors");
    let [film, model] = [&film, &model].map(|path| path.to_str().unwrap());
    let format = ["--device", "cpu", "--format", "json"];
    mien_ok(
        folder.path(),
        &[&["analyze", film, "--model", model][..], &format].concat(),
    );
    let kept = project(&www.join("sample/six-expressions.json"));
    let anew = project(&folder.path().join("six-expressions.json"));
    assert_eq!((&kept.video, &kept.model), (&anew.video, &anew.model));
    assert_eq!((kept.smoothing, kept.window), (anew.smoothing, anew.window));
    assert!(kept.reviewed.is_empty());
    let (kept, anew) = (kept.timeline.frames(), anew.timeline.frames());
    assert_eq!((kept.len(), anew.len()), (385, 385));
    let on_edge = kept
        .iter()
        .flat_map(|frame| &frame.faces)
        .filter(|face| is_on_edge(&face.face_box));
    assert!(on_edge.count() < 10, "nearly all frames are compared");
    for (number, (kept, anew)) in kept.iter().zip(anew).enumerate() {
        assert!((kept.time_s - anew.time_s).abs() < 1e-9);
        assert!(are_alike(kept, anew), "frame {number}");
    }
}

/// No frame is left out here: cut out at the kept boxes, every face gives the kept numbers.
#[test]
fn faces_at_the_kept_boxes_give_the_kept_numbers() {
    let folder = tempfile::tempdir().unwrap();
    if !ffmpeg(
        folder.path(),
        "-f lavfi -i color=size=16x16 -frames:v 1 -y probe.png",
    ) {
        return;
    }
    let www = Path::new(env!("CARGO_MANIFEST_DIR")).join("../www");
    let kept = project(&www.join("sample/six-expressions.json")).timeline;
    let model = model_store::read(&www.join("models/demo.safetensors")).unwrap();
    let device = Device::flex();
    let reader = FaceReader::new(&model, None, &device).unwrap();
    let mut predictor = FilmPredictor::new(&model, &device).unwrap();
    let mut film = FrameSource::open(&www.join("sample/six-expressions.mp4"), 25.0).unwrap();
    let mut anew = Timeline::new();
    let (input, framing) = (&model.metadata.input, &model.metadata.framing);
    for kept in kept.frames() {
        let (time_s, frame) = film.next_frame().unwrap().unwrap();
        let seen = kept.faces.iter().map(|face| {
            let picture = input.tensor(&frame, &face.face_box, framing).unwrap();
            let picture = TensorData::new(picture, [1, 3, input.size, input.size]);
            let (feature, logits) = reader.backbone().forward(Tensor::from_data(picture, &device));
            let logits: Vec<f32> = logits.try_into_vec_as().unwrap();
            SeenFace {
                face_box: face.face_box,
                logits: tempered(&logits.try_into().unwrap(), model.metadata.temperatures.frame),
                feature: feature.try_into_vec_as().unwrap(),
                look: Some(FaceLook::of(&frame, &face.face_box)),
            }
        });
        anew.extend(pollster::block_on(predictor.take(time_s, seen.collect())).unwrap());
    }
    assert!(film.next_frame().unwrap().is_none());
    anew.extend(pollster::block_on(predictor.finish()).unwrap());
    assert_eq!(anew.frames().len(), 385);
    for (number, (kept, anew)) in kept.frames().iter().zip(anew.frames()).enumerate() {
        assert_eq!(kept.faces.len(), anew.faces.len(), "frame {number}");
        for (kept, anew) in kept.faces.iter().zip(&anew.faces) {
            assert_eq!(kept.track, anew.track, "frame {number}");
            assert!(are_seen_alike(kept, anew), "frame {number}");
        }
    }
}

/// Whether the square's size or place stands on the edge between two whole pixels.
fn is_on_edge(face_box: &FaceBox) -> bool {
    let size = face_box.w.max(face_box.h) * MARGIN;
    let (x, y) = face_box.center();
    let ends = [x, y].map(|middle| middle - size.round() / 2.0);
    [size, ends[0], ends[1]]
        .iter()
        .any(|at| (at.rem_euclid(1.0) - 0.5).abs() < EDGE)
}

fn near(one: &[f32], other: &[f32], most: f32) -> bool {
    one.iter().zip(other).all(|(a, b)| (a - b).abs() <= most)
}

fn are_seen_alike(kept: &TrackedFace, anew: &TrackedFace) -> bool {
    let mut temporal = kept.temporal.iter().zip(&anew.temporal);
    near(&kept.raw, &anew.raw, TOLERANCE)
        && kept.temporal.is_some() == anew.temporal.is_some()
        && temporal.all(|(kept, anew)| near(kept, anew, TOLERANCE))
}

fn are_alike(kept: &TimelineFrame, anew: &TimelineFrame) -> bool {
    kept.faces.len() == anew.faces.len()
        && kept.faces.iter().zip(&anew.faces).all(|(kept, anew)| {
            let sides = |face: &FaceBox| [face.x, face.y, face.w, face.h];
            kept.track == anew.track
                && (are_seen_alike(kept, anew) || is_on_edge(&kept.face_box))
                && kept.temporal.is_some() == anew.temporal.is_some()
                && near(&sides(&kept.face_box), &sides(&anew.face_box), PIXEL_TOLERANCE)
        })
}
