//! Picture files as frames.

use std::fs::File;
use std::io::{BufRead, Cursor, Read as _, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use image::{DynamicImage, ImageBuffer, ImageDecoder as _, ImageReader, Pixel};
use shared_model::frame::{Frame, luma};
use shared_model::picture_file::{HEAD_BYTES, HighEfficiency};

/// File name endings of the pictures that are read.
const EXTENSIONS: [&str; 10] = [
    "jpg", "jpeg", "jpe", "jfif", "png", "webp", "bmp", "gif", "tif", "tiff",
];

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

/// Reads a picture, turned as its EXIF orientation says, on white where it is transparent. Of an animation, the first picture.
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

/// The first bytes of a file, as many as tell its kind.
///
/// # Errors
/// When it cannot be read.
pub fn head_of(path: &Path) -> Result<Vec<u8>> {
    let fail = || format!("{} cannot be read", path.display());
    let mut head = Vec::new();
    let mut file = File::open(path).with_context(fail)?.take(HEAD_BYTES as u64);
    file.read_to_end(&mut head).with_context(fail)?;
    Ok(head)
}

fn decode_with<R: BufRead + Seek>(reader: ImageReader<R>) -> Result<Frame> {
    // By the name, where the content does not tell.
    let format = reader.format();
    let mut source = reader.into_inner();
    let mut head = Vec::new();
    source.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    if let Some(kind) = HighEfficiency::of(&head) {
        bail!("{kind}");
    }
    source.seek(SeekFrom::Start(0))?;
    let mut reader = ImageReader::new(source);
    if let Some(format) = format {
        reader.set_format(format);
    }
    let mut decoder = reader.with_guessed_format()?.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    let picture = in_eight_bits(picture);
    if picture.color().has_alpha() {
        let rgba = picture.into_rgba8();
        return Ok(Frame::from_rgba(
            rgba.width() as usize,
            rgba.height() as usize,
            &rgba,
        )?);
    }
    let rgb = picture.into_rgb8();
    let (width, height) = (rgb.width() as usize, rgb.height() as usize);
    Ok(Frame::from_rgb(width, height, rgb.into_raw())?)
}

/// The upper half of each number where there are sixteen bits, as browsers take it.
fn in_eight_bits(picture: DynamicImage) -> DynamicImage {
    fn upper<P, Q>(picture: &ImageBuffer<P, Vec<u16>>) -> Option<ImageBuffer<Q, Vec<u8>>>
    where
        P: Pixel<Subpixel = u16>,
        Q: Pixel<Subpixel = u8>,
    {
        let halves = picture.as_raw().iter().map(|value| (value >> 8) as u8);
        ImageBuffer::from_raw(picture.width(), picture.height(), halves.collect())
    }
    let halved = match &picture {
        DynamicImage::ImageLuma16(deep) => upper(deep).map(DynamicImage::ImageLuma8),
        DynamicImage::ImageLumaA16(deep) => upper(deep).map(DynamicImage::ImageLumaA8),
        DynamicImage::ImageRgb16(deep) => upper(deep).map(DynamicImage::ImageRgb8),
        DynamicImage::ImageRgba16(deep) => upper(deep).map(DynamicImage::ImageRgba8),
        _ => None,
    };
    halved.unwrap_or(picture)
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
