//! Pictures: from tensors to frames, resized and cropped.

use crate::tensor_file::TensorFile;
use anyhow::{Context, Result, bail};
use shared_model::face_box::FaceBox;
use shared_model::face_crop::{DEFAULT_MEAN, DEFAULT_STD, InputColour, InputSpec, resize};
use shared_model::frame::Frame;
use shared_model::framing::{Alignment, Framing};

/// The frame of `picture.NAME`, `[h, w, 3]` with values from 0 to 255.
pub fn frame(input: &TensorFile, name: &str) -> Result<Frame> {
    let picture = input.get(&format!("picture.{name}"))?;
    let [height, width, 3] = picture.shape[..] else {
        bail!(
            "`picture.{name}` has shape {:?}, expected [h, w, 3]",
            picture.shape
        );
    };
    let rgb = picture.values.iter().map(|value| *value as u8).collect();
    Frame::from_rgb(width, height, rgb).with_context(|| format!("picture.{name}"))
}

/// The box of `box.NAME`: x, y, w, h and, if it is there, the roll.
pub fn face_box(input: &TensorFile, name: &str) -> Result<FaceBox> {
    let edges = input.get(&format!("box.{name}"))?;
    let ([x, y, w, h], roll_deg) = match edges.values[..] {
        [x, y, w, h] => ([x, y, w, h], 0.0),
        [x, y, w, h, roll_deg] => ([x, y, w, h], roll_deg),
        _ => bail!("`box.{name}` has shape {:?}, expected [4] or [5]", edges.shape),
    };
    Ok(FaceBox {
        x,
        y,
        w,
        h,
        score: 1.0,
        roll_deg,
    })
}

pub fn crops(size: usize, upright: bool, input: &TensorFile) -> Result<TensorFile> {
    let spec = InputSpec {
        size,
        mean: DEFAULT_MEAN,
        std: DEFAULT_STD,
        colour: InputColour::Rgb,
    };
    let framing = Framing {
        alignment: if upright {
            Alignment::Upright
        } else {
            Alignment::None
        },
        ..Framing::default()
    };
    let mut output = TensorFile::default();
    for name in input.names_after("picture.") {
        let crop = spec.tensor(&frame(input, name)?, &face_box(input, name)?, &framing)?;
        output.put(&format!("crop.{name}"), &[3, size, size], crop);
    }
    Ok(output)
}

pub fn resized(width: usize, height: usize, input: &TensorFile) -> Result<TensorFile> {
    let mut output = TensorFile::default();
    for name in input.names_after("picture.") {
        let small = resize(&frame(input, name)?, width, height)?;
        let values = small.rgb().iter().map(|value| f32::from(*value)).collect();
        output.put(&format!("resized.{name}"), &[height, width, 3], values);
    }
    Ok(output)
}
