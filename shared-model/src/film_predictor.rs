//! Faces of a film's frames in, predictions out: the one way from faces to a timeline, whoever reads the frames.

use burn::tensor::Device;

use crate::conv_norm::ReadError;
use crate::face_reader::SeenFace;
use crate::model_file::{ModelFile, ModelFileError};
use crate::resume::ResumePoint;
use crate::timeline::{Prediction, TimelineFrame};
use crate::track_refiner::TrackRefiner;

/// Counts a film's frames, follows the faces in them and runs the temporal encoder over each track's clips. It reads nothing
/// and waits for nothing but the device.
///
/// A track's clips begin at its frames 0, 32, 64, ... (half a clip apart, unless another stride is set), and the last one ends
/// with the track. Only the frames that an unfinished clip covers are kept, so memory does not grow with the film.
#[derive(Debug)]
pub struct FilmPredictor {
    refiner: TrackRefiner,
    /// Number of the next frame.
    next: usize,
    /// What was known before.
    known: Option<ResumePoint>,
}

impl FilmPredictor {
    /// With the model's temporal encoder, if it has one, on `device`.
    ///
    /// # Errors
    /// When the model's weights do not fit its architecture.
    pub fn new(model: &ModelFile, device: &Device) -> Result<Self, ModelFileError> {
        Ok(Self {
            refiner: TrackRefiner::new(model, device)?,
            next: 0,
            known: None,
        })
    }

    /// With clips `stride` frames apart, cut to 1 up to a clip's length, so that no frame is left out. To be set before the
    /// first frame.
    #[must_use]
    pub fn with_clip_stride(mut self, stride: usize) -> Self {
        self.refiner = self.refiner.with_stride(stride);
        self
    }

    /// For pictures that have nothing to do with one another: each face gets a track of its own, numbered on from picture to
    /// picture, and the temporal encoder, which was made for a face over time, is left out. To be set before the first frame;
    /// the timeline has to know it as well ([`crate::timeline::Timeline::set_unrelated`]).
    #[must_use]
    pub fn with_unrelated_frames(mut self) -> Self {
        self.refiner = self.refiner.with_unrelated_frames();
        self
    }

    /// Going on where a film was left: the next frame is `point.from`, and what was known before is not said again. To be
    /// called before the first frame, with the stride set.
    #[must_use]
    pub fn resumed(mut self, point: ResumePoint) -> Self {
        self.refiner.resume(&point);
        self.next = point.from;
        self.known = Some(point);
        self
    }

    /// Number of the next frame, from the film's first one on.
    #[must_use]
    pub fn next_frame(&self) -> usize {
        self.next
    }

    /// Frames that are done: those that were known before, and what came after them.
    #[must_use]
    pub fn frames_done(&self) -> usize {
        let known = self.known.as_ref().map_or(0, ResumePoint::frames);
        self.next.max(known)
    }

    /// What was known before of a frame that is read again.
    #[must_use]
    pub fn known(&self, frame: usize) -> Option<&TimelineFrame> {
        self.known.as_ref()?.known(frame)
    }

    /// Whether frames that were known before have still to be read again.
    #[must_use]
    pub fn is_behind_what_is_known(&self) -> bool {
        self.next < self.frames_done()
    }

    /// Takes the faces of the next frame, which is shown `time_s` seconds after the first, and gives what is known by now and
    /// was not before. A frame that could not be read has no faces.
    ///
    /// # Errors
    /// When the device cannot be read.
    pub async fn take(&mut self, time_s: f64, faces: Vec<SeenFace>) -> Result<Vec<Prediction>, ReadError> {
        let frame = self.next;
        self.next += 1;
        let known = self.known.as_ref().and_then(|point| point.known(frame));
        let predictions = match known {
            Some(known) => self.refiner.push_known(frame, known, faces).await?,
            None => self.refiner.push(frame, time_s, faces).await?,
        };
        Ok(self.new_ones(predictions))
    }

    /// Ends the film and gives what was still open.
    ///
    /// # Errors
    /// When the device cannot be read.
    pub async fn finish(mut self) -> Result<Vec<Prediction>, ReadError> {
        let predictions = self.refiner.finish().await?;
        Ok(self.new_ones(predictions))
    }

    fn new_ones(&self, mut predictions: Vec<Prediction>) -> Vec<Prediction> {
        if let Some(point) = &self.known {
            predictions.retain(|prediction| point.is_new(prediction));
        }
        predictions
    }
}
