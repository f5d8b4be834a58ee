//! A convolution without bias and its gradients, for the whole batch at once.

use std::ops::Range;

use rayon::prelude::*;

use super::feature_map::FeatureMap;
use super::matrix::{Matrix, MatrixMut};
use super::unfold::{Part, Window, fold, unfold};

/// Values of a part of the matrix of windows: about what a core's cache holds.
const PART_VALUES: usize = 1 << 18;
/// Columns below which a matrix product is mostly packing.
const FEWEST_COLUMNS: usize = 256;
/// Rows of the matrix of windows that one task takes.
const BLOCK_ROWS: usize = 288;

/// Sizes of a convolution's weights.
#[derive(Debug, Clone, Copy)]
pub struct WeightDims {
    /// Channels of the output.
    pub channels_out: usize,
    /// Channels of the input.
    pub channels_in: usize,
}

/// Splits `count` into an even number of parts of about `target`; gives the size of a part.
fn part_len(count: usize, target: usize) -> usize {
    let pairs = count.div_ceil(2 * target.max(1)).max(1);
    count.div_ceil(2 * pairs).max(1)
}

/// Threads that each of `tasks` may use itself.
fn threads_a_task(tasks: usize) -> usize {
    rayon::current_num_threads() / tasks.max(1)
}

/// The convolution of `map` with a matrix of weights (a row an output channel, a column a place of the
/// window), channel by channel.
pub fn forward(map: &FeatureMap<'_>, weights: Matrix<'_>, channels_out: usize, window: Window) -> Vec<f32> {
    let (lines, width) = (map.batch * window.count(map.height), window.count(map.width));
    let rows = map.channels * window.kernel * window.kernel;
    let direct = map.matrix().filter(|_| window.is_pointwise());
    let columns = if direct.is_some() {
        4 * FEWEST_COLUMNS
    } else {
        (PART_VALUES / rows).max(FEWEST_COLUMNS)
    };
    let lines_a_part = part_len(lines, columns.div_ceil(width));
    let mut output = vec![0.0; channels_out * lines * width];
    let parts = MatrixMut::new(&mut output, channels_out, lines * width).split(lines_a_part * width);
    let threads = threads_a_task(parts.len());
    parts
        .into_par_iter()
        .enumerate()
        .for_each_init(Vec::new, |buffer, (index, mut target)| {
            let first = index * lines_a_part;
            let taken = first..first + target.width() / width;
            if let Some(values) = direct {
                let columns = taken.start * width..taken.end * width;
                target.product(weights, values.columns(columns), false, threads);
                return;
            }
            let windows = unfolded(map, window, 0..rows, taken, buffer);
            target.product(weights, windows, false, threads);
        });
    output
}

/// The gradient of the weights, a row an output channel: the gradient of the output times the windows.
pub fn weight_gradient(map: &FeatureMap<'_>, gradient: &FeatureMap<'_>, window: Window) -> Vec<f32> {
    let rows = map.channels * window.kernel * window.kernel;
    let (lines, width) = (gradient.batch * gradient.height, gradient.width);
    let by_channel = gradient.by_channel();
    let gradient = Matrix::new(&by_channel, gradient.channels, lines * width);
    let channels_out = by_channel.len() / (lines * width);
    let direct = map.matrix().filter(|_| window.is_pointwise());
    let mut output = vec![0.0; channels_out * rows];
    let block = part_len(rows, BLOCK_ROWS);
    let blocks = MatrixMut::new(&mut output, channels_out, rows).split(block);
    let threads = threads_a_task(blocks.len());
    blocks
        .into_par_iter()
        .enumerate()
        .for_each_init(Vec::new, |buffer, (index, mut target)| {
            let taken = index * block..index * block + target.width();
            if let Some(values) = direct {
                target.product(gradient, values.rows(taken).transposed(), false, threads);
                return;
            }
            let step = (PART_VALUES / block).div_ceil(width);
            for from in (0..lines).step_by(step) {
                let some = from..lines.min(from + step);
                let columns = some.start * width..some.end * width;
                let windows = unfolded(map, window, taken.clone(), some, buffer);
                target.product(gradient.columns(columns), windows.transposed(), from > 0, threads);
            }
        });
    output
}

/// The gradient of the input, `dims` in size, channel by channel.
pub fn input_gradient(
    weights: &[f32],
    sizes: WeightDims,
    gradient: &FeatureMap<'_>,
    dims: [usize; 4],
    window: Window,
) -> Vec<f32> {
    let WeightDims {
        channels_out,
        channels_in,
    } = sizes;
    if window.is_pointwise() {
        let weights = Matrix::new(weights, channels_out, channels_in).transposed();
        return forward(gradient, weights, channels_in, window);
    }
    if window.stride == 1 && window.padding < window.kernel {
        // A convolution again, with the kernel turned around and the channels exchanged.
        let turned = turned(weights, sizes, window.kernel);
        let back = Window {
            padding: window.kernel - 1 - window.padding,
            ..window
        };
        let weights = Matrix::new(&turned, channels_in, turned.len() / channels_in);
        return forward(gradient, weights, channels_in, back);
    }
    strided_input_gradient(weights, sizes, gradient, dims, window)
}

/// The gradient of every window's values, added up where windows overlap.
fn strided_input_gradient(
    weights: &[f32],
    sizes: WeightDims,
    gradient: &FeatureMap<'_>,
    dims: [usize; 4],
    window: Window,
) -> Vec<f32> {
    let [batch, channels_in, height, width_in] = dims;
    let area = window.kernel * window.kernel;
    let (lines, width) = (gradient.batch * gradient.height, gradient.width);
    let by_channel = gradient.by_channel();
    let gradient = Matrix::new(&by_channel, sizes.channels_out, lines * width);
    let weights = Matrix::new(weights, sizes.channels_out, channels_in * area).transposed();
    let plane = batch * height * width_in;
    let block = part_len(channels_in, BLOCK_ROWS.div_ceil(area));
    let mut output = vec![0.0; channels_in * plane];
    output.par_chunks_mut(block * plane).enumerate().for_each_init(
        Vec::new,
        |buffer: &mut Vec<f32>, (index, target)| {
            let first = index * block;
            let rows = first * area..(first + target.len() / plane) * area;
            let step = (PART_VALUES / rows.len()).div_ceil(width);
            for from in (0..lines).step_by(step) {
                let some = from..lines.min(from + step);
                let columns = some.start * width..some.end * width;
                let length = rows.len() * columns.len();
                buffer.resize(length.max(buffer.len()), 0.0);
                let part = Part {
                    rows: rows.clone(),
                    lines: some,
                };
                let windows = &mut buffer[..length];
                MatrixMut::new(windows, rows.len(), columns.len()).product(
                    weights.rows(rows.clone()),
                    gradient.columns(columns),
                    false,
                    1,
                );
                fold(windows, dims, window, &part, first, target);
            }
        },
    );
    output
}

/// A part of the matrix of windows, in `buffer`.
fn unfolded<'a>(
    map: &FeatureMap<'_>,
    window: Window,
    rows: Range<usize>,
    lines: Range<usize>,
    buffer: &'a mut Vec<f32>,
) -> Matrix<'a> {
    let (count, columns) = (rows.len(), lines.len() * window.count(map.width));
    buffer.resize((count * columns).max(buffer.len()), 0.0);
    let windows = &mut buffer[..count * columns];
    unfold(map, window, &Part { rows, lines }, windows);
    Matrix::new(windows, count, columns)
}

/// Weights `[out, in, k, k]` as `[in, out, k, k]` with each kernel turned by half a circle.
fn turned(weights: &[f32], sizes: WeightDims, kernel: usize) -> Vec<f32> {
    let area = kernel * kernel;
    let mut turned = Vec::with_capacity(weights.len());
    for channel_in in 0..sizes.channels_in {
        for channel_out in 0..sizes.channels_out {
            let start = (channel_out * sizes.channels_in + channel_in) * area;
            turned.extend(weights[start..start + area].iter().rev());
        }
    }
    turned
}
