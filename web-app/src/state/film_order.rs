//! A film whose frames the engine hands out, to be drawn on and encoded.

use futures_channel::mpsc::UnboundedSender;
use shared_model::orientation::Orientation;
use wasm_bindgen::JsValue;
use web_messages::{FromEngine, JobId};

/// A frame as it is coded.
pub struct CodedFrame {
    /// The browser's `VideoFrame`, to be closed soon.
    pub picture: JsValue,
    /// Frame number from 0.
    pub number: usize,
    /// Time in seconds, 0 at the first frame.
    pub time_s: f64,
    /// How it is to be turned.
    pub orientation: Orientation,
    /// Width and height in pixels as it is shown.
    pub size: (u32, u32),
}

/// What the engine says of the film.
pub enum FilmNews {
    /// The next frame.
    Frame(CodedFrame),
    /// All frames came; perhaps with a warning.
    Done(Option<String>),
    /// Only the browser's player may read it.
    ForPlayer,
    /// It cannot be read: why.
    Failed(String),
    /// The engine was told to do something else.
    GaveWay,
}

/// An order under way, and who waits for news of it.
pub struct FilmOrder {
    /// Number, counted with those of the jobs.
    pub id: JobId,
    /// Takes the news.
    pub news: UnboundedSender<FilmNews>,
}

impl FilmOrder {
    /// Takes a message that is about this order; whether it was.
    #[must_use]
    pub fn hear(&self, message: &FromEngine, attachment: &JsValue) -> bool {
        let news = match message {
            FromEngine::Frame {
                job,
                number,
                time_s,
                orientation,
                width,
                height,
            } if *job == self.id => FilmNews::Frame(CodedFrame {
                picture: attachment.clone(),
                number: *number,
                time_s: *time_s,
                orientation: *orientation,
                size: (*width, *height),
            }),
            FromEngine::Done { job, notice } if *job == self.id => FilmNews::Done(notice.clone()),
            FromEngine::TryVideoElement { job, .. } if *job == self.id => FilmNews::ForPlayer,
            FromEngine::Cancelled { job } if *job == self.id => FilmNews::GaveWay,
            FromEngine::Failed {
                job: Some(job),
                reason,
            } if *job == self.id => FilmNews::Failed(reason.clone()),
            _ => return false,
        };
        // Whoever gave the order may have given it up.
        drop(self.news.unbounded_send(news));
        true
    }
}
