//! The page's sample: its kept result is what the program gives of its film.

use std::fs;
use std::path::Path;

use shared_model::project::Project;
use shared_model::timeline::TimelineFrame;

use crate::common::{ffmpeg, mien_ok};

/// Most that a number may differ by: another processor adds up in another order.
const TOLERANCE: f32 = 1e-3;
/// Boxes are in pixels.
const PIXEL_TOLERANCE: f32 = 0.1;

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
    for (number, (kept, anew)) in kept.iter().zip(anew).enumerate() {
        assert!((kept.time_s - anew.time_s).abs() < 1e-9);
        assert!(are_alike(kept, anew), "frame {number}");
    }
}

fn are_alike(kept: &TimelineFrame, anew: &TimelineFrame) -> bool {
    let near =
        |one: &[f32], other: &[f32], most: f32| one.iter().zip(other).all(|(a, b)| (a - b).abs() <= most);
    kept.faces.len() == anew.faces.len()
        && kept.faces.iter().zip(&anew.faces).all(|(kept, anew)| {
            let sides = |face: &shared_model::face_box::FaceBox| [face.x, face.y, face.w, face.h];
            kept.track == anew.track
                && near(&kept.raw, &anew.raw, TOLERANCE)
                && kept.temporal.is_some() == anew.temporal.is_some()
                && kept
                    .temporal
                    .iter()
                    .zip(&anew.temporal)
                    .all(|(kept, anew)| near(kept, anew, TOLERANCE))
                && near(&sides(&kept.face_box), &sides(&anew.face_box), PIXEL_TOLERANCE)
        })
}
