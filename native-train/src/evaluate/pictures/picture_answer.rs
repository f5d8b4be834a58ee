//! What the recogniser says of pictures, each alone.

use std::sync::mpsc::{SyncSender, sync_channel};

use anyhow::{Context as _, Result};
use burn::tensor::Device;
use rayon::prelude::*;
use shared_model::expression::{ClassScores, Expression, softmax};
use shared_model::face_box::FaceBox;
use shared_model::face_reader::{FaceReader, SeenFace};
use shared_model::frame::Frame;
use shared_model::model_file::ModelFile;

use crate::datasets::labelled_face::labelled_face;
use crate::detectors;
use crate::evaluate::pictures::picture_selection::MeasuredPicture;
use crate::picture;
use crate::progress::Progress;

/// Pictures that go through the networks together, at most.
const PICTURES_A_BATCH: usize = 32;
/// Bytes of pixels after which a batch is passed on, so that large photographs fit in memory.
const BYTES_A_BATCH: usize = 128 << 20;
/// Pictures that are decoded at the same time.
const DECODED_TOGETHER: usize = 8;

/// How pictures are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Whether the whole picture is the face; else the detector looks for faces, as in `mien analyze`.
    pub whole_frame: bool,
    /// Whether colour is taken away before anything else.
    pub grey: bool,
}

/// The labelled face of a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AnsweredFace {
    /// Where, in pixels of the picture.
    pub face_box: FaceBox,
    /// Softmax of the per-frame head: pictures that have nothing to do with each other have no temporal label.
    pub probabilities: ClassScores,
}

/// What is said of one picture.
#[derive(Debug, Clone, PartialEq)]
pub enum PictureAnswer {
    /// Why it cannot be read.
    Unreadable(String),
    /// It was looked at.
    Seen {
        /// Faces in it.
        faces: usize,
        /// The one that is labelled, `None` where it was not found.
        face: Option<AnsweredFace>,
    },
}

impl AnsweredFace {
    /// The likeliest class.
    #[must_use]
    pub fn label(&self) -> Expression {
        Expression::argmax(&self.probabilities)
    }

    /// Its probability, 0 to 1.
    #[must_use]
    pub fn top_probability(&self) -> f32 {
        self.probabilities.iter().copied().fold(0.0, f32::max)
    }
}

/// Looks at all pictures; gives an answer for each, in their order. An answer does not depend on the other pictures.
///
/// # Errors
/// When the model does not fit or the device fails.
pub fn answers(
    pictures: &[MeasuredPicture],
    model: &ModelFile,
    look: Look,
    device: &Device,
) -> Result<Vec<PictureAnswer>> {
    let detector = if look.whole_frame {
        None
    } else {
        Some(detectors::open(model.metadata.framing.detector, device)?)
    };
    let reader = FaceReader::new(model, detector, device)?;
    let total = u64::try_from(pictures.len()).ok();
    let mut progress = Progress::start("evaluating", "pictures", total);
    let mut answers = Vec::with_capacity(pictures.len());
    // One batch waits while one is recognised and one is decoded.
    let (sender, receiver) = sync_channel(1);
    std::thread::scope(|scope| -> Result<()> {
        scope.spawn(move || decode(pictures, look.grey, &sender));
        // The receiver is dropped with an error, which stops the decoder.
        for batch in receiver {
            let mut frames = Vec::with_capacity(batch.len());
            let (mut sizes, mut errors) = (Vec::new(), Vec::new());
            for decoded in batch {
                match decoded {
                    Ok(frame) => {
                        sizes.push([frame.width(), frame.height()]);
                        frames.push(frame);
                        errors.push(None);
                    }
                    Err(error) => errors.push(Some(format!("{error:#}"))),
                }
            }
            let seen = pollster::block_on(reader.read(&frames))?;
            let mut seen = seen.into_iter().zip(sizes);
            progress.add(errors.len() as u64);
            for error in errors {
                // An answer for each picture so far: the next is this one's.
                let known = pictures
                    .get(answers.len())
                    .and_then(|picture| picture.picture.face);
                // A picture that is taken whole is the one face.
                let known = known.filter(|_| !look.whole_frame);
                let answer = match error {
                    Some(error) => Some(PictureAnswer::Unreadable(error)),
                    None => seen
                        .next()
                        .map(|(faces, size)| answer(&faces, known.as_ref(), size)),
                };
                answers.push(answer.context("the recogniser left a picture out")?);
            }
        }
        Ok(())
    })?;
    progress.finish();
    Ok(answers)
}

fn answer(faces: &[SeenFace], known: Option<&FaceBox>, size: [usize; 2]) -> PictureAnswer {
    let boxes: Vec<FaceBox> = faces.iter().map(|face| face.face_box).collect();
    let face = labelled_face(&boxes, known, size).and_then(|place| faces.get(place));
    PictureAnswer::Seen {
        faces: faces.len(),
        face: face.map(|face| AnsweredFace {
            face_box: face.face_box,
            probabilities: softmax(&face.logits),
        }),
    }
}

/// Decodes all pictures on all cores, or until nobody listens any more.
fn decode(pictures: &[MeasuredPicture], grey: bool, sender: &SyncSender<Vec<Result<Frame>>>) {
    let mut batch: Vec<Result<Frame>> = Vec::new();
    let mut bytes = 0;
    for group in pictures.chunks(DECODED_TOGETHER) {
        let read = |measured: &MeasuredPicture| {
            let frame = measured.picture.read()?;
            if grey { picture::grey(&frame) } else { Ok(frame) }
        };
        let decoded: Vec<Result<Frame>> = group.par_iter().map(read).collect();
        bytes += decoded
            .iter()
            .flatten()
            .map(|frame| frame.rgb().len())
            .sum::<usize>();
        batch.extend(decoded);
        if batch.len() + DECODED_TOGETHER > PICTURES_A_BATCH || bytes >= BYTES_A_BATCH {
            bytes = 0;
            if sender.send(std::mem::take(&mut batch)).is_err() {
                return;
            }
        }
    }
    if !batch.is_empty() {
        let _ = sender.send(batch);
    }
}
