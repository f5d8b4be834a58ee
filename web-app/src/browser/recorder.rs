//! A film of a stream, recorded in this browser's memory and nowhere else.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::Array;
use wasm_bindgen::JsCast;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use web_sys::{Blob, BlobEvent, File, FilePropertyBag, MediaRecorder, MediaRecorderOptions, MediaStream};

use super::{now_ms, tasks};

/// Kinds of film, the best first: what the page itself reads best. A browser that can record none of them chooses.
const KINDS: [&str; 3] = ["video/webm;codecs=vp8", "video/webm", "video/mp4"];
/// Milliseconds of film that the browser hands over at once.
const PART_MS: i32 = 1000;

/// A recording under way. It ends when it is dropped.
pub struct Recorder {
    recorder: MediaRecorder,
    parts: Rc<RefCell<Vec<Blob>>>,
    started_ms: f64,
    /// Whether the browser has said that it has ended: all parts are here then.
    has_ended: Rc<Cell<bool>>,
    /// Both live as long as the recording.
    _take: Closure<dyn FnMut(BlobEvent)>,
    _end: Closure<dyn FnMut()>,
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.end();
        self.recorder.set_ondataavailable(None);
        self.recorder.set_onstop(None);
    }
}

impl Recorder {
    /// Begins to record.
    ///
    /// # Errors
    /// Where the browser cannot.
    pub fn start(stream: &MediaStream) -> Result<Self, JsValue> {
        let options = MediaRecorderOptions::new();
        if let Some(kind) = KINDS
            .into_iter()
            .find(|kind| MediaRecorder::is_type_supported(kind))
        {
            options.set_mime_type(kind);
        }
        let recorder = MediaRecorder::new_with_media_stream_and_media_recorder_options(stream, &options)?;
        let parts: Rc<RefCell<Vec<Blob>>> = Rc::default();
        let taken = Rc::clone(&parts);
        let take = Closure::<dyn FnMut(BlobEvent)>::new(move |event: BlobEvent| {
            if let Some(part) = event.data().filter(|part| part.size() > 0.0) {
                taken.borrow_mut().push(part);
            }
        });
        recorder.set_ondataavailable(Some(take.as_ref().unchecked_ref()));
        let has_ended: Rc<Cell<bool>> = Rc::default();
        let ended = Rc::clone(&has_ended);
        let end = Closure::<dyn FnMut()>::new(move || ended.set(true));
        recorder.set_onstop(Some(end.as_ref().unchecked_ref()));
        recorder.start_with_time_slice(PART_MS)?;
        Ok(Self {
            recorder,
            parts,
            started_ms: now_ms(),
            has_ended,
            _take: take,
            _end: end,
        })
    }

    /// Seconds since it began.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        (now_ms() - self.started_ms) / 1000.0
    }

    /// Ends it, before the stream ends.
    pub fn end(&self) {
        if self.is_on() {
            // It is refused only where it has ended by itself.
            let _ = self.recorder.stop();
        }
    }

    fn is_on(&self) -> bool {
        self.recorder.state() != web_sys::RecordingState::Inactive
    }

    /// The film; `stem` is its name without an ending. `None` where nothing was recorded.
    pub async fn film(self, stem: &str) -> Option<File> {
        self.end();
        if !self.has_ended.get() {
            tasks::event(&self.recorder, &["stop"]).await;
        }
        let parts: Array = self.parts.borrow().iter().collect();
        if parts.length() == 0 {
            return None;
        }
        let kind = self.recorder.mime_type();
        let ending = if kind.starts_with("video/mp4") {
            "mp4"
        } else {
            "webm"
        };
        let options = FilePropertyBag::new();
        options.set_type(kind.split(';').next().unwrap_or_default());
        File::new_with_blob_sequence_and_options(&parts, &format!("{stem}.{ending}"), &options).ok()
    }
}
