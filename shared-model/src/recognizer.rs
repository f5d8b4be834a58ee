//! Frames in, predictions out: the whole way from pictures to temporal probabilities.

use burn::tensor::Device;

use crate::conv_norm::ReadError;
use crate::face_box::FaceBox;
use crate::face_detector::FaceDetector;
use crate::face_reader::{FaceReader, FaceReaderError};
use crate::face_tracker::MAX_GAP;
use crate::film_looks::Stretches;
use crate::film_predictor::FilmPredictor;
use crate::frame::Frame;
use crate::model_file::{ModelFile, ModelFileError};
use crate::timeline::Prediction;

/// Frames apart at which a track still bridges the frames between.
pub const MAX_FRAME_STRIDE: usize = MAX_GAP + 1;

/// What the backbone makes of a face in a frame.
#[derive(Debug, Clone, PartialEq)]
pub struct FaceFeature {
    /// Number of the frame.
    pub frame: usize,
    /// Where the face is in it, as in the [`Prediction`].
    pub face_box: FaceBox,
    /// The pooled feature: what the per-frame head and the temporal encoder are given.
    pub values: Vec<f32>,
}

/// A face reader and a film predictor on one device.
#[derive(Debug)]
pub struct Recognizer {
    reader: FaceReader,
    predictor: FilmPredictor,
    frame_stride: usize,
    /// Whether the frames have nothing to do with one another.
    is_unrelated: bool,
    /// Of the frames since they were taken last, where they are kept.
    features: Option<Vec<FaceFeature>>,
}

impl Recognizer {
    /// The recogniser of a model, with the detector that its framing names. Without a detector the whole picture is taken as the
    /// face.
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
            predictor: FilmPredictor::new(model, device)?,
            frame_stride: 1,
            is_unrelated: false,
            features: None,
        })
    }

    /// Keeping the features of all faces, for [`Recognizer::take_features`].
    #[must_use]
    pub fn with_kept_features(mut self) -> Self {
        self.features = Some(Vec::new());
        self
    }

    /// The features of the faces since they were taken last, by frame; none where they are not kept.
    pub fn take_features(&mut self) -> Vec<FaceFeature> {
        self.features.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// With the temporal encoder's clips `stride` frames apart (half a clip unless set). To be set
    /// before the first frame.
    #[must_use]
    pub fn with_clip_stride(mut self, stride: usize) -> Self {
        self.predictor = self.predictor.with_clip_stride(stride);
        self
    }

    /// Looking only at frames whose number `stride` divides; in the others no face is seen, and the
    /// timeline interpolates. Cut to 1 up to what a track bridges. To be set before the first frame.
    #[must_use]
    pub fn with_frame_stride(mut self, stride: usize) -> Self {
        self.frame_stride = stride.clamp(1, MAX_FRAME_STRIDE);
        self
    }

    /// With the detector looking at other frames ([`crate::film_looks`]). To be set before the first frame.
    #[must_use]
    pub fn with_stretches(mut self, stretches: Stretches) -> Self {
        self.reader = self.reader.with_stretches(stretches);
        self
    }

    /// For pictures that have nothing to do with one another, see [`FilmPredictor::with_unrelated_frames`]. To be set before the
    /// first frame.
    #[must_use]
    pub fn with_unrelated_frames(mut self) -> Self {
        self.predictor = self.predictor.with_unrelated_frames();
        self.is_unrelated = true;
        self
    }

    /// Takes the next frames, each with its time in seconds: whole stretches, if the result shall not depend on how they are handed over.
    ///
    /// # Errors
    /// When the device fails or a picture cannot be resized.
    pub async fn push(
        &mut self,
        times_s: &[f64],
        frames: &[Frame],
    ) -> Result<Vec<Prediction>, FaceReaderError> {
        let first = self.predictor.next_frame();
        let is_looked_at = |frame: usize| frame.is_multiple_of(self.frame_stride);
        let faces = if self.frame_stride == 1 && !self.is_unrelated {
            let numbers: Vec<usize> = (first..).take(frames.len()).collect();
            self.reader.read_film(&numbers, frames).await?
        } else if self.frame_stride == 1 {
            self.reader.read(frames).await?
        } else {
            let looked_at = (first..).zip(frames).filter(|(frame, _)| is_looked_at(*frame));
            let looked_at: Vec<Frame> = looked_at.map(|(_, frame)| frame.clone()).collect();
            self.reader.read(&looked_at).await?
        };
        let mut out = Vec::new();
        let mut faces = faces.into_iter();
        for (frame, time_s) in (first..).zip(times_s) {
            let seen = if is_looked_at(frame) { faces.next() } else { None };
            let seen = seen.unwrap_or_default();
            if let Some(kept) = &mut self.features {
                kept.extend(seen.iter().map(|face| FaceFeature {
                    frame,
                    face_box: face.face_box,
                    values: face.feature.clone(),
                }));
            }
            out.extend(self.predictor.take(*time_s, seen).await?);
        }
        Ok(out)
    }

    /// Takes a frame that could not be read: it counts, and no face is seen in it.
    ///
    /// # Errors
    /// When the device fails.
    pub async fn push_unreadable(&mut self, time_s: f64) -> Result<Vec<Prediction>, ReadError> {
        self.predictor.take(time_s, Vec::new()).await
    }

    /// Ends the video and gives what was still open. The next video needs a new recogniser.
    ///
    /// # Errors
    /// When the device cannot be read.
    pub async fn finish(self) -> Result<Vec<Prediction>, ReadError> {
        self.predictor.finish().await
    }
}
