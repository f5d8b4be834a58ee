//! A convolution over all channels, of any kernel: rows of the product are windows of the input, where they lie.

use pulp::Simd;

use crate::convolution_shape::ConvolutionShape;
use crate::epilogue::Epilogue;
use crate::padded::Padded;
use crate::panels::{self, MOST_ROWS, Panels, Tiled, VECTORS};
use crate::parts::{for_each_part, thread_count};
use crate::vector::{load, store};

/// Bytes of the input that a part of the output should need at most: what a usual third-level cache keeps beside the weights.
const PART_BYTES: usize = 4 << 20;

/// Weights in panels.
#[derive(Debug, Clone)]
pub(crate) struct Dense {
    shape: ConvolutionShape,
    panels: Panels,
    /// Filled up to whole panels.
    bias: Vec<f32>,
}

impl Dense {
    pub(crate) fn new(shape: ConvolutionShape, weight: &[f32], bias: &[f32]) -> Self {
        let ConvolutionShape {
            channels_in,
            channels_out,
            kernel,
            ..
        } = shape;
        let taps = kernel * kernel;
        // A pixel's channels follow each other in the input, and a line's pixels: the order of the runs.
        let panels = Panels::new(channels_in * taps, channels_out, |element, output| {
            let (tap, channel) = (element / channels_in, element % channels_in);
            weight[(output * channels_in + channel) * taps + tap]
        });
        let mut bias = bias.to_vec();
        bias.resize(channels_out.next_multiple_of(panels.width()), 0.0);
        Self { shape, panels, bias }
    }

    /// Elements of the input that follow each other and are multiplied by weights that follow each other.
    fn run_len(&self) -> usize {
        if self.shape.dilation == 1 {
            self.shape.kernel * self.shape.channels_in
        } else {
            self.shape.channels_in
        }
    }

    /// Where the runs begin, from the place of the window's first pixel.
    fn runs(&self, input: &Padded<'_>) -> Vec<usize> {
        let ConvolutionShape { kernel, dilation, .. } = self.shape;
        let columns = if dilation == 1 { 1 } else { kernel };
        let places = (0..kernel).flat_map(|ky| (0..columns).map(move |kx| (ky, kx)));
        places
            .map(|(ky, kx)| input.place(0, ky * dilation, kx * dilation))
            .collect()
    }

    pub(crate) fn run(
        &self,
        input: &Padded<'_>,
        [batch, channels, height, width]: [usize; 4],
        epilogue: Epilogue<'_>,
        output: &mut [f32],
    ) {
        let stride = self.shape.stride;
        let pixels = batch * height * width;
        let fitting = PART_BYTES / (4 * stride * stride * input.channels).max(1);
        let pixels_a_part = fitting
            .min(pixels.div_ceil(thread_count()))
            .next_multiple_of(MOST_ROWS)
            .max(MOST_ROWS);
        let runs = self.runs(input);
        for_each_part(output, pixels_a_part * channels, |number, part| {
            let first = number * pixels_a_part;
            let pixels = first..first + part.len() / channels;
            let mut starts = Vec::with_capacity(pixels.len());
            // Line by line: a division for each pixel would take time.
            for line in first / width..pixels.end.div_ceil(width) {
                let start = input.place(line / height, line % height * stride, 0);
                let columns = pixels.start.saturating_sub(line * width)..width.min(pixels.end - line * width);
                starts.extend(columns.map(|column| start + column * stride * input.channels));
            }
            let from = first * channels;
            panels::run(Part {
                dense: self,
                input: input.values,
                runs: &runs,
                starts: &starts,
                added: epilogue.added.map(|added| &added[from..from + part.len()]),
                relu: epilogue.relu,
                output: part,
            });
        });
    }
}

/// Some output pixels, all channels.
struct Part<'a> {
    dense: &'a Dense,
    input: &'a [f32],
    runs: &'a [usize],
    /// Where each pixel's window begins in the input.
    starts: &'a [usize],
    added: Option<&'a [f32]>,
    relu: bool,
    output: &'a mut [f32],
}

impl Tiled for Part<'_> {
    #[inline(always)]
    fn run<S: Simd, const ROWS: usize>(mut self, simd: S) {
        let run_len = self.dense.run_len();
        let width = self.dense.panels.width();
        let biases = S::as_simd_f32s(&self.dense.bias).0.as_chunks::<VECTORS>().0;
        // Not on the stack: sums that are read by a counted loop from there would not stay in registers while they are made.
        let mut whole = vec![simd.splat_f32s(0.0); ROWS * VECTORS];
        for (number, (panel, bias)) in self.dense.panels.iter::<S>().zip(biases).enumerate() {
            for (tile, starts) in self.starts.chunks(ROWS).enumerate() {
                let rows = panels::tile::<ROWS>(starts);
                let sums = panels::sums(simd, self.input, &rows, self.runs, run_len, panel, *bias);
                let kept = &mut whole[..ROWS * VECTORS];
                for row in 0..ROWS {
                    for vector in 0..VECTORS {
                        kept[row * VECTORS + vector] = sums[row][vector];
                    }
                }
                let sums = whole.as_chunks::<VECTORS>().0;
                self.store(simd, &sums[..starts.len()], tile * ROWS, number * width);
            }
        }
    }
}

impl Part<'_> {
    /// Puts a tile whose first pixel and channel are these into the output.
    #[inline(always)]
    fn store<S: Simd>(&mut self, simd: S, sums: &[[S::f32s; VECTORS]], pixel: usize, channel: usize) {
        let channels = self.dense.shape.channels_out;
        let zero = simd.splat_f32s(0.0);
        for (row, sums) in sums.iter().enumerate() {
            let start = (pixel + row) * channels;
            for (vector, sum) in sums.iter().enumerate() {
                let from = channel + vector * S::F32_LANES;
                if from >= channels {
                    break;
                }
                let range = start + from..start + channels.min(from + S::F32_LANES);
                let mut value = *sum;
                if let Some(added) = self.added {
                    value = simd.add_f32s(value, load(simd, &added[range.clone()]));
                }
                if self.relu {
                    value = simd.max_f32s(zero, value);
                }
                store(simd, &mut self.output[range], value);
            }
        }
    }
}
