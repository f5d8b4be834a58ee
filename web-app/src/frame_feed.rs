//! Frames that the page itself hands to the engine: of the webcam, or of a player that steps through a file.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_messages::{JobId, ToEngine};
use web_sys::{HtmlVideoElement, ImageBitmap};

use crate::browser::{error_text, hidden_player, now_ms, tasks};
use crate::job_control;
use crate::player;
use crate::state::source::Source;
use crate::state::store::{Opened, Store};
use page_view::job::JobKind;

/// Frames a second at which a player is stepped: the file's own rate cannot be asked for.
const STEPS_PER_S: f64 = 30.0;

/// Where the frames come from.
#[derive(Clone)]
pub enum Feed {
    /// The stage's player shows the webcam.
    Live {
        /// When its first frame was sent, in milliseconds.
        started_ms: Option<f64>,
    },
    /// A second player, out of sight.
    Stepped(Stepper),
}

/// A player that is moved step by step.
#[derive(Clone)]
pub struct Stepper {
    video: HtmlVideoElement,
    step: u32,
}

impl Stepper {
    /// Opens the file in a player of its own.
    ///
    /// # Errors
    /// What the player says.
    pub async fn open(source: &Source) -> Result<Self, String> {
        let url = source.url.as_deref().ok_or("no file")?;
        let video = hidden_player::open(url).await?;
        Ok(Self { video, step: 0 })
    }

    /// Size and length as the player says.
    #[must_use]
    pub fn opened(&self) -> Opened {
        let duration_s = self.video.duration();
        let is_known = duration_s.is_finite();
        Opened {
            width: self.video.video_width(),
            height: self.video.video_height(),
            duration_s: if is_known { duration_s } else { 0.0 },
            // The player is stepped through from the start of its own clock, which is the media's.
            start_s: 0.0,
            frame_count: is_known.then(|| (duration_s * STEPS_PER_S).ceil() as usize),
        }
    }

    /// Moves to the next step; its time in seconds, or `None` at the end.
    async fn advance(&mut self) -> Option<f64> {
        let time_s = f64::from(self.step) / STEPS_PER_S;
        let duration_s = self.video.duration();
        if self.step > 0 {
            if duration_s.is_finite() && time_s >= duration_s {
                return None;
            }
            // The middle of the step, so that rounding never shows the frame before.
            self.video.set_current_time(time_s + 0.5 / STEPS_PER_S);
            tasks::event(&self.video, &["seeked", "error"]).await;
            if self.video.current_time() + 1.0 / STEPS_PER_S < time_s {
                return None;
            }
        }
        self.step += 1;
        Some(time_s)
    }

    fn fraction(&self, time_s: f64) -> f64 {
        let duration_s = self.video.duration();
        if duration_s.is_finite() && duration_s > 0.0 {
            (time_s / duration_s).min(1.0)
        } else {
            0.0
        }
    }
}

/// Sends the next frame of the job.
pub fn feed_next(store: Store, id: JobId) {
    spawn_local(async move {
        let Some(feed) = store.feed.get_value() else {
            return;
        };
        let fed = match feed {
            Feed::Live { started_ms } => feed_live(store, id, started_ms).await,
            Feed::Stepped(stepper) => feed_step(store, id, stepper).await,
        };
        if let Err(error) = fed
            && store.is_current(id)
        {
            job_control::fail_job(store, id, error_text(&error));
        }
    });
}

async fn feed_live(store: Store, id: JobId, started_ms: Option<f64>) -> Result<(), wasm_bindgen::JsValue> {
    let Some(video) = store.video.get_value() else {
        return Ok(());
    };
    player::next_picture(&video).await;
    // The webcam may have been stopped while waiting.
    if video.video_width() == 0 || !store.is_current(id) {
        return Ok(());
    }
    let now_ms = now_ms();
    let started_ms = started_ms.unwrap_or(now_ms);
    store.feed.set_value(Some(Feed::Live {
        started_ms: Some(started_ms),
    }));
    let picture = picture_of(&video).await?;
    send_frame(store, id, (now_ms - started_ms) / 1000.0, &picture)
}

async fn feed_step(store: Store, id: JobId, mut stepper: Stepper) -> Result<(), wasm_bindgen::JsValue> {
    let Some(time_s) = stepper.advance().await else {
        store.feed.set_value(None);
        job_control::send(store, &ToEngine::EndFrames { job: id }, None);
        return Ok(());
    };
    if !store.is_current(id) {
        return Ok(());
    }
    let picture = picture_of(&stepper.video).await?;
    let fraction = stepper.fraction(time_s);
    store.update_job(id, |job| {
        if job.kind == JobKind::Stepped {
            job.fraction = fraction;
        }
    });
    store.feed.set_value(Some(Feed::Stepped(stepper)));
    send_frame(store, id, time_s, &picture)
}

async fn picture_of(video: &HtmlVideoElement) -> Result<ImageBitmap, wasm_bindgen::JsValue> {
    let window = web_sys::window().ok_or(wasm_bindgen::JsValue::NULL)?;
    let bitmap = JsFuture::from(window.create_image_bitmap_with_html_video_element(video)?).await?;
    bitmap.dyn_into()
}

fn send_frame(
    store: Store,
    id: JobId,
    time_s: f64,
    picture: &ImageBitmap,
) -> Result<(), wasm_bindgen::JsValue> {
    match store.link.get_value() {
        Some(link) if store.is_current(id) => {
            link.send_picture(&ToEngine::Frame { job: id, time_s }, picture)
        }
        _ => {
            picture.close();
            Ok(())
        }
    }
}
