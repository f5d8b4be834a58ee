//! Where faces are in a frame, by whichever detector a model's framing names.

use std::borrow::Borrow;

use burn::tensor::Device;

use crate::detected_face::{DetectError, DetectedFace, Landmarks};
use crate::face_box::FaceBox;
use crate::face_crop::resize;
use crate::frame::Frame;
use crate::framing::DetectorKind;
use crate::model_file::ModelFileError;
use crate::ultraface::UltraFace;
use crate::yunet::YuNet;

/// A further look at a picture in which no face was found.
#[derive(Debug, Clone, Copy)]
struct FurtherLook {
    /// Width of the black border in shares of the picture's longer side.
    border: f32,
    /// Whether the picture is seen as in a mirror.
    is_mirrored: bool,
    /// Least score of a face, above the detector's own threshold where a look finds more of what is none.
    least_score: f32,
}

/// In this order: each finds faces that those before it miss (docs/models.md says how many).
const FURTHER_LOOKS: [FurtherLook; 4] = [
    FurtherLook {
        border: 0.25,
        is_mirrored: false,
        least_score: 0.0,
    },
    FurtherLook {
        border: 0.5,
        is_mirrored: false,
        least_score: 0.0,
    },
    FurtherLook {
        border: 0.25,
        is_mirrored: true,
        least_score: 0.8,
    },
    FurtherLook {
        border: 1.0,
        is_mirrored: false,
        least_score: 0.8,
    },
];
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

    /// The faces of each frame, best first. A frame in which there is none is looked at again on black borders, also as in a mirror,
    /// since a face that fills a picture lacks the surroundings that the networks know; only a large face counts then. The result
    /// does not depend on how frames are grouped.
    ///
    /// # Errors
    /// When a frame cannot be resized or the device cannot be read.
    pub async fn detect<F: Borrow<Frame>>(
        &self,
        frames: &[F],
        device: &Device,
    ) -> Result<Vec<Vec<DetectedFace>>, DetectError> {
        let frames: Vec<&Frame> = frames.iter().map(Borrow::borrow).collect();
        let mut found = self.look(&frames, device).await?;
        for look in FURTHER_LOOKS {
            let mut missed = Vec::new();
            for (frame, faces) in frames.iter().zip(&mut found) {
                if faces.is_empty() {
                    missed.push((Bordered::new(frame, look)?, faces));
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
    look: FurtherLook,
}

impl Bordered {
    /// `frame` as the look wants it.
    fn new(frame: &Frame, look: FurtherLook) -> Result<Self, DetectError> {
        let (width, height) = (frame.width(), frame.height());
        let longest = width.max(height);
        let target = longest.min(BORDERED_SIDE);
        let scaled = |side: usize| (side * target).div_ceil(longest).max(1);
        let small = resize(frame, scaled(width), scaled(height))?;
        let (width, height) = (small.width(), small.height());
        let border = ((target as f32 * look.border).round() as usize).max(1);
        let mut rgb = vec![0; 3 * (width + 2 * border) * (height + 2 * border)];
        let inner = rgb.chunks_exact_mut(3 * (width + 2 * border)).skip(border);
        for (line, row) in inner.zip(small.rgb().chunks_exact(3 * width)) {
            if let Some(place) = line.get_mut(3 * border..3 * (border + width)) {
                place.copy_from_slice(row);
                if look.is_mirrored {
                    // Values the other way round, then those of each pixel back again.
                    place.reverse();
                    place.chunks_exact_mut(3).for_each(<[u8]>::reverse);
                }
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
            look,
        })
    }

    fn x_of(&self, x: f32) -> f32 {
        let x = if self.look.is_mirrored {
            self.picture.width() as f32 - x
        } else {
            x
        };
        (x - self.border as f32) * self.scale.0
    }

    fn y_of(&self, y: f32) -> f32 {
        (y - self.border as f32) * self.scale.1
    }

    /// The face in pixels of the frame, cut at its borders; `None` where it is too small for a picture that it should fill, or not
    /// sure enough for this look.
    fn moved_back(&self, face: &DetectedFace) -> Option<DetectedFace> {
        let (width, height) = (self.frame.0 as f32, self.frame.1 as f32);
        let seen = &face.face_box;
        let ends = [seen.x, seen.x + seen.w].map(|x| self.x_of(x).clamp(0.0, width));
        let [left, right] = if self.look.is_mirrored {
            [ends[1], ends[0]]
        } else {
            ends
        };
        let top = self.y_of(seen.y).clamp(0.0, height);
        let face_box = FaceBox {
            x: left,
            y: top,
            w: right - left,
            h: self.y_of(seen.y + seen.h).clamp(0.0, height) - top,
            roll_deg: if self.look.is_mirrored {
                -seen.roll_deg
            } else {
                seen.roll_deg
            },
            ..*seen
        };
        let is_large = face_box.w.min(face_box.h) >= LEAST_SHARE * width.min(height);
        let is_sure = seen.score >= self.look.least_score;
        (is_large && is_sure).then(|| DetectedFace {
            face_box,
            landmarks: face.landmarks.map(|landmarks| self.landmarks_back(landmarks)),
        })
    }

    fn landmarks_back(&self, landmarks: Landmarks) -> Landmarks {
        let points = landmarks.points.map(|[x, y]| [self.x_of(x), self.y_of(y)]);
        let [left_eye, right_eye, nose, left_corner, right_corner] = points;
        Landmarks {
            // Left and right are as one sees them in the picture.
            points: if self.look.is_mirrored {
                [right_eye, left_eye, nose, right_corner, left_corner]
            } else {
                points
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borders_are_black_and_boxes_come_back() {
        let frame = Frame::from_rgb(1000, 500, vec![7; 3 * 1000 * 500]).unwrap();
        let border = Bordered::new(&frame, FURTHER_LOOKS[0]).unwrap();
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

    #[test]
    fn in_a_mirror_all_is_the_other_way_round_and_comes_back() {
        let pixel = |at: usize| [at % 251, at % 241, at % 239].map(|value| value as u8);
        let frame = Frame::from_rgb(40, 30, (0..40 * 30).flat_map(pixel).collect()).unwrap();
        let plain = Bordered::new(&frame, FURTHER_LOOKS[0]).unwrap();
        let mirror = Bordered::new(&frame, FURTHER_LOOKS[2]).unwrap();
        assert!(mirror.look.is_mirrored && plain.look.border == mirror.look.border);
        let (width, height) = (plain.picture.width(), plain.picture.height());
        let at = |picture: &Frame, x: usize, y: usize| -> [u8; 3] {
            let place = 3 * (y * width + x);
            picture.rgb()[place..place + 3].try_into().unwrap()
        };
        for (x, y) in (0..width).flat_map(|x| (0..height).map(move |y| (x, y))) {
            assert_eq!(at(&mirror.picture, x, y), at(&plain.picture, width - 1 - x, y));
        }
        let points = [
            [20.0, 20.0],
            [34.0, 22.0],
            [27.0, 27.0],
            [21.0, 33.0],
            [33.0, 35.0],
        ];
        let face = DetectedFace {
            face_box: FaceBox {
                x: 14.0,
                y: 12.0,
                w: 26.0,
                h: 25.0,
                score: 0.85,
                roll_deg: 8.0,
            },
            landmarks: Some(Landmarks { points }),
        };
        let other_way = |x: f32| width as f32 - x;
        let [left_eye, right_eye, nose, left_corner, right_corner] = points.map(|[x, y]| [other_way(x), y]);
        let mirrored = DetectedFace {
            face_box: FaceBox {
                x: other_way(14.0 + 26.0),
                roll_deg: -8.0,
                ..face.face_box
            },
            landmarks: Some(Landmarks {
                points: [right_eye, left_eye, nose, right_corner, left_corner],
            }),
        };
        assert_eq!(mirror.moved_back(&mirrored), plain.moved_back(&face));
        assert!(plain.moved_back(&face).is_some());
        // A look that finds more of what is no face wants to be surer.
        let wide = Bordered::new(&frame, FURTHER_LOOKS[3]).unwrap();
        let large = |score| DetectedFace {
            face_box: FaceBox {
                x: 0.0,
                y: 0.0,
                w: 200.0,
                h: 200.0,
                score,
                ..face.face_box
            },
            landmarks: None,
        };
        assert!(wide.moved_back(&large(0.81)).is_some());
        assert!(wide.moved_back(&large(0.79)).is_none());
    }
}
