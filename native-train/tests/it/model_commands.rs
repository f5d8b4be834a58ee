//! `mien info`, `export` and `import`.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

use std::fs;

use crate::common::{mien_fails, mien_ok, random_model, write_random_model};
use shared_model::model_file::{ModelFile, WeightType, Weights, read_weights};

#[test]
fn info_says_what_the_file_holds() {
    let folder = tempfile::tempdir().unwrap();
    write_random_model(folder.path());
    let text = mien_ok(folder.path(), &["info", "model.safetensors"]);
    assert!(
        text.contains("input_size: 32") && text.contains("note: random weights"),
        "{text}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&mien_ok(folder.path(), &["info", "model.safetensors", "--json"])).unwrap();
    assert_eq!(json["backbone"]["width"], 4);
    assert_eq!(json["tensors"], random_model(true).weights.len());
}

#[test]
fn export_halves_the_file_and_keeps_the_values() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_random_model(folder.path());
    mien_ok(
        folder.path(),
        &[
            "export",
            "--model",
            "model.safetensors",
            "--dtype",
            "f16",
            "--out",
            "half.safetensors",
        ],
    );
    let bytes = std::fs::read(folder.path().join("half.safetensors")).unwrap();
    let half = ModelFile::from_bytes(&bytes).unwrap();
    assert_eq!(half.metadata.weight_type, WeightType::F16);
    let full = random_model(true);
    for (name, weight) in &full.weights {
        for (a, b) in weight.values.iter().zip(&half.weights[name].values) {
            // 11 bits of mantissa; 2^-25 is half the smallest number of 16 bits.
            assert!((a - b).abs() <= a.abs() / 2048.0 + 3e-8, "{name}: {a} {b}");
        }
    }
    let values: usize = full.weights.values().map(|weight| weight.values.len()).sum();
    let saved = std::fs::metadata(path).unwrap().len() as usize - bytes.len();
    // The header's offsets have fewer digits, too.
    assert!(
        (2 * values..2 * values + 1024).contains(&saved),
        "{saved} of {}",
        2 * values
    );
}

#[test]
fn what_is_too_large_for_16_bits_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut model = random_model(false);
    model.weights.get_mut("backbone.bn1.running_var").unwrap().values[0] = 1e6;
    std::fs::write(folder.path().join("m.safetensors"), model.to_bytes().unwrap()).unwrap();
    let said = mien_fails(
        folder.path(),
        1,
        &[
            "export",
            "--model",
            "m.safetensors",
            "--dtype",
            "f16",
            "--out",
            "h.safetensors",
        ],
    );
    assert!(
        said.contains("backbone.bn1.running_var") && said.contains("f32"),
        "{said}"
    );
    assert!(!folder.path().join("h.safetensors").exists());
}

#[test]
fn torch_names_go_out_and_come_back() {
    let folder = tempfile::tempdir().unwrap();
    write_random_model(folder.path());
    mien_ok(
        folder.path(),
        &[
            "export",
            "--model",
            "model.safetensors",
            "--dtype",
            "f32",
            "--torch",
            "--out",
            "torch.safetensors",
        ],
    );
    let bytes = std::fs::read(folder.path().join("torch.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let counters = file
        .names()
        .iter()
        .filter(|name| name.ends_with(".num_batches_tracked"))
        .count();
    // One a batch normalisation: the stem's, three a block and one a shortcut.
    assert_eq!(counters, 1 + 4 * 4);
    mien_ok(
        folder.path(),
        &[
            "import",
            "--torch",
            "torch.safetensors",
            "--out",
            "back.safetensors",
            "--input-size",
            "32",
        ],
    );
    let back =
        ModelFile::from_bytes(&std::fs::read(folder.path().join("back.safetensors")).unwrap()).unwrap();
    assert_eq!(back.weights, random_model(false).weights);
    assert_eq!(back.metadata.backbone, random_model(false).metadata.backbone);
}

#[test]
fn wrapped_checkpoints_with_other_heads_get_a_new_head() {
    let folder = tempfile::tempdir().unwrap();
    let mut weights: Weights = random_model(false)
        .weights
        .into_iter()
        .map(|(name, weight)| (name.replace("backbone.", "module."), weight))
        .collect();
    for name in ["module.fc.weight", "module.fc.bias"] {
        let weight = weights.get_mut(name).unwrap();
        weight.values.extend(weight.values.clone());
        weight.shape[0] = 16;
    }
    write_plain(&folder.path().join("w.safetensors"), &weights);
    mien_ok(
        folder.path(),
        &["import", "--torch", "w.safetensors", "--out", "m.safetensors"],
    );
    let model = ModelFile::from_bytes(&std::fs::read(folder.path().join("m.safetensors")).unwrap()).unwrap();
    assert_eq!(model.weights["backbone.fc.weight"].shape, [8, 128]);
    assert_eq!(model.metadata.training["head"], "random");
    assert_eq!(
        model.weights["backbone.conv1.weight"],
        weights["module.conv1.weight"]
    );
}

#[test]
fn what_is_no_such_network_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut weights = read_weights(&random_model(false).to_bytes().unwrap()).unwrap();
    let spare = weights["backbone.fc.bias"].clone();
    weights.insert("backbone.layer1.0.se.weight".into(), spare);
    write_plain(&folder.path().join("se.safetensors"), &weights);
    std::fs::write(folder.path().join("text.pth"), "no checkpoint").unwrap();
    let import = |file: &str| {
        mien_fails(
            folder.path(),
            1,
            &["import", "--torch", file, "--out", "m.safetensors"],
        )
    };
    let said = import("se.safetensors");
    assert!(
        said.contains("se.safetensors") && said.contains("layer1.0.se.weight"),
        "{said}"
    );
    std::fs::write(
        folder.path().join("ours.safetensors"),
        random_model(true).to_bytes().unwrap(),
    )
    .unwrap();
    let said = import("ours.safetensors");
    assert!(
        said.contains("ours.safetensors") && said.contains("already"),
        "{said}"
    );
    let said = import("text.pth");
    assert!(said.contains("text.pth cannot be read"), "{said}");
    assert!(!folder.path().join("m.safetensors").exists());
}

#[test]
fn models_that_mien_did_not_write_are_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_random_model(folder);
    fs::write(folder.join("own.safetensors"), "mine").unwrap();
    fn export<'a>(out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        let given = [
            "export",
            "--model",
            "model.safetensors",
            "--dtype",
            "f32",
            "--torch",
            "--out",
            out,
        ];
        [&given[..], more].concat()
    }
    let said = mien_fails(folder, 1, &export("own.safetensors", &[]));
    assert!(said.contains("own.safetensors was not written by mien"), "{said}");
    assert_eq!(fs::read(folder.join("own.safetensors")).unwrap(), b"mine");
    mien_ok(folder, &export("own.safetensors", &["--force"]));
    // It is mien's now.
    mien_ok(folder, &export("own.safetensors", &[]));
    let import = ["import", "--torch", "own.safetensors", "--out"];
    let said = mien_fails(folder, 1, &[&import[..], &["model.safetensors"]].concat());
    assert!(
        said.contains("model.safetensors was not written by mien"),
        "{said}"
    );
    // What is read may be the only one with its weights.
    for wrong in [
        export("model.safetensors", &[]),
        [&import[..], &["own.safetensors"]].concat(),
    ] {
        let said = mien_fails(folder, 2, &wrong);
        assert!(said.contains("the file that is read"), "{said}");
    }
    assert_eq!(
        fs::read(folder.join("model.safetensors")).unwrap(),
        random_model(true).to_bytes().unwrap()
    );
    mien_fails(folder, 1, &export("missing/own.safetensors", &[]));
}

fn write_plain(path: &std::path::Path, weights: &Weights) {
    let stored: Vec<_> = weights
        .iter()
        .map(|(name, w)| {
            (
                name,
                w.shape.clone(),
                w.values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>(),
            )
        })
        .collect();
    let views = stored.iter().map(|(name, shape, bytes)| {
        let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.clone(), bytes);
        (name.as_str(), view.unwrap())
    });
    std::fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    write_random_model(folder.path());
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_mien"))
        .current_dir(folder.path())
        .args(["info", "model.safetensors"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", crate::common::stderr(&output));
}
