//! Reviewed videos read again, and a model whose heads learn from them.

use js_sys::{Array, Uint8Array};
use shared_model::corrections::LearningReport;
use shared_model::corrections::learn::{CorrectedVideo, learn};
use shared_model::face_reader::SeenFace;
use shared_model::model_file::ModelFile;
use web_messages::{JobId, ReviewedVideo};
use web_sys::{Blob, File};

use crate::answer_wait::next_task;
use crate::batches_in_flight::BatchesInFlight;
use crate::compute_pool::ComputePool;
use crate::film_batch::FilmBatch;
use crate::loaded_model::LoadedModel;
use crate::outcome::{Outcome, say};
use crate::progress::{CancelToken, Speed};
use crate::raw_frame::RawFrame;
use crate::video_decoder::{FrameStream, check_support, open};
use crate::worker_scope::error_text;

/// Numbers of features that are kept in memory together, 4 bytes each: some 20,000 faces of a small network.
const MOST_NUMBERS: usize = 24_000_000;

/// What has been read so far.
#[derive(Default)]
pub struct Learning {
    videos: Vec<CorrectedVideo>,
    numbers: usize,
}

impl Learning {
    /// Reads a video's faces and keeps them; gives a warning where frames are missing.
    ///
    /// # Errors
    /// When the file gives no frames or more than can be kept, or the job is stopped.
    pub async fn read(
        &mut self,
        job: JobId,
        file: &File,
        reviewed: ReviewedVideo,
        pool: &ComputePool,
        model: &LoadedModel,
        token: &CancelToken,
    ) -> Result<Option<String>, Outcome> {
        let demuxer = open(file)?;
        check_support(demuxer.track())
            .await
            .map_err(Outcome::TryVideoElement)?;
        let expected = demuxer.track().frame_count;
        let duration_s = demuxer.track().duration_s;
        let mut reading = Reading {
            stream: FrameStream::new(demuxer).map_err(Outcome::TryVideoElement)?,
            first_us: None,
            next: 0,
        };
        let mut speed = Speed::starting_at(0);
        let mut frames = Vec::new();
        let mut batches = BatchesInFlight::new(pool);
        loop {
            let gather = async || reading.gather(model, pool.is_gpu()).await;
            let Some(answered) = batches.next(pool.capacity(), token, gather).await? else {
                break;
            };
            for (time_s, faces) in answered {
                self.count(&faces)?;
                frames.push((time_s, faces));
            }
            let fraction = match expected {
                Some(count) if count > 0 => frames.len() as f64 / count as f64,
                _ => frames
                    .last()
                    .map_or(0.0, |(time_s, _)| time_s / duration_s.max(0.001)),
            };
            say(&speed.message(job, frames.len(), fraction));
        }
        let ended_early = reading.stream.ended_early().map(str::to_owned);
        if frames.is_empty() {
            let reason = ended_early.unwrap_or_else(|| "no frame of it could be decoded".to_owned());
            return Err(Outcome::TryVideoElement(reason));
        }
        self.videos.push(CorrectedVideo {
            frames,
            corrections: reviewed.corrections,
            smoothing: reviewed.smoothing,
            window: reviewed.window,
        });
        Ok(ended_early)
    }

    fn count(&mut self, faces: &[SeenFace]) -> Result<(), Outcome> {
        self.numbers += faces.iter().map(|face| face.feature.len()).sum::<usize>();
        if self.numbers > MOST_NUMBERS {
            let reason = "the reviewed videos hold more faces than this page can keep in memory together; learn from fewer of them";
            return Err(Outcome::Failed(reason.to_owned()));
        }
        Ok(())
    }

    /// Learns from all that was read; gives the new model's file.
    ///
    /// # Errors
    /// When there is nothing to learn from, or the job is stopped.
    pub async fn finish(
        &self,
        job: JobId,
        model: &LoadedModel,
        token: &CancelToken,
    ) -> Result<(Blob, LearningReport), Outcome> {
        let failed = |reason: String| Outcome::Failed(reason);
        let file = ModelFile::from_bytes(&model.bytes.to_vec()).map_err(|error| failed(error.to_string()))?;
        let mut speed = Speed::starting_at(0);
        let pause = async |fraction: f64| {
            say(&speed.message(job, 0, fraction));
            // So that a message to stop is heard.
            next_task().await;
        };
        let learned = token.or(learn(&file, &self.videos, pause)).await?;
        let learned = learned.map_err(|error| failed(error.to_string()))?;
        let bytes = learned
            .model
            .to_bytes()
            .map_err(|error| failed(error.to_string()))?;
        let parts = Array::of1(&Uint8Array::from(bytes.as_slice()));
        let blob = Blob::new_with_u8_array_sequence(&parts).map_err(|error| failed(error_text(&error)))?;
        Ok((blob, learned.report))
    }
}

/// A video's frames on their way to the workers.
struct Reading {
    stream: FrameStream,
    first_us: Option<f64>,
    /// Number of the next frame.
    next: usize,
}

impl Reading {
    /// The next frames up to the end of a stretch; `None` at the end.
    async fn gather(&mut self, model: &LoadedModel, is_gpu: bool) -> Result<Option<FilmBatch>, String> {
        let mut batch = FilmBatch::starting_at(self.next);
        while batch.frames.is_empty() || !batch.is_full(model.frames_a_batch(is_gpu), model.stretches()) {
            let Some((frame, time_us)) = self.stream.next().await else {
                break;
            };
            let zero_us = self.stream.zero_us(time_us);
            let first_us = *self.first_us.get_or_insert(zero_us);
            let display = self.stream.display_of(&frame);
            let frame = RawFrame::from_video_frame(frame, display).await?;
            batch.push(frame, (time_us - first_us) / 1e6);
            self.next += 1;
        }
        Ok((!batch.frames.is_empty()).then_some(batch))
    }
}
