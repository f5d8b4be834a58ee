//! Square faces of labelled pictures at the network's scale.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, bail};
use shared_model::face_crop::InputSpec;
use shared_model::frame::Frame;
use shared_model::framing::Framing;

use crate::pretrain::face_cache::FaceCache;
use crate::pretrain::labelled_pictures::LabelledPicture;
use crate::pretrain::picture_looks::PictureLook;

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
    /// Leaves out what cannot be read, and takes the faces that were found; `looks` has one for each of the pictures.
    #[must_use]
    pub fn of_looks(
        pictures: &[LabelledPicture],
        looks: Vec<PictureLook>,
        framing: Framing,
        input: &InputSpec,
        most_bytes: usize,
    ) -> Checked {
        let (mut readable, mut unreadable) = (Vec::new(), Vec::new());
        let mut without_face = 0;
        for (picture, look) in pictures.iter().zip(looks) {
            let mut picture = picture.clone();
            match look {
                PictureLook::Unreadable(message) => {
                    unreadable.push(message);
                    continue;
                }
                PictureLook::Searched(Some(face)) => picture.picture.face = Some(face),
                PictureLook::Searched(None) => without_face += 1,
                PictureLook::Readable => {}
            }
            readable.push(picture);
        }
        let store = Self {
            pictures: readable,
            framing,
            cache: FaceCache::new(input.resized(), most_bytes),
            lost: AtomicUsize::new(0),
        };
        Checked {
            store,
            unreadable,
            without_face,
        }
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
