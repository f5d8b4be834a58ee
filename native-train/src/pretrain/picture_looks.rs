//! What was seen when a run's pictures were looked at first. It is kept beside the run, so that one that is taken up again does not
//! look at all of them anew.

use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use anyhow::Result;
use burn::tensor::Device;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use shared_model::face_box::FaceBox;
use shared_model::face_detector::FaceDetector;
use shared_model::frame::Frame;
use shared_model::framing::DetectorKind;

use crate::datasets::labelled_face::labelled_face;
use crate::datasets::picture_ref::Place;
use crate::pretrain::labelled_pictures::LabelledPicture;
use crate::progress::Progress;
use crate::written_files::WrittenFiles;

/// Pictures that go through the detector together.
const PICTURES_A_BATCH: usize = 32;

/// What was seen of a picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PictureLook {
    /// It cannot be read; what is wrong.
    Unreadable(String),
    /// It can be read, and no face is looked for in it.
    Readable,
    /// The face that its label speaks of, in pixels; `None` where the detector did not find it.
    Searched(Option<FaceBox>),
}

/// What was seen of a list of pictures, as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct KeptLooks {
    /// What the list was: another list is looked at anew.
    list: String,
    looks: Vec<PictureLook>,
}

/// Reads each picture once, and looks for the face of those in which it is to be searched. A look for each, in their order.
///
/// # Errors
/// When the detector's device fails.
pub fn look(
    pictures: &[LabelledPicture],
    detector: &FaceDetector,
    device: &Device,
) -> Result<Vec<PictureLook>> {
    let mut progress = Progress::start(
        "looking at the pictures",
        "pictures",
        u64::try_from(pictures.len()).ok(),
    );
    let mut looks = Vec::with_capacity(pictures.len());
    for batch in pictures.chunks(PICTURES_A_BATCH) {
        let read: Vec<Result<Frame>> = batch.par_iter().map(|p| p.picture.read()).collect();
        let (mut searched, mut frames) = (Vec::new(), Vec::new());
        for (picture, frame) in batch.iter().zip(read) {
            match frame {
                Ok(frame) if picture.is_searched => {
                    searched.push((looks.len(), picture, [frame.width(), frame.height()]));
                    frames.push(frame);
                    looks.push(PictureLook::Searched(None));
                }
                Ok(_) => looks.push(PictureLook::Readable),
                Err(error) => looks.push(PictureLook::Unreadable(format!("{error:#}"))),
            }
        }
        if !frames.is_empty() {
            let found = pollster::block_on(detector.detect(&frames, device))?;
            for ((place, picture, size), faces) in searched.into_iter().zip(found) {
                let boxes: Vec<FaceBox> = faces.iter().map(|face| face.face_box).collect();
                let best = labelled_face(&boxes, picture.picture.face.as_ref(), size);
                if let Some(look) = looks.get_mut(place) {
                    *look = PictureLook::Searched(best.and_then(|best| boxes.get(best)).copied());
                }
            }
        }
        progress.add(batch.len() as u64);
    }
    progress.finish();
    Ok(looks)
}

/// As [`look()`], but what the file `kept` holds of this very list is believed, and what is seen is kept there. A list is another
/// one as soon as a picture's file has another size or time, or the detector is another.
///
/// # Errors
/// As [`look()`], and when the file cannot be written.
pub fn look_once(
    kept: &Path,
    pictures: &[LabelledPicture],
    (kind, detector): (DetectorKind, &FaceDetector),
    device: &Device,
) -> Result<Vec<PictureLook>> {
    let list = list_key(pictures, kind);
    if let Some(looks) = read(kept, &list).filter(|looks| looks.len() == pictures.len()) {
        tracing::info!(
            "{}: {} pictures were looked at before",
            kept.display(),
            looks.len()
        );
        return Ok(looks);
    }
    let looks = KeptLooks {
        list,
        looks: look(pictures, detector, device)?,
    };
    // Recorded as ours: a run that is killed before its first checkpoint may begin again in its folder.
    WrittenFiles::of_own_folder().write(kept, &serde_json::to_vec(&looks)?)?;
    Ok(looks.looks)
}

/// What cannot be read, or is of another list, is as good as nothing.
fn read(kept: &Path, list: &str) -> Option<Vec<PictureLook>> {
    let found: KeptLooks = serde_json::from_slice(&fs::read(kept).ok()?).ok()?;
    (found.list == list).then_some(found.looks)
}

/// Tells lists of pictures apart.
fn list_key(pictures: &[LabelledPicture], detector: DetectorKind) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{detector:?}"));
    for listed in pictures {
        let picture = &listed.picture;
        hash.update(format!("\n{picture} {} {:?}", listed.is_searched, picture.face));
        if let Place::File(path) = &picture.place
            && let Ok(file) = fs::metadata(path)
        {
            let time = file
                .modified()
                .ok()
                .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            hash.update(format!(" {} {time:?}", file.len()));
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detectors;
    use crate::pretrain::labelled_pictures;

    #[test]
    fn pictures_are_looked_at_once_until_one_of_them_changes() {
        let folder = tempfile::tempdir().unwrap();
        let class = folder.path().join("pictures/Happiness");
        fs::create_dir_all(&class).unwrap();
        let picture = class.join("a.png");
        image::RgbImage::new(24, 20).save(&picture).unwrap();
        fs::write(class.join("b.png"), "no picture").unwrap();
        let mut pictures = labelled_pictures::read(&folder.path().join("pictures")).unwrap();
        pictures.iter_mut().for_each(|picture| picture.is_searched = true);
        let device = Device::flex();
        let kind = DetectorKind::UltraFace;
        let detector = detectors::open(kind, &device).unwrap();
        let kept = folder.path().join("looks.json");
        let look =
            |pictures: &[LabelledPicture]| look_once(&kept, pictures, (kind, &detector), &device).unwrap();
        let looks = look(&pictures);
        assert_eq!(looks[0], PictureLook::Searched(None));
        assert!(matches!(&looks[1], PictureLook::Unreadable(why) if why.contains("b.png")));
        // A face that is in no picture can only come from the file.
        let face = FaceBox {
            x: 0.1,
            y: 2.0,
            w: 7.3,
            h: 9.0,
            ..FaceBox::whole(24, 20)
        };
        let mut told: KeptLooks = serde_json::from_slice(&fs::read(&kept).unwrap()).unwrap();
        told.looks[0] = PictureLook::Searched(Some(face));
        fs::write(&kept, serde_json::to_vec(&told).unwrap()).unwrap();
        assert_eq!(look(&pictures)[0], PictureLook::Searched(Some(face)));
        // Fewer pictures, and a file that is another one now, are looked at.
        assert_eq!(look(&pictures[..1]), [PictureLook::Searched(None)]);
        fs::write(&kept, serde_json::to_vec(&told).unwrap()).unwrap();
        image::RgbImage::new(40, 20).save(&picture).unwrap();
        assert_eq!(look(&pictures)[0], PictureLook::Searched(None));
        // Half a file is none.
        fs::write(&kept, "{\"list\":").unwrap();
        assert_eq!(look(&pictures).len(), 2);
    }
}
