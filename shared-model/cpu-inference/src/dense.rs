//! A convolution over all channels: a product of tiles of output pixels with panels of output channels.

use pulp::{Arch, Simd, WithSimd};

use crate::convolution::{ConvolutionShape, Epilogue, Padded};
use crate::parts::{for_each_part, thread_count};
use crate::vector::{Lanes, load, store};

/// Vectors of output channels that a tile computes together.
const VECTORS: usize = 2;
/// Bytes of the input that a part of the output should need at most: what a usual third-level cache keeps beside the weights.
const PART_BYTES: usize = 4 << 20;

/// Weights in panels.
#[derive(Debug, Clone)]
pub(crate) struct Dense {
    shape: ConvolutionShape,
    /// For `VECTORS` vectors of output channels at a time: for each element of each run, their weights. Channels that there
    /// are not have zeros.
    panels: Vec<f32>,
    /// Padded to whole panels.
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
        let width = VECTORS * Arch::new().dispatch(Lanes);
        let taps = kernel * kernel;
        let mut panels = vec![0.0; channels_out.div_ceil(width) * width * channels_in * taps];
        for (panel, target) in panels.chunks_exact_mut(width * channels_in * taps).enumerate() {
            // A pixel's channels follow each other in the input, and a line's pixels: the order of the runs.
            for (element, target) in target.chunks_exact_mut(width).enumerate() {
                let (tap, channel) = (element / channels_in, element % channels_in);
                for (output, target) in (panel * width..channels_out).zip(target) {
                    *target = weight[(output * channels_in + channel) * taps + tap];
                }
            }
        }
        let mut bias = bias.to_vec();
        bias.resize(channels_out.div_ceil(width) * width, 0.0);
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
            Arch::new().dispatch(Part {
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

/// Rows that a tile has at most, on any machine.
const MOST_ROWS: usize = 12;

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

impl WithSimd for Part<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // As many sums as the registers hold beside a panel's vectors and an input value.
        if cfg!(target_arch = "wasm32") {
            self.tiles::<S, 4>(simd);
        } else if S::REGISTER_COUNT >= 32 {
            self.tiles::<S, MOST_ROWS>(simd);
        } else {
            self.tiles::<S, 6>(simd);
        }
    }
}

impl Part<'_> {
    #[inline(always)]
    fn tiles<S: Simd, const ROWS: usize>(mut self, simd: S) {
        let run_len = self.dense.run_len();
        let width = VECTORS * S::F32_LANES;
        let panel_len = run_len * self.runs.len() * width;
        let panels = self
            .dense
            .panels
            .chunks_exact(panel_len)
            .zip(self.dense.bias.chunks_exact(width));
        for (number, (panel, bias)) in panels.enumerate() {
            let panel = S::as_simd_f32s(panel).0.as_chunks::<VECTORS>().0;
            let Some(bias) = S::as_simd_f32s(bias).0.first_chunk::<VECTORS>() else {
                return;
            };
            let (tiles, rest) = self.starts.as_chunks::<ROWS>();
            for (tile, starts) in tiles.iter().enumerate() {
                let sums = sums(simd, self.input, starts, self.runs, run_len, panel, bias);
                self.store(simd, &sums, tile * ROWS, number * width);
            }
            if rest.is_empty() {
                continue;
            }
            // A last whole tile computes some pixels again, which is quicker than one pixel at a time.
            if let Some(starts) = self.starts.last_chunk::<ROWS>() {
                let sums = sums(simd, self.input, starts, self.runs, run_len, panel, bias);
                self.store(simd, &sums, self.starts.len() - ROWS, number * width);
                continue;
            }
            for (at, start) in rest.iter().enumerate() {
                let sums = sums(simd, self.input, &[*start], self.runs, run_len, panel, bias);
                self.store(simd, &sums, at, number * width);
            }
        }
    }

    /// Puts a tile whose first pixel and channel are these into the output.
    #[inline(always)]
    fn store<S: Simd, const ROWS: usize>(
        &mut self,
        simd: S,
        sums: &[[S::f32s; VECTORS]; ROWS],
        pixel: usize,
        channel: usize,
    ) {
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
                    value = simd.max_f32s(value, zero);
                }
                store(simd, &mut self.output[range], value);
            }
        }
    }
}

/// The sums of a tile: of each of its pixels with each channel of the panel.
#[inline(always)]
fn sums<S: Simd, const ROWS: usize>(
    simd: S,
    input: &[f32],
    starts: &[usize; ROWS],
    runs: &[usize],
    run_len: usize,
    panel: &[[S::f32s; VECTORS]],
    bias: &[S::f32s; VECTORS],
) -> [[S::f32s; VECTORS]; ROWS] {
    let mut sums = [*bias; ROWS];
    for (run, weights) in runs.iter().zip(panel.chunks_exact(run_len)) {
        let mut lines = [&input[..0]; ROWS];
        for (line, start) in lines.iter_mut().zip(starts) {
            *line = &input[start + run..][..run_len];
        }
        let weights = &weights[..run_len];
        for element in 0..run_len {
            let weights = weights[element];
            for row in 0..ROWS {
                let value = simd.splat_f32s(lines[row][element]);
                for vector in 0..VECTORS {
                    sums[row][vector] = simd.mul_add_e_f32s(value, weights[vector], sums[row][vector]);
                }
            }
        }
    }
    sums
}
