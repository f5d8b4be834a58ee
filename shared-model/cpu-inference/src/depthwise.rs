//! A convolution of each channel by itself.

use pulp::{Arch, Simd, WithSimd};

use crate::convolution::{ConvolutionShape, Epilogue, Padded};
use crate::parts::for_each_part;
use crate::vector::{Lanes, load, store};

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
        [_, channels, height, width]: [usize; 4],
        epilogue: Epilogue<'_>,
        output: &mut [f32],
    ) {
        // A part is a line of the output.
        for_each_part(output, width * channels, |line, part| {
            let from = line * width * channels;
            Arch::new().dispatch(Line {
                depthwise: self,
                input,
                start: input.place(line / height, line % height * self.shape.stride, 0),
                added: epilogue.added.map(|added| &added[from..from + part.len()]),
                relu: epilogue.relu,
                output: part,
            });
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
        // The usual kernel's elements stay in registers.
        match self.depthwise.shape.kernel {
            3 => self.vectors::<S, 3>(simd),
            _ => self.values(),
        }
    }
}

impl Line<'_> {
    #[inline(always)]
    fn vectors<S: Simd, const KERNEL: usize>(self, simd: S) {
        let Padded { width, channels, .. } = *self.input;
        let step = self.depthwise.shape.stride * channels;
        let zero = simd.splat_f32s(0.0);
        let weights = S::as_simd_f32s(&self.depthwise.vectors).0;
        for (number, weights) in weights.chunks_exact(1 + KERNEL * KERNEL).enumerate() {
            let from = number * S::F32_LANES;
            let lanes = S::F32_LANES.min(channels - from);
            let weight: [[S::f32s; KERNEL]; KERNEL] =
                std::array::from_fn(|y| std::array::from_fn(|x| weights[1 + y * KERNEL + x]));
            let lines: [&[f32]; KERNEL] =
                std::array::from_fn(|y| &self.input.values[self.start + y * width * channels + from..]);
            for (pixel, target) in self.output.chunks_exact_mut(channels).enumerate() {
                let mut sum = weights[0];
                for (line, weight) in lines.iter().zip(&weight) {
                    for (x, weight) in weight.iter().enumerate() {
                        let at = pixel * step + x * channels;
                        let value = load(simd, &line[at..at + lanes]);
                        sum = simd.mul_add_e_f32s(value, *weight, sum);
                    }
                }
                if let Some(added) = self.added {
                    let at = pixel * channels + from;
                    sum = simd.add_f32s(sum, load(simd, &added[at..at + lanes]));
                }
                if self.relu {
                    sum = simd.max_f32s(sum, zero);
                }
                store(simd, &mut target[from..from + lanes], sum);
            }
        }
    }

    /// Kernels that no network here has, value by value.
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
            *target = if self.relu { sum.max(0.0) } else { sum };
        }
    }
}
