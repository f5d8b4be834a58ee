//! A cut to another person at the same place: another track, nothing is carried across.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::common::{ffmpeg, mien_ok, write_random_model};
use shared_model::frame_table::{self, NamedRow};

/// Frames of each person.
const SHOT: usize = 12;
const PERSONS: usize = 8;

fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared")
        .join(path);
    if !path.exists() {
        println!("skipped: {} is not there", path.display());
        return None;
    }
    Some(path)
}

fn rows(folder: &Path, video: &str) -> Vec<NamedRow> {
    let model = write_random_model(folder);
    let model = model.to_str().unwrap();
    let printed = mien_ok(folder, &["analyze", video, "--model", model, "--device", "cpu"]);
    frame_table::read(std::fs::File::open(folder.join(printed.trim())).unwrap()).unwrap()
}

/// Photographs of different people, spread through the list.
fn photographs(faces: &Path) -> Vec<PathBuf> {
    let list = std::fs::read_to_string(faces.join("labelled.csv")).unwrap();
    let mut seen = BTreeSet::new();
    let cells = list
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect::<Vec<_>>());
    let mut paths = cells.filter_map(|cells| seen.insert(cells[2].to_owned()).then(|| faces.join(cells[0])));
    (0..PERSONS).filter_map(|_| paths.nth(70)).collect()
}

#[test]
fn people_who_follow_each_other_at_one_place_have_a_track_each() {
    let Some(faces) = shared("faces") else { return };
    let folder = tempfile::tempdir().unwrap();
    let people = photographs(&faces);
    assert_eq!(people.len(), PERSONS);
    for (person, path) in people.iter().enumerate() {
        for frame in 0..SHOT {
            let name = format!("{:04}.jpg", person * SHOT + frame);
            std::fs::copy(path, folder.path().join(name)).unwrap();
        }
    }
    // The light changes in the middle of each shot.
    let flicker = format!("eq=eval=frame:brightness='0.12*gte(mod(n,{SHOT}),{})'", SHOT / 2);
    let make = format!(
        "-framerate 25 -i %04d.jpg -vf pad=320:240:80:40,{flicker} -pix_fmt yuv420p -c:v libx264 a.mp4"
    );
    if !ffmpeg(folder.path(), &make) {
        return;
    }
    let rows = rows(folder.path(), "a.mp4");
    let mut tracks: Vec<BTreeSet<u32>> = vec![BTreeSet::new(); PERSONS];
    for NamedRow { row, .. } in &rows {
        if let Some(track) = row.track {
            tracks[row.frame / SHOT].insert(track);
        }
    }
    let apart = tracks
        .windows(2)
        .filter(|pair| pair[0].is_disjoint(&pair[1]))
        .count();
    println!("{apart} of {} cuts end a track: {tracks:?}", PERSONS - 1);
    assert!(tracks.iter().all(|tracks| tracks.len() == 1), "{tracks:?}");
    // Two who look alike may pass for one.
    assert!(apart >= PERSONS - 2, "{tracks:?}");
}

#[test]
fn a_person_who_talks_has_one_track() {
    let Some(clips) = shared("clips") else { return };
    let folder = tempfile::tempdir().unwrap();
    for clip in ["1001_DFA_ANG_XX.mp4", "1001_DFA_HAP_XX.mp4"] {
        std::fs::copy(clips.join(clip), folder.path().join(clip)).unwrap();
        let rows = rows(folder.path(), clip);
        let tracks: BTreeSet<u32> = rows.iter().filter_map(|named| named.row.track).collect();
        assert_eq!(tracks.len(), 1, "{clip}");
    }
}
