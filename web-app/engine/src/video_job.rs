//! A video file, from its packets to its predictions.

use futures_util::StreamExt as _;
use futures_util::stream::FuturesOrdered;
use shared_model::conv_norm::ReadError;
use shared_model::face_reader::SeenFace;
use shared_model::film_looks::Stretches;
use shared_model::resume::ResumePoint;
use shared_model::timeline::Prediction;
use shared_model::track_refiner::TrackRefiner;
use video_container::{HDR_NOTICE, VideoTrack};
use web_messages::{FromEngine, JobId};
use web_sys::File;

use crate::compute_pool::ComputePool;
use crate::film_batch::{FilmBatch, answer};
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
    track: VideoTrack,
    batch_len: usize,
    stretches: Stretches,
    stream: FrameStream,
    refiner: TrackRefiner,
    speed: Speed,
    /// Time of the video's first frame.
    first_us: Option<f64>,
    /// Number of the next frame to be decoded.
    next_decoded: usize,
    /// Number of the next frame to be given out.
    next_frame: usize,
    /// What was known before.
    known: Option<ResumePoint>,
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
    let mut video = VideoJob {
        job,
        pool,
        track,
        batch_len: model.frames_a_batch(pool.is_gpu()),
        stretches: model.stretches(),
        stream,
        refiner: model.track_refiner().map_err(Outcome::Failed)?,
        speed: Speed::starting_at(0),
        first_us: None,
        next_decoded: 0,
        next_frame: 0,
        known: None,
    };
    if let Some(point) = resume {
        if video.go_to(file, point, token).await?
            && let Ending::Whole(warning) = video.run(token).await?
        {
            return Ok(warning);
        }
        // Not what was known: all of it is read, and takes the place of what was.
        video.stream = FrameStream::new(open(file)?).map_err(Outcome::Failed)?;
        video.refiner = model.track_refiner().map_err(Outcome::Failed)?;
        (video.first_us, video.next_decoded, video.next_frame) = (None, 0, 0);
        (video.speed, video.known) = (Speed::starting_at(0), None);
    }
    match video.run(token).await? {
        Ending::Whole(warning) => Ok(warning),
        Ending::OtherFrames => Err(Outcome::Failed("no frame of it could be decoded".to_owned())),
    }
}

/// What is to be said of a file when it is open.
fn notice(track: &VideoTrack, is_hdr: bool) -> Option<String> {
    let hdr = is_hdr.then(|| HDR_NOTICE.to_owned());
    let said: Vec<String> = track.ends_early.iter().cloned().chain(hdr).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

impl VideoJob<'_> {
    /// Goes to the first frame that is to be read again; says whether there is a way to it.
    async fn go_to(&mut self, file: &File, point: ResumePoint, token: &CancelToken) -> Result<bool, Outcome> {
        let Some((first, came_us)) = token.or(self.stream.next()).await? else {
            return Ok(false);
        };
        first.close();
        let first_us = self.stream.zero_us(came_us);
        let Some(from_s) = point.known.first().map(|frame| frame.time_s) else {
            return Ok(false);
        };
        let mut demuxer = open(file)?;
        if demuxer.go_to(first_us + from_s * 1e6).is_err() {
            return Ok(false);
        }
        self.stream = FrameStream::new(demuxer).map_err(Outcome::Failed)?;
        self.refiner.resume(&point);
        self.first_us = Some(first_us);
        (self.next_decoded, self.next_frame) = (point.from, point.from);
        self.speed = Speed::starting_at(point.from);
        self.known = Some(point);
        self.report(Vec::new(), from_s);
        Ok(true)
    }

    async fn run(&mut self, token: &CancelToken) -> Result<Ending, Outcome> {
        let mut in_flight = FuturesOrdered::new();
        let mut has_more = true;
        // The first frame goes alone, so that the person sees an answer before whole batches are decoded and read.
        let mut is_answered = false;
        loop {
            let (most_batches, most_frames) = if is_answered {
                (self.pool.capacity(), self.batch_len)
            } else {
                (1, 1)
            };
            while has_more && in_flight.len() < most_batches {
                match token
                    .or(self.gather(most_frames))
                    .await?
                    .map_err(Outcome::Failed)?
                {
                    Some(batch) => in_flight.push_back(answer(self.pool, batch)),
                    None => has_more = false,
                }
            }
            let Some((times_s, faces)) = token.or(in_flight.next()).await? else {
                break;
            };
            is_answered = true;
            let faces = faces
                .unwrap_or_else(|_| Err("the computation was ended".to_owned()))
                .map_err(Outcome::Failed)?;
            let mut predictions = Vec::new();
            for (time_s, faces) in times_s.iter().zip(faces) {
                let more = self.take(*time_s, faces).await;
                predictions.extend(more.map_err(|error| Outcome::Failed(error.to_string()))?);
            }
            self.report(predictions, times_s.last().copied().unwrap_or(0.0));
        }
        if self
            .known
            .as_ref()
            .is_some_and(|known| self.next_frame < known.frames())
        {
            return Ok(Ending::OtherFrames);
        }
        let last = self.refiner.finish().await;
        let mut predictions = last.map_err(|error| Outcome::Failed(error.to_string()))?;
        self.keep_new(&mut predictions);
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
        // What the page was told at the opening is not said again.
        Ok(Ending::Whole(
            warning.filter(|said| self.track.ends_early.as_ref() != Some(said)),
        ))
    }

    /// Takes the faces of the next frame.
    async fn take(&mut self, time_s: f64, faces: Vec<SeenFace>) -> Result<Vec<Prediction>, ReadError> {
        let frame = self.next_frame;
        self.next_frame += 1;
        let known = self.known.as_ref().and_then(|point| point.known(frame));
        let mut predictions = match known {
            Some(known) => self.refiner.push_known(frame, known, faces).await?,
            None => self.refiner.push(frame, time_s, faces).await?,
        };
        self.keep_new(&mut predictions);
        if self
            .known
            .as_ref()
            .is_some_and(|point| point.frames() == self.next_frame)
        {
            say(&FromEngine::Resumed {
                job: self.job,
                frames: self.next_frame,
            });
        }
        Ok(predictions)
    }

    fn keep_new(&self, predictions: &mut Vec<Prediction>) {
        if let Some(point) = &self.known {
            predictions.retain(|prediction| point.is_new(prediction));
        }
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
        let Some(known) = self
            .known
            .as_ref()
            .and_then(|point| point.known(self.next_decoded))
        else {
            return Place::Next;
        };
        let is_first = self
            .known
            .as_ref()
            .is_some_and(|point| point.from == self.next_decoded);
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
        let done = self
            .next_frame
            .max(self.known.as_ref().map_or(0, ResumePoint::frames));
        let known_s = self.known.as_ref().and_then(|point| point.known.last());
        let time_s = known_s.map_or(time_s, |last| time_s.max(last.time_s));
        let fraction = match self.track.frame_count {
            Some(count) if count > 0 => done as f64 / count as f64,
            _ if self.track.duration_s > 0.0 => time_s / self.track.duration_s,
            _ => 0.0,
        };
        say(&self.speed.message(job, self.next_frame, fraction));
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
