//! A picture that moves, from its frames to its predictions.

use shared_model::film_looks::Stretches;
use web_messages::{FromEngine, JobId};

use crate::animation::Animation;
use crate::batches_in_flight::BatchesInFlight;
use crate::compute_pool::ComputePool;
use crate::film_batch::FilmBatch;
use crate::loaded_model::LoadedModel;
use crate::outcome::{Outcome, say};
use crate::progress::{CancelToken, Speed};

/// Recognises the faces of an animation; gives a warning where it ends early.
///
/// # Errors
/// When no frame can be decoded, or the job is stopped.
pub async fn run(
    job: JobId,
    mut animation: Animation,
    pool: &ComputePool,
    model: &LoadedModel,
    token: &CancelToken,
) -> Result<Option<String>, Outcome> {
    let count = animation.frame_count();
    let fail = |error: &dyn std::fmt::Display| Outcome::Failed(error.to_string());
    let mut predictor = model.film_predictor().map_err(Outcome::Failed)?;
    let mut speed = Speed::starting_at(0);
    let mut batches = BatchesInFlight::new(pool);
    let (mut is_opened, mut gathered) = (false, 0);
    let mut ended_early = None;
    let most = model.frames_a_batch(pool.is_gpu());
    let duration_s = animation.duration_s();
    loop {
        let gather = async || {
            if ended_early.is_some() {
                return Ok(None);
            }
            let (batch, cause) = gather(&mut animation, gathered, most, model.stretches()).await;
            gathered += batch.frames.len();
            ended_early = cause;
            let Some(first) = batch.frames.first() else {
                return Ok(None);
            };
            if !is_opened {
                is_opened = true;
                say(&FromEngine::Opened {
                    job,
                    width: first.header.width as u32,
                    height: first.header.height as u32,
                    duration_s,
                    start_s: 0.0,
                    frame_count: Some(count),
                    notice: None,
                });
            }
            Ok(Some(batch))
        };
        let Some(answered) = batches.next(pool.capacity(), token, gather).await? else {
            break;
        };
        let mut predictions = Vec::new();
        for (time_s, faces) in answered {
            let more = predictor.take(time_s, faces).await;
            predictions.extend(more.map_err(|error| fail(&error))?);
        }
        say(&FromEngine::Predictions { job, predictions });
        let done = predictor.frames_done();
        say(&speed.message(job, done, done as f64 / count.max(1) as f64));
    }
    let done = predictor.frames_done();
    let predictions = predictor.finish().await.map_err(|error| fail(&error))?;
    say(&FromEngine::Predictions { job, predictions });
    match ended_early {
        Some(cause) if done == 0 => Err(Outcome::Failed(cause)),
        Some(cause) => Ok(Some(format!(
            "{cause}; {done} of {count} frames could be decoded"
        ))),
        None => Ok(None),
    }
}

/// The next frames from number `first` on, as many as a worker takes at once, and none at the end; then also why there are no more, where not all have come.
async fn gather(
    animation: &mut Animation,
    first: usize,
    most: usize,
    stretches: Stretches,
) -> (FilmBatch, Option<String>) {
    let mut batch = FilmBatch::starting_at(first);
    while batch.frames.is_empty() || !batch.is_full(most, stretches) {
        match animation.next().await {
            Ok(Some((frame, time_s))) => batch.push(frame, time_s),
            Ok(None) => break,
            Err(cause) => return (batch, Some(cause)),
        }
    }
    (batch, None)
}
