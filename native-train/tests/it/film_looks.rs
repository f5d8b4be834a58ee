//! The detector looks at some frames of a film: what is found must be what it finds in every frame.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::common::{mien, mien_ok, stderr};
use shared_model::frame_table::{self, NamedRow};

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn rows(folder: &Path, film: &Path, more: &[&str]) -> Vec<NamedRow> {
    let model = repository("www/models/demo.safetensors");
    let arguments = [
        &[
            "analyze",
            film.to_str().unwrap(),
            "--force",
            "--device",
            "cpu",
            "--model",
        ],
        &[model.to_str().unwrap()][..],
        more,
    ];
    let printed = mien_ok(folder, &arguments.concat());
    frame_table::read(File::open(folder.join(printed.trim())).unwrap()).unwrap()
}

/// Six people of the sample, one after the other (hard cuts), and a clip of one of them.
#[test]
fn labels_and_boxes_agree_with_a_look_at_every_frame() {
    let folder = tempfile::tempdir().unwrap();
    for film in [
        "www/sample/six-expressions.mp4",
        "tests/browser/clips/1001_DFA_HAP_XX.mp4",
    ] {
        let film = repository(film);
        let every = rows(folder.path(), &film, &["--detector-span", "1"]);
        let some = rows(folder.path(), &film, &[]);
        assert_eq!(every.len(), some.len(), "{}", film.display());
        let mut agree = 0;
        for (every, some) in every.iter().zip(&some) {
            let (every, some) = (&every.row, &some.row);
            assert_eq!((every.frame, every.track), (some.frame, some.track));
            let overlap = every.face_box.unwrap().iou(&some.face_box.unwrap());
            assert!(overlap > 0.75, "frame {}: {overlap}", every.frame);
            agree += usize::from(every.raw == some.raw);
        }
        let share = agree as f64 / every.len() as f64;
        assert!(share >= 0.99, "{}: {share}", film.display());
    }
}

#[test]
fn a_span_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for span in ["0", "33", "often"] {
        let out = mien(
            folder.path(),
            &["analyze", "a.mp4", "--model", "m", "--detector-span", span],
        );
        assert_eq!(out.status.code(), Some(2));
        assert!(
            stderr(&out).contains("expected 1 to 32 frames"),
            "{}",
            stderr(&out)
        );
    }
}
