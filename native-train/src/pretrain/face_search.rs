//! Where the face is in a picture that does not say so.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

use anyhow::Result;
use burn::tensor::Device;
use shared_model::face_box::FaceBox;
use shared_model::face_detector::FaceDetector;
use shared_model::frame::Frame;
use shared_model::framing::DetectorKind;

use crate::datasets::labelled_face::labelled_face;
use crate::detectors;

/// Looks for the best face of each picture once in a run, when the picture is first needed, and remembers its box: a
/// pool may hold millions of pictures, of which a run sees a part.
///
/// One picture at a time, and always on the processor: the box depends neither on what else is in a batch nor on the
/// run's device, and the loader's threads share the work.
#[derive(Debug)]
pub struct FaceSearch {
    detector: FaceDetector,
    device: Device,
    found: RwLock<HashMap<u32, Option<FaceBox>>>,
    without_face: AtomicUsize,
}

impl FaceSearch {
    /// With the detector of the run's framing.
    ///
    /// # Errors
    /// When the detector's weights are damaged.
    pub fn new(detector: DetectorKind) -> Result<Self> {
        let device = Device::flex();
        Ok(Self {
            detector: detectors::open(detector, &device)?,
            device,
            found: RwLock::default(),
            without_face: AtomicUsize::new(0),
        })
    }

    /// The face that is meant of the picture that always comes under the same number, in pixels: the one in the box `known`,
    /// else a large one in the middle; `None` where it is not found.
    ///
    /// # Errors
    /// When the picture cannot be resized or the processor fails.
    pub fn face_in(&self, number: u32, picture: &Frame, known: Option<&FaceBox>) -> Result<Option<FaceBox>> {
        // The map holds whole entries only: a thread that panicked left none half made.
        let before = self.found.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(face) = before.get(&number) {
            return Ok(*face);
        }
        // Not held while the detector works: its own threads may take up another picture meanwhile.
        drop(before);
        let found = pollster::block_on(self.detector.detect(std::slice::from_ref(picture), &self.device))?;
        let boxes: Vec<FaceBox> = found.into_iter().flatten().map(|face| face.face_box).collect();
        let face = labelled_face(&boxes, known, [picture.width(), picture.height()]);
        let face = face.and_then(|face| boxes.get(face)).copied();
        let mut found = self.found.write().unwrap_or_else(PoisonError::into_inner);
        // Two threads may have looked at one picture, which is counted once.
        if found.insert(number, face).is_none() && face.is_none() {
            self.without_face.fetch_add(1, Ordering::Relaxed);
        }
        Ok(face)
    }

    /// Pictures so far in which there is no face.
    #[must_use]
    pub fn without_face(&self) -> usize {
        self.without_face.load(Ordering::Relaxed)
    }
}
