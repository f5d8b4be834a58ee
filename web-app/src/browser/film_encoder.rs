//! A film that is encoded here, picture by picture, and becomes a file in pieces.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Reflect, Uint8Array};
use page_view::film_file::{FilmFile, PictureCodec, PictureFormat, Sound};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, CodecState, EncodedVideoChunk, EncodedVideoChunkType, HtmlCanvasElement, VideoEncoder,
    VideoEncoderConfig, VideoEncoderEncodeOptions, VideoEncoderInit, VideoEncoderSupport, VideoFrame,
    VideoFrameInit,
};

use super::{error_text, tasks};

/// Bits per pixel and picture; labels have sharp edges.
const BITS_A_PIXEL: f64 = 0.2;
/// Bits per second, at least and at most.
const LEAST_RATE: f64 = 1e6;
const MOST_RATE: f64 = 20e6;
/// Seconds between two pictures that stand for themselves, where players can begin.
const KEY_EVERY_S: f64 = 2.0;
/// Pictures that wait for the encoder, at most.
const MOST_WAITING: u32 = 4;
/// Milliseconds after which an encoder that said nothing is asked again.
const ASK_AGAIN_MS: i32 = 50;
/// Bytes of a piece: it is then the browser's to keep, in memory or on the disk.
const PIECE: f64 = 4e6;
/// Microseconds for which the last picture is shown at most.
const LONGEST_LAST_US: u64 = 1_000_000;
/// Microseconds for which the only picture of a film is shown.
const USUAL_STEP_US: u64 = 40_000;

/// What has been written.
struct Written {
    file: FilmFile,
    pieces: Array,
    /// Bytes that are no piece yet.
    loose: Array,
    loose_bytes: f64,
    last_us: u64,
    step_us: u64,
    fault: Option<String>,
}

impl Written {
    fn take(&mut self, chunk: &EncodedVideoChunk, metadata: &JsValue) -> Result<(), String> {
        let bytes = Uint8Array::new_with_length(chunk.byte_length());
        chunk
            .copy_to_with_buffer_source(&bytes)
            .map_err(|error| error_text(&error))?;
        let time_us = chunk.timestamp().max(0.0).round() as u64;
        let description = description_of(metadata);
        let is_key = chunk.type_() == EncodedVideoChunkType::Key;
        let before = self
            .file
            .picture(bytes.length() as usize, is_key, time_us, description.as_deref());
        for packet in before.map_err(|error| error.to_string())? {
            self.put(&Uint8Array::from(packet.as_slice()));
        }
        self.put(&bytes);
        if time_us > self.last_us {
            self.step_us = time_us - self.last_us;
        }
        self.last_us = time_us;
        Ok(())
    }

    fn put(&mut self, bytes: &Uint8Array) {
        self.loose_bytes += f64::from(bytes.length());
        self.loose.push(bytes);
        if self.loose_bytes >= PIECE {
            self.end_piece();
        }
    }

    fn end_piece(&mut self) {
        match Blob::new_with_u8_array_sequence(&self.loose) {
            Ok(piece) => {
                self.pieces.push(&piece);
            }
            Err(error) => self.fault = Some(error_text(&error)),
        }
        self.loose = Array::new();
        self.loose_bytes = 0.0;
    }
}

/// How an encoder's pictures are to be read, where it says so.
pub(super) fn description_of(metadata: &JsValue) -> Option<Vec<u8>> {
    let config = Reflect::get(metadata, &"decoderConfig".into()).ok()?;
    let description = Reflect::get(&config, &"description".into()).ok()?;
    if description.is_undefined() {
        return None;
    }
    // A buffer, or a view of one.
    let bytes = match description.dyn_ref::<Uint8Array>() {
        Some(bytes) => bytes.clone(),
        None => Uint8Array::new(&description),
    };
    Some(bytes.to_vec())
}

/// An encoder and the file that it fills. It ends when it is dropped.
pub struct FilmEncoder {
    encoder: VideoEncoder,
    written: Rc<RefCell<Written>>,
    last_key_s: Option<f64>,
    /// The encoder calls them as long as it lives.
    _output: Closure<dyn FnMut(EncodedVideoChunk, JsValue)>,
    _error: Closure<dyn FnMut(JsValue)>,
}

impl Drop for FilmEncoder {
    fn drop(&mut self) {
        if self.encoder.state() != CodecState::Closed {
            let _ = self.encoder.close();
        }
    }
}

/// The best format of this size that the browser encodes at so many pictures per second; `None` where it encodes none.
pub async fn format_of(width: u32, height: u32, rate: f64) -> Option<PictureFormat> {
    if !Reflect::has(&js_sys::global(), &"VideoEncoder".into()).unwrap_or(false) {
        return None;
    }
    for codec in [PictureCodec::H264, PictureCodec::Vp9] {
        // Colour is halved in both directions.
        let even = |side: u32| u16::try_from(side.max(2) & !1).ok();
        let format = PictureFormat {
            codec,
            width: even(width)?,
            height: even(height)?,
        };
        let asked = JsFuture::from(VideoEncoder::is_config_supported(&config(&format, rate))).await;
        let support = asked.ok().map(JsCast::unchecked_into::<VideoEncoderSupport>);
        if support.and_then(|support| support.get_supported()) == Some(true) {
            return Some(format);
        }
    }
    None
}

fn config(format: &PictureFormat, rate: f64) -> VideoEncoderConfig {
    let (width, height) = (u32::from(format.width), u32::from(format.height));
    let config = VideoEncoderConfig::new(&format.codec_text(), height, width);
    let bits = f64::from(width * height) * rate * BITS_A_PIXEL;
    config.set_bitrate_f64(bits.clamp(LEAST_RATE, MOST_RATE).round());
    config.set_framerate(rate);
    config
}

impl FilmEncoder {
    /// Begins a film.
    ///
    /// # Errors
    /// What the browser says.
    pub fn start(format: &PictureFormat, rate: f64, sound: Sound) -> Result<Self, String> {
        let file = FilmFile::new(*format, sound).map_err(|error| error.to_string())?;
        let written = Rc::new(RefCell::new(Written {
            file,
            pieces: Array::new(),
            loose: Array::new(),
            loose_bytes: 0.0,
            last_us: 0,
            step_us: USUAL_STEP_US,
            fault: None,
        }));
        let taking = Rc::clone(&written);
        let output = Closure::<dyn FnMut(EncodedVideoChunk, JsValue)>::new(
            move |chunk: EncodedVideoChunk, metadata| {
                let mut written = taking.borrow_mut();
                if written.fault.is_none()
                    && let Err(reason) = written.take(&chunk, &metadata)
                {
                    written.fault = Some(reason);
                }
            },
        );
        let failing = Rc::clone(&written);
        let error = Closure::<dyn FnMut(JsValue)>::new(move |error: JsValue| {
            failing.borrow_mut().fault.get_or_insert(error_text(&error));
        });
        let text = |error: JsValue| error_text(&error);
        let init = VideoEncoderInit::new(error.as_ref().unchecked_ref(), output.as_ref().unchecked_ref());
        let encoder = VideoEncoder::new(&init).map_err(text)?;
        encoder.configure(&config(format, rate)).map_err(text)?;
        Ok(Self {
            encoder,
            written,
            last_key_s: None,
            _output: output,
            _error: error,
        })
    }

    /// Encodes what is on the canvas as the picture at `time_s`; waits where the encoder has enough to do.
    ///
    /// # Errors
    /// What the browser says.
    pub async fn add(&mut self, canvas: &HtmlCanvasElement, time_s: f64) -> Result<(), String> {
        while self.encoder.encode_queue_size() >= MOST_WAITING {
            let room = tasks::event(&self.encoder, &["dequeue"]);
            tasks::first_of(room, tasks::sleep(ASK_AGAIN_MS)).await;
        }
        self.check()?;
        let text = |error: JsValue| error_text(&error);
        let init = VideoFrameInit::new();
        init.set_timestamp_f64((time_s * 1e6).round());
        let picture =
            VideoFrame::new_with_html_canvas_element_and_video_frame_init(canvas, &init).map_err(text)?;
        let is_key = self
            .last_key_s
            .is_none_or(|last_s| time_s - last_s >= KEY_EVERY_S);
        if is_key {
            self.last_key_s = Some(time_s);
        }
        let options = VideoEncoderEncodeOptions::new();
        options.set_key_frame(is_key);
        let encoded = self.encoder.encode_with_options(&picture, &options);
        picture.close();
        encoded.map_err(text)
    }

    fn check(&self) -> Result<(), String> {
        match &self.written.borrow().fault {
            Some(reason) => Err(reason.clone()),
            None => Ok(()),
        }
    }

    /// The parts of the finished file, in their order.
    ///
    /// # Errors
    /// What the browser says.
    pub async fn finish(self) -> Result<Array, String> {
        JsFuture::from(self.encoder.flush())
            .await
            .map_err(|error| self.check().err().unwrap_or_else(|| error_text(&error)))?;
        self.check()?;
        let written = Rc::clone(&self.written);
        drop(self);
        let Ok(written) = Rc::try_unwrap(written) else {
            return Err("the browser's encoder does not end".to_owned());
        };
        let mut written = written.into_inner();
        written.end_piece();
        if let Some(reason) = written.fault {
            return Err(reason);
        }
        let (sound, around) = written
            .file
            .finish(written.step_us.min(LONGEST_LAST_US))
            .map_err(|error| error.to_string())?;
        let bytes = |bytes: &[u8]| JsValue::from(Uint8Array::from(bytes));
        let parts = Array::of1(&bytes(&around.head));
        for piece in written.pieces.iter() {
            parts.push(&piece);
        }
        for packet in &sound {
            parts.push(&bytes(packet));
        }
        parts.push(&bytes(&around.tail));
        Ok(parts)
    }
}
