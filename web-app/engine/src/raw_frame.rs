//! A frame's bytes as the browser hands them over, on their way to a compute worker.

use js_sys::{Reflect, Uint8Array};
use serde::{Deserialize, Serialize};
use shared_model::display::{Display, PixelAspect};
use shared_model::frame::{Frame, FrameError, YuvMatrix};
use video_container::VideoTrack;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{VideoFrame, VideoFrameCopyToOptions, VideoMatrixCoefficients, VideoPixelFormat};

use crate::worker_scope::error_text;

/// How the bytes of a [`RawFrame`] are laid out, planes tightly packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Layout {
    /// Y, U, V at 4:2:0.
    I420,
    /// Y, then U and V interleaved, at 4:2:0.
    Nv12,
    /// Red, green, blue, alpha.
    Rgba,
}

/// What is to be known of a frame's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameHeader {
    /// Layout of the bytes.
    pub layout: Layout,
    /// Width in pixels, before it is turned and its pixels are made square.
    pub width: usize,
    /// Height in pixels, before that.
    pub height: usize,
    /// Whether the YCbCr matrix is BT.709 (else BT.601).
    pub is_bt709: bool,
    /// Whether Y goes from 0 to 255.
    pub is_full_range: bool,
    /// How it becomes the shown picture.
    pub display: Display,
}

/// A frame with its bytes still in JavaScript's memory.
#[derive(Debug, Clone)]
pub struct RawFrame {
    /// What the bytes are.
    pub header: FrameHeader,
    /// The bytes.
    pub bytes: Uint8Array,
}

impl RawFrame {
    /// Copies a decoded frame out of the decoder's memory and closes it.
    ///
    /// # Errors
    /// When the browser cannot convert the frame.
    pub async fn from_video_frame(frame: VideoFrame, display: Display) -> Result<Self, String> {
        let copied = Self::copy(&frame, display).await;
        // An unclosed frame holds a buffer of the decoder, and it has few.
        frame.close();
        copied
    }

    async fn copy(frame: &VideoFrame, display: Display) -> Result<Self, String> {
        let layout = match frame.format() {
            Some(VideoPixelFormat::I420) => Layout::I420,
            Some(VideoPixelFormat::Nv12) => Layout::Nv12,
            // Rare ones (4:4:4, ten bits, textures without a format) are converted by the browser.
            _ => Layout::Rgba,
        };
        let visible = frame.visible_rect().ok_or("the decoder gave a closed frame")?;
        let (width, height) = (visible.width() as usize, visible.height() as usize);
        let options = VideoFrameCopyToOptions::new();
        if layout == Layout::Rgba {
            options.set_format(VideoPixelFormat::Rgba);
        }
        let text = |error: JsValue| format!("a frame cannot be read: {}", error_text(&error));
        let size = frame.allocation_size_with_options(&options).map_err(text)?;
        let bytes = Uint8Array::new_with_length(size);
        let copying = frame.copy_to_with_buffer_source_and_options(&bytes, &options);
        JsFuture::from(copying).await.map_err(text)?;
        let colors = frame.color_space();
        let is_bt709 = match colors.matrix() {
            Some(VideoMatrixCoefficients::Bt709) => true,
            Some(VideoMatrixCoefficients::Bt470bg | VideoMatrixCoefficients::Smpte170m) => false,
            _ => YuvMatrix::UNNAMED == YuvMatrix::Bt709,
        };
        Ok(Self {
            header: FrameHeader {
                layout,
                width,
                height,
                is_bt709,
                is_full_range: colors.full_range().unwrap_or(false),
                display,
            },
            bytes,
        })
    }

    /// A picture's RGBA bytes.
    #[must_use]
    pub fn from_rgba(width: usize, height: usize, bytes: Uint8Array) -> Self {
        Self {
            header: FrameHeader {
                layout: Layout::Rgba,
                width,
                height,
                is_bt709: true,
                is_full_range: true,
                display: Display::default(),
            },
            bytes,
        }
    }
}

impl FrameHeader {
    /// Pixels of the frame.
    #[must_use]
    pub fn pixels(&self) -> usize {
        self.width.saturating_mul(self.height)
    }

    /// The RGB frame of these bytes as it is shown.
    ///
    /// # Errors
    /// When the length does not fit, or the frame is empty or too large.
    pub fn frame(&self, bytes: Vec<u8>) -> Result<Frame, String> {
        let frame = self.coded(bytes).map_err(|error| error.to_string())?;
        frame.shown(&self.display).map_err(|error| error.to_string())
    }

    fn coded(&self, bytes: Vec<u8>) -> Result<Frame, FrameError> {
        let matrix = if self.is_bt709 {
            YuvMatrix::Bt709
        } else {
            YuvMatrix::Bt601
        };
        let (width, height) = (self.width, self.height);
        match self.layout {
            Layout::Rgba => Frame::from_rgba(width, height, &bytes),
            Layout::I420 => Frame::from_i420(width, height, &bytes, matrix, self.is_full_range),
            Layout::Nv12 => {
                let planar = planar_chroma(bytes, width.saturating_mul(height));
                Frame::from_i420(width, height, &planar, matrix, self.is_full_range)
            }
        }
    }
}

/// Takes interleaved U and V behind `luma_len` bytes apart, so that one conversion serves both layouts.
fn planar_chroma(mut bytes: Vec<u8>, luma_len: usize) -> Vec<u8> {
    let chroma = bytes.split_off(luma_len.min(bytes.len()));
    bytes.extend(chroma.iter().step_by(2));
    bytes.extend(chroma.iter().skip(1).step_by(2));
    bytes
}

/// How a decoded frame of a track is shown. What the container says of its pixels' shape goes before what the decoder says.
#[must_use]
pub fn display_of(frame: &VideoFrame, track: &VideoTrack) -> Display {
    Display {
        orientation: track.orientation,
        pixel_aspect: track.pixel_aspect.unwrap_or_else(|| own_aspect(frame)),
    }
}

/// The shape of a frame's pixels as the browser shows them.
#[must_use]
pub fn own_aspect(frame: &VideoFrame) -> PixelAspect {
    let Some(visible) = frame.visible_rect() else {
        return PixelAspect::SQUARE;
    };
    let width = u64::from(frame.display_width()) * visible.height() as u64;
    let height = u64::from(frame.display_height()) * visible.width() as u64;
    PixelAspect::new(width, height).unwrap_or_default()
}

/// Whether a frame's colours are those of HDR, PQ or HLG.
#[must_use]
pub fn is_hdr(frame: &VideoFrame) -> bool {
    // By its text: the bindings do not know all transfers.
    let transfer = Reflect::get(&frame.color_space(), &"transfer".into());
    let transfer = transfer.ok().and_then(|transfer| transfer.as_string());
    transfer.is_some_and(|transfer| ["pq", "hlg"].contains(&transfer.as_str()))
}

/// Whether a value is of a JavaScript class that this worker may not have (`VideoFrame` in old browsers).
#[must_use]
pub fn is_a(value: &JsValue, class: &str) -> bool {
    Reflect::get(&js_sys::global(), &class.into())
        .ok()
        .and_then(|class| class.dyn_into::<js_sys::Function>().ok())
        .is_some_and(|class| {
            value.is_object()
                && Reflect::get(value, &"constructor".into())
                    .is_ok_and(|constructor| constructor == JsValue::from(class))
        })
}
