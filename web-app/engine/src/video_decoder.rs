//! The browser's video decoder as a stream of frames.

use std::collections::VecDeque;

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures_util::StreamExt as _;
use js_sys::Uint8Array;
use page_view::answer_limit::AnswerLimit;
use shared_model::display::Display;
use video_container::{DemuxError, Demuxer, Packet, VideoTrack};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    Blob, CodecState, EncodedVideoChunk, EncodedVideoChunkInit, EncodedVideoChunkType, VideoDecoder,
    VideoDecoderConfig, VideoDecoderInit, VideoFrame,
};

use crate::answer_wait::within;
use crate::blob_reader::BlobReader;
use crate::outcome::Outcome;
use crate::raw_frame::{display_of, is_hdr};
use crate::worker_scope::error_text;

/// Packets that are handed to the decoder ahead of its answers. B-frames need a few before the first answer.
const PACKETS_AHEAD: u32 = 8;

enum Event {
    Frame(VideoFrame),
    /// The decoder took a packet out of its queue.
    Room,
    Flushed,
    Failed(String),
}

/// The demuxer of a file of the page.
///
/// # Errors
/// When it gives no packets; says whether another reader may.
pub fn open(file: &Blob) -> Result<Demuxer<BlobReader>, Outcome> {
    let reader = BlobReader::new(file).map_err(|error| Outcome::Failed(error.to_string()))?;
    Demuxer::open(reader).map_err(|error| match error {
        DemuxError::UnknownKind(reason) => Outcome::TryVideoElement(reason),
        DemuxError::Broken(reason) => Outcome::Failed(reason),
    })
}

/// Decodes a demuxer's packets into frames, in the order in which they are shown.
pub struct FrameStream {
    demuxer: Demuxer<BlobReader>,
    decoder: VideoDecoder,
    events: UnboundedReceiver<Event>,
    sender: UnboundedSender<Event>,
    frames: VecDeque<VideoFrame>,
    phase: Phase,
    has_key: bool,
    /// Whether a packet was left out since no key frame stands before it.
    has_skipped: bool,
    /// Whether frames before the first one that came are lost; `None` before it came.
    lost_first: Option<bool>,
    /// Why frames of the file are missing.
    ended_early: Option<String>,
    /// Of the decoder's answers.
    limit: AnswerLimit,
    /// The decoder calls them as long as it lives.
    callbacks: Callbacks,
}

struct Callbacks {
    output: Closure<dyn FnMut(VideoFrame)>,
    error: Closure<dyn FnMut(JsValue)>,
    dequeue: Closure<dyn FnMut()>,
}

impl Callbacks {
    fn decoder(&self, track: &VideoTrack) -> Result<VideoDecoder, String> {
        let init = VideoDecoderInit::new(
            self.error.as_ref().unchecked_ref(),
            self.output.as_ref().unchecked_ref(),
        );
        let text = |error| format!("the browser refuses to decode it ({})", error_text(&error));
        let decoder = VideoDecoder::new(&init).map_err(text)?;
        decoder.set_ondequeue(Some(self.dequeue.as_ref().unchecked_ref()));
        decoder.configure(&config(track)).map_err(text)?;
        Ok(decoder)
    }
}

/// What people see of a frame.
#[derive(Debug, Clone, Copy)]
pub struct Shown {
    /// Width of the shown picture in pixels.
    pub width: u32,
    /// Height of the shown picture in pixels.
    pub height: u32,
    /// Whether its colours are those of HDR.
    pub is_hdr: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Feeding,
    Flushing,
    Ended,
}

fn config(track: &VideoTrack) -> VideoDecoderConfig {
    let config = VideoDecoderConfig::new(&track.codec);
    if track.width > 0 && track.height > 0 {
        config.set_coded_width(track.width);
        config.set_coded_height(track.height);
    }
    if let Some(description) = &track.description {
        config.set_description_u8_array(&Uint8Array::from(description.as_slice()));
    }
    config
}

/// Whether this browser decodes the track.
///
/// # Errors
/// Says which codec it lacks.
pub async fn check_support(track: &VideoTrack) -> Result<(), String> {
    let has_decoder = js_sys::Reflect::has(&js_sys::global(), &"VideoDecoder".into()).unwrap_or(false);
    if !has_decoder {
        return Err("this browser cannot decode video frame by frame (it has no WebCodecs)".to_owned());
    }
    let is_supported = JsFuture::from(VideoDecoder::is_config_supported(&config(track)))
        .await
        .ok()
        .and_then(|support| js_sys::Reflect::get(&support, &"supported".into()).ok())
        .is_some_and(|supported| supported.is_truthy());
    if is_supported {
        return Ok(());
    }
    let name = match track.codec.get(..4) {
        Some("hvc1" | "hev1") => "HEVC (H.265)",
        Some("av01") => "AV1",
        Some("avc1") => "this profile of H.264",
        _ => "this codec",
    };
    Err(format!(
        "this browser cannot decode {name} ({}); convert it, for instance with `ffmpeg -i in -c:v libx264 out.mp4`",
        track.codec
    ))
}

impl FrameStream {
    /// A stream of the demuxer's frames.
    ///
    /// # Errors
    /// When the browser refuses the decoder.
    pub fn new(demuxer: Demuxer<BlobReader>) -> Result<Self, String> {
        let (sender, events) = unbounded();
        let sending = |sender: &UnboundedSender<Event>| {
            let sender = sender.clone();
            // Nobody listens any more when the stream was dropped.
            move |event| drop(sender.unbounded_send(event))
        };
        let send = sending(&sender);
        let output = Closure::new(move |frame: VideoFrame| send(Event::Frame(frame)));
        let send = sending(&sender);
        let error = Closure::new(move |error: JsValue| send(Event::Failed(error_text(&error))));
        let send = sending(&sender);
        let dequeue = Closure::new(move || send(Event::Room));
        let callbacks = Callbacks {
            output,
            error,
            dequeue,
        };
        let decoder = callbacks.decoder(demuxer.track())?;
        Ok(Self {
            demuxer,
            decoder,
            events,
            sender,
            frames: VecDeque::new(),
            phase: Phase::Feeding,
            has_key: false,
            has_skipped: false,
            lost_first: None,
            ended_early: None,
            limit: AnswerLimit::default(),
            callbacks,
        })
    }

    /// Why frames of the file are missing, if some are.
    #[must_use]
    pub fn ended_early(&self) -> Option<&str> {
        self.ended_early
            .as_deref()
            .or(self.demuxer.track().ends_early.as_deref())
    }

    /// The time in microseconds at which the file's first frame stands, where the first one that came stands at `came_us`: frames
    /// before it that are lost have their place in time.
    #[must_use]
    pub fn zero_us(&self, came_us: f64) -> f64 {
        let first_us = self.demuxer.track().first_us;
        let lost = first_us.filter(|_| self.lost_first == Some(true));
        lost.map_or(came_us, |first_us| first_us.min(came_us))
    }

    /// How the frame that comes next is shown; `None` where none has come.
    #[must_use]
    pub fn next_shown(&self) -> Option<Shown> {
        let frame = self.frames.front()?;
        let visible = frame.visible_rect()?;
        let display = display_of(frame, self.demuxer.track());
        let (width, height) = display.size_of((visible.width() as usize, visible.height() as usize));
        Some(Shown {
            width: width as u32,
            height: height as u32,
            is_hdr: self.demuxer.track().is_hdr || is_hdr(frame),
        })
    }

    /// How a frame of this stream is shown.
    #[must_use]
    pub fn display_of(&self, frame: &VideoFrame) -> Display {
        display_of(frame, self.demuxer.track())
    }

    /// The next frame with its time in microseconds, `None` at the end. It must be closed soon: decoders have few.
    pub async fn next(&mut self) -> Option<(VideoFrame, f64)> {
        let time_us = self.next_time_us().await?;
        Some((self.frames.pop_front()?, time_us))
    }

    /// The time in microseconds of the frame that [`FrameStream::next`] gives next, `None` at the end.
    pub async fn next_time_us(&mut self) -> Option<f64> {
        loop {
            if let Some(frame) = self.frames.front() {
                return Some(frame.timestamp());
            }
            if self.phase == Phase::Ended {
                return None;
            }
            if self.phase == Phase::Feeding && self.decoder.decode_queue_size() < PACKETS_AHEAD {
                self.feed();
                // What has come in meanwhile is taken first: fed packets pile up as frames otherwise.
                while let Ok(event) = self.events.try_recv() {
                    self.take(event);
                }
                continue;
            }
            self.wait().await;
        }
    }

    /// Waits for the decoder. One that says nothing any more ends the stream.
    async fn wait(&mut self) {
        let limit_s = self.limit.seconds();
        match within(limit_s, self.events.next()).await {
            Some((Some(event), took_s)) => {
                self.limit = self.limit.after(took_s);
                self.take(event);
            }
            Some((None, _)) => self.phase = Phase::Ended,
            None => {
                let reason = format!("the browser's decoder gave no answer for {limit_s:.0} s");
                self.ended_early.get_or_insert(reason);
                self.phase = Phase::Ended;
            }
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Frame(frame) if !self.demuxer.track().shown_us.contains(&frame.timestamp()) => {
                frame.close();
            }
            Event::Frame(frame) => {
                let is_lost = self.has_skipped || self.ended_early.is_some();
                self.lost_first.get_or_insert(is_lost);
                self.frames.push_back(frame);
            }
            Event::Room => {}
            Event::Flushed => self.phase = Phase::Ended,
            Event::Failed(reason) => {
                self.ended_early
                    .get_or_insert(format!("its video data is damaged ({reason})"));
                self.go_on_at_next_key();
            }
        }
    }

    /// A decoder that failed is closed for good: another one goes on at the next key frame.
    fn go_on_at_next_key(&mut self) {
        if self.phase != Phase::Feeding {
            self.phase = Phase::Ended;
            return;
        }
        if self.decoder.state() != CodecState::Closed {
            // The failure of a decoder that has been replaced already.
            return;
        }
        match self.callbacks.decoder(self.demuxer.track()) {
            Ok(decoder) => {
                self.decoder = decoder;
                self.has_key = false;
            }
            Err(_) => self.phase = Phase::Ended,
        }
    }

    fn feed(&mut self) {
        match self.demuxer.next_packet() {
            Ok(Some(packet)) => {
                // A decoder can only begin at a key frame.
                self.has_key |= packet.is_key;
                self.has_skipped |= !self.has_key;
                if self.has_key
                    && let Err(error) = self.decode(&packet)
                {
                    self.take(Event::Failed(error_text(&error)));
                }
            }
            Ok(None) => self.flush(),
            Err(reason) => {
                self.ended_early.get_or_insert(reason);
                self.flush();
            }
        }
    }

    fn decode(&self, packet: &Packet) -> Result<(), JsValue> {
        let kind = if packet.is_key {
            EncodedVideoChunkType::Key
        } else {
            EncodedVideoChunkType::Delta
        };
        let bytes = Uint8Array::from(packet.bytes.as_slice());
        let init = EncodedVideoChunkInit::new_with_u8_array(&bytes, 0, kind);
        init.set_timestamp_f64(packet.timestamp_us);
        self.decoder.decode(&EncodedVideoChunk::new(&init)?)
    }

    fn flush(&mut self) {
        if self.decoder.state() != CodecState::Configured {
            self.phase = Phase::Ended;
            return;
        }
        self.phase = Phase::Flushing;
        let (flushing, sender) = (self.decoder.flush(), self.sender.clone());
        spawn_local(async move {
            let event = match JsFuture::from(flushing).await {
                Ok(_) => Event::Flushed,
                Err(error) => Event::Failed(error_text(&error)),
            };
            drop(sender.unbounded_send(event));
        });
    }
}

impl Drop for FrameStream {
    fn drop(&mut self) {
        for frame in self.frames.drain(..) {
            frame.close();
        }
        while let Ok(event) = self.events.try_recv() {
            if let Event::Frame(frame) = event {
                frame.close();
            }
        }
        // An event that is queued already would call a closure that is gone.
        self.decoder.set_ondequeue(None);
        if self.decoder.state() != CodecState::Closed {
            // It may have closed itself after an error; then there is nothing to close.
            drop(self.decoder.close());
        }
    }
}
