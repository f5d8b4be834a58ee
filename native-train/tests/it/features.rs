//! `mien features` on inputs without faces, twice the same name, and in the place of what it did not write. That its values are
//! the backbone's is checked against torchvision (`tests/golden/check_features.py`).
#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

use std::fs;
use std::path::Path;

use crate::common::{image_file, mien_fails, mien_ok, random_model, row_count, write_random_model};

/// The header's dictionary and the bytes behind it; fails where it is no `.npy` of version 1.0 whose data begin at a multiple of 64.
fn npy(path: &Path) -> (String, Vec<u8>) {
    let bytes = fs::read(path).unwrap();
    let (prefix, rest) = bytes.split_at(10);
    assert_eq!(&prefix[..8], b"\x93NUMPY\x01\x00");
    let length = usize::from(u16::from_le_bytes([prefix[8], prefix[9]]));
    assert_eq!((10 + length) % 64, 0);
    let (header, data) = rest.split_at(length);
    assert!(header.ends_with(b"\n"));
    (String::from_utf8(header.to_vec()).unwrap(), data.to_vec())
}

/// A folder with a model, and the model's path.
fn workplace() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let model = write_random_model(folder.path());
    (folder, model.to_str().unwrap().to_owned())
}

#[test]
fn a_picture_without_a_face_has_no_row_and_a_whole_one_has_one() {
    let (folder, model) = workplace();
    let (folder, model) = (folder.path(), model.as_str());
    let columns = random_model(false).metadata.backbone.feature_len();
    image_file(folder, "plain.png", 40, 30);
    fs::create_dir(folder.join("other")).unwrap();
    fs::copy(folder.join("plain.png"), folder.join("other/plain.png")).unwrap();
    let common = ["--model", model, "--device", "cpu", "--out", "out"];
    let printed = mien_ok(
        folder,
        &[&["features", "plain.png", "other/plain.png"], &common[..]].concat(),
    );
    let names: Vec<&str> = printed
        .lines()
        .map(|line| line.rsplit(['/', '\\']).next().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "plain.features.npy",
            "plain.features.csv",
            "plain-2.features.npy",
            "plain-2.features.csv"
        ]
    );
    let (header, data) = npy(&folder.join("out/plain.features.npy"));
    assert!(header.contains(&format!("'shape': (0, {columns})")), "{header}");
    assert!(data.is_empty());
    assert_eq!(row_count(&folder.join("out/plain.features.csv")), 0);
    mien_ok(
        folder,
        &[&["features", "plain.png", "--whole-frame"], &common[..]].concat(),
    );
    let (header, data) = npy(&folder.join("out/plain.features.npy"));
    assert!(header.contains(&format!(
        "'descr': '<f4', 'fortran_order': False, 'shape': (1, {columns})"
    )));
    assert_eq!(data.len(), 4 * columns);
    assert_eq!(row_count(&folder.join("out/plain.features.csv")), 1);
}

#[test]
fn what_it_did_not_write_stays_and_what_cannot_be_read_is_named() {
    let (folder, model) = workplace();
    let (folder, model) = (folder.path(), model.as_str());
    image_file(folder, "a.png", 20, 20);
    fs::write(folder.join("a.features.npy"), "mine").unwrap();
    let refused = mien_fails(
        folder,
        1,
        &["features", "a.png", "--model", model, "--device", "cpu"],
    );
    assert!(
        refused.contains("a.features.npy was not written by mien"),
        "{refused}"
    );
    assert_eq!(fs::read(folder.join("a.features.npy")).unwrap(), b"mine");
    fs::write(folder.join("b.png"), "no picture").unwrap();
    let named = mien_fails(
        folder,
        1,
        &[
            "features", "b.png", "a.png", "--model", model, "--device", "cpu", "--out", "out",
        ],
    );
    assert!(
        named.contains("b.png") && named.contains("1 of 2 inputs"),
        "{named}"
    );
    assert!(
        folder.join("out/a.features.npy").is_file(),
        "the other one is done all the same"
    );
    assert!(!folder.join("out/b.features.npy").exists());
}
