//! One input through decoder and recogniser, which run side by side.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use anyhow::{Context as _, Result};
use shared_model::film_looks::Stretches;
use shared_model::frame::Frame;
use shared_model::model_file::ModelFile;
use shared_model::recognizer::{FaceFeature, Recognizer};
use shared_model::timeline::Timeline;

use crate::detectors;
use crate::device::NamedDevice;
use crate::frame_source::FrameSource;
use crate::progress::Progress;

/// Frames that go through the networks together, at most.
const FRAMES_A_BATCH: usize = 32;
/// Bytes of pixels that a batch may hold before it is passed on, so that 8K video fits in memory.
const BYTES_A_BATCH: usize = 128 << 20;
/// Unreadable pictures after which the rest of a folder is given up.
const MOST_UNREADABLE: usize = 1000;

/// Steps that save work.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Strides {
    /// Every how many frames one is looked at.
    pub(crate) frames: usize,
    /// Frames between the temporal encoder's clips, where it is not half a clip.
    pub(crate) clips: Option<usize>,
    /// Frames of which the detector looks at the first and the last, and between them only where they differ.
    pub(crate) detector: Stretches,
}

/// How an input is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    /// The whole picture is the face.
    pub(crate) whole_frame: bool,
    pub(crate) strides: Strides,
    /// The frames are pictures that have nothing to do with one another.
    pub(crate) unrelated: bool,
    /// The faces' features stay in memory, 4 bytes a value.
    pub(crate) keeps_features: bool,
}

/// All that was seen in one input.
#[derive(Debug)]
pub(crate) struct Recognition {
    pub(crate) timeline: Timeline,
    /// Why the stream ended before its end, if it did.
    pub(crate) ended_early: Option<anyhow::Error>,
    /// Pictures of a folder that could not be read.
    pub(crate) unreadable: Vec<anyhow::Error>,
    pub(crate) frames_a_second: f64,
    /// In the order of the frames, where they are kept.
    pub(crate) features: Vec<FaceFeature>,
}

/// What the decoder passes on.
enum Decoded {
    /// Time of the first frame on the media's clock in seconds; comes before that frame.
    Start(f64),
    /// Frames that follow each other, with their times in seconds.
    Frames(Vec<(f64, Frame)>),
    /// A picture that cannot be read, where others may follow.
    Unreadable(f64, anyhow::Error),
    /// The stream broke off.
    Broken(anyhow::Error),
}

impl Recognition {
    /// Reads `source` to its end.
    ///
    /// # Errors
    /// When the model does not fit or the device fails. Trouble with the input is no error here:
    /// it stands in the result beside what could be read.
    pub(crate) fn run(
        source: FrameSource,
        label: &str,
        model: &ModelFile,
        reading: Reading,
        device: &NamedDevice,
    ) -> Result<Self> {
        let detector = if reading.whole_frame {
            None
        } else {
            Some(detectors::open(model.metadata.framing.detector, &device.device)?)
        };
        let mut recognizer = Recognizer::new(model, detector, &device.device)?
            .with_frame_stride(reading.strides.frames)
            .with_stretches(reading.strides.detector);
        if let Some(stride) = reading.strides.clips {
            recognizer = recognizer.with_clip_stride(stride);
        }
        let mut timeline = Timeline::new();
        timeline.set_unrelated(reading.unrelated);
        if reading.unrelated {
            recognizer = recognizer.with_unrelated_frames();
        }
        if reading.keeps_features {
            recognizer = recognizer.with_kept_features();
        }
        let mut progress = Progress::start(label, "frames", source.frame_count());
        // One batch waits while one is recognised and one is decoded.
        let (sender, receiver) = sync_channel(1);
        let result = std::thread::scope(|scope| {
            let stretches = reading.strides.detector.for_input(model.metadata.input.size);
            scope.spawn(move || decode(source, stretches, &sender));
            recognise(receiver, recognizer, timeline, &mut progress)
        });
        progress.finish();
        result.with_context(|| format!("{label} on {}", device.name))
    }
}

fn recognise(
    decoded: Receiver<Decoded>,
    mut recognizer: Recognizer,
    mut timeline: Timeline,
    progress: &mut Progress,
) -> Result<Recognition> {
    let mut ended_early = None;
    let mut unreadable = Vec::new();
    let mut features = Vec::new();
    // The receiver is dropped with an error, which stops the decoder.
    for part in decoded {
        let predictions = match part {
            Decoded::Start(start_s) => {
                timeline.set_start_s(start_s);
                continue;
            }
            Decoded::Frames(batch) => {
                let (times_s, frames): (Vec<f64>, Vec<Frame>) = batch.into_iter().unzip();
                progress.add(frames.len() as u64);
                pollster::block_on(recognizer.push(&times_s, &frames))?
            }
            Decoded::Unreadable(time_s, error) => {
                unreadable.push(error);
                progress.add(1);
                pollster::block_on(recognizer.push_unreadable(time_s))?
            }
            Decoded::Broken(error) => {
                ended_early = Some(error);
                break;
            }
        };
        timeline.extend(predictions);
        features.append(&mut recognizer.take_features());
    }
    timeline.extend(pollster::block_on(recognizer.finish())?);
    Ok(Recognition {
        timeline,
        ended_early,
        unreadable,
        frames_a_second: progress.rate(),
        features,
    })
}

/// Decodes to the end of the input, or until nobody listens any more. What is passed on are whole stretches.
fn decode(mut source: FrameSource, stretches: Stretches, sender: &SyncSender<Decoded>) {
    let mut batch: Vec<(f64, Frame)> = Vec::new();
    let mut bytes = 0;
    let mut next = 0;
    let mut stretches_here = stretches;
    let mut unreadable = 0;
    let mut is_start_sent = false;
    loop {
        let time_s = source.next_time_s();
        let after = match source.next_frame() {
            Ok(Some((time_s, frame))) => {
                if !is_start_sent {
                    is_start_sent = true;
                    if sender.send(Decoded::Start(source.start_s())).is_err() {
                        return;
                    }
                }
                bytes += frame.rgb().len();
                stretches_here = stretches.for_pixels(frame.width() * frame.height());
                batch.push((time_s, frame));
                next += 1;
                None
            }
            Ok(None) => {
                let _ = sender.send(Decoded::Frames(batch));
                return;
            }
            Err(error) => match time_s {
                Some(time_s) if unreadable < MOST_UNREADABLE => {
                    unreadable += 1;
                    next += 1;
                    Some(Decoded::Unreadable(time_s, error))
                }
                _ => Some(Decoded::Broken(error)),
            },
        };
        let is_full = batch.len() >= FRAMES_A_BATCH || bytes >= BYTES_A_BATCH;
        if (is_full && stretches_here.begin_with(next)) || after.is_some() {
            bytes = 0;
            if sender.send(Decoded::Frames(std::mem::take(&mut batch))).is_err() {
                return;
            }
        }
        if let Some(after) = after {
            let last = matches!(after, Decoded::Broken(_));
            if sender.send(after).is_err() || last {
                return;
            }
        }
    }
}
