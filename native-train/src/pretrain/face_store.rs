//! Square faces of labelled pictures at the network's scale.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, bail};
use burn::tensor::Device;
use rayon::prelude::*;
use shared_model::face_box::FaceBox;
use shared_model::face_crop::InputSpec;
use shared_model::face_detector::FaceDetector;
use shared_model::frame::Frame;
use shared_model::framing::Framing;

use crate::datasets::labelled_face::labelled_face;
use crate::pretrain::face_cache::FaceCache;
use crate::pretrain::labelled_pictures::LabelledPicture;
use crate::progress::Progress;

/// Pictures that go through the detector together.
const PICTURES_A_BATCH: usize = 32;
/// Pictures that could not be read any more and are named; the others are counted.
const MOST_NAMED: usize = 10;

/// Faces by place in their list.
#[derive(Debug)]
pub struct FaceStore {
    pictures: Vec<LabelledPicture>,
    framing: Framing,
    cache: FaceCache,
    lost: AtomicUsize,
}

/// A list of pictures that can be read, and what is wrong with the others.
#[derive(Debug)]
pub struct Checked {
    /// The faces.
    pub store: FaceStore,
    /// Messages about pictures that cannot be read; they are left out.
    pub unreadable: Vec<String>,
    /// Pictures in which the detector did not find the face, and which are cut by their box, or taken whole where they have none.
    pub without_face: usize,
}

impl FaceStore {
    /// Reads all pictures once, leaves out those that cannot be read, and looks for the faces of those in which they are to be
    /// searched, with the detector of the framing.
    ///
    /// # Errors
    /// When the detector's device fails.
    pub fn check(
        pictures: &[LabelledPicture],
        (detector, framing): (&FaceDetector, Framing),
        device: &Device,
        input: &InputSpec,
        most_bytes: usize,
    ) -> Result<Checked> {
        let mut progress = Progress::start(
            "looking at the pictures",
            "pictures",
            u64::try_from(pictures.len()).ok(),
        );
        let (mut readable, mut unreadable) = (Vec::new(), Vec::new());
        let mut without_face = 0;
        for batch in pictures.chunks(PICTURES_A_BATCH) {
            let read: Vec<Result<Frame>> = batch.par_iter().map(|p| p.picture.read()).collect();
            let (mut searched, mut frames) = (Vec::new(), Vec::new());
            for (picture, frame) in batch.iter().zip(read) {
                match frame {
                    Ok(frame) if picture.is_searched => {
                        searched.push((readable.len(), [frame.width(), frame.height()]));
                        frames.push(frame);
                        readable.push(picture.clone());
                    }
                    Ok(_) => readable.push(picture.clone()),
                    Err(error) => unreadable.push(format!("{error:#}")),
                }
            }
            if !frames.is_empty() {
                let found = pollster::block_on(detector.detect(&frames, device))?;
                for ((place, size), faces) in searched.into_iter().zip(found) {
                    let Some(picture) = readable.get_mut(place).map(|found| &mut found.picture) else {
                        continue;
                    };
                    let boxes: Vec<FaceBox> = faces.iter().map(|face| face.face_box).collect();
                    let best = labelled_face(&boxes, picture.face.as_ref(), size);
                    match best.and_then(|best| boxes.get(best)) {
                        Some(face) => picture.face = Some(*face),
                        None => without_face += 1,
                    }
                }
            }
            progress.add(batch.len() as u64);
        }
        progress.finish();
        let store = Self {
            pictures: readable,
            framing,
            cache: FaceCache::new(input.resized(), most_bytes),
            lost: AtomicUsize::new(0),
        };
        Ok(Checked {
            store,
            unreadable,
            without_face,
        })
    }

    /// With each picture in the list as often as its source says.
    #[must_use]
    pub fn repeated(mut self) -> Self {
        let pictures = std::mem::take(&mut self.pictures).into_iter();
        self.pictures = pictures
            .flat_map(|picture| std::iter::repeat_n(picture.clone(), picture.repeat))
            .collect();
        self
    }

    /// The list, without what cannot be read.
    #[must_use]
    pub fn pictures(&self) -> &[LabelledPicture] {
        &self.pictures
    }

    /// How often a picture could not be read that could be read at the start.
    #[must_use]
    pub fn lost(&self) -> usize {
        self.lost.load(Ordering::Relaxed)
    }

    /// The square face at this place.
    ///
    /// # Errors
    /// When the picture cannot be read any more; this is counted.
    pub fn face(&self, place: usize) -> Result<Arc<Frame>> {
        let Some(picture) = self.pictures.get(place) else {
            bail!("there is no picture {place}");
        };
        let face = self.cache.face(place as u32, |side| {
            picture.picture.read_face(&self.framing, side)
        });
        if let Err(error) = &face
            && self.lost.fetch_add(1, Ordering::Relaxed) < MOST_NAMED
        {
            tracing::warn!("{error:#}; it is replaced in batches and left out of evaluations");
        }
        face
    }
}
