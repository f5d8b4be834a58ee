//! The page's sample: its kept result is what the program gives of its film.

use std::fs;
use std::path::Path;

use shared_model::face_box::FaceBox;
use shared_model::project::Project;
use shared_model::timeline::TimelineFrame;

use crate::common::{ffmpeg, mien_ok};

/// Most that a number may differ by: another processor adds up in another order.
const TOLERANCE: f32 = 1e-3;
/// Boxes are in pixels.
const PIXEL_TOLERANCE: f32 = 0.1;
/// How much larger than its box the face's square is, as the model's header says.
const MARGIN: f32 = 1.3;
/// Nearer than this to the edge between two whole pixels, another processor's last bits may choose the other one: the square is
/// then a pixel larger, and the network sees another picture. In the film's frame 292 the square has 191.50002 pixels.
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

/// Whether the square's size or place stands on the edge between two whole pixels.
fn is_on_edge(face_box: &FaceBox) -> bool {
    let size = face_box.w.max(face_box.h) * MARGIN;
    let (x, y) = face_box.center();
    let ends = [x, y].map(|middle| middle - size.round() / 2.0);
    [size, ends[0], ends[1]]
        .iter()
        .any(|at| (at.rem_euclid(1.0) - 0.5).abs() < EDGE)
}

fn are_alike(kept: &TimelineFrame, anew: &TimelineFrame) -> bool {
    let near =
        |one: &[f32], other: &[f32], most: f32| one.iter().zip(other).all(|(a, b)| (a - b).abs() <= most);
    kept.faces.len() == anew.faces.len()
        && kept.faces.iter().zip(&anew.faces).all(|(kept, anew)| {
            let sides = |face: &FaceBox| [face.x, face.y, face.w, face.h];
            let mut temporal = kept.temporal.iter().zip(&anew.temporal);
            let are_seen_alike = near(&kept.raw, &anew.raw, TOLERANCE)
                && temporal.all(|(kept, anew)| near(kept, anew, TOLERANCE));
            kept.track == anew.track
                && (are_seen_alike || is_on_edge(&kept.face_box))
                && kept.temporal.is_some() == anew.temporal.is_some()
                && near(&sides(&kept.face_box), &sides(&anew.face_box), PIXEL_TOLERANCE)
        })
}
