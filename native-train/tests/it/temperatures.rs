//! The temperatures of a model file change how sure answers are, and nothing else.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

use std::fs;
use std::path::Path;

use crate::common::{image_file, mien_ok, random_model};
use shared_model::expression::ClassScores;
use shared_model::frame_table;
use shared_model::model_file::ModelFile;
use shared_model::timeline::FrameRow;

/// A film of five pictures, each of which is the face, as the model with these temperatures sees it.
fn rows(folder: &Path, frame: f64, temporal: f64) -> Vec<FrameRow> {
    let mut model: ModelFile = random_model(true);
    (
        model.metadata.temperatures.frame,
        model.metadata.temperatures.temporal,
    ) = (frame, temporal);
    fs::write(folder.join("model.safetensors"), model.to_bytes().unwrap()).unwrap();
    let out = format!("out-{frame}-{temporal}");
    let printed = mien_ok(
        folder,
        &[
            "analyze",
            "film",
            "--model",
            "model.safetensors",
            "--device",
            "cpu",
            "--whole-frame",
            "--format",
            "csv",
            "--out",
            &out,
        ],
    );
    let csv = printed.lines().find(|line| line.ends_with(".csv")).unwrap();
    let table = frame_table::read(fs::File::open(folder.join(csv)).unwrap()).unwrap();
    table.into_iter().map(|named| named.row).collect()
}

/// Softmax of logits over `temperature`, from the softmax of the logits.
fn softened(probabilities: &ClassScores, temperature: f32) -> ClassScores {
    let powers = probabilities.map(|p| p.powf(1.0 / temperature));
    let sum: f32 = powers.iter().sum();
    powers.map(|p| p / sum)
}

fn assert_close(a: &ClassScores, b: &ClassScores) {
    let distance: f32 = a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum();
    // The csv has six places.
    assert!(distance < 1e-4, "{a:?} {b:?}");
}

#[test]
fn each_head_has_its_own_and_labels_stay() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("film")).unwrap();
    for number in 0..5 {
        image_file(folder.path(), &format!("film/{number}.png"), 40 + 30 * number, 50);
    }
    let plain = rows(folder.path(), 1.0, 1.0);
    let cool = rows(folder.path(), 2.0, 0.5);
    assert_eq!(plain.len(), 5);
    for (plain, cool) in plain.iter().zip(&cool) {
        assert_eq!((plain.raw, plain.temporal), (cool.raw, cool.temporal));
        let raw = |row: &FrameRow| row.raw_probabilities.unwrap();
        assert_close(&raw(cool), &softened(&raw(plain), 2.0));
        // The film is one clip, so that nothing is averaged.
        let final_of = |row: &FrameRow| row.probabilities.unwrap();
        assert_close(&final_of(cool), &softened(&final_of(plain), 0.5));
        assert_ne!(raw(plain), raw(cool));
    }
}
