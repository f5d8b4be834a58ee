//! Picture files as frames.

use std::io::{BufRead, Cursor, Seek};
use std::path::Path;

use anyhow::{Context as _, Result};
use image::{DynamicImage, ImageDecoder as _, ImageReader};
use shared_model::frame::{Frame, luma};

/// File name endings of the pictures that are read.
const EXTENSIONS: [&str; 5] = ["jpg", "jpeg", "png", "webp", "bmp"];

/// Whether the file's name is a picture's.
#[must_use]
pub fn is_picture(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| {
            EXTENSIONS
                .iter()
                .any(|known| extension.eq_ignore_ascii_case(known))
        })
}

/// Reads a picture, turned as its EXIF orientation says.
///
/// # Errors
/// When the file cannot be read or is no picture of a known kind; the message names it.
pub fn read(path: &Path) -> Result<Frame> {
    let fail = || format!("the picture {} cannot be read", path.display());
    let reader = ImageReader::open(path).with_context(fail)?;
    decode_with(reader).with_context(fail)
}

/// As [`read`], from a file's bytes.
///
/// # Errors
/// When they are no picture of a known kind.
pub fn decode(bytes: &[u8]) -> Result<Frame> {
    decode_with(ImageReader::new(Cursor::new(bytes)))
}

fn decode_with<R: BufRead + Seek>(reader: ImageReader<R>) -> Result<Frame> {
    let mut decoder = reader.with_guessed_format()?.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    let rgb = picture.into_rgb8();
    let (width, height) = (rgb.width() as usize, rgb.height() as usize);
    Ok(Frame::from_rgb(width, height, rgb.into_raw())?)
}

/// The picture without its colour: its [`luma`] in all channels.
///
/// # Errors
/// None: the size stays as it is.
pub fn grey(frame: &Frame) -> Result<Frame> {
    let (pixels, _) = frame.rgb().as_chunks::<3>();
    let rgb = pixels.iter().flat_map(|pixel| [luma(*pixel); 3]).collect();
    Ok(Frame::from_rgb(frame.width(), frame.height(), rgb)?)
}
