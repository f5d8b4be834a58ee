//! Pictures of all kinds as frames: files, bitmaps, frames of a camera.

use js_sys::Uint8Array;
use shared_model::display::Display;
use shared_model::frame::MAX_PIXELS;
use shared_model::picture_file::{HEAD_BYTES, HighEfficiency};
use video_container::Source as _;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, ColorSpaceConversion, ImageBitmap, ImageBitmapOptions, OffscreenCanvas,
    OffscreenCanvasRenderingContext2d, PremultiplyAlpha, VideoFrame,
};

use crate::blob_reader::BlobReader;
use crate::raw_frame::{RawFrame, is_a, own_aspect};
use crate::worker_scope::{error_text, scope};

/// Decodes a picture file, upright by its EXIF flag. What is transparent keeps its alpha: [`crate::raw_frame::FrameHeader::frame`] lays
/// it on white.
///
/// # Errors
/// When the browser cannot decode it, or it is too large.
pub async fn from_blob(blob: &Blob) -> Result<RawFrame, String> {
    let options = ImageBitmapOptions::new();
    // The file's own numbers: colours are not converted, alpha is not multiplied in.
    options.set_color_space_conversion(ColorSpaceConversion::None);
    options.set_premultiply_alpha(PremultiplyAlpha::None);
    let decoding = scope()
        .create_image_bitmap_with_blob_and_image_bitmap_options(blob, &options)
        .map_err(|error| error_text(&error))?;
    let bitmap = JsFuture::from(decoding)
        .await
        .map_err(|error| match kind_of(blob) {
            Some(kind) => kind.to_string(),
            None => format!(
                "it is no picture that this browser can decode ({})",
                error_text(&error)
            ),
        })?;
    from_bitmap(bitmap.unchecked_into())
}

/// Whether a file is of a kind that only some browsers decode.
fn kind_of(blob: &Blob) -> Option<HighEfficiency> {
    let mut reader = BlobReader::new(blob).ok()?;
    let length = reader.byte_len().min(HEAD_BYTES as u64);
    let head = reader.bytes_at(0, length).ok()?;
    HighEfficiency::of(&head)
}

/// Takes a frame that the page sent: a `VideoFrame` or an `ImageBitmap`. It is closed.
///
/// # Errors
/// When it is neither, or cannot be read.
pub async fn from_attachment(attachment: JsValue) -> Result<RawFrame, String> {
    if is_a(&attachment, "VideoFrame") {
        let frame = attachment.unchecked_into::<VideoFrame>();
        let display = Display {
            pixel_aspect: own_aspect(&frame),
            ..Display::default()
        };
        return RawFrame::from_video_frame(frame, display).await;
    }
    if is_a(&attachment, "ImageBitmap") {
        return from_bitmap(attachment.unchecked_into());
    }
    Err("the page sent no frame".to_owned())
}

fn from_bitmap(bitmap: ImageBitmap) -> Result<RawFrame, String> {
    let (width, height) = (bitmap.width(), bitmap.height());
    let read = || {
        if width as usize * height as usize > MAX_PIXELS {
            return Err(format!("{width}x{height} pixels are too many"));
        }
        let text = |error: JsValue| format!("its pixels cannot be read ({})", error_text(&error));
        let canvas = OffscreenCanvas::new(width, height).map_err(text)?;
        let context: OffscreenCanvasRenderingContext2d = canvas
            .get_context("2d")
            .map_err(text)?
            .ok_or("the browser gives no canvas for its pixels")?
            .unchecked_into();
        context
            .draw_image_with_image_bitmap(&bitmap, 0.0, 0.0)
            .map_err(text)?;
        let data = context
            .get_image_data(0, 0, width.cast_signed(), height.cast_signed())
            .map_err(text)?;
        // The pixels stay in JavaScript's memory until a worker takes them.
        let pixels: JsValue = js_sys::Reflect::get(&data, &"data".into()).map_err(text)?;
        let bytes = Uint8Array::new(&pixels);
        Ok(RawFrame::from_rgba(width as usize, height as usize, bytes))
    };
    let frame = read();
    bitmap.close();
    frame
}
