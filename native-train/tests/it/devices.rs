//! `--device` and `mien bench`.

#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

use std::path::Path;

use crate::common::{ffmpeg, mien, mien_fails, mien_ok, stderr};

const SMALL: [&str; 5] = ["bench", "--small", "--batch", "2", "--json"];

fn figures(device: &str) -> serde_json::Value {
    let folder = tempfile::tempdir().unwrap();
    let json = mien_ok(folder.path(), &[&SMALL[..], &["--device", device]].concat());
    serde_json::from_str(&json).unwrap()
}

#[test]
fn the_processor_is_always_there_and_auto_finds_something() {
    for device in ["cpu", "auto"] {
        let figures = figures(device);
        assert!(figures["forward_images_a_second"].as_f64().unwrap() > 0.0);
        assert!(figures["training_images_a_second"].as_f64().unwrap() > 0.0);
        let name = figures["device"].as_str().unwrap();
        assert!(device == "auto" || name.starts_with("CPU"), "{name}");
    }
}

#[test]
fn inference_alone_and_the_parts_of_an_analysis_are_measured() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |more: &[&str]| -> serde_json::Value {
        let json = mien_ok(&root, &[&["bench", "--json", "--device", "cpu"], more].concat());
        serde_json::from_str(&json).unwrap()
    };
    let forward = read(&["--forward", "--small", "--batch", "1"]);
    assert!(
        forward["ms"].as_f64().unwrap() > 0.0 && forward["beside"].is_null(),
        "{forward}"
    );
    if !ffmpeg(&root, "-f lavfi -i color=size=16x16 -frames:v 1 -f null -") {
        return;
    }
    // Without a name it takes the sample film and the page's model.
    let parts = read(&["--pipeline"]);
    assert_eq!(
        (&parts["frames"], &parts["faces"]),
        (&385.into(), &385.into()),
        "{parts}"
    );
    for part in [
        "decode", "detector", "crop", "backbone", "reader", "temporal", "rows",
    ] {
        assert!(
            parts[format!("{part}_ms")].as_f64().unwrap() > 0.0,
            "{part}: {parts}"
        );
    }
}

#[test]
fn a_gpu_is_used_or_its_absence_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let output = mien(folder.path(), &[&SMALL[..], &["--device", "vulkan"]].concat());
    if output.status.success() {
        return;
    }
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains("Vulkan") && said.contains("--device cpu"), "{said}");
    println!("skipped the computation: {}", said.trim());
}

#[test]
#[cfg(not(feature = "cuda"))]
fn a_build_without_cuda_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let said = mien_fails(folder.path(), 1, &[&SMALL[..], &["--device", "cuda"]].concat());
    assert!(said.contains("--features cuda"), "{said}");
}
