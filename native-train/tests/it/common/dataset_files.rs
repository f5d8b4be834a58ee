//! Small datasets in the layouts of the real ones, byte for byte.

use std::fmt::Write as _;
use std::io::Cursor;
use std::path::Path;

use image::{GrayImage, ImageFormat, Luma, Rgb, RgbImage};
use native_train::datasets::config::DataConfig;

/// A picture of one colour.
pub fn jpeg(colour: [u8; 3]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::from_pixel(40, 40, Rgb(colour))
        .write_to(&mut bytes, ImageFormat::Jpeg)
        .unwrap();
    bytes.into_inner()
}

/// A grey picture of one shade.
pub fn grey_png(shade: u8, side: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    GrayImage::from_pixel(side, side, Luma([shade]))
        .write_to(&mut bytes, ImageFormat::Png)
        .unwrap();
    bytes.into_inner()
}

pub fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// `crops/NAME/00001.jpg` and so on for the frames of `there`, and `annotations/NAME.txt`.
pub fn affwild2_video(root: &Path, name: &str, labels: &[i32], there: &[usize]) {
    let mut text = String::from("Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other\n");
    for label in labels {
        writeln!(text, "{label}").unwrap();
    }
    write(&root.join("annotations").join(format!("{name}.txt")), text);
    for frame in there {
        let shade = (frame * 20 % 250) as u8;
        write(
            &root.join("crops").join(name).join(format!("{frame:05}.jpg")),
            jpeg([shade; 3]),
        );
    }
}

/// A record of one part.
pub fn record(flag: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = 0xCED7_230A_u32.to_le_bytes().to_vec();
    bytes.extend((flag << 29 | payload.len() as u32).to_le_bytes());
    bytes.extend(payload);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// `u32 flag, f32 label, u64 id, u64 id2`, more labels, and what follows.
pub fn payload(more: &[f32], rest: &[u8]) -> Vec<u8> {
    let mut bytes = (more.len() as u32).to_le_bytes().to_vec();
    bytes.extend(7.0_f32.to_le_bytes());
    bytes.extend([0; 16]);
    for label in more {
        bytes.extend(label.to_le_bytes());
    }
    bytes.extend(rest);
    bytes
}

/// A pair `train.rec` and `train.idx` of these pictures, with a header and one identity after them.
/// Gives the offsets of the pictures' records.
pub fn ms1mv2(folder: &Path, pictures: &[Vec<u8>]) -> Vec<usize> {
    let behind = pictures.len() as f32 + 1.0;
    let mut records = record(0, &payload(&[behind, behind + 1.0], &[]));
    let mut index = "0\t0\n".to_owned();
    let mut offsets = Vec::new();
    for (key, picture) in (1..).zip(pictures) {
        offsets.push(records.len());
        writeln!(index, "{key}\t{}", records.len()).unwrap();
        // Some records have more labels than one.
        let more: &[f32] = if key % 2 == 0 { &[1.0, 2.0] } else { &[] };
        records.extend(record(0, &payload(more, picture)));
    }
    writeln!(index, "{behind}\t{}", records.len()).unwrap();
    records.extend(record(0, &payload(&[1.0, behind], &[])));
    write(&folder.join("train.rec"), records);
    write(&folder.join("train.idx"), index);
    offsets
}

/// The table, with `DIR` for the folder.
pub fn table(folder: &Path, text: &str) -> DataConfig {
    toml::from_str(&text.replace("DIR", folder.to_str().unwrap())).unwrap()
}
