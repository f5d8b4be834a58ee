//! Frames that the page sends one by one: of a camera, or of a `<video>` whose file could not be demuxed.

use std::pin::pin;

use futures_channel::mpsc::UnboundedReceiver;
use futures_util::StreamExt as _;
use shared_model::timeline::Prediction;
use wasm_bindgen::JsValue;
use web_messages::{FromEngine, JobId};

use crate::compute_pool::ComputePool;
use crate::film_batch::FilmBatch;
use crate::image_frame;
use crate::loaded_model::LoadedModel;
use crate::outcome::{Outcome, say};
use crate::progress::CancelToken;

/// A frame with its time in seconds; `None` says that there are no more.
pub type SentFrame = Option<(JsValue, f64)>;

/// Recognises the frames as they come, those of a file by stretches. Live ones get their temporal label from the latest clip at once; nothing
/// of them is kept but that clip.
///
/// # Errors
/// When a frame cannot be used, or the job is stopped.
pub async fn run(
    job: JobId,
    is_live: bool,
    frames: UnboundedReceiver<SentFrame>,
    pool: &ComputePool,
    model: &LoadedModel,
    token: &CancelToken,
) -> Result<Option<String>, Outcome> {
    let fail = |error: String| Outcome::Failed(error);
    let mut predictor = model.film_predictor().map_err(fail)?;
    let mut live = model.live_refiner().map_err(fail)?;
    let mut frames = pin!(frames);
    let mut waiting = FilmBatch::starting_at(0);
    loop {
        say(&FromEngine::NeedFrame { job });
        let sent = token.or(frames.next()).await?.flatten();
        let is_end = sent.is_none();
        if let Some((attachment, time_s)) = sent {
            let frame = token.or(image_frame::from_attachment(attachment)).await?;
            waiting.push(frame.map_err(fail)?, time_s);
        }
        if is_end && waiting.frames.is_empty() {
            break;
        }
        if !is_live && !is_end && !waiting.is_full(1, model.stretches()) {
            continue;
        }
        let next = waiting.first + waiting.frames.len();
        let batch = std::mem::replace(&mut waiting, FilmBatch::starting_at(next));
        let answer = pool.submit(batch.frames, (!is_live).then_some(batch.first));
        let faces = token
            .or(answer)
            .await?
            .unwrap_or_else(|_| Err("the computation was ended".to_owned()))
            .map_err(fail)?;
        let mut predictions: Vec<Prediction> = Vec::new();
        for ((number, time_s), faces) in (batch.first..).zip(batch.times_s).zip(faces) {
            if is_live {
                let seen = live.push(number, time_s, faces).await;
                predictions.push(seen.map_err(|error| fail(error.to_string()))?);
            } else {
                let more = predictor.take(time_s, faces).await;
                predictions.extend(more.map_err(|error| fail(error.to_string()))?);
            }
        }
        say(&FromEngine::Predictions { job, predictions });
        if is_end {
            break;
        }
    }
    let last = predictor.finish().await;
    let predictions = last.map_err(|error| fail(error.to_string()))?;
    say(&FromEngine::Predictions { job, predictions });
    Ok(None)
}
