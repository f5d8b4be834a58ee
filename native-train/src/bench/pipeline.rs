//! Where the time of a video's frame goes, from the file to the rows of the timeline.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use burn::tensor::{Tensor, TensorData};
use serde::Serialize;
use shared_model::detected_face::DetectedFace;
use shared_model::face_reader::FaceReader;
use shared_model::film_predictor::FilmPredictor;
use shared_model::frame::Frame;
use shared_model::model_file::ModelFile;
use shared_model::smoothing::Smoothing;
use shared_model::timeline::Timeline;

use crate::detectors;
use crate::device::NamedDevice;
use crate::frame_source::FrameSource;
use crate::stdout;

/// Frames that go through the networks together.
const FRAMES_A_BATCH: usize = 16;
/// Bytes of pixels that are kept, so that no part waits for another.
const MOST_BYTES: usize = 1 << 30;
/// Frames at most: the backbone's inputs of all their faces are kept too.
const MOST_FRAMES: usize = 600;
/// Pictures a second of a folder of frames.
const FPS: f64 = 25.0;

/// Milliseconds per frame, each part by itself and after the one before.
#[derive(Debug, Serialize)]
pub(super) struct PipelineFigures {
    device: String,
    threads: usize,
    frames: usize,
    faces: usize,
    width: usize,
    height: usize,
    /// Reading, decoding (by ffmpeg) and the conversion to RGB.
    decode_ms: f64,
    /// The detector looking at every frame.
    detector_ms: f64,
    crop_ms: f64,
    backbone_ms: f64,
    /// The whole reader: detector, crop and backbone as `mien analyze` calls them, the detector looking at some frames only.
    reader_ms: f64,
    /// Tracks and the temporal encoder.
    temporal_ms: f64,
    rows_ms: f64,
}

/// Measures the parts of an analysis of `video`, of its first 600 frames or fewer where they are large.
///
/// # Errors
/// When the video cannot be read or holds no frame, the model does not fit, or the device fails.
pub(super) fn measure(video: &Path, model: &ModelFile, opened: &NamedDevice) -> Result<PipelineFigures> {
    let device = &opened.device;
    let mut source = FrameSource::open(video, FPS)?;
    let begin = Instant::now();
    let (mut times, mut frames, mut bytes) = (Vec::new(), Vec::new(), 0);
    while bytes < MOST_BYTES && frames.len() < MOST_FRAMES {
        let Some((time_s, frame)) = source.next_frame()? else {
            break;
        };
        bytes += frame.rgb().len();
        times.push(time_s);
        frames.push(frame);
    }
    let decode = begin.elapsed();
    ensure!(!frames.is_empty(), "{} holds no frame", video.display());
    let (width, height) = frames
        .first()
        .map_or((0, 0), |frame| (frame.width(), frame.height()));

    let kind = model.metadata.framing.detector;
    let detector = detectors::open(kind, device)?;
    let reader = FaceReader::new(model, Some(detectors::open(kind, device)?), device)?;
    // Kernels are made ready on the first call.
    let first: Vec<Frame> = frames.iter().take(FRAMES_A_BATCH).cloned().collect();
    pollster::block_on(reader.read(&first))?;

    let (found, detect) = timed(&frames, |_, batch| {
        Ok(pollster::block_on(detector.detect(batch, device))?)
    })?;
    let (inputs, crop) = {
        let begin = Instant::now();
        let inputs = inputs(model, &frames, &found)?;
        (inputs, begin.elapsed())
    };
    let size = model.metadata.input.size;
    let begin = Instant::now();
    for batch in inputs.chunks(FRAMES_A_BATCH) {
        let values = TensorData::new(batch.concat(), [batch.len(), 3, size, size]);
        let (_, logits) = reader.backbone().forward(Tensor::from_data(values, device));
        logits.try_into_data().context("reading the backbone's answer")?;
    }
    let backbone = begin.elapsed();
    let (seen, read) = timed(&frames, |first, batch| {
        let numbers: Vec<usize> = (first..).take(batch.len()).collect();
        Ok(pollster::block_on(reader.read_film(&numbers, batch))?)
    })?;

    let mut predictor = FilmPredictor::new(model, device)?;
    let mut timeline = Timeline::new();
    let faces = seen.iter().map(Vec::len).sum();
    let begin = Instant::now();
    for (time_s, faces) in times.iter().zip(seen) {
        timeline.extend(pollster::block_on(predictor.take(*time_s, faces))?);
    }
    timeline.extend(pollster::block_on(predictor.finish())?);
    let temporal = begin.elapsed();
    let begin = Instant::now();
    std::hint::black_box(timeline.rows(Smoothing::default(), model.metadata.window));
    let rows = begin.elapsed();

    let each = |time: Duration| 1000.0 * time.as_secs_f64() / frames.len() as f64;
    Ok(PipelineFigures {
        device: opened.name.clone(),
        threads: rayon::current_num_threads(),
        frames: frames.len(),
        faces,
        width,
        height,
        decode_ms: each(decode),
        detector_ms: each(detect),
        crop_ms: each(crop),
        backbone_ms: each(backbone),
        reader_ms: each(read),
        temporal_ms: each(temporal),
        rows_ms: each(rows),
    })
}

/// What `run` gives for all frames, batch by batch, and how long that takes. It is told the number of a batch's first frame.
fn timed<T>(frames: &[Frame], run: impl Fn(usize, &[Frame]) -> Result<Vec<T>>) -> Result<(Vec<T>, Duration)> {
    let begin = Instant::now();
    let mut found = Vec::with_capacity(frames.len());
    let mut start = 0;
    while start < frames.len() {
        // Frame 0 is a stretch of its own: the first batch has one frame more, so that none ends in the middle of a stretch.
        let end = (start.max(1) + FRAMES_A_BATCH).min(frames.len());
        found.extend(run(start, frames.get(start..end).unwrap_or_default())?);
        start = end;
    }
    Ok((found, begin.elapsed()))
}

/// The backbone's inputs of all faces.
fn inputs(model: &ModelFile, frames: &[Frame], found: &[Vec<DetectedFace>]) -> Result<Vec<Vec<f32>>> {
    let (input, framing) = (&model.metadata.input, &model.metadata.framing);
    let mut inputs = Vec::new();
    for (frame, faces) in frames.iter().zip(found) {
        for face in faces {
            inputs.push(input.tensor(frame, &face.face_box, framing)?);
        }
    }
    Ok(inputs)
}

impl PipelineFigures {
    /// A line a part.
    pub(super) fn print(&self) {
        stdout::line(format_args!(
            "{} ({} threads on the processor): {} frames of {}x{}, {} faces",
            self.device, self.threads, self.frames, self.width, self.height, self.faces
        ));
        let lines = [
            ("decode", self.decode_ms, "reading, ffmpeg, conversion to RGB"),
            ("detector", self.detector_ms, ""),
            ("crop", self.crop_ms, "all faces"),
            ("backbone", self.backbone_ms, "all faces"),
            (
                "reader",
                self.reader_ms,
                "detector, crop and backbone together, as `mien analyze` calls them",
            ),
            ("temporal", self.temporal_ms, "tracks and temporal encoder"),
            ("rows", self.rows_ms, "rows of the timeline"),
        ];
        for (name, ms, what) in lines {
            stdout::line(format_args!("{name:<10} {ms:9.3} ms per frame  {what}"));
        }
    }
}
