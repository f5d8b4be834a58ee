//! What can be said of a frame alone: where faces are, their features and per-frame logits.

use std::ops::Range;

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::backbone::{BACKBONE_PREFIX, Backbone};
use crate::conv_norm::ReadError;
use crate::detected_face::{DetectError, DetectedFace};
use crate::expression::{CLASS_COUNT, ClassScores, softmax};
use crate::face_box::FaceBox;
use crate::face_crop::{InputSpec, ResizeError};
use crate::face_detector::FaceDetector;
use crate::face_look::FaceLook;
use crate::face_tracker::TrackerInput;
use crate::film_looks::{FilmLooks, LEAST_MARGIN, Stretches};
use crate::frame::Frame;
use crate::framing::Framing;
use crate::model_file::{ModelFile, ModelFileError};
use crate::network_output::read;
use crate::processor::together;
#[cfg(feature = "threads")]
use crate::processor::{at_once, is_processor};
use crate::temperature::tempered;

/// Faces that go through the backbone together, on a graphics adapter and on the processor.
const FACES_A_BATCH: usize = 16;
const FACES_ON_PROCESSOR: usize = 8;

/// A face before it is known whose it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeenFace {
    /// Where.
    pub face_box: FaceBox,
    /// Logits of the per-frame head at the model's temperature: their softmax is how sure it may be.
    pub logits: ClassScores,
    /// Pooled feature of the backbone.
    pub feature: Vec<f32>,
    /// How it looks in its frame; `None` where no hard cuts are looked for.
    pub look: Option<FaceLook>,
}

impl SeenFace {
    /// What the tracker needs of it.
    #[must_use]
    pub fn tracker_input(&self) -> TrackerInput<'_> {
        TrackerInput {
            face_box: self.face_box,
            look: self.look.as_ref(),
        }
    }
}

/// Reading a frame failed.
#[derive(Debug, thiserror::Error)]
pub enum FaceReaderError {
    #[error(transparent)]
    Detect(#[from] DetectError),
    #[error(transparent)]
    Resize(#[from] ResizeError),
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Detector and backbone on one device. It keeps nothing from frame to frame, so frames may be
/// spread over several readers.
#[derive(Debug)]
pub struct FaceReader {
    /// `None` takes the whole picture as the face.
    detector: Option<FaceDetector>,
    backbone: Backbone,
    input: InputSpec,
    framing: Framing,
    /// Which frames of a film the detector looks at.
    stretches: Stretches,
    /// What the per-frame head's logits are divided by.
    temperature: f64,
    device: Device,
}

/// A frame with the faces that were found in it.
type FoundFaces<'a> = (&'a Frame, Vec<FaceBox>);

impl FaceReader {
    /// A reader with the model's backbone (batch normalisation folded), which cuts faces out as the model's framing says; the
    /// detector is the one that it names. Without a detector the whole picture is taken as the face.
    ///
    /// # Errors
    /// When the model's weights do not fit its architecture.
    pub fn new(
        model: &ModelFile,
        detector: Option<FaceDetector>,
        device: &Device,
    ) -> Result<Self, ModelFileError> {
        let shape = &model.metadata.backbone;
        let backbone = shape
            .init(device)
            .load(&model.weights, BACKBONE_PREFIX, device)?
            .fold();
        let input = model.metadata.input.clone();
        Ok(Self {
            detector,
            backbone,
            input,
            framing: model.metadata.framing,
            stretches: Stretches::default().for_input(model.metadata.input.size),
            temperature: model.metadata.temperatures.frame,
            device: device.clone(),
        })
    }

    /// The backbone alone, for measuring it.
    #[must_use]
    pub fn backbone(&self) -> &Backbone {
        &self.backbone
    }

    /// Side of the backbone's input in pixels.
    #[must_use]
    pub fn input_size(&self) -> usize {
        self.input.size
    }

    /// With other stretches for films ([`FaceReader::read_film`]).
    #[must_use]
    pub fn with_stretches(mut self, stretches: Stretches) -> Self {
        self.stretches = stretches.for_input(self.input.size);
        self
    }

    /// The faces of each frame, which has nothing to do with the others: the detector looks at all of them. The result does not depend on how
    /// frames are grouped.
    ///
    /// # Errors
    /// When the device cannot be read or a picture cannot be resized.
    pub async fn read(&self, frames: &[Frame]) -> Result<Vec<Vec<SeenFace>>, FaceReaderError> {
        let each: Vec<Range<usize>> = (0..frames.len()).map(|place| place..place + 1).collect();
        self.read_stretches(&each, frames).await
    }

    /// The faces of frames of a film with these numbers, which the detector need not look at one by one ([`crate::film_looks`]). The result
    /// does not depend on how stretches are put together; a stretch that is cut in two may give other boxes.
    ///
    /// # Errors
    /// As [`FaceReader::read`].
    pub async fn read_film(
        &self,
        numbers: &[usize],
        frames: &[Frame],
    ) -> Result<Vec<Vec<SeenFace>>, FaceReaderError> {
        let pixels: Vec<usize> = frames
            .iter()
            .map(|frame| frame.width() * frame.height())
            .collect();
        self.read_stretches(&self.stretches.ranges(numbers, &pixels), frames)
            .await
    }

    async fn read_stretches(
        &self,
        stretches: &[Range<usize>],
        frames: &[Frame],
    ) -> Result<Vec<Vec<SeenFace>>, FaceReaderError> {
        let Some(detector) = &self.detector else {
            let whole = |frame: &Frame| vec![FaceBox::whole(frame.width(), frame.height())];
            return self
                .read_found(frames.iter().map(|frame| (frame, whole(frame))))
                .await;
        };
        let mut looks = FilmLooks::new(stretches);
        let at = |places: &[usize]| -> Vec<&Frame> {
            places.iter().filter_map(|place| frames.get(*place)).collect()
        };
        while !looks.wanted().is_empty() {
            let found = self.look(detector, &at(looks.wanted())).await?;
            looks.take(frames, found);
        }
        let carried = looks.carried().to_vec();
        let mut seen = self.read_found(frames.iter().zip(looks.finish())).await?;
        // Where the label hangs by little, the detector's own box decides.
        let hesitates = |place: &usize| seen.get(*place).is_some_and(|faces| faces.iter().any(hesitates));
        let again: Vec<usize> = carried.into_iter().filter(hesitates).collect();
        if !again.is_empty() {
            let pictures = at(&again);
            let found = self.look(detector, &pictures).await?;
            let read = self.read_found(pictures.into_iter().zip(found)).await?;
            for (place, faces) in again.into_iter().zip(read) {
                if let Some(seen) = seen.get_mut(place) {
                    *seen = faces;
                }
            }
        }
        Ok(seen)
    }

    /// What the backbone says of faces whose place is known.
    async fn read_found<'a>(
        &self,
        found: impl Iterator<Item = FoundFaces<'a>>,
    ) -> Result<Vec<Vec<SeenFace>>, FaceReaderError> {
        let found: Vec<FoundFaces<'_>> = found.collect();
        #[cfg(feature = "threads")]
        if self.shares(found.len()) {
            return on_threads(&found, async |found: &[FoundFaces<'_>]| {
                self.read_faces(found).await
            });
        }
        self.read_faces(&found).await
    }

    /// Where faces are in these pictures.
    async fn look(
        &self,
        detector: &FaceDetector,
        pictures: &[&Frame],
    ) -> Result<Vec<Vec<FaceBox>>, FaceReaderError> {
        let look = async |pictures: &[&Frame]| {
            let found = detector.detect(pictures, &self.device).await?;
            let boxes_of =
                |faces: Vec<DetectedFace>| faces.into_iter().map(|face| face.face_box).collect::<Vec<_>>();
            Ok::<Vec<Vec<FaceBox>>, FaceReaderError>(found.into_iter().map(boxes_of).collect())
        };
        #[cfg(feature = "threads")]
        if self.shares(pictures.len()) {
            return on_threads(pictures, look);
        }
        look(pictures).await
    }

    /// Whether work on so many pictures is shared among threads.
    #[cfg(feature = "threads")]
    fn shares(&self, pictures: usize) -> bool {
        is_processor(&self.device) && rayon::current_num_threads() > 1 && pictures > 1
    }

    async fn read_faces(&self, found: &[FoundFaces<'_>]) -> Result<Vec<Vec<SeenFace>>, FaceReaderError> {
        let mut inputs = Vec::new();
        for (frame, boxes) in found {
            for face_box in boxes {
                inputs.push(match self.detector {
                    Some(_) => self.input.tensor(frame, face_box, &self.framing)?,
                    None => self.input.whole_tensor(frame)?,
                });
            }
        }
        let mut outputs = Vec::with_capacity(inputs.len());
        let most = together(&self.device, FACES_A_BATCH, FACES_ON_PROCESSOR);
        for batch in inputs.chunks(most) {
            outputs.extend(self.read_batch(batch).await?);
        }
        let mut outputs = outputs.into_iter();
        // Whoever says that each picture is a face says that they are one person's, whatever they look like.
        let looks_for_cuts = self.detector.is_some();
        Ok(found
            .iter()
            .map(|(frame, boxes)| {
                let faces = boxes.iter().zip(outputs.by_ref());
                faces
                    .map(|(face_box, (logits, feature))| SeenFace {
                        face_box: *face_box,
                        logits,
                        feature,
                        look: looks_for_cuts.then(|| FaceLook::of(frame, face_box)),
                    })
                    .collect()
            })
            .collect())
    }

    async fn read_batch(&self, inputs: &[Vec<f32>]) -> Result<Vec<(ClassScores, Vec<f32>)>, ReadError> {
        let shape = [inputs.len(), 3, self.input.size, self.input.size];
        let pictures = Tensor::from_data(TensorData::new(inputs.concat(), shape), &self.device);
        let (features, logits) = self.backbone.forward(pictures);
        let values = read(Tensor::cat(vec![logits, features], 1)).await?;
        let row_len = values.len() / inputs.len();
        Ok(values
            .chunks_exact(row_len)
            .map(|row| {
                let (logits, feature) = row.split_at(CLASS_COUNT);
                let logits = std::array::from_fn(|class| logits[class]);
                (tempered(&logits, self.temperature), feature.to_vec())
            })
            .collect())
    }
}

/// Whether a face's label would be another one if little changed.
fn hesitates(face: &SeenFace) -> bool {
    let mut sorted = softmax(&face.logits);
    sorted.sort_by(|a, b| b.total_cmp(a));
    let [best, second, ..] = sorted;
    best - second < LEAST_MARGIN
}

/// A thread for each share of the work: less waits for one another than where threads share each layer.
#[cfg(feature = "threads")]
fn on_threads<T: Sync, R: Send>(
    all: &[T],
    work: impl AsyncFn(&[T]) -> Result<Vec<R>, FaceReaderError> + Sync,
) -> Result<Vec<R>, FaceReaderError> {
    use rayon::iter::ParallelIterator as _;
    use rayon::slice::ParallelSlice as _;
    let share = all.len().div_ceil(rayon::current_num_threads());
    let done = all.par_chunks(share.max(1)).map(|part| {
        let late = || ReadError("the processor does not answer at once".to_owned());
        at_once(work(part)).ok_or_else(late)?
    });
    // All are waited for: of several errors the earliest picture's is told, whichever thread was the quickest.
    let done: Vec<Result<Vec<R>, FaceReaderError>> = done.collect();
    let done: Vec<Vec<R>> = done.into_iter().collect::<Result<_, _>>()?;
    Ok(done.into_iter().flatten().collect())
}
