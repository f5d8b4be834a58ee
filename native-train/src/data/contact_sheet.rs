//! What each augmentation does to pictures of the run: one picture an augmentation, and a page of all.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use image::{ImageFormat, Rgb, RgbImage};
use shared_model::expression::Expression;
use shared_model::face_crop::InputSpec;
use shared_model::frame::Frame;
use shared_model::framing::Framing;

use crate::atomic_file;
use crate::datasets::catalogue::Catalogue;
use crate::datasets::selection::Selection;
use crate::pretrain::augmentation::{augmented, plain, strong};
use crate::pretrain::rand_augment::operation::{KINDS, Kind, Operation};
use crate::pretrain::rand_augment::picture::Picture;
use crate::random_stream::random_of;
use crate::run_config::RunConfig;
use crate::written_files::WrittenFiles;

/// Faces in a row, and rows of random draws.
const FACES: usize = 8;
const DRAWS: u64 = 4;
/// Strengths that the operations are shown at, a row each.
const MAGNITUDES: [u32; 4] = [1, 4, 7, 10];
/// Between faces, in pixels.
const GAP: usize = 4;

/// An augmentation's rows of faces.
struct Sheet {
    name: String,
    caption: String,
    rows: Vec<Vec<Picture>>,
}

/// The page and the folder of its pictures.
const PAGE: &str = "contact-sheet.html";
const PICTURES: &str = "augmentations";

/// The files of [`write()`], from its folder on.
pub(super) fn file_names() -> Vec<PathBuf> {
    let views = ["plain", "labelled", "weak", "strong"].map(str::to_owned);
    let sheets = views.into_iter().chain(KINDS.map(name_of));
    sheets
        .map(|name| Path::new(PICTURES).join(format!("{name}.png")))
        .chain([PathBuf::from(PAGE)])
        .collect()
}

/// An operation's sheet.
fn name_of(kind: Kind) -> String {
    format!("{kind:?}").to_lowercase()
}

/// Writes `augmentations/NAME.png` for each, and gives the page that shows them.
///
/// # Errors
/// When no picture can be read, the disk fails, or a file may not be replaced.
pub(super) fn write(
    folder: &Path,
    catalogue: &Catalogue,
    selection: &Selection,
    config: &RunConfig,
    files: &WrittenFiles,
) -> Result<PathBuf> {
    let input = config.input();
    let faces = faces(catalogue, selection, &config.model.framing, input.resized());
    ensure!(
        !faces.is_empty(),
        "none of the pictures can be read: there is nothing to draw"
    );
    let pictures = folder.join(PICTURES);
    atomic_file::make_folder(&pictures)?;
    let mut page = String::from(
        "<!doctype html>\n<meta charset=\"utf-8\">\n<title>Augmentations</title>\n<h1>Augmentations</h1>\n",
    );
    for sheet in sheets(&faces, &input, config) {
        let path = pictures.join(format!("{}.png", sheet.name));
        files.write(&path, &png(&sheet.rows)?)?;
        page.push_str(&format!(
            "<h2>{0}</h2>\n<p>{1}</p>\n<img src=\"{PICTURES}/{0}.png\" alt=\"{0}\">\n",
            sheet.name, sheet.caption
        ));
    }
    let path = folder.join(PAGE);
    files.write(&path, page.as_bytes())?;
    Ok(path)
}

/// The first readable picture of each class (of the most probable one of a shared label), then of the pool.
fn faces(catalogue: &Catalogue, selection: &Selection, framing: &Framing, side: usize) -> Vec<Frame> {
    let read = |number: &u32| catalogue.picture(*number)?.read_face(framing, side).ok();
    let of_class = |class: Expression| {
        let mut numbers = selection.training.iter();
        numbers.find_map(|number| (catalogue.target(*number)?.top() == class).then(|| read(number))?)
    };
    let labelled = Expression::ALL.into_iter().filter_map(of_class);
    labelled
        .chain(selection.unlabelled.iter().filter_map(read))
        .take(FACES)
        .collect()
}

fn sheets(faces: &[Frame], input: &InputSpec, config: &RunConfig) -> Vec<Sheet> {
    let semi = &config.semi_supervised;
    let draws = |change: &dyn Fn(&Frame, u64) -> Vec<f32>| -> Vec<Vec<Picture>> {
        let row = |draw: u64| {
            let numbered = faces.iter().zip(draw * FACES as u64..);
            numbered
                .map(|(face, stream)| shown(&change(face, stream), input))
                .collect()
        };
        (0..DRAWS).map(row).collect()
    };
    let seed = config.seed;
    let mut sheets = vec![
        Sheet {
            name: "plain".to_owned(),
            caption: "The centre crop, as inference sees it.".to_owned(),
            rows: vec![
                faces
                    .iter()
                    .map(|face| shown(&plain(face, input, false), input))
                    .collect(),
            ],
        },
        Sheet {
            name: "labelled".to_owned(),
            caption: "Labelled pictures: four random draws.".to_owned(),
            rows: draws(&|face, stream| {
                augmented(face, input, &config.augmentation, &mut random_of(seed, stream))
            }),
        },
        Sheet {
            name: "weak".to_owned(),
            caption: "The weak view of unlabelled pictures: four random draws.".to_owned(),
            rows: draws(&|face, stream| augmented(face, input, &semi.weak, &mut random_of(seed, stream))),
        },
        Sheet {
            name: "strong".to_owned(),
            caption: "The strong view: four random draws of RandAugment.".to_owned(),
            rows: draws(&|face, stream| strong(face, input, &semi.strong, &mut random_of(seed, stream))),
        },
    ];
    for kind in KINDS {
        let row = |magnitude: u32| {
            let change = |(face, stream): (&Frame, u64)| {
                let picture = shown(&plain(face, input, false), input);
                let mut random = random_of(seed, stream);
                Operation::random(kind, magnitude, input.size, &mut random).apply(picture)
            };
            faces.iter().zip(0..).map(change).collect()
        };
        sheets.push(Sheet {
            name: name_of(kind),
            caption: format!("RandAugment's {kind:?} at the magnitudes {MAGNITUDES:?}, from above."),
            rows: MAGNITUDES.into_iter().map(row).collect(),
        });
    }
    sheets
}

/// A network's input `[3, size, size]` as bytes again.
fn shown(values: &[f32], input: &InputSpec) -> Picture {
    let plane = input.size * input.size;
    let byte = |channel: usize, place: usize| {
        let value = values.get(channel * plane + place).copied().unwrap_or(0.0);
        let [mean, std] = [input.mean, input.std].map(|list| list.get(channel).copied().unwrap_or(0.0));
        ((value * std + mean) * 255.0).round().clamp(0.0, 255.0) as u8
    };
    Picture {
        width: input.size,
        height: input.size,
        pixels: (0..plane)
            .map(|place| std::array::from_fn(|channel| byte(channel, place)))
            .collect(),
    }
}

fn png(rows: &[Vec<Picture>]) -> Result<Vec<u8>> {
    let first = rows
        .first()
        .and_then(|row| row.first())
        .context("an empty sheet")?;
    let (width, height) = (first.width + GAP, first.height + GAP);
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut sheet = RgbImage::from_pixel(
        (columns * width + GAP) as u32,
        (rows.len() * height + GAP) as u32,
        Rgb([255; 3]),
    );
    for (y, row) in rows.iter().enumerate() {
        for (x, picture) in row.iter().enumerate() {
            for (place, pixel) in picture.pixels.iter().enumerate() {
                let left = x * width + GAP + place % picture.width;
                let top = y * height + GAP + place / picture.width;
                sheet.put_pixel(left as u32, top as u32, Rgb(*pixel));
            }
        }
    }
    let mut bytes = Cursor::new(Vec::new());
    sheet.write_to(&mut bytes, ImageFormat::Png)?;
    Ok(bytes.into_inner())
}
