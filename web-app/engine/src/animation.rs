//! Pictures that move: the browser's `ImageDecoder` gives their frames, the file itself says when they are shown.

use js_sys::Uint8Array;
use shared_model::display::Display;
use shared_model::picture_file::{HEAD_BYTES, animation_type, durations, shown_s};
use video_container::Source as _;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ColorSpaceConversion, File, ImageDecodeOptions, ImageDecoder, ImageDecoderInit, VideoFrame};

use crate::blob_reader::BlobReader;
use crate::raw_frame::RawFrame;
use crate::worker_scope::error_text;

/// What a file that may hold several pictures is.
pub enum Opened {
    /// One picture, as far as can be told.
    Single,
    /// Several, of which this browser shows the first only.
    FirstOnly,
    /// Several.
    Film(Animation),
}

/// An animation under decoding, which is closed when it is dropped.
pub struct Animation {
    decoder: ImageDecoder,
    frames: usize,
    /// What each frame says of its length; empty for AVIF, whose frames the browser times.
    durations_s: Vec<f64>,
    next: usize,
    time_s: f64,
}

impl Drop for Animation {
    fn drop(&mut self) {
        self.decoder.close();
    }
}

/// Looks at a picture file. A file that the decoder refuses counts as a single picture: reading that says why.
///
/// # Errors
/// When the file cannot be read.
pub async fn open(file: &File) -> std::io::Result<Opened> {
    let mut reader = BlobReader::new(file)?;
    let length = reader.byte_len();
    let head = reader.bytes_at(0, length.min(HEAD_BYTES as u64))?;
    let Some(kind) = animation_type(&head) else {
        return Ok(Opened::Single);
    };
    let durations_s = durations(&mut reader)?;
    if kind != "image/avif" && durations_s.len() < 2 {
        return Ok(Opened::Single);
    }
    let has_decoder = js_sys::Reflect::has(&js_sys::global(), &"ImageDecoder".into()).unwrap_or(false);
    if !has_decoder {
        let is_avif = kind == "image/avif";
        return Ok(if is_avif && head.get(8..12) != Some(b"avis") {
            Opened::Single
        } else {
            Opened::FirstOnly
        });
    }
    let bytes = reader.bytes_at(0, length)?;
    let init = ImageDecoderInit::new_with_u8_array(&Uint8Array::from(bytes.as_slice()), kind);
    init.set_color_space_conversion(ColorSpaceConversion::None);
    init.set_prefer_animation(true);
    let Ok(decoder) = ImageDecoder::new(&init) else {
        return Ok(Opened::Single);
    };
    let mut animation = Animation {
        decoder,
        frames: 0,
        durations_s,
        next: 0,
        time_s: 0.0,
    };
    let is_read = JsFuture::from(animation.decoder.tracks().ready()).await.is_ok()
        && JsFuture::from(animation.decoder.completed()).await.is_ok();
    let track = animation.decoder.tracks().selected_track();
    animation.frames = track.map_or(0, |track| track.frame_count() as usize);
    Ok(if is_read && animation.frames > 1 {
        Opened::Film(animation)
    } else {
        Opened::Single
    })
}

impl Animation {
    /// Frames of the film.
    #[must_use]
    pub fn frame_count(&self) -> usize {
        self.frames
    }

    /// Its length in seconds; 0 where only the frames say it.
    #[must_use]
    pub fn duration_s(&self) -> f64 {
        let durations = self.durations_s.iter().take(self.frames);
        durations.map(|said_s| shown_s(*said_s)).sum()
    }

    /// The next frame with its time in seconds, 0 at the first; `None` after the last.
    ///
    /// # Errors
    /// When the browser cannot decode it.
    pub async fn next(&mut self) -> Result<Option<(RawFrame, f64)>, String> {
        if self.next >= self.frames {
            return Ok(None);
        }
        let options = ImageDecodeOptions::new();
        options.set_frame_index(self.next as u32);
        let text = |error: JsValue| format!("it cannot be decoded ({})", error_text(&error));
        let decoding = self.decoder.decode_with_options(&options);
        let decoded = JsFuture::from(decoding).await.map_err(text)?;
        let image: VideoFrame = decoded.get_image();
        let by_browser_s = image.duration().map_or(0.0, |duration_us| duration_us / 1e6);
        let said_s = self.durations_s.get(self.next).copied().unwrap_or(by_browser_s);
        let frame = RawFrame::from_video_frame(image, Display::default()).await?;
        let time_s = self.time_s;
        self.time_s += shown_s(said_s);
        self.next += 1;
        Ok(Some((frame, time_s)))
    }
}
