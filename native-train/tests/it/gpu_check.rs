//! `mien gpu-check`: on the processor, which stands in for a GPU, and where the device is not there.

#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

use std::collections::BTreeSet;

use crate::common::{mien, mien_fails, stderr};
use serde_json::Value;

/// Names of a section's checks with this outcome.
fn checks<'a>(report: &'a Value, section: &str, outcome: &str) -> BTreeSet<&'a str> {
    let sections = report["sections"].as_array().unwrap();
    let section = sections.iter().find(|found| found["name"] == section).unwrap();
    let checks = section["checks"].as_array().unwrap().iter();
    checks
        .filter(|check| check["outcome"] == outcome)
        .map(|check| check["name"].as_str().unwrap())
        .collect()
}

fn has_all(found: &BTreeSet<&str>, wanted: &[&str]) {
    for name in wanted {
        assert!(found.contains(name), "`{name}` is not among {found:?}");
    }
}

#[test]
fn the_report_on_the_processor_has_all_of_its_parts() {
    let folder = tempfile::tempdir().unwrap();
    let output = mien(
        folder.path(),
        &["gpu-check", "--out", "out", "--device", "cpu", "--quick"],
    );
    let out = folder.path().join("out");
    let text = std::fs::read_to_string(out.join("gpu-check.md")).unwrap();
    assert!(output.status.success(), "{}\n{text}", stderr(&output));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.trim().ends_with("out/gpu-check.md"), "{said}");
    let report: Value =
        serde_json::from_str(&std::fs::read_to_string(out.join("gpu-check.json")).unwrap()).unwrap();
    assert_eq!(
        (&report["finished"], &report["passed"]),
        (&true.into(), &true.into())
    );
    assert_eq!(report["device"]["kind"], "cpu");
    let sections: Vec<&str> = report["sections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|section| section["name"].as_str().unwrap())
        .collect();
    assert_eq!(sections, ["golden", "speed", "memory", "training"]);

    let golden = checks(&report, "golden", "passed");
    for precision in ["f32", "f16", "bf16"] {
        let networks = [
            "face detector",
            "small backbone, 64 pixels",
            "ResNet-50, 224 pixels",
            "temporal encoder",
            "small backbone, gradients of a training step",
        ];
        let names = networks.map(|network| format!("{network}, {precision}"));
        has_all(&golden, &names.each_ref().map(String::as_str));
    }
    has_all(
        &checks(&report, "speed", "measured"),
        &["forward, f32", "training step, f32", "stage-1 step, f32"],
    );
    has_all(
        &checks(&report, "memory", "measured"),
        &[
            "counted, f32",
            "measured, f32, with `recompute_teacher`",
            "measured, f32, without `recompute_teacher`",
        ],
    );
    let training = checks(&report, "training", "passed");
    has_all(&training, &["killed", "resumed", "losses and model"]);
    // The kill came after a checkpoint and before the end, and the run's own log is kept whole.
    let log = std::fs::read_to_string(out.join("training/log.jsonl")).unwrap();
    let steps: Vec<u64> = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|entry| entry.get("L_s").is_some())
        .map(|entry| entry["step"].as_u64().unwrap())
        .collect();
    assert_eq!(steps, (1..=200).collect::<Vec<_>>());
    for title in [
        "## Device",
        "## Golden values",
        "## Speed",
        "## Memory",
        "killed and resumed",
    ] {
        assert!(text.contains(title), "{title}: {text}");
    }
    // What somebody put there since is refused by name, and stays.
    for own in ["training/sub/thesis.txt", "gpu-check.speed.log"] {
        let own = out.join(own);
        let before = std::fs::read(&own).ok();
        std::fs::create_dir_all(own.parent().unwrap()).unwrap();
        std::fs::write(&own, "thesis").unwrap();
        let again = [
            "gpu-check",
            "--out",
            out.to_str().unwrap(),
            "--device",
            "cpu",
            "--quick",
        ];
        let said = mien_fails(folder.path(), 1, &again);
        let named = own
            .parent()
            .filter(|folder| folder.ends_with("sub"))
            .unwrap_or(&own);
        assert!(said.contains(named.to_str().unwrap()), "{said}");
        assert_eq!(std::fs::read_to_string(&own).unwrap(), "thesis");
        match before {
            Some(bytes) => std::fs::write(&own, bytes).unwrap(),
            None => std::fs::remove_dir_all(own.parent().unwrap()).unwrap(),
        }
    }
}

#[test]
fn the_counts_of_memory_are_those_of_mien_bench() {
    let folder = tempfile::tempdir().unwrap();
    let said = crate::common::mien_ok(folder.path(), &["bench", "--memory", "--batch", "32"]);
    // docs/cluster.md's table for the processor, in f32.
    let line = said
        .lines()
        .find(|line| line.starts_with("processor's own operations, f32"))
        .unwrap();
    assert!(
        line.contains("together 10.78 GiB") && line.contains("recompute_teacher 8.24 GiB"),
        "{line}"
    );
}

#[test]
fn files_of_somebody_else_are_refused_before_anything_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("results/gpu-check.md");
    std::fs::create_dir(folder.path().join("results")).unwrap();
    std::fs::write(&own, "my notes").unwrap();
    let said = mien_fails(
        folder.path(),
        1,
        &["gpu-check", "--out", "results", "--device", "cpu", "--quick"],
    );
    assert!(
        said.contains("results") && said.contains("did not write"),
        "{said}"
    );
    assert_eq!(std::fs::read_to_string(&own).unwrap(), "my notes");
    assert_eq!(
        std::fs::read_dir(folder.path().join("results")).unwrap().count(),
        1
    );
}

#[test]
fn a_device_that_is_not_there_is_named_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    // A build without CUDA, a machine without its driver: either way the device is not there.
    let output = mien(
        folder.path(),
        &["gpu-check", "--out", "out", "--device", "cuda", "--minutes", "1"],
    );
    if output.status.success() || folder.path().join("out").exists() {
        println!("skipped: CUDA is there");
        return;
    }
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains("CUDA") && said.contains("--device cpu"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn auto_never_takes_the_processor_or_a_software_adapter() {
    let folder = tempfile::tempdir().unwrap();
    let bench = ["bench", "--small", "--batch", "2", "--json", "--device"];
    let auto = crate::common::mien_ok(folder.path(), &[&bench[..], &["auto"]].concat());
    let auto: Value = serde_json::from_str(&auto).unwrap();
    let named = auto["device"].as_str().unwrap();
    if !named.starts_with("CPU") {
        assert!(
            !named.to_lowercase().contains("llvmpipe") && !named.to_lowercase().contains("swiftshader"),
            "{named}"
        );
        println!("skipped: there is a GPU here, {named}");
        return;
    }
    let said = mien_fails(folder.path(), 1, &["gpu-check", "--out", "out"]);
    assert!(
        said.contains("no GPU here") && said.contains("--device vulkan --quick"),
        "{said}"
    );
    assert!(!folder.path().join("out").exists());
}
