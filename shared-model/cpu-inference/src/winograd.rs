//! A 3x3 convolution of stride 1 by Winograd's minimal filtering F(2x2, 3x3) (Lavin and Gray 2015, arXiv 1509.09308): two times
//! two output pixels take 16 products for each pair of channels in place of 36.

use std::ops::Range;

use pulp::{Arch, Simd};

use crate::convolution_shape::ConvolutionShape;
use crate::epilogue::Epilogue;
use crate::map_view::MapView;
use crate::panels::{self, Panels, Tiled, VECTORS};
use crate::parts::{for_each_slice, thread_count};
use crate::vector::{Lanes, load, store};

/// Output pixels along a side of a patch.
const PATCH: usize = 2;
/// Input pixels along the side of a patch's window.
const WINDOW: usize = 4;
const PRODUCTS: usize = WINDOW * WINDOW;
/// Patches whose products stay in the second-level cache together, about.
const PATCHES_A_BLOCK: usize = 48;
/// Channels between which transforming costs less than it saves. Above, the transformed weights (16 for 9) take more memory
/// than the products are worth: such layers have few pixels.
const CHANNELS: Range<usize> = 32..257;

/// Transformed weights.
#[derive(Debug, Clone)]
pub(crate) struct Winograd {
    channels_in: usize,
    channels_out: usize,
    padding: usize,
    /// For each of the products.
    panels: Vec<Panels>,
    bias: Vec<f32>,
}

impl Winograd {
    /// `None` where another kernel does better.
    pub(crate) fn new(shape: ConvolutionShape, weight: &[f32], bias: &[f32]) -> Option<Self> {
        let ConvolutionShape {
            channels_in,
            channels_out,
            kernel,
            stride,
            padding,
            dilation,
            groups,
        } = shape;
        let is_plain = [kernel, stride, dilation, groups] == [3, 1, 1, 1];
        let has_channels = CHANNELS.contains(&channels_in) && CHANNELS.contains(&channels_out);
        if !is_plain || !has_channels || channels_in % Arch::new().dispatch(Lanes) != 0 {
            return None;
        }
        let transformed: Vec<[f32; PRODUCTS]> =
            weight.as_chunks::<9>().0.iter().map(transformed_weight).collect();
        let panels = (0..PRODUCTS).map(|product| {
            Panels::new(channels_in, channels_out, |channel, output| {
                transformed[output * channels_in + channel][product]
            })
        });
        Some(Self {
            channels_in,
            channels_out,
            padding,
            panels: panels.collect(),
            bias: bias.to_vec(),
        })
    }

    pub(crate) fn run(
        &self,
        input: &MapView<'_>,
        [batch, channels, height, width]: [usize; 4],
        epilogue: Epilogue<'_>,
        output: &mut [f32],
    ) {
        // Patches at the lower and right end may reach beyond the output.
        let patches = [height, width].map(|side| side.div_ceil(PATCH));
        let beyond = [height % PATCH, width % PATCH].map(|odd| self.padding + odd);
        let values = input.bordered(self.padding, beyond);
        let lines = batch * patches[0];
        let lines_a_block = (PATCHES_A_BLOCK / patches[1]).clamp(1, lines.div_ceil(thread_count()).max(1));
        // Where the output of each line of patches begins.
        let start_of =
            |line: usize| (line / patches[0] * height + line % patches[0] * PATCH) * width * channels;
        let blocks = (0..lines)
            .step_by(lines_a_block)
            .map(|first| first..lines.min(first + lines_a_block));
        let ends = blocks.map(|lines| (start_of(lines.end), lines));
        for_each_slice(output, ends, |lines, part| {
            let from = start_of(lines.start);
            panels::run(Block {
                winograd: self,
                input: &values,
                lines,
                patches,
                sides: [height, width],
                added: epilogue.added.map(|added| &added[from..from + part.len()]),
                relu: epilogue.relu,
                output: part,
            });
        });
    }
}

/// `G g G^T` of a kernel.
fn transformed_weight(g: &[f32; 9]) -> [f32; PRODUCTS] {
    let transform = |[a, b, c]: [f32; 3]| [a, (a + b + c) / 2.0, (a - b + c) / 2.0, c];
    // Of each column, then of each row.
    let columns = [0, 1, 2].map(|x| transform([g[x], g[3 + x], g[6 + x]]));
    let rows: [[f32; WINDOW]; WINDOW] =
        std::array::from_fn(|y| transform([columns[0][y], columns[1][y], columns[2][y]]));
    std::array::from_fn(|at| rows[at / WINDOW][at % WINDOW])
}

/// Some lines of patches.
struct Block<'a> {
    winograd: &'a Winograd,
    /// With its border.
    input: &'a [f32],
    lines: Range<usize>,
    /// Patches along the height and the width of a picture.
    patches: [usize; 2],
    /// Height and width of the output.
    sides: [usize; 2],
    added: Option<&'a [f32]>,
    relu: bool,
    output: &'a mut [f32],
}

impl Tiled for Block<'_> {
    #[inline(always)]
    fn run<S: Simd, const ROWS: usize>(self, simd: S) {
        let count = self.lines.len() * self.patches[1];
        let depth = self.winograd.channels_in;
        let width = self.winograd.panels.first().map_or(1, Panels::width);
        let depth_out = self.winograd.channels_out.next_multiple_of(width);
        let mut windows = vec![0.0; PRODUCTS * count * depth];
        self.transform_input(simd, &mut windows, count);

        let mut products = vec![0.0; PRODUCTS * count * depth_out];
        let first = [simd.splat_f32s(0.0); VECTORS];
        for (number, (panels, products)) in self
            .winograd
            .panels
            .iter()
            .zip(products.chunks_exact_mut(count * depth_out))
            .enumerate()
        {
            let windows = &windows[number * count * depth..][..count * depth];
            for (panel, weights) in panels.iter::<S>().enumerate() {
                for from in (0..count).step_by(ROWS) {
                    let rows: [usize; ROWS] = tile_of(from, count, depth);
                    let sums = panels::sums(simd, windows, &rows, &[0], depth, weights, first);
                    for (row, sums) in (from..count).zip(&sums) {
                        let target = &mut products[row * depth_out + panel * width..][..width];
                        let target = S::as_mut_simd_f32s(target).0;
                        target
                            .iter_mut()
                            .zip(sums)
                            .for_each(|(target, sum)| *target = *sum);
                    }
                }
            }
        }
        self.transform_output(simd, &products, count, depth_out);
    }
}

/// Places of the rows from `from` on, `depth` values each; beyond the last one, its own.
#[inline(always)]
fn tile_of<const ROWS: usize>(from: usize, count: usize, depth: usize) -> [usize; ROWS] {
    let mut rows = [0; ROWS];
    for (row, place) in rows.iter_mut().enumerate() {
        *place = (from + row).min(count - 1) * depth;
    }
    rows
}

impl Block<'_> {
    /// `B^T d B` of each patch's window, product by product, then patch by patch.
    #[inline(always)]
    fn transform_input<S: Simd>(&self, simd: S, windows: &mut [f32], count: usize) {
        let depth = self.winograd.channels_in / S::F32_LANES;
        let [patch_lines, columns] = self.patches;
        let line = (PATCH * columns + WINDOW - PATCH) * depth;
        let picture = (PATCH * patch_lines + WINDOW - PATCH) * line;
        let input = S::as_simd_f32s(self.input).0;
        let windows = S::as_mut_simd_f32s(windows).0;
        for (number, patch_line) in self.lines.clone().enumerate() {
            let start = patch_line / patch_lines * picture + patch_line % patch_lines * PATCH * line;
            for column in 0..columns {
                for channel in 0..depth {
                    let at = start + column * PATCH * depth + channel;
                    let mut d = [[simd.splat_f32s(0.0); WINDOW]; WINDOW];
                    for (y, row) in d.iter_mut().enumerate() {
                        for (x, value) in row.iter_mut().enumerate() {
                            *value = input[at + y * line + x * depth];
                        }
                    }
                    // Loops, not closures: a closure that is not taken into this function would lack its instruction set.
                    for row in &mut d {
                        *row = transformed(simd, *row);
                    }
                    for x in 0..WINDOW {
                        let values = transformed(simd, column_of(&d, x));
                        for (y, value) in values.iter().enumerate() {
                            let patch = (y * WINDOW + x) * count + number * columns + column;
                            windows[patch * depth + channel] = *value;
                        }
                    }
                }
            }
        }
    }

    /// `A^T m A` of each patch's products, bias, addition and ReLU, into the output.
    #[inline(always)]
    fn transform_output<S: Simd>(self, simd: S, products: &[f32], count: usize, depth_out: usize) {
        let channels = self.winograd.channels_out;
        let [height, width] = self.sides;
        let [patch_lines, columns] = self.patches;
        // The output line with which the block begins.
        let first_line = self.lines.start / patch_lines * height + self.lines.start % patch_lines * PATCH;
        let zero = simd.splat_f32s(0.0);
        let products = S::as_simd_f32s(products).0;
        for (number, patch_line) in self.lines.clone().enumerate() {
            let y_first = patch_line % patch_lines * PATCH;
            let line = patch_line / patch_lines * height + y_first - first_line;
            for column in 0..columns {
                let patch = number * columns + column;
                for channel in (0..channels).step_by(S::F32_LANES) {
                    let mut m = [[zero; WINDOW]; WINDOW];
                    for (y, row) in m.iter_mut().enumerate() {
                        for (x, value) in row.iter_mut().enumerate() {
                            let at = ((y * WINDOW + x) * count + patch) * depth_out + channel;
                            *value = products[at / S::F32_LANES];
                        }
                    }
                    let last = channels.min(channel + S::F32_LANES);
                    let bias = load(simd, &self.winograd.bias[channel..last]);
                    let mut rows = [[zero; PATCH]; WINDOW];
                    for (target, row) in rows.iter_mut().zip(&m) {
                        *target = gathered(simd, *row);
                    }
                    for x in 0..PATCH.min(width - column * PATCH) {
                        let found = gathered(simd, column_of(&rows, x));
                        for (y, value) in found.iter().enumerate().take(height - y_first) {
                            let pixel = ((line + y) * width + column * PATCH + x) * channels;
                            let range = pixel + channel..pixel + last;
                            let mut value = simd.add_f32s(*value, bias);
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
        }
    }
}

/// One value of each row.
#[inline(always)]
fn column_of<V: Copy, const COLUMNS: usize>(rows: &[[V; COLUMNS]; WINDOW], x: usize) -> [V; WINDOW] {
    [rows[0][x], rows[1][x], rows[2][x], rows[3][x]]
}

/// `B^T` times a column.
#[inline(always)]
fn transformed<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; WINDOW]) -> [S::f32s; WINDOW] {
    [
        simd.sub_f32s(a, c),
        simd.add_f32s(b, c),
        simd.sub_f32s(c, b),
        simd.sub_f32s(b, d),
    ]
}

/// `A^T` times a column.
#[inline(always)]
fn gathered<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; WINDOW]) -> [S::f32s; PATCH] {
    [
        simd.add_f32s(simd.add_f32s(a, b), c),
        simd.sub_f32s(simd.sub_f32s(b, c), d),
    ]
}
