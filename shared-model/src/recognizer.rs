//! Frames in, predictions out: the whole way from pictures to temporal probabilities.

use burn::tensor::Device;

use crate::conv_norm::ReadError;
use crate::face_detector::FaceDetector;
use crate::face_reader::{FaceReader, FaceReaderError};
use crate::frame::Frame;
use crate::model_file::{ModelFile, ModelFileError};
use crate::timeline::Prediction;
use crate::track_refiner::TrackRefiner;

/// A face reader and a track refiner on one device.
#[derive(Debug)]
pub struct Recognizer {
    reader: FaceReader,
    refiner: TrackRefiner,
}

impl Recognizer {
    /// The recogniser of a model. Without a detector the whole picture is taken as the face.
    ///
    /// # Errors
    /// When the model's weights do not fit its architecture.
    pub fn new(
        model: &ModelFile,
        detector: Option<FaceDetector>,
        device: &Device,
    ) -> Result<Self, ModelFileError> {
        Ok(Self {
            reader: FaceReader::new(model, detector, device)?,
            refiner: TrackRefiner::new(model, device)?,
        })
    }

    /// With the temporal encoder's clips `stride` frames apart (half a clip unless set). To be set
    /// before the first frame.
    #[must_use]
    pub fn with_stride(mut self, stride: usize) -> Self {
        self.refiner = self.refiner.with_stride(stride);
        self
    }

    /// Takes the next frames, each with its number and time in seconds, in order.
    ///
    /// # Errors
    /// When the device fails or a picture cannot be resized.
    pub async fn push(
        &mut self,
        numbers: &[(usize, f64)],
        frames: &[Frame],
    ) -> Result<Vec<Prediction>, FaceReaderError> {
        let mut out = Vec::new();
        let faces = self.reader.read(frames).await?;
        for ((frame, time_s), faces) in numbers.iter().zip(faces) {
            out.extend(self.refiner.push(*frame, *time_s, faces).await?);
        }
        Ok(out)
    }

    /// Takes a frame that could not be read: it counts, and no face is seen in it.
    ///
    /// # Errors
    /// When the device fails.
    pub async fn push_unreadable(&mut self, frame: usize, time_s: f64) -> Result<Vec<Prediction>, ReadError> {
        self.refiner.push(frame, time_s, Vec::new()).await
    }

    /// Ends the video and gives what was still open. The next video needs a new recogniser.
    ///
    /// # Errors
    /// When the device cannot be read.
    pub async fn finish(mut self) -> Result<Vec<Prediction>, ReadError> {
        self.refiner.finish().await
    }
}
