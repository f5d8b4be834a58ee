//! A video file, from its packets to its predictions.

use std::future::Future;

use futures_channel::oneshot;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesOrdered;
use shared_model::timeline::Prediction;
use shared_model::track_refiner::TrackRefiner;
use web_messages::{FromEngine, JobId};
use web_sys::File;

use crate::compute_pool::{ComputePool, Faces};
use crate::coordinator::{Outcome, say};
use crate::demux::{DemuxError, Demuxer, VideoTrack};
use crate::loaded_model::LoadedModel;
use crate::progress::{CancelToken, Speed};
use crate::raw_frame::RawFrame;
use crate::video_decoder::{FrameStream, check_support};

/// Pixels that travel to a worker together at most: two frames of 4K, one of 8K.
const PIXELS_A_BATCH: usize = 17_000_000;

/// Frames on their way to a worker.
#[derive(Default)]
struct Batch {
    times_s: Vec<f64>,
    frames: Vec<RawFrame>,
}

/// What a job knows of its video.
struct VideoJob<'a> {
    job: JobId,
    pool: &'a ComputePool,
    track: VideoTrack,
    batch_len: usize,
    stream: FrameStream,
    refiner: TrackRefiner,
    speed: Speed,
    first_us: Option<f64>,
    next_frame: usize,
}

/// Recognises the faces of a video file; gives a warning that belongs to the result, if there is one.
///
/// # Errors
/// When the file gives no frames, or the job is stopped.
pub async fn run(
    job: JobId,
    file: &File,
    pool: &ComputePool,
    model: &LoadedModel,
    token: &CancelToken,
) -> Result<Option<String>, Outcome> {
    let demuxer = Demuxer::open(file).map_err(|error| match error {
        DemuxError::UnknownKind(reason) => Outcome::TryVideoElement(reason),
        DemuxError::Broken(reason) => Outcome::Failed(reason),
    })?;
    let track = demuxer.track().clone();
    check_support(&track).await.map_err(Outcome::TryVideoElement)?;
    let is_upright = track.rotation % 180 == 0;
    say(&FromEngine::Opened {
        job,
        width: if is_upright { track.width } else { track.height },
        height: if is_upright { track.height } else { track.width },
        duration_s: track.duration_s,
        frame_count: track.frame_count,
        notice: track.ends_early.clone(),
    });
    let stream = FrameStream::new(demuxer).map_err(Outcome::Failed)?;
    let mut video = VideoJob {
        job,
        pool,
        track,
        batch_len: model.frames_a_batch(pool.is_gpu()),
        stream,
        refiner: model.track_refiner().map_err(Outcome::Failed)?,
        speed: Speed::new(),
        first_us: None,
        next_frame: 0,
    };
    video.run(token).await
}

impl VideoJob<'_> {
    async fn run(&mut self, token: &CancelToken) -> Result<Option<String>, Outcome> {
        let mut in_flight = FuturesOrdered::new();
        let mut has_more = true;
        loop {
            while has_more && in_flight.len() < self.pool.capacity() {
                match token.or(self.gather()).await?.map_err(Outcome::Failed)? {
                    Some(batch) => in_flight.push_back(answer(self.pool, batch)),
                    None => has_more = false,
                }
            }
            let Some((times_s, faces)) = token.or(in_flight.next()).await? else {
                break;
            };
            let faces = faces
                .unwrap_or_else(|_| Err("the computation was ended".to_owned()))
                .map_err(Outcome::Failed)?;
            let mut predictions = Vec::new();
            for (time_s, faces) in times_s.iter().zip(faces) {
                let more = self.refiner.push(self.next_frame, *time_s, faces).await;
                predictions.extend(more.map_err(|error| Outcome::Failed(error.to_string()))?);
                self.next_frame += 1;
            }
            self.report(predictions, times_s.last().copied().unwrap_or(0.0));
        }
        let last = self.refiner.finish().await;
        let predictions = last.map_err(|error| Outcome::Failed(error.to_string()))?;
        say(&FromEngine::Predictions {
            job: self.job,
            predictions,
        });
        let warning = self
            .stream
            .ended_early()
            .map(|cause| match self.track.frame_count {
                Some(count) if self.next_frame < count => {
                    format!("{cause}; {} of {count} frames could be decoded", self.next_frame)
                }
                _ => cause.to_owned(),
            });
        if self.next_frame == 0 {
            return Err(Outcome::Failed(
                warning.unwrap_or_else(|| "no frame of it could be decoded".to_owned()),
            ));
        }
        Ok(warning)
    }

    /// The next frames, as many as a worker takes at once; `None` at the end.
    async fn gather(&mut self) -> Result<Option<Batch>, String> {
        let mut batch = Batch::default();
        let mut pixels = 0;
        while batch.frames.len() < self.batch_len && pixels < PIXELS_A_BATCH {
            let Some((frame, time_us)) = self.stream.next().await else {
                break;
            };
            let first = *self.first_us.get_or_insert(time_us);
            let frame = RawFrame::from_video_frame(frame, self.track.rotation).await?;
            // As many again would be too much: this one goes with those before.
            pixels += 2 * frame.header.pixels();
            batch.times_s.push((time_us - first) / 1e6);
            batch.frames.push(frame);
        }
        Ok((!batch.frames.is_empty()).then_some(batch))
    }

    fn report(&mut self, predictions: Vec<Prediction>, time_s: f64) {
        let job = self.job;
        say(&FromEngine::Predictions { job, predictions });
        let fraction = match self.track.frame_count {
            Some(count) if count > 0 => self.next_frame as f64 / count as f64,
            _ if self.track.duration_s > 0.0 => time_s / self.track.duration_s,
            _ => 0.0,
        };
        say(&self.speed.message(job, self.next_frame, fraction));
    }
}

/// Sends a batch off now; the answer comes with the frames' times.
fn answer(
    pool: &ComputePool,
    batch: Batch,
) -> impl Future<Output = (Vec<f64>, Result<Faces, oneshot::Canceled>)> + use<> {
    let answer = pool.submit(batch.frames);
    async move { (batch.times_s, answer.await) }
}
