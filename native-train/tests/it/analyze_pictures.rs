//! `mien analyze` on pictures: a folder is a film, unless its pictures are said to be unrelated; a single one always is.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests may fail loudly, in their helpers too"
)]

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{ffmpeg, mien_fails, mien_ok, stderr, write_random_model};
use shared_model::frame_table;
use shared_model::label_files::{self, LabelFile};
use shared_model::people::People;
use shared_model::project::Project;
use shared_model::smoothing::Smoothing;
use shared_model::timeline::FrameRow;

const MODEL: &str = "model.safetensors";

/// Analyses `input` with all formats and gives the rows of its csv.
fn rows(folder: &Path, input: &str, out: &str, more: &[&str]) -> Vec<FrameRow> {
    let common = [
        "analyze", input, "--model", MODEL, "--device", "cpu", "--out", out,
    ];
    let formats = ["--format", "csv,json,vtt,eaf"];
    let printed = mien_ok(folder, &[&common[..], &formats, more].concat());
    let csv = printed.lines().find(|line| line.ends_with(".csv")).unwrap();
    let table = frame_table::read(fs::File::open(folder.join(csv)).unwrap()).unwrap();
    table.into_iter().map(|named| named.row).collect()
}

/// A row less what tells where in its folder the picture stands.
fn by_itself(row: &FrameRow, first_track: u32) -> FrameRow {
    FrameRow {
        frame: 0,
        time_s: 0.0,
        media_s: Some(0.0),
        track: row.track.map(|track| track - first_track),
        ..row.clone()
    }
}

/// Each picture's rows in the folder are those of the picture alone. Gives how many faces there were.
fn assert_apart(folder: &Path, pictures: &[PathBuf], more: &[&str]) -> usize {
    let alone: Vec<Vec<FrameRow>> = pictures
        .iter()
        .map(|path| rows(folder, path.to_str().unwrap(), "alone", more))
        .collect();
    let mut orders = vec![(0..pictures.len()).collect::<Vec<_>>()];
    // The other way round, and each picture between two of one other.
    orders.push((0..pictures.len()).rev().collect());
    orders.push((1..pictures.len()).flat_map(|place| [place, 0, place]).collect());
    for (number, order) in orders.iter().enumerate() {
        let name = format!("order-{number}");
        fs::create_dir(folder.join(&name)).unwrap();
        for (place, picture) in order.iter().enumerate() {
            let picture = &pictures[*picture];
            let ending = picture.extension().unwrap().to_str().unwrap();
            fs::copy(picture, folder.join(&name).join(format!("{place:03}.{ending}"))).unwrap();
        }
        let found = rows(
            folder,
            &name,
            "together",
            &[more, &["--unrelated", "--fps", "10"]].concat(),
        );
        let mut next_track = 0;
        let mut rest = found.as_slice();
        for (frame, picture) in order.iter().enumerate() {
            let own = rest.partition_point(|row| row.frame == frame);
            let (own, others) = rest.split_at(own);
            rest = others;
            assert!(own.iter().all(|row| row.time_s == frame as f64 / 10.0));
            let own: Vec<FrameRow> = own.iter().map(|row| by_itself(row, next_track)).collect();
            assert_eq!(own, alone[*picture], "{name}, frame {frame}");
            next_track += own.iter().filter(|row| row.track.is_some()).count() as u32;
        }
        assert!(rest.is_empty());
        for row in &found {
            assert_eq!((row.temporal, row.smoothed), (None, row.raw));
            assert_eq!(row.probabilities, row.raw_probabilities);
            assert_eq!(row.probabilities.is_some(), row.track.is_some());
        }
        assert_project_stays_apart(&folder.join("together").join(format!("{name}.json")), &found);
    }
    alone.iter().flatten().filter(|row| row.track.is_some()).count()
}

/// Whoever opens the project and smooths it again, or says that all faces are one person's, gets the same labels.
fn assert_project_stays_apart(path: &Path, rows: &[FrameRow]) {
    let text = fs::read_to_string(path).unwrap();
    let plain: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&plain["unrelated"], &plain["start_s"]),
        (&true.into(), &0.0.into())
    );
    let labels = |rows: &[FrameRow]| rows.iter().map(|row| row.smoothed).collect::<Vec<_>>();
    let mut project = Project::from_json(&text).unwrap();
    for smoothing in Smoothing::ALL.iter().copied() {
        assert_eq!(labels(&project.timeline.rows(smoothing, 9)), labels(rows));
    }
    let mut people = People::default();
    for track in 1..rows.len() as u32 {
        people.merge(track, 0);
    }
    project.people = people;
    let LabelFile::Table(again) = label_files::read(&project.to_json().unwrap()).unwrap() else {
        panic!("a project holds rows");
    };
    let again: Vec<FrameRow> = again.into_iter().map(|named| named.row).collect();
    assert_eq!(labels(&again), labels(rows));
}

/// Pictures of different sizes and stripes, with a colour of their own.
fn draw_pictures(folder: &Path) -> Vec<PathBuf> {
    let draw = |number: u32| {
        let path = folder.join(format!("drawn-{number}.png"));
        let picture = image::RgbImage::from_fn(30 + 11 * number, 40 + number, |x, y| {
            let stripe = if (x * number + y) % (3 + 2 * number) < 3 {
                220
            } else {
                30
            };
            image::Rgb([stripe, (40 * number) as u8, (x * y % 255) as u8])
        });
        picture.save(&path).unwrap();
        path
    };
    (1..=6).map(draw).collect()
}

#[test]
fn unrelated_pictures_are_what_each_is_alone() {
    let folder = tempfile::tempdir().unwrap();
    write_random_model(folder.path());
    let pictures = draw_pictures(folder.path());
    let faces = assert_apart(folder.path(), &pictures, &["--whole-frame"]);
    assert_eq!(faces, pictures.len());
    // Batches of the networks end within the folder.
    let many: Vec<PathBuf> = pictures.iter().cycle().take(40).cloned().collect();
    let film = folder.path().join("film");
    fs::create_dir(&film).unwrap();
    for (place, picture) in many.iter().enumerate() {
        fs::copy(picture, film.join(format!("{place:02}.png"))).unwrap();
    }
    let apart = rows(folder.path(), "film", "apart", &["--whole-frame", "--unrelated"]);
    for (row, again) in apart.iter().zip(&apart[pictures.len()..]) {
        assert_eq!(row.probabilities, again.probabilities);
    }
    let tracks: Vec<_> = apart.iter().map(|row| row.track).collect();
    assert_eq!(tracks, (0..40).map(Some).collect::<Vec<_>>());
}

#[test]
fn a_picture_that_cannot_be_read_is_filled_in_a_film_only() {
    let folder = tempfile::tempdir().unwrap();
    write_random_model(folder.path());
    let pictures = draw_pictures(folder.path());
    let film = folder.path().join("film");
    fs::create_dir(&film).unwrap();
    for (place, picture) in pictures.iter().enumerate() {
        fs::copy(picture, film.join(format!("{place:02}.png"))).unwrap();
    }
    fs::write(film.join("02.png"), "no picture").unwrap();
    let analyzed = |out: &str, more: &[&str]| {
        let arguments = [
            "analyze",
            "film",
            "--model",
            MODEL,
            "--device",
            "cpu",
            "--whole-frame",
            "--out",
            out,
        ];
        let said = mien_fails(folder.path(), 1, &[&arguments[..], more].concat());
        assert!(said.contains("1 frames could not be read"), "{said}");
        let csv = fs::File::open(folder.path().join(out).join("film.csv")).unwrap();
        frame_table::read(csv).unwrap().swap_remove(2).row
    };
    let joined = analyzed("joined", &[]);
    assert!(
        joined.probabilities.is_some() && joined.smoothed.is_some() && joined.raw_probabilities.is_none()
    );
    let apart = analyzed("apart", &["--unrelated"]);
    assert_eq!(
        apart,
        FrameRow {
            media_s: Some(0.08),
            ..FrameRow::without_face(2, 0.08)
        }
    );
}

#[test]
fn a_single_picture_is_unrelated_and_lasts_a_second() {
    let folder = tempfile::tempdir().unwrap();
    write_random_model(folder.path());
    let picture = draw_pictures(folder.path()).swap_remove(0);
    let alone = folder.path().join("one");
    fs::create_dir(&alone).unwrap();
    fs::copy(&picture, alone.join("1.png")).unwrap();
    for (input, stem) in [(picture.to_str().unwrap(), "drawn-1"), ("one", "one")] {
        let rows = rows(folder.path(), input, "out", &["--whole-frame"]);
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].temporal, rows[0].smoothed), (None, rows[0].raw));
        assert_eq!(rows[0].probabilities, rows[0].raw_probabilities);
        let text =
            |ending: &str| fs::read_to_string(folder.path().join(format!("out/{stem}.{ending}"))).unwrap();
        assert!(
            text("vtt").contains("00:00:00.000 --> 00:00:01.000"),
            "{}",
            text("vtt")
        );
        assert!(text("eaf").contains("TIME_VALUE=\"1000\""), "{}", text("eaf"));
        let plain: serde_json::Value = serde_json::from_str(&text("json")).unwrap();
        assert_eq!(plain["unrelated"], true);
    }
}

#[test]
fn a_video_stays_a_film_and_steps_over_pictures_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    write_random_model(folder.path());
    for step in ["--stride", "--clip-stride"] {
        let arguments = ["analyze", "film", "--model", MODEL, "--unrelated", step, "2"];
        let said = mien_fails(folder.path(), 2, &arguments);
        assert!(said.contains("--unrelated") && said.contains(step), "{said}");
    }
    let make = "-f lavfi -i testsrc=size=64x48:rate=25:duration=1 -c:v libx264 v.mp4";
    if !ffmpeg(folder.path(), make) {
        return;
    }
    let film = rows(folder.path(), "v.mp4", "film", &["--whole-frame"]);
    assert!(film.iter().all(|row| row.temporal.is_some()));
    assert_eq!(
        rows(folder.path(), "v.mp4", "same", &["--whole-frame", "--unrelated"]),
        film
    );
}

/// Stills of different people's faces, one of two faces and one of none.
fn stills(folder: &Path) -> Option<Vec<PathBuf>> {
    let clips = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/clips");
    let mut found: Vec<PathBuf> = match fs::read_dir(&clips) {
        Ok(entries) => entries.map(|entry| entry.unwrap().path()).collect(),
        Err(error) => {
            println!("skipped: {}: {error}", clips.display());
            return None;
        }
    };
    found.retain(|path| path.extension().is_some_and(|ending| ending == "mp4"));
    found.sort();
    for (number, clip) in found.iter().enumerate() {
        fs::copy(clip, folder.join("clip.mp4")).unwrap();
        let scale = ["480:360", "640:480", "400:300"][number % 3];
        let frame = 10 + 5 * number;
        let make =
            format!("-i clip.mp4 -vf select='eq(n,{frame})',scale={scale} -frames:v 1 still-{number}.png");
        if !ffmpeg(folder, &make) {
            return None;
        }
    }
    let both = "-i still-0.png -i still-3.png -filter_complex hstack -frames:v 1 two.png";
    assert!(ffmpeg(folder, both));
    assert!(ffmpeg(
        folder,
        "-f lavfi -i color=gray:size=480x360 -frames:v 1 none.png"
    ));
    let names = (0..found.len()).map(|number| format!("still-{number}.png"));
    let mut names: Vec<String> = names.collect();
    names.insert(2, "none.png".to_owned());
    names.insert(4, "two.png".to_owned());
    Some(names.iter().map(|name| folder.join(name)).collect())
}

#[test]
fn faces_of_different_clips_are_strangers_where_that_is_said_and_one_film_where_not() {
    let folder = tempfile::tempdir().unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../www/models/tiny.safetensors");
    fs::copy(shipped, folder.path().join(MODEL)).unwrap();
    let Some(pictures) = stills(folder.path()) else {
        return;
    };
    let faces = assert_apart(folder.path(), &pictures, &[]);
    assert_eq!(faces, pictures.len(), "one picture shows two faces and one none");
    // Without the flag the pictures are frames: faces in one place are one track, with clips over it.
    let film = rows(folder.path(), "order-0", "film", &[]);
    let with_face: Vec<&FrameRow> = film.iter().filter(|row| row.track.is_some()).collect();
    assert!(with_face.iter().all(|row| row.temporal.is_some()));
    assert!(with_face.iter().filter(|row| row.track == Some(0)).count() > 1);
    let none = film.iter().find(|row| row.track.is_none()).unwrap();
    assert!(none.probabilities.is_some() && none.smoothed.is_some());
    let output = crate::common::mien(
        folder.path(),
        &[
            "analyze",
            "order-0",
            "--model",
            MODEL,
            "--device",
            "cpu",
            "--unrelated",
            "--out",
            "said",
        ],
    );
    assert!(
        stderr(&output).contains("8 unrelated pictures, 8 faces, 1 pictures without a face"),
        "{}",
        stderr(&output)
    );
}
