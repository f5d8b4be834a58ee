//! Square faces of training pictures at the network's scale, kept in memory as far as they fit.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use anyhow::{Context as _, Result};
use burn::tensor::Device;
use rayon::prelude::*;
use shared_model::face_box::FaceBox;
use shared_model::face_crop::{InputSpec, resize, square_crop};
use shared_model::face_detector::FaceDetector;
use shared_model::frame::Frame;

use crate::picture;
use crate::pretrain::config::FaceSource;
use crate::pretrain::labelled_pictures::LabelledPicture;
use crate::progress::Progress;

/// Pictures that go through the detector together.
const PICTURES_A_BATCH: usize = 32;

/// Faces by place in their list. Loading a face gives the same pixels whether it is kept or not.
#[derive(Debug)]
pub struct FaceStore {
    pictures: Vec<LabelledPicture>,
    /// Where the face is; `None` takes the whole picture.
    boxes: Vec<Option<FaceBox>>,
    side: usize,
    kept: Vec<OnceLock<Arc<Frame>>>,
    kept_bytes: AtomicUsize,
    most_bytes: usize,
}

/// A list of pictures that can be read, and what is wrong with the others.
#[derive(Debug)]
pub struct Checked {
    /// The faces.
    pub store: FaceStore,
    /// Messages about pictures that cannot be read; they are left out.
    pub unreadable: Vec<String>,
    /// Pictures in which the detector found no face, and which are taken whole.
    pub without_face: usize,
}

impl FaceStore {
    /// Reads all pictures once, leaves out those that cannot be read, and looks for the faces when
    /// `faces` says so.
    ///
    /// # Errors
    /// When the detector's device fails.
    pub fn check(
        pictures: &[LabelledPicture],
        faces: FaceSource,
        detector: &FaceDetector,
        device: &Device,
        input: &InputSpec,
        most_bytes: usize,
    ) -> Result<Checked> {
        let mut progress = Progress::start(
            "looking at the pictures",
            "pictures",
            u64::try_from(pictures.len()).ok(),
        );
        let (mut readable, mut boxes, mut unreadable) = (Vec::new(), Vec::new(), Vec::new());
        for batch in pictures.chunks(PICTURES_A_BATCH) {
            let read: Vec<Result<Frame>> = batch.par_iter().map(|p| picture::read(&p.path)).collect();
            let mut frames = Vec::new();
            for (picture, frame) in batch.iter().zip(read) {
                match frame {
                    Ok(frame) => {
                        readable.push(picture.clone());
                        frames.push(frame);
                    }
                    Err(error) => unreadable.push(format!("{error:#}")),
                }
            }
            match faces {
                FaceSource::Whole => boxes.extend(frames.iter().map(|_| None)),
                FaceSource::Detect => {
                    let found = pollster::block_on(detector.detect(&frames, device))?;
                    // The best comes first.
                    boxes.extend(found.into_iter().map(|faces| faces.first().copied()));
                }
            }
            progress.add(batch.len() as u64);
        }
        progress.finish();
        let without_face = match faces {
            FaceSource::Whole => 0,
            FaceSource::Detect => boxes.iter().filter(|found| found.is_none()).count(),
        };
        let kept = readable.iter().map(|_| OnceLock::new()).collect();
        let store = Self {
            pictures: readable,
            boxes,
            side: input.resized(),
            kept,
            kept_bytes: AtomicUsize::new(0),
            most_bytes,
        };
        Ok(Checked {
            store,
            unreadable,
            without_face,
        })
    }

    /// The list, without what cannot be read.
    #[must_use]
    pub fn pictures(&self) -> &[LabelledPicture] {
        &self.pictures
    }

    /// The square face at this place.
    ///
    /// # Errors
    /// When the picture cannot be read any more.
    pub fn face(&self, place: usize) -> Result<Arc<Frame>> {
        let (Some(picture), Some(face_box), Some(kept)) = (
            self.pictures.get(place),
            self.boxes.get(place),
            self.kept.get(place),
        ) else {
            anyhow::bail!("there is no picture {place}");
        };
        if let Some(face) = kept.get() {
            return Ok(Arc::clone(face));
        }
        let frame = picture::read(&picture.path)?;
        let square = face_box
            .as_ref()
            .map_or_else(|| frame.clone(), |b| square_crop(&frame, b));
        let face =
            resize(&square, self.side, self.side).with_context(|| format!("{}", picture.path.display()))?;
        let face = Arc::new(face);
        let bytes = face.rgb().len();
        if self.kept_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes <= self.most_bytes {
            // Another thread may have been faster with the same pixels.
            let _ = kept.set(Arc::clone(&face));
        }
        Ok(face)
    }
}
