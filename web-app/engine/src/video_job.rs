//! A video file, from its packets to its predictions.

use shared_model::face_reader::SeenFace;
use shared_model::film_looks::Stretches;
use shared_model::film_predictor::FilmPredictor;
use shared_model::resume::ResumePoint;
use shared_model::timeline::Prediction;
use video_container::{HDR_NOTICE, VideoTrack};
use web_messages::{FromEngine, JobId};
use web_sys::File;

use crate::batches_in_flight::BatchesInFlight;
use crate::compute_pool::ComputePool;
use crate::film_batch::FilmBatch;
use crate::loaded_model::LoadedModel;
use crate::outcome::{Outcome, say};
use crate::progress::{CancelToken, Speed};
use crate::raw_frame::RawFrame;
use crate::video_decoder::{FrameStream, check_support, open};

/// Seconds by which the time of a frame that was kept as text may differ.
const SAME_TIME_S: f64 = 2e-6;

/// What a job knows of its video.
struct VideoJob<'a> {
    job: JobId,
    pool: &'a ComputePool,
    track: &'a VideoTrack,
    batch_len: usize,
    stretches: Stretches,
    stream: FrameStream,
    predictor: FilmPredictor,
    speed: Speed,
    /// Time of the video's first frame.
    first_us: Option<f64>,
    /// Number of the first frame that is read.
    from: usize,
    /// Number of the next frame to be decoded.
    next_decoded: usize,
    /// Time of the last frame that was known before.
    known_until_s: f64,
}

/// How reading ended.
enum Ending {
    /// At the end; perhaps with a warning.
    Whole(Option<String>),
    /// The frames are not those that were known before.
    OtherFrames,
}

/// Recognises the faces of a video file; gives a warning that belongs to the result, if there is one.
///
/// # Errors
/// When the file gives no frames, or the job is stopped.
pub async fn run(
    job: JobId,
    file: &File,
    resume: Option<ResumePoint>,
    pool: &ComputePool,
    model: &LoadedModel,
    token: &CancelToken,
) -> Result<Option<String>, Outcome> {
    let demuxer = open(file)?;
    let track = demuxer.track().clone();
    check_support(&track).await.map_err(Outcome::TryVideoElement)?;
    let mut stream = FrameStream::new(demuxer).map_err(Outcome::TryVideoElement)?;
    let came_us = token.or(stream.next_time_us()).await?;
    let Some((came_us, shown)) = came_us.zip(stream.next_shown()) else {
        let reason = stream.ended_early().unwrap_or("no frame of it could be decoded");
        return Err(Outcome::TryVideoElement(reason.to_owned()));
    };
    say(&FromEngine::Opened {
        job,
        width: shown.width,
        height: shown.height,
        duration_s: track.duration_s,
        start_s: (stream.zero_us(came_us) - track.origin_us) / 1e6,
        frame_count: track.frame_count,
        notice: notice(&track, shown.is_hdr),
    });
    if let Some(point) = resume {
        if let Some((there, first_us)) = stream_at(file, stream, &point, token).await? {
            let video = VideoJob::new(job, pool, model, &track, there)?.resumed(point, first_us);
            if let Ending::Whole(warning) = video.run(token).await? {
                return Ok(warning);
            }
        }
        // Not what was known: all of it is read, and takes the place of what was.
        stream = FrameStream::new(open(file)?).map_err(Outcome::Failed)?;
    }
    match VideoJob::new(job, pool, model, &track, stream)?
        .run(token)
        .await?
    {
        Ending::Whole(warning) => Ok(warning),
        Ending::OtherFrames => Err(Outcome::Failed("no frame of it could be decoded".to_owned())),
    }
}

/// The frames from the first one that is to be read again, and the time of the file's first frame, which `stream` gives next;
/// `None` where there is no way there.
async fn stream_at(
    file: &File,
    mut stream: FrameStream,
    point: &ResumePoint,
    token: &CancelToken,
) -> Result<Option<(FrameStream, f64)>, Outcome> {
    let Some((first, came_us)) = token.or(stream.next()).await? else {
        return Ok(None);
    };
    first.close();
    let first_us = stream.zero_us(came_us);
    let Some(from_s) = point.known.first().map(|frame| frame.time_s) else {
        return Ok(None);
    };
    let mut demuxer = open(file)?;
    if demuxer.go_to(first_us + from_s * 1e6).is_err() {
        return Ok(None);
    }
    let there = FrameStream::new(demuxer).map_err(Outcome::Failed)?;
    Ok(Some((there, first_us)))
}

/// What is to be said of a file when it is open.
fn notice(track: &VideoTrack, is_hdr: bool) -> Option<String> {
    let hdr = is_hdr.then(|| HDR_NOTICE.to_owned());
    let said: Vec<String> = track.ends_early.iter().cloned().chain(hdr).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

impl<'a> VideoJob<'a> {
    /// A job that begins with the video's first frame.
    fn new(
        job: JobId,
        pool: &'a ComputePool,
        model: &LoadedModel,
        track: &'a VideoTrack,
        stream: FrameStream,
    ) -> Result<Self, Outcome> {
        Ok(Self {
            job,
            pool,
            track,
            batch_len: model.frames_a_batch(pool.is_gpu()),
            stretches: model.stretches(),
            stream,
            predictor: model.film_predictor().map_err(Outcome::Failed)?,
            speed: Speed::starting_at(0),
            first_us: None,
            from: 0,
            next_decoded: 0,
            known_until_s: 0.0,
        })
    }

    /// Going on where it was left; `stream` begins at a key frame before.
    fn resumed(mut self, point: ResumePoint, first_us: f64) -> Self {
        self.first_us = Some(first_us);
        (self.from, self.next_decoded) = (point.from, point.from);
        self.speed = Speed::starting_at(point.from);
        self.known_until_s = point.known.last().map_or(0.0, |last| last.time_s);
        let from_s = point.known.first().map_or(0.0, |first| first.time_s);
        self.predictor = self.predictor.resumed(point);
        self.report(Vec::new(), from_s);
        self
    }

    /// Reads to the end.
    async fn run(mut self, token: &CancelToken) -> Result<Ending, Outcome> {
        let pool = self.pool;
        let mut batches = BatchesInFlight::new(pool);
        // The first frame goes alone, so that the person sees an answer before whole batches are decoded and read.
        let (mut most_batches, mut most_frames) = (1, 1);
        loop {
            let gather = async || self.gather(most_frames).await;
            let Some(answered) = batches.next(most_batches, token, gather).await? else {
                break;
            };
            (most_batches, most_frames) = (pool.capacity(), self.batch_len);
            let last_s = answered.last().map_or(0.0, |(time_s, _)| *time_s);
            let mut predictions = Vec::new();
            for (time_s, faces) in answered {
                predictions.extend(self.take(time_s, faces).await?);
            }
            self.report(predictions, last_s);
        }
        if self.predictor.is_behind_what_is_known() {
            return Ok(Ending::OtherFrames);
        }
        let frames = self.predictor.frames_done();
        let last = self.predictor.finish().await;
        say(&FromEngine::Predictions {
            job: self.job,
            predictions: last.map_err(|error| Outcome::Failed(error.to_string()))?,
        });
        let warning = self
            .stream
            .ended_early()
            .map(|cause| match self.track.frame_count {
                Some(count) if frames < count => {
                    format!("{cause}; {frames} of {count} frames could be decoded")
                }
                _ => cause.to_owned(),
            });
        if frames == 0 {
            return Err(Outcome::Failed(
                warning.unwrap_or_else(|| "no frame of it could be decoded".to_owned()),
            ));
        }
        // What the page was told at the opening is not said again.
        Ok(Ending::Whole(
            warning.filter(|said| self.track.ends_early.as_ref() != Some(said)),
        ))
    }

    /// Takes the faces of the next frame.
    async fn take(&mut self, time_s: f64, faces: Vec<SeenFace>) -> Result<Vec<Prediction>, Outcome> {
        let was_behind = self.predictor.is_behind_what_is_known();
        let predictions = self.predictor.take(time_s, faces).await;
        let predictions = predictions.map_err(|error| Outcome::Failed(error.to_string()))?;
        if was_behind && !self.predictor.is_behind_what_is_known() {
            say(&FromEngine::Resumed {
                job: self.job,
                frames: self.predictor.frames_done(),
            });
        }
        Ok(predictions)
    }

    /// The next frames, at most as many as this and up to the end of a stretch; `None` at the end, and before a frame that is not the known one.
    async fn gather(&mut self, most_frames: usize) -> Result<Option<FilmBatch>, String> {
        let mut batch = FilmBatch::starting_at(self.next_decoded);
        while batch.frames.is_empty() || !batch.is_full(most_frames, self.stretches) {
            let Some((frame, time_us)) = self.stream.next().await else {
                break;
            };
            let zero_us = self.stream.zero_us(time_us);
            let first = *self.first_us.get_or_insert(zero_us);
            let time_s = (time_us - first) / 1e6;
            match self.place_of(time_s) {
                Place::Next => {}
                Place::Before => {
                    frame.close();
                    continue;
                }
                Place::Elsewhere => {
                    frame.close();
                    return Ok(None);
                }
            }
            let display = self.stream.display_of(&frame);
            let frame = RawFrame::from_video_frame(frame, display).await?;
            batch.push(frame, time_s);
            self.next_decoded += 1;
        }
        Ok((!batch.frames.is_empty()).then_some(batch))
    }

    /// Whether a frame of this time is the next one; always where nothing is known.
    fn place_of(&self, time_s: f64) -> Place {
        let Some(known) = self.predictor.known(self.next_decoded) else {
            return Place::Next;
        };
        let is_first = self.next_decoded == self.from;
        if (time_s - known.time_s).abs() <= SAME_TIME_S {
            Place::Next
        } else if is_first && time_s < known.time_s {
            // Decoding begins at a key frame, which may be long before.
            Place::Before
        } else {
            Place::Elsewhere
        }
    }

    fn report(&mut self, predictions: Vec<Prediction>, time_s: f64) {
        let job = self.job;
        say(&FromEngine::Predictions { job, predictions });
        // Frames that are read again were done before.
        let done = self.predictor.frames_done();
        let time_s = time_s.max(self.known_until_s);
        let fraction = match self.track.frame_count {
            Some(count) if count > 0 => done as f64 / count as f64,
            _ if self.track.duration_s > 0.0 => time_s / self.track.duration_s,
            _ => 0.0,
        };
        say(&self.speed.message(job, self.predictor.next_frame(), fraction));
    }
}

/// Where a decoded frame belongs.
enum Place {
    Next,
    /// Before the first one that is wanted.
    Before,
    /// Where none was known.
    Elsewhere,
}
