//! What can be said of a frame alone: where faces are, their features and per-frame logits.

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::conv_norm::ReadError;
use crate::detected_face::{DetectError, DetectedFace};
use crate::expression::{CLASS_COUNT, ClassScores};
use crate::face_box::FaceBox;
use crate::face_crop::{InputSpec, ResizeError};
use crate::face_detector::FaceDetector;
use crate::face_look::FaceLook;
use crate::face_tracker::TrackerInput;
use crate::frame::Frame;
use crate::framing::Framing;
use crate::model_file::{ModelFile, ModelFileError};
use crate::network_output::read;
use crate::processor::together;
#[cfg(feature = "threads")]
use crate::processor::{at_once, is_processor};
use crate::resnet50::{BACKBONE_PREFIX, ResNet50};
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
    backbone: ResNet50,
    input: InputSpec,
    framing: Framing,
    /// What the per-frame head's logits are divided by.
    temperature: f64,
    device: Device,
}

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
            temperature: model.metadata.temperatures.frame,
            device: device.clone(),
        })
    }

    /// The backbone alone, for measuring it.
    #[must_use]
    pub fn backbone(&self) -> &ResNet50 {
        &self.backbone
    }

    /// Side of the backbone's input in pixels.
    #[must_use]
    pub fn input_size(&self) -> usize {
        self.input.size
    }

    /// The faces of each frame. The result does not depend on how frames are grouped.
    ///
    /// # Errors
    /// When the device cannot be read or a picture cannot be resized.
    pub async fn read(&self, frames: &[Frame]) -> Result<Vec<Vec<SeenFace>>, FaceReaderError> {
        #[cfg(feature = "threads")]
        if is_processor(&self.device) && rayon::current_num_threads() > 1 && frames.len() > 1 {
            return self.read_on_threads(frames);
        }
        self.read_together(frames).await
    }

    /// A thread for each share of the frames: less waits for one another than where threads share each layer.
    #[cfg(feature = "threads")]
    fn read_on_threads(&self, frames: &[Frame]) -> Result<Vec<Vec<SeenFace>>, FaceReaderError> {
        use rayon::iter::ParallelIterator as _;
        use rayon::slice::ParallelSlice as _;
        let share = frames.len().div_ceil(rayon::current_num_threads());
        let read = frames.par_chunks(share).map(|frames| {
            let late = || ReadError("the processor does not answer at once".to_owned());
            at_once(self.read_together(frames)).ok_or_else(late)?
        });
        // All are waited for: of several errors the earliest frame's is told, whichever thread was the quickest.
        let read: Vec<Result<Vec<Vec<SeenFace>>, FaceReaderError>> = read.collect();
        let read: Vec<Vec<Vec<SeenFace>>> = read.into_iter().collect::<Result<_, _>>()?;
        Ok(read.into_iter().flatten().collect())
    }

    async fn read_together(&self, frames: &[Frame]) -> Result<Vec<Vec<SeenFace>>, FaceReaderError> {
        let boxes: Vec<Vec<FaceBox>> = match &self.detector {
            Some(detector) => {
                let found = detector.detect(frames, &self.device).await?;
                let boxes_of =
                    |faces: Vec<DetectedFace>| faces.into_iter().map(|face| face.face_box).collect();
                found.into_iter().map(boxes_of).collect()
            }
            None => frames
                .iter()
                .map(|f| vec![FaceBox::whole(f.width(), f.height())])
                .collect(),
        };
        let mut inputs = Vec::new();
        for (frame, boxes) in frames.iter().zip(&boxes) {
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
        Ok(boxes
            .into_iter()
            .zip(frames)
            .map(|(boxes, frame)| {
                let faces = boxes.into_iter().zip(outputs.by_ref());
                faces
                    .map(|(face_box, (logits, feature))| SeenFace {
                        face_box,
                        logits,
                        feature,
                        look: looks_for_cuts.then(|| FaceLook::of(frame, &face_box)),
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
