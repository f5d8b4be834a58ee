//! A picture that moves, from its frames to its predictions.

use futures_util::StreamExt as _;
use futures_util::stream::FuturesOrdered;
use shared_model::film_looks::Stretches;
use web_messages::{FromEngine, JobId};

use crate::animation::Animation;
use crate::compute_pool::ComputePool;
use crate::film_batch::{FilmBatch, answer};
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
    let mut refiner = model.track_refiner().map_err(Outcome::Failed)?;
    let mut speed = Speed::starting_at(0);
    let mut in_flight = FuturesOrdered::new();
    let (mut is_opened, mut gathered, mut done) = (false, 0, 0);
    let mut ended_early = None;
    let mut has_more = true;
    loop {
        while has_more && in_flight.len() < pool.capacity() {
            let most = model.frames_a_batch(pool.is_gpu());
            let (batch, ending) = token
                .or(gather(&mut animation, gathered, most, model.stretches()))
                .await?;
            gathered += batch.frames.len();
            has_more = ending.is_none();
            ended_early = ending.flatten();
            let Some(first) = batch.frames.first() else {
                break;
            };
            if !is_opened {
                is_opened = true;
                say(&FromEngine::Opened {
                    job,
                    width: first.header.width as u32,
                    height: first.header.height as u32,
                    duration_s: animation.duration_s(),
                    start_s: 0.0,
                    frame_count: Some(count),
                    notice: None,
                });
            }
            in_flight.push_back(answer(pool, batch));
        }
        let Some((times_s, faces)) = token.or(in_flight.next()).await? else {
            break;
        };
        let faces = faces
            .unwrap_or_else(|_| Err("the computation was ended".to_owned()))
            .map_err(Outcome::Failed)?;
        let mut predictions = Vec::new();
        for (time_s, faces) in times_s.iter().zip(faces) {
            let more = refiner.push(done, *time_s, faces).await;
            predictions.extend(more.map_err(|error| fail(&error))?);
            done += 1;
        }
        say(&FromEngine::Predictions { job, predictions });
        say(&speed.message(job, done, done as f64 / count.max(1) as f64));
    }
    let predictions = refiner.finish().await.map_err(|error| fail(&error))?;
    say(&FromEngine::Predictions { job, predictions });
    match ended_early {
        Some(cause) if done == 0 => Err(Outcome::Failed(cause)),
        Some(cause) => Ok(Some(format!(
            "{cause}; {done} of {count} frames could be decoded"
        ))),
        None => Ok(None),
    }
}

/// The next frames from number `first` on, as many as a worker takes at once. At the end also why there are no more: `Some(None)` where all have come.
async fn gather(
    animation: &mut Animation,
    first: usize,
    most: usize,
    stretches: Stretches,
) -> (FilmBatch, Option<Option<String>>) {
    let mut batch = FilmBatch::starting_at(first);
    while batch.frames.is_empty() || !batch.is_full(most, stretches) {
        match animation.next().await {
            Ok(Some((frame, time_s))) => batch.push(frame, time_s),
            Ok(None) => return (batch, Some(None)),
            Err(cause) => return (batch, Some(Some(cause))),
        }
    }
    (batch, None)
}
