//! Where faces are in a frame, by whichever detector a model's framing names.

use burn::tensor::Device;

use crate::detected_face::{DetectError, DetectedFace, Landmarks};
use crate::face_box::FaceBox;
use crate::face_crop::resize;
use crate::frame::Frame;
use crate::framing::DetectorKind;
use crate::model_file::ModelFileError;
use crate::ultraface::UltraFace;
use crate::yunet::YuNet;

/// Widths of the borders for further looks, in shares of the picture's longer side: each finds faces that the others miss.
const BORDERS: [f32; 2] = [0.25, 0.5];
/// Longest side of a picture's middle in the further looks, in pixels: the networks' inputs are no larger.
const BORDERED_SIDE: usize = 320;
/// Least side of a face that only a further look finds, in shares of the picture's shorter side.
const LEAST_SHARE: f32 = 0.5;

/// A face detector on a device.
#[derive(Debug)]
pub struct FaceDetector {
    network: Network,
}

#[derive(Debug)]
enum Network {
    UltraFace(UltraFace),
    YuNet(Box<YuNet>),
}

impl FaceDetector {
    /// The detector of this kind from the bytes of its weight file ([`DetectorKind::file_name`] in `assets`).
    ///
    /// # Errors
    /// When the file is damaged or of another network.
    pub fn from_bytes(kind: DetectorKind, bytes: &[u8], device: &Device) -> Result<Self, ModelFileError> {
        let network = match kind {
            DetectorKind::UltraFace => Network::UltraFace(UltraFace::from_bytes(bytes, device)?),
            DetectorKind::YuNet => Network::YuNet(Box::new(YuNet::from_bytes(bytes, device)?)),
        };
        Ok(Self { network })
    }

    /// The faces of each frame, best first. A frame in which there is none is looked at again on a black border, then on a wider one,
    /// since a face that fills a picture lacks the surroundings that the networks know; only a large face counts then. The result
    /// does not depend on how frames are grouped.
    ///
    /// # Errors
    /// When a frame cannot be resized or the device cannot be read.
    pub async fn detect(
        &self,
        frames: &[Frame],
        device: &Device,
    ) -> Result<Vec<Vec<DetectedFace>>, DetectError> {
        let mut found = self.detect_once(frames, device).await?;
        for share in BORDERS {
            let mut missed = Vec::new();
            for (frame, faces) in frames.iter().zip(&mut found) {
                if faces.is_empty() {
                    missed.push((Bordered::new(frame, share)?, faces));
                }
            }
            let bordered: Vec<&Frame> = missed.iter().map(|(border, _)| &border.picture).collect();
            let again = self.look(&bordered, device).await?;
            for ((border, faces), seen) in missed.into_iter().zip(again) {
                faces.extend(seen.iter().filter_map(|face| border.moved_back(face)));
            }
        }
        Ok(found)
    }

    /// As [`FaceDetector::detect`], without the further looks.
    ///
    /// # Errors
    /// As [`FaceDetector::detect`].
    pub async fn detect_once(
        &self,
        frames: &[Frame],
        device: &Device,
    ) -> Result<Vec<Vec<DetectedFace>>, DetectError> {
        let frames: Vec<&Frame> = frames.iter().collect();
        self.look(&frames, device).await
    }

    async fn look(&self, frames: &[&Frame], device: &Device) -> Result<Vec<Vec<DetectedFace>>, DetectError> {
        if frames.is_empty() {
            return Ok(Vec::new());
        }
        match &self.network {
            Network::UltraFace(network) => {
                let found = network.look(frames, device).await?;
                let bare = |face_box| DetectedFace {
                    face_box,
                    landmarks: None,
                };
                Ok(found
                    .into_iter()
                    .map(|boxes| boxes.into_iter().map(bare).collect())
                    .collect())
            }
            Network::YuNet(network) => network.look(frames, device).await,
        }
    }

    /// Everything that the network says of each frame (the frames have one size), as one row of numbers: what two devices must
    /// agree on.
    ///
    /// # Errors
    /// As [`FaceDetector::detect`].
    pub async fn raw_outputs(&self, frames: &[Frame], device: &Device) -> Result<Vec<f32>, DetectError> {
        let frames: Vec<&Frame> = frames.iter().collect();
        match &self.network {
            Network::UltraFace(network) => network.raw_outputs(&frames, device).await,
            Network::YuNet(network) => network.raw_outputs(&frames, device).await,
        }
    }
}

/// A picture on a black border.
struct Bordered {
    picture: Frame,
    /// Sides of the picture without the border.
    frame: (usize, usize),
    /// Pixels of the frame that a pixel here covers.
    scale: (f32, f32),
    /// Width of the border here.
    border: usize,
}

impl Bordered {
    /// `frame` on a border as wide as this share of its longer side.
    fn new(frame: &Frame, share: f32) -> Result<Self, DetectError> {
        let (width, height) = (frame.width(), frame.height());
        let longest = width.max(height);
        let target = longest.min(BORDERED_SIDE);
        let scaled = |side: usize| (side * target).div_ceil(longest).max(1);
        let small = resize(frame, scaled(width), scaled(height))?;
        let (width, height) = (small.width(), small.height());
        let border = ((target as f32 * share).round() as usize).max(1);
        let mut rgb = vec![0; 3 * (width + 2 * border) * (height + 2 * border)];
        let inner = rgb.chunks_exact_mut(3 * (width + 2 * border)).skip(border);
        for (line, row) in inner.zip(small.rgb().chunks_exact(3 * width)) {
            if let Some(place) = line.get_mut(3 * border..3 * (border + width)) {
                place.copy_from_slice(row);
            }
        }
        Ok(Self {
            picture: Frame::from_rgb(width + 2 * border, height + 2 * border, rgb)?,
            frame: (frame.width(), frame.height()),
            scale: (
                frame.width() as f32 / width as f32,
                frame.height() as f32 / height as f32,
            ),
            border,
        })
    }

    fn x_of(&self, x: f32) -> f32 {
        (x - self.border as f32) * self.scale.0
    }

    fn y_of(&self, y: f32) -> f32 {
        (y - self.border as f32) * self.scale.1
    }

    /// The face in pixels of the frame, cut at its borders; `None` where it is too small for a picture that it should fill.
    fn moved_back(&self, face: &DetectedFace) -> Option<DetectedFace> {
        let (width, height) = (self.frame.0 as f32, self.frame.1 as f32);
        let seen = &face.face_box;
        let left = self.x_of(seen.x).clamp(0.0, width);
        let top = self.y_of(seen.y).clamp(0.0, height);
        let face_box = FaceBox {
            x: left,
            y: top,
            w: self.x_of(seen.x + seen.w).clamp(0.0, width) - left,
            h: self.y_of(seen.y + seen.h).clamp(0.0, height) - top,
            ..*seen
        };
        let is_large = face_box.w.min(face_box.h) >= LEAST_SHARE * width.min(height);
        is_large.then(|| DetectedFace {
            face_box,
            landmarks: face.landmarks.map(|landmarks| Landmarks {
                points: landmarks.points.map(|[x, y]| [self.x_of(x), self.y_of(y)]),
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borders_are_black_and_boxes_come_back() {
        let frame = Frame::from_rgb(1000, 500, vec![7; 3 * 1000 * 500]).unwrap();
        let border = Bordered::new(&frame, 0.25).unwrap();
        assert_eq!((border.picture.width(), border.picture.height()), (480, 320));
        let lit = border
            .picture
            .rgb()
            .chunks_exact(3)
            .enumerate()
            .filter(|(_, pixel)| *pixel != [0; 3]);
        let (xs, ys): (Vec<usize>, Vec<usize>) = lit.map(|(at, _)| (at % 480, at / 480)).unzip();
        assert_eq!((xs.iter().min(), xs.iter().max()), (Some(&80), Some(&399)));
        assert_eq!((ys.iter().min(), ys.iter().max()), (Some(&80), Some(&239)));
        let seen = |x: f32, y: f32, w: f32, h: f32| DetectedFace {
            face_box: FaceBox {
                x,
                y,
                w,
                h,
                score: 0.9,
                roll_deg: 0.0,
            },
            landmarks: None,
        };
        // All of the bordered picture is all of the frame, and what is small does not count.
        let whole = border.moved_back(&seen(0.0, 0.0, 480.0, 320.0)).unwrap().face_box;
        assert_eq!((whole.x, whole.y, whole.w, whole.h), (0.0, 0.0, 1000.0, 500.0));
        let part = border
            .moved_back(&seen(80.0, 80.0, 160.0, 160.0))
            .unwrap()
            .face_box;
        assert_eq!((part.x, part.y, part.w, part.h), (0.0, 0.0, 500.0, 500.0));
        assert!(border.moved_back(&seen(100.0, 100.0, 30.0, 30.0)).is_none());
        // In the border alone there is nothing of the frame.
        assert!(border.moved_back(&seen(0.0, 0.0, 70.0, 300.0)).is_none());
    }
}
