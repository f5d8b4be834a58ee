//! What the tests of the program share.

pub mod dataset_files;
pub mod decoders;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use burn::tensor::Device;
use shared_model::backbone::BackboneShape;
use shared_model::face_crop::InputSpec;
use shared_model::frame_table;
use shared_model::model_file::{ModelFile, ModelMetadata, TemporalShape, Weights};

/// Runs `mien` in `folder`.
pub fn mien(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mien"))
        .current_dir(folder)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Runs `mien`, which must succeed, and gives its standard output.
pub fn mien_ok(folder: &Path, arguments: &[&str]) -> String {
    let output = mien(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs `mien`, which must fail with this exit status, and gives its standard error.
pub fn mien_fails(folder: &Path, status: i32, arguments: &[&str]) -> String {
    let output = mien(folder, arguments);
    assert_eq!(
        output.status.code(),
        Some(status),
        "{arguments:?}: {}",
        stderr(&output)
    );
    stderr(&output)
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs ffmpeg on arguments separated by spaces; false, with a printed reason, where it is absent.
pub fn ffmpeg(folder: &Path, arguments: &str) -> bool {
    let run = Command::new("ffmpeg")
        .current_dir(folder)
        .args(["-nostdin", "-y", "-loglevel", "error"])
        .args(arguments.split_whitespace())
        .status();
    match run {
        Ok(status) => {
            assert!(status.success(), "ffmpeg {arguments}");
            true
        }
        Err(error) => {
            println!("skipped: ffmpeg cannot be run: {error}");
            false
        }
    }
}

/// Presentation times of all frames by ffprobe, 0 at the first.
pub fn probed_times(video: &Path) -> Vec<f64> {
    let times = probed_container_times(video);
    times.iter().map(|time| time - times[0]).collect()
}

/// The same on the container's own clock.
pub fn probed_container_times(video: &Path) -> Vec<f64> {
    let frames = "frame=best_effort_timestamp_time";
    probed(
        video,
        &["-select_streams", "v:0", "-show_frames", "-show_entries", frames],
    )
}

/// The earliest start of a video's streams by ffprobe, on the container's clock.
pub fn probed_start(video: &Path) -> f64 {
    let starts = probed(video, &["-show_entries", "stream=start_time"]);
    starts.into_iter().reduce(f64::min).unwrap()
}

/// The numbers that ffprobe prints.
fn probed(video: &Path, arguments: &[&str]) -> Vec<f64> {
    let output = Command::new("ffprobe")
        .args(["-v", "error"])
        .args(arguments)
        .args(["-of", "csv=p=0"])
        .arg(video)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    // Behind a comma side data of the frame may follow.
    text.lines()
        .filter_map(|line| line.split(',').next()?.trim().parse().ok())
        .collect()
}

/// A network with random weights: the tests here look at the way of the data, not at what it says.
pub fn random_model(temporal: bool) -> ModelFile {
    let device = Device::flex();
    device.seed(11);
    let backbone = BackboneShape::bottleneck([1; 4], 4);
    let mut weights: Weights = backbone.init(&device).save("backbone.").unwrap();
    let shape = TemporalShape {
        layers: 1,
        heads: 2,
        d_model: 16,
        d_ff: 16,
        positions: true,
    };
    if temporal {
        let encoder = shape.init(backbone.feature_len(), 0.0, &device);
        weights.extend(encoder.save("temporal.").unwrap());
    }
    let metadata = ModelMetadata {
        input: InputSpec {
            size: 32,
            ..ModelMetadata::default().input
        },
        backbone,
        temporal: temporal.then_some(shape),
        training: serde_json::json!({"note": "random weights"}),
        ..ModelMetadata::default()
    };
    ModelFile { metadata, weights }
}

/// Writes [`random_model`] and gives its path.
pub fn write_random_model(folder: &Path) -> PathBuf {
    let path = folder.join("model.safetensors");
    std::fs::write(&path, random_model(true).to_bytes().unwrap()).unwrap();
    path
}

/// Stripes of three widths are three classes; every second person's pictures have labels (`labelled.csv`), the
/// others are the pool (`pool.csv`).
pub fn write_paired_pictures(folder: &Path) {
    let (mut labelled, mut pool) = ("path,label,person\n".to_owned(), "path,label\n".to_owned());
    for person in 0..24_u32 {
        for (class, period) in [(0, 3), (4, 6), (6, 12)] {
            let name = format!("{person}-{class}.png");
            let picture = image::RgbImage::from_fn(40, 40, |x, y| {
                let stripe = if (y + person) % period < period / 2 {
                    200
                } else {
                    40
                };
                let noise = (x * 7 + y * 13 + person * 29) % 32;
                image::Rgb([(stripe + noise) as u8, stripe as u8, (stripe + person) as u8])
            });
            picture.save(folder.join(&name)).unwrap();
            if person % 2 == 0 {
                labelled.push_str(&format!("{name},{class},{person}\n"));
            } else {
                pool.push_str(&format!("{name},{class}\n"));
            }
        }
    }
    // One that is no picture: others stand in for it.
    pool.push_str("pool.csv,-1\n");
    std::fs::write(folder.join("labelled.csv"), labelled).unwrap();
    std::fs::write(folder.join("pool.csv"), pool).unwrap();
}

/// Writes videos of stripes in Aff-Wild2's layout: `crops/<name>/00001.jpg` and `<set>/<name>.txt`. `labels` are those of
/// the annotation; the picture follows `shown`, `None` leaves the crop out.
pub fn write_video(folder: &Path, set: &str, name: &str, labels: &[i32], shown: &[Option<u32>]) {
    let crops = folder.join("crops").join(name);
    std::fs::create_dir_all(&crops).unwrap();
    std::fs::create_dir_all(folder.join(set)).unwrap();
    for (number, class) in (1_u32..).zip(shown) {
        let Some(class) = class else { continue };
        let period = 3 * (class + 1);
        let picture = image::RgbImage::from_fn(32, 32, |x, y| {
            let stripe = if (y + number) % period < period / 2 {
                200
            } else {
                40
            };
            let noise = (x * 7 + y * 13 + number * 29) % 48;
            image::Rgb([(stripe + noise) as u8, stripe as u8, (stripe + number % 30) as u8])
        });
        picture.save(crops.join(format!("{number:05}.jpg"))).unwrap();
    }
    let lines: Vec<String> = labels.iter().map(ToString::to_string).collect();
    let header = shared_model::affwild2::HEADER;
    std::fs::write(
        folder.join(set).join(format!("{name}.txt")),
        format!("{header}\n{}\n", lines.join("\n")),
    )
    .unwrap();
}

/// A few training and validation videos with missing crops and frames without a label, in folders
/// `crops`, `train` and `validation`.
pub fn write_videos(folder: &Path) {
    for (set, name, length) in [
        ("train", "a", 90),
        ("train", "b_left", 40),
        ("train", "c", 150),
        ("validation", "d", 100),
        ("validation", "e", 30),
    ] {
        let label = |frame: usize| [0, 4, 1][(frame / 13 + name.len()) % 3];
        let labels: Vec<i32> = (0..length)
            .map(|frame| if frame % 11 == 5 { -1 } else { label(frame) })
            .collect();
        let shown: Vec<Option<u32>> = (0..length)
            .map(|frame| (frame % 17 != 3).then(|| label(frame) as u32))
            .collect();
        write_video(folder, set, name, &labels, &shown);
    }
}

/// Arguments that take whole frames as faces, on the processor.
pub const CPU: [&str; 3] = ["--device", "cpu", "--whole-frame"];

/// Writes a picture whose colours run over it; gives its path.
pub fn image_file(folder: &Path, name: &str, width: u32, height: u32) -> String {
    let path = folder.join(name);
    let picture = image::RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 128]));
    picture.save(&path).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Rows of a csv that mien wrote.
pub fn row_count(csv: &Path) -> usize {
    frame_table::read(std::fs::File::open(csv).unwrap())
        .unwrap()
        .len()
}
