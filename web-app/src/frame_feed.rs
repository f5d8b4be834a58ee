//! Frames that the page itself hands to the engine: of the webcam, or of a player that steps through a file.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_messages::{JobId, ToEngine};
use web_sys::{HtmlVideoElement, ImageBitmap};

use crate::browser::stepped_player::{STEPS_PER_S, SteppedPlayer};
use crate::browser::{error_text, now_ms};
use crate::state::feed::Feed;
use crate::state::notice::Tone;
use crate::state::store::Store;
use crate::{job_control, job_results, player, strings};
use page_view::job::JobKind;
use page_view::opened::Opened;
use page_view::session::{Answer, Event};

/// The engine wants a frame of this job.
pub fn need_frame(store: Store, id: JobId) {
    if store.is_current(id) {
        feed_next(store, id);
    }
}

/// The file cannot be read by the engine: the browser's player may do it, step by step.
pub fn try_player(store: Store, id: JobId, reason: String) {
    if !store.is_current(id) {
        return;
    }
    let Some(source) = job_control::job_source(store) else {
        return;
    };
    spawn_local(async move {
        let player = match source.url.as_deref() {
            Some(url) => SteppedPlayer::open(url).await,
            None => Err(strings::NO_FILE.to_owned()),
        };
        match player {
            Ok(player) => {
                if store.is_current(id) {
                    store.notify(Tone::Warning, strings::approximate(&source.name, &reason), None);
                    let opened = opened_by(&player);
                    store.tell(Event::Begin(JobKind::Stepped));
                    store.feed.set_value(Some(Feed::Stepped(player)));
                    if let Some(job) = store.job.with_untracked(|job| job.as_ref().map(|job| job.id)) {
                        job_results::opened(store, job, opened);
                    }
                }
            }
            Err(cause) => {
                job_results::failed(store, id, strings::not_playable(&source.name, &reason, &cause));
            }
        }
    });
}

/// Size and length as the player says.
fn opened_by(player: &SteppedPlayer) -> Opened {
    let duration_s = player.duration_s();
    Opened {
        width: player.video().video_width(),
        height: player.video().video_height(),
        duration_s: duration_s.unwrap_or(0.0),
        // The player is stepped through from the start of its own clock, which is the media's.
        start_s: 0.0,
        frame_count: duration_s.map(|seconds| (seconds * STEPS_PER_S).ceil() as usize),
    }
}

/// Sends the next frame of the job.
fn feed_next(store: Store, id: JobId) {
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
            job_results::failed(store, id, error_text(&error));
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

async fn feed_step(store: Store, id: JobId, mut stepper: SteppedPlayer) -> Result<(), wasm_bindgen::JsValue> {
    let step = stepper.advance().await;
    // Another job may have a feed of its own by now.
    if !store.is_current(id) {
        return Ok(());
    }
    let Some(time_s) = step else {
        store.feed.set_value(None);
        store.send(&ToEngine::EndFrames { job: id }, None);
        return Ok(());
    };
    let picture = picture_of(stepper.video()).await?;
    if !store.is_current(id) {
        picture.close();
        return Ok(());
    }
    let fraction = stepper.fraction(time_s);
    store.hear(id, Answer::Stepped(fraction));
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
