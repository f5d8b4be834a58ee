//! UltraFace RFB-320 (MIT, linzai): finds faces in a 320x240 picture.

use burn::module::Module;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, TensorData};
use cpu_inference::ConvolutionShape;

use crate::conv_norm::{ConvNorm, WeightSource};
use crate::detected_face::DetectError;
use crate::face_box::{FaceBox, non_maximum_suppression};
use crate::face_crop::{ResizeError, resize};
use crate::frame::Frame;
use crate::model_file::{ModelFileError, read_weights};
use crate::network_output::read;
use crate::processor::together;

/// Width of the network's input in pixels.
pub const DETECTOR_WIDTH: usize = 320;
/// Height of the network's input in pixels.
pub const DETECTOR_HEIGHT: usize = 240;

/// Least probability of a face (UltraFace's reference setting).
const SCORE_THRESHOLD: f32 = 0.7;
/// Overlap above which the weaker of two boxes goes (UltraFace's reference setting).
const IOU_THRESHOLD: f32 = 0.3;
/// Scales of the box regression in SSD (Liu et al. 2016).
const CENTER_VARIANCE: f32 = 0.1;
const SIZE_VARIANCE: f32 = 0.2;

/// Pixels between neighbouring priors of a feature map, and the sides of the priors there.
const PRIOR_LEVELS: [(usize, &[f32]); 4] = [
    (8, &[10.0, 16.0, 24.0]),
    (16, &[32.0, 48.0]),
    (32, &[64.0, 96.0]),
    (64, &[128.0, 192.0, 256.0]),
];

/// (in, out, kernel, stride, groups, dilation) of the convolutions in the order they run.
const LAYERS: [[usize; 6]; 52] = [
    [3, 16, 3, 2, 1, 1],
    [16, 16, 3, 1, 16, 1],
    [16, 32, 1, 1, 1, 1],
    [32, 32, 3, 2, 32, 1],
    [32, 32, 1, 1, 1, 1],
    [32, 32, 3, 1, 32, 1],
    [32, 32, 1, 1, 1, 1],
    [32, 32, 3, 2, 32, 1],
    [32, 64, 1, 1, 1, 1],
    [64, 64, 3, 1, 64, 1],
    [64, 64, 1, 1, 1, 1],
    [64, 64, 3, 1, 64, 1],
    [64, 64, 1, 1, 1, 1],
    // RFB: three branches, their joint projection, the shortcut.
    [64, 8, 1, 1, 1, 1],
    [8, 16, 3, 1, 1, 1],
    [16, 16, 3, 1, 1, 2],
    [64, 8, 1, 1, 1, 1],
    [8, 16, 3, 1, 1, 1],
    [16, 16, 3, 1, 1, 3],
    [64, 8, 1, 1, 1, 1],
    [8, 12, 3, 1, 1, 1],
    [12, 16, 3, 1, 1, 1],
    [16, 16, 3, 1, 1, 5],
    [48, 64, 1, 1, 1, 1],
    [64, 64, 1, 1, 1, 1],
    // Heads at stride 8: class, then box.
    [64, 64, 3, 1, 64, 1],
    [64, 6, 1, 1, 1, 1],
    [64, 64, 3, 1, 64, 1],
    [64, 12, 1, 1, 1, 1],
    [64, 64, 3, 2, 64, 1],
    [64, 128, 1, 1, 1, 1],
    [128, 128, 3, 1, 128, 1],
    [128, 128, 1, 1, 1, 1],
    [128, 128, 3, 1, 128, 1],
    [128, 128, 1, 1, 1, 1],
    // Heads at stride 16.
    [128, 128, 3, 1, 128, 1],
    [128, 4, 1, 1, 1, 1],
    [128, 128, 3, 1, 128, 1],
    [128, 8, 1, 1, 1, 1],
    [128, 128, 3, 2, 128, 1],
    [128, 256, 1, 1, 1, 1],
    [256, 256, 3, 1, 256, 1],
    [256, 256, 1, 1, 1, 1],
    // Heads at stride 32.
    [256, 256, 3, 1, 256, 1],
    [256, 4, 1, 1, 1, 1],
    [256, 256, 3, 1, 256, 1],
    [256, 8, 1, 1, 1, 1],
    [256, 64, 1, 1, 1, 1],
    [64, 64, 3, 2, 64, 1],
    [64, 256, 1, 1, 1, 1],
    // Heads at stride 64.
    [256, 6, 3, 1, 1, 1],
    [256, 12, 3, 1, 1, 1],
];

/// The network.
#[derive(Module, Debug)]
pub struct UltraFace {
    convs: Vec<ConvNorm>,
}

impl UltraFace {
    /// The network from the bytes of its weight file (`assets/ultraface-rfb-320.safetensors`).
    ///
    /// # Errors
    /// When the file is damaged or of another network.
    pub fn from_bytes(bytes: &[u8], device: &Device) -> Result<Self, ModelFileError> {
        let weights = read_weights(bytes)?;
        let source = WeightSource::new(&weights, "", device);
        let convs = LAYERS.iter().enumerate().map(|(index, layer)| {
            let [channels_in, channels_out, kernel, stride, groups, dilation] = *layer;
            let shape = ConvolutionShape::same([channels_in, channels_out], kernel, stride, groups, dilation);
            ConvNorm::trained(&source, &format!("convs.{index}"), shape)
        });
        let convs = convs.collect::<Result<_, ModelFileError>>()?;
        Ok(Self { convs })
    }

    /// Pictures `[batch, 3, 240, 320]`, RGB as `(value - 127) / 128`, to face probabilities
    /// `[batch, 4420]` and box regressions `[batch, 4420, 4]`.
    #[must_use]
    pub fn forward(&self, pictures: Tensor<4>) -> (Tensor<2>, Tensor<3>) {
        let conv = |index: usize, x: Tensor<4>| self.convs[index].forward(x);
        let conv_relu = |index: usize, x: Tensor<4>| self.convs[index].forward_relu(x);
        let run = |range: std::ops::Range<usize>, x: Tensor<4>| range.fold(x, |x, index| conv_relu(index, x));
        let (mut scores, mut boxes) = (Vec::new(), Vec::new());
        let mut heads = |score: Tensor<4>, regression: Tensor<4>| {
            scores.push(by_prior::<2>(score));
            boxes.push(by_prior::<4>(regression));
        };

        let x = run(0..13, pictures);
        // The receptive field block has no activation inside its branches but in the middle.
        let branch0 = conv(15, conv_relu(14, conv(13, x.clone())));
        let branch1 = conv(18, conv_relu(17, conv(16, x.clone())));
        let branch2 = conv(22, conv_relu(21, conv_relu(20, conv(19, x.clone()))));
        let joint = conv(23, Tensor::cat(vec![branch0, branch1, branch2], 1));
        let x = self.convs[24].forward_add_relu(x, joint);
        heads(conv(26, run(25..26, x.clone())), conv(28, run(27..28, x.clone())));
        let x = run(29..35, x);
        heads(conv(36, run(35..36, x.clone())), conv(38, run(37..38, x.clone())));
        let x = run(39..43, x);
        heads(conv(44, run(43..44, x.clone())), conv(46, run(45..46, x.clone())));
        let x = run(47..50, x);
        heads(conv(50, x.clone()), conv(51, x));

        let scores = softmax(Tensor::cat(scores, 1), 2);
        let [batch, priors, _] = scores.dims();
        let faces = scores.slice([0..batch, 0..priors, 1..2]).reshape([batch, priors]);
        (faces, Tensor::cat(boxes, 1))
    }

    /// Frames, stretched to the network's input, to `[batch, 3, 240, 320]`.
    pub(crate) fn input(frames: &[&Frame], device: &Device) -> Result<Tensor<4>, ResizeError> {
        let mut input = Vec::with_capacity(frames.len() * 3 * DETECTOR_WIDTH * DETECTOR_HEIGHT);
        for frame in frames {
            let small = resize(frame, DETECTOR_WIDTH, DETECTOR_HEIGHT)?;
            input.extend(small.rgb().iter().map(|v| (f32::from(*v) - 127.0) / 128.0));
        }
        let by_pixel = TensorData::new(input, [frames.len(), DETECTOR_HEIGHT, DETECTOR_WIDTH, 3]);
        Ok(Tensor::<4>::from_data(by_pixel, device).permute([0, 3, 1, 2]))
    }

    /// Rows of score and box regression, one a prior and frame.
    pub(crate) async fn raw_outputs(
        &self,
        frames: &[&Frame],
        device: &Device,
    ) -> Result<Vec<f32>, DetectError> {
        let (scores, boxes) = self.forward(Self::input(frames, device)?);
        // One read for both: each read is a round trip to the GPU.
        let [batch, priors] = scores.dims();
        let joint = Tensor::cat(vec![scores.reshape([batch, priors, 1]), boxes], 2);
        Ok(read(joint).await?)
    }

    /// The faces of each frame above the reference's threshold, best first, in pixels of the frame and cut at its borders.
    ///
    /// # Errors
    /// When a frame cannot be resized or the device cannot be read.
    pub(crate) async fn look(
        &self,
        frames: &[&Frame],
        device: &Device,
    ) -> Result<Vec<Vec<FaceBox>>, DetectError> {
        let prior_boxes = prior_boxes();
        let mut found = Vec::with_capacity(frames.len());
        for frames in frames.chunks(together(device, frames.len(), 1)) {
            let values = self.raw_outputs(frames, device).await?;
            let rows = values.chunks_exact(5 * prior_boxes.len());
            let faces = frames
                .iter()
                .zip(rows)
                .map(|(frame, rows)| faces(frame, rows, &prior_boxes));
            found.extend(faces);
        }
        Ok(found)
    }
}

/// `[batch, priors * n, h, w]` to `[batch, h * w * priors, n]`.
fn by_prior<const N: usize>(x: Tensor<4>) -> Tensor<3> {
    let [batch, channels, height, width] = x.dims();
    x.permute([0, 2, 3, 1])
        .reshape([batch, height * width * channels / N, N])
}

/// Centre and size of the priors, normalised to the picture: `[cx, cy, w, h]`.
fn prior_boxes() -> Vec<[f32; 4]> {
    let mut priors = Vec::new();
    for (stride, sides) in PRIOR_LEVELS {
        let columns = DETECTOR_WIDTH.div_ceil(stride);
        let rows = DETECTOR_HEIGHT.div_ceil(stride);
        for row in 0..rows {
            for column in 0..columns {
                for side in sides {
                    // By the number of cells, not by the stride: 240 is no multiple of the larger strides.
                    let center = |i: usize, count: usize| (i as f32 + 0.5) / count as f32;
                    priors.push(
                        [
                            center(column, columns),
                            center(row, rows),
                            side / DETECTOR_WIDTH as f32,
                            side / DETECTOR_HEIGHT as f32,
                        ]
                        .map(|value| value.clamp(0.0, 1.0)),
                    );
                }
            }
        }
    }
    priors
}

/// Rows of (score, dx, dy, dw, dh) to the boxes that stay after suppression.
fn faces(frame: &Frame, rows: &[f32], priors: &[[f32; 4]]) -> Vec<FaceBox> {
    let (width, height) = (frame.width() as f32, frame.height() as f32);
    let candidates = rows
        .chunks_exact(5)
        .zip(priors)
        .filter(|(row, _)| row[0] > SCORE_THRESHOLD)
        .map(|(row, [cx, cy, w, h])| {
            let center_x = cx + row[1] * CENTER_VARIANCE * w;
            let center_y = cy + row[2] * CENTER_VARIANCE * h;
            let (box_w, box_h) = (
                w * (row[3] * SIZE_VARIANCE).exp(),
                h * (row[4] * SIZE_VARIANCE).exp(),
            );
            let left = ((center_x - box_w / 2.0) * width).clamp(0.0, width);
            let top = ((center_y - box_h / 2.0) * height).clamp(0.0, height);
            let right = ((center_x + box_w / 2.0) * width).clamp(0.0, width);
            let bottom = ((center_y + box_h / 2.0) * height).clamp(0.0, height);
            FaceBox {
                x: left,
                y: top,
                w: right - left,
                h: bottom - top,
                score: row[0],
                roll_deg: 0.0,
            }
        })
        .filter(|face| face.w >= 1.0 && face.h >= 1.0)
        .collect();
    non_maximum_suppression(candidates, IOU_THRESHOLD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priors_are_as_many_as_the_network_answers() {
        assert_eq!(prior_boxes().len(), 4420);
    }
}
