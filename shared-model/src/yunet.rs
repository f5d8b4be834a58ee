//! YuNet (MIT, Shiqi Yu; Wu, Peng, Yu 2023): finds faces and five landmarks of each.

use burn::module::Module;
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Tensor, TensorData};
use cpu_inference::ConvolutionShape;

use crate::conv_norm::{ConvNorm, WeightSource};
use crate::detected_face::{DetectError, DetectedFace, LANDMARKS, Landmarks};
use crate::face_box::{FaceBox, non_maximum_suppression};
use crate::face_crop::{ResizeError, resize};
use crate::frame::Frame;
use crate::model_file::{ModelFileError, read_weights};
use crate::network_output::read;
use crate::packed_convolution::max_pool;
use crate::processor::together;

/// Longest side of the network's input in pixels.
const LONGEST_SIDE: usize = 320;
/// Sides of the input are multiples of the coarsest level's stride.
const SIDE_STEP: usize = 32;
/// Times that a small picture is enlarged at most.
const MOST_ENLARGED: usize = 4;

/// Least score of a face.
const SCORE_THRESHOLD: f32 = 0.6;
/// Overlap above which the weaker of two boxes goes (the reference's setting).
const IOU_THRESHOLD: f32 = 0.3;

/// Pixels between neighbouring anchors of a level.
const STRIDES: [usize; 3] = [8, 16, 32];
/// Outputs at each anchor: class, object, box, landmarks.
const OUTPUTS: usize = 2 + 4 + 2 * LANDMARKS;

/// (in, out) channels of the units in the order they run.
const UNITS: [[usize; 2]; 17] = [
    // Five stages, between which the picture is halved.
    [16, 16],
    [16, 16],
    [16, 32],
    [32, 32],
    [32, 64],
    [64, 64],
    [64, 64],
    [64, 64],
    [64, 64],
    [64, 64],
    [64, 64],
    // The neck, from the coarsest level to the finest.
    [64, 64],
    [64, 64],
    [64, 64],
    // The heads, from the finest level to the coarsest.
    [64, OUTPUTS],
    [64, OUTPUTS],
    [64, OUTPUTS],
];

/// The network.
#[derive(Module, Debug)]
pub struct YuNet {
    stem: ConvNorm,
    units: Vec<Unit>,
    pool: MaxPool2d,
}

/// A convolution over channels alone, then one over space alone.
#[derive(Module, Debug)]
struct Unit {
    point: ConvNorm,
    depth: ConvNorm,
}

impl Unit {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.depth.forward(self.point.forward(x))
    }

    fn forward_relu(&self, x: Tensor<4>) -> Tensor<4> {
        self.depth.forward_relu(self.point.forward(x))
    }
}

/// What the network says of each anchor, levels behind each other, rows from the top.
#[derive(Debug)]
pub struct YuNetOutput {
    /// Probabilities of a face, `[batch, anchors]`: the geometric mean of class and object.
    pub scores: Tensor<2>,
    /// Offset of the box's centre from the anchor and logarithms of its sides, in strides: `[batch, anchors, 4]`.
    pub boxes: Tensor<3>,
    /// Offsets of the landmarks from the anchor in strides: `[batch, anchors, 10]`, x and y in turn.
    pub landmarks: Tensor<3>,
}

impl YuNet {
    /// The network from the bytes of its weight file (`assets/yunet-2026may.safetensors`).
    ///
    /// # Errors
    /// When the file is damaged or of another network.
    pub fn from_bytes(bytes: &[u8], device: &Device) -> Result<Self, ModelFileError> {
        let weights = read_weights(bytes)?;
        let source = WeightSource::new(&weights, "", device);
        let conv = |name: &str, channels: [usize; 2], kernel: usize, stride: usize, groups: usize| {
            ConvNorm::trained(
                &source,
                name,
                ConvolutionShape::same(channels, kernel, stride, groups, 1),
            )
        };
        let units = UNITS.iter().enumerate().map(|(index, [input, output])| {
            Ok(Unit {
                point: conv(&format!("units.{index}.point"), [*input, *output], 1, 1, 1)?,
                depth: conv(&format!("units.{index}.depth"), [*output, *output], 3, 1, *output)?,
            })
        });
        Ok(Self {
            stem: conv("stem", [3, 16], 3, 2, 1)?,
            units: units.collect::<Result<_, ModelFileError>>()?,
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
        })
    }

    /// Pictures `[batch, 3, height, width]`, BGR from 0 to 255, sides multiples of 32.
    #[must_use]
    pub fn forward(&self, pictures: Tensor<4>) -> YuNetOutput {
        let unit = |index: usize, x: Tensor<4>| self.units[index].forward(x);
        let run = |range: std::ops::Range<usize>, x: Tensor<4>| {
            range.fold(x, |x, index| self.units[index].forward_relu(x))
        };
        let pool = |x: Tensor<4>| max_pool(&self.pool, x);

        let x = run(0..1, self.stem.forward_relu(pictures));
        let x = run(1..5, pool(x));
        let fine = run(5..7, pool(x));
        let middle = run(7..9, pool(fine.clone()));
        let coarse = run(9..11, pool(middle.clone()));
        let coarse = run(11..12, coarse);
        let middle = run(12..13, middle + twice_as_large(coarse.clone()));
        let fine = run(13..14, fine + twice_as_large(middle.clone()));

        let levels = vec![
            by_anchor(unit(14, fine)),
            by_anchor(unit(15, middle)),
            by_anchor(unit(16, coarse)),
        ];
        let outputs = Tensor::cat(levels, 1);
        let [batch, anchors, _] = outputs.dims();
        let part = |from: usize, to: usize| outputs.clone().slice([0..batch, 0..anchors, from..to]);
        let scores = (sigmoid(part(0, 1)) * sigmoid(part(1, 2))).sqrt();
        YuNetOutput {
            scores: scores.reshape([batch, anchors]),
            boxes: part(2, 6),
            landmarks: part(6, OUTPUTS),
        }
    }

    /// Frames of which all have the same input size, as `[batch, 3, height, width]`.
    pub(crate) fn input(
        frames: &[&Frame],
        [width, height]: [usize; 2],
        device: &Device,
    ) -> Result<Tensor<4>, ResizeError> {
        let mut input = Vec::with_capacity(frames.len() * 3 * width * height);
        for frame in frames {
            let small = resize(frame, width, height)?;
            // Blue first.
            let pixels = small.rgb().as_chunks::<3>().0.iter();
            input.extend(pixels.flat_map(|[red, green, blue]| [*blue, *green, *red].map(f32::from)));
        }
        let by_pixel = TensorData::new(input, [frames.len(), height, width, 3]);
        Ok(Tensor::<4>::from_data(by_pixel, device).permute([0, 3, 1, 2]))
    }

    /// Rows of score, box and landmarks, one an anchor and frame. The frames have one size.
    pub(crate) async fn raw_outputs(
        &self,
        frames: &[&Frame],
        device: &Device,
    ) -> Result<Vec<f32>, DetectError> {
        let Some(first) = frames.first() else {
            return Ok(Vec::new());
        };
        let output = self.forward(Self::input(frames, input_size(first), device)?);
        let [batch, anchors] = output.scores.dims();
        // One read for all: each read is a round trip to the GPU.
        let scores = output.scores.reshape([batch, anchors, 1]);
        let joint = Tensor::cat(vec![scores, output.boxes, output.landmarks], 2);
        Ok(read(joint).await?)
    }

    /// The faces of each frame above the threshold, best first, in pixels of the frame; boxes are cut at its borders.
    ///
    /// # Errors
    /// When a frame cannot be resized or the device cannot be read.
    pub(crate) async fn look(
        &self,
        frames: &[&Frame],
        device: &Device,
    ) -> Result<Vec<Vec<DetectedFace>>, DetectError> {
        let mut found = Vec::with_capacity(frames.len());
        // Pictures of one size share a pass.
        for group in frames.chunk_by(|a, b| input_size(a) == input_size(b)) {
            let Some(first) = group.first() else { continue };
            let size = input_size(first);
            for frames in group.chunks(together(device, group.len(), 1)) {
                let values = self.raw_outputs(frames, device).await?;
                let rows = values.chunks_exact((OUTPUTS - 1) * anchors(size).count());
                found.extend(
                    frames
                        .iter()
                        .zip(rows)
                        .map(|(frame, rows)| faces(frame, rows, size)),
                );
            }
        }
        Ok(found)
    }
}

/// Width and height to which a picture is resized for the network: its own proportions, but for what the step asks for.
fn input_size(frame: &Frame) -> [usize; 2] {
    let (width, height) = (frame.width(), frame.height());
    let longest = width.max(height);
    let target = LONGEST_SIDE.min(longest.saturating_mul(MOST_ENLARGED));
    [width, height].map(|side| (side * target).div_ceil(longest).div_ceil(SIDE_STEP).max(1) * SIDE_STEP)
}

/// Each pixel four times.
fn twice_as_large(x: Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    x.reshape([batch * channels * height, width, 1])
        .repeat_dim(2, 2)
        .reshape([batch * channels * height, 1, 2 * width])
        .repeat_dim(1, 2)
        .reshape([batch, channels, 2 * height, 2 * width])
}

/// `[batch, n, h, w]` to `[batch, h * w, n]`.
fn by_anchor(x: Tensor<4>) -> Tensor<3> {
    let [batch, outputs, height, width] = x.dims();
    x.permute([0, 2, 3, 1]).reshape([batch, height * width, outputs])
}

/// Column, row and stride of the anchors of an input of this size.
fn anchors([width, height]: [usize; 2]) -> impl Iterator<Item = [f32; 3]> {
    STRIDES.into_iter().flat_map(move |stride| {
        let columns = width / stride;
        let count = columns * (height / stride);
        (0..count).map(move |at| [(at % columns) as f32, (at / columns) as f32, stride as f32])
    })
}

/// Rows of (score, box, landmarks) to the faces that stay after suppression.
fn faces(frame: &Frame, rows: &[f32], size: [usize; 2]) -> Vec<DetectedFace> {
    let (width, height) = (frame.width() as f32, frame.height() as f32);
    let (x_scale, y_scale) = (width / size[0] as f32, height / size[1] as f32);
    let candidates = rows
        .chunks_exact(OUTPUTS - 1)
        .zip(anchors(size))
        .filter(|(row, _)| row[0] > SCORE_THRESHOLD)
        .map(|(row, [column, line, stride])| {
            let (center_x, center_y) = ((column + row[1]) * stride, (line + row[2]) * stride);
            let (half_w, half_h) = (row[3].exp() * stride / 2.0, row[4].exp() * stride / 2.0);
            let x_of = |x: f32| (x * x_scale).clamp(0.0, width);
            let y_of = |y: f32| (y * y_scale).clamp(0.0, height);
            let (left, right) = (x_of(center_x - half_w), x_of(center_x + half_w));
            let (top, bottom) = (y_of(center_y - half_h), y_of(center_y + half_h));
            let points = std::array::from_fn(|point| {
                let at = 5 + 2 * point;
                [
                    (column + row[at]) * stride * x_scale,
                    (line + row[at + 1]) * stride * y_scale,
                ]
            });
            let landmarks = Landmarks { points };
            DetectedFace {
                face_box: FaceBox {
                    x: left,
                    y: top,
                    w: right - left,
                    h: bottom - top,
                    score: row[0],
                    roll_deg: landmarks.roll_deg(),
                },
                landmarks: Some(landmarks),
            }
        })
        .filter(|face| face.face_box.w >= 1.0 && face.face_box.h >= 1.0)
        .collect();
    non_maximum_suppression(candidates, IOU_THRESHOLD)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size_of(width: usize, height: usize) -> [usize; 2] {
        input_size(&Frame::from_rgb(width, height, vec![0; 3 * width * height]).unwrap())
    }

    #[test]
    fn sides_are_multiples_of_the_step_and_small_pictures_stay_small() {
        assert_eq!(size_of(640, 480), [320, 256]);
        assert_eq!(size_of(1080, 1920), [192, 320]);
        assert_eq!(size_of(48, 48), [192, 192]);
        assert_eq!(size_of(1, 1), [32, 32]);
        assert_eq!(size_of(4000, 3), [320, 32]);
    }

    #[test]
    fn anchors_are_as_many_as_the_network_answers() {
        assert_eq!(anchors([320, 256]).count(), 40 * 32 + 20 * 16 + 10 * 8);
    }
}
