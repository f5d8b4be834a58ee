//! A convolution of each channel by itself.

use pulp::{Arch, Simd, WithSimd};

use crate::convolution_shape::ConvolutionShape;
use crate::epilogue::Epilogue;
use crate::padded::Padded;
use crate::parts::{for_each_part, thread_count};
use crate::vector::Lanes;

/// Side of the kernel whose elements stay in registers.
const KERNEL: usize = 3;
/// Output pixels of a line that are computed together: they share what they read.
const PIXELS: usize = 4;

/// Weights, a vector of channels at a time.
#[derive(Debug, Clone)]
pub(crate) struct Depthwise {
    shape: ConvolutionShape,
    /// Values a vector.
    lanes: usize,
    /// For each vector of channels: the bias, then the weights of each element of the kernel.
    vectors: Vec<f32>,
}

impl Depthwise {
    pub(crate) fn new(shape: ConvolutionShape, weight: &[f32], bias: &[f32]) -> Self {
        let lanes = Arch::new().dispatch(Lanes);
        let taps = shape.kernel * shape.kernel;
        let mut vectors = vec![0.0; shape.channels_out.div_ceil(lanes) * lanes * (1 + taps)];
        for (number, target) in vectors.chunks_exact_mut(lanes * (1 + taps)).enumerate() {
            let channels = number * lanes..shape.channels_out.min((number + 1) * lanes);
            for (lane, channel) in channels.enumerate() {
                target[lane] = bias[channel];
                for tap in 0..taps {
                    target[(1 + tap) * lanes + lane] = weight[channel * taps + tap];
                }
            }
        }
        Self {
            shape,
            lanes,
            vectors,
        }
    }

    pub(crate) fn run(
        &self,
        input: &Padded<'_>,
        [batch, channels, height, width]: [usize; 4],
        epilogue: Epilogue<'_>,
        output: &mut [f32],
    ) {
        let line_len = width * channels;
        let lines_a_part = (batch * height).div_ceil(thread_count()).max(1);
        for_each_part(output, lines_a_part * line_len, |number, part| {
            for (line, target) in (number * lines_a_part..).zip(part.chunks_exact_mut(line_len)) {
                let from = line * line_len;
                Arch::new().dispatch(Line {
                    depthwise: self,
                    input,
                    start: input.place(line / height, line % height * self.shape.stride, 0),
                    added: epilogue.added.map(|added| &added[from..from + line_len]),
                    relu: epilogue.relu,
                    output: target,
                });
            }
        });
    }
}

/// A line of output pixels.
struct Line<'a> {
    depthwise: &'a Depthwise,
    input: &'a Padded<'a>,
    /// Where the first pixel's window begins in the input.
    start: usize,
    added: Option<&'a [f32]>,
    relu: bool,
    output: &'a mut [f32],
}

impl WithSimd for Line<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let ConvolutionShape {
            kernel,
            stride,
            channels_out,
            ..
        } = self.depthwise.shape;
        match (kernel, stride, channels_out % S::F32_LANES) {
            (KERNEL, 1, 0) => self.vectors::<S, 1>(simd),
            (KERNEL, 2, 0) => self.vectors::<S, 2>(simd),
            _ => self.values(),
        }
    }
}

impl Line<'_> {
    #[inline(always)]
    fn vectors<S: Simd, const STRIDE: usize>(self, simd: S) {
        // Vectors of a pixel, and of a line of the input.
        let depth = self.input.channels / S::F32_LANES;
        let step = self.input.width * depth;
        let input = S::as_simd_f32s(&self.input.values[self.start..]).0;
        let added = self.added.map(|added| S::as_simd_f32s(added).0);
        let output = S::as_mut_simd_f32s(self.output).0;
        let weights = S::as_simd_f32s(&self.depthwise.vectors)
            .0
            .as_chunks::<{ 1 + KERNEL * KERNEL }>()
            .0;
        let pixels = output.len() / depth.max(1);
        let zero = simd.splat_f32s(0.0);
        for (channel, weights) in weights.iter().enumerate() {
            let mut pixel = 0;
            while pixel < pixels {
                // The last ones compute some pixels again.
                let first = if pixels < PIXELS {
                    pixel
                } else {
                    pixel.min(pixels - PIXELS)
                };
                let at = channel + first * STRIDE * depth;
                let mut found = [weights[0]; PIXELS];
                let count = if pixels < PIXELS {
                    [found[0]] = sums::<S, STRIDE, 1>(simd, input, at, [step, depth], weights);
                    1
                } else {
                    found = sums::<S, STRIDE, PIXELS>(simd, input, at, [step, depth], weights);
                    PIXELS
                };
                for (next, sum) in found[..count].iter().enumerate() {
                    let target = (first + next) * depth + channel;
                    let mut value = *sum;
                    if let Some(added) = added {
                        value = simd.add_f32s(value, added[target]);
                    }
                    if self.relu {
                        value = simd.max_f32s(zero, value);
                    }
                    output[target] = value;
                }
                pixel += count;
            }
        }
    }

    /// What no network here has, value by value.
    fn values(self) {
        let ConvolutionShape { kernel, stride, .. } = self.depthwise.shape;
        let Padded {
            width,
            channels,
            values,
            ..
        } = *self.input;
        let lanes = self.depthwise.lanes;
        for (at, target) in self.output.iter_mut().enumerate() {
            let (pixel, channel) = (at / channels, at % channels);
            let vector =
                &self.depthwise.vectors[channel / lanes * lanes * (1 + kernel * kernel) + channel % lanes..];
            let mut sum = vector[0];
            for tap in 0..kernel * kernel {
                let place = self.start
                    + ((tap / kernel) * width + pixel * stride + tap % kernel) * channels
                    + channel;
                sum += values[place] * vector[(1 + tap) * lanes];
            }
            sum += self.added.map_or(0.0, |added| added[at]);
            *target = if self.relu && sum < 0.0 { 0.0 } else { sum };
        }
    }
}

/// The sums of neighbouring output pixels of one vector of channels, whose first window begins at the vector `at` of the input;
/// `step` and `depth` are vectors from one line and pixel to the next.
#[inline(always)]
fn sums<S: Simd, const STRIDE: usize, const COUNT: usize>(
    simd: S,
    input: &[S::f32s],
    at: usize,
    [step, depth]: [usize; 2],
    weights: &[S::f32s; 1 + KERNEL * KERNEL],
) -> [S::f32s; COUNT] {
    let mut sums = [weights[0]; COUNT];
    for y in 0..KERNEL {
        let line = &input[at + y * step..];
        for column in 0..(COUNT - 1) * STRIDE + KERNEL {
            let value = line[column * depth];
            for (pixel, sum) in sums.iter_mut().enumerate() {
                // The column's place in this pixel's window, where it is in it.
                let x = column.wrapping_sub(pixel * STRIDE);
                if x < KERNEL {
                    *sum = simd.mul_add_e_f32s(value, weights[1 + y * KERNEL + x], *sum);
                }
            }
        }
    }
    sums
}
