//! Convolution as a matrix product: the windows of a picture as columns of a matrix, and back.

use std::ops::Range;

use super::feature_map::FeatureMap;

/// The windows that a convolution looks through; the same in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Side of the kernel.
    pub kernel: usize,
    /// Steps between windows.
    pub stride: usize,
    /// Zeros around the picture.
    pub padding: usize,
}

impl Window {
    /// Windows along a side of `size` values.
    pub fn count(&self, size: usize) -> usize {
        (size + 2 * self.padding + 1).saturating_sub(self.kernel + 1) / self.stride + 1
    }

    /// Whether each window is one value and there is one for each value.
    pub fn is_pointwise(&self) -> bool {
        self.kernel == 1 && self.stride == 1 && self.padding == 0
    }

    /// Windows `[0, count)` whose value at `offset` lies inside of a side of `size` values.
    fn inside(&self, offset: usize, size: usize, count: usize) -> Range<usize> {
        let from = self
            .padding
            .saturating_sub(offset)
            .div_ceil(self.stride)
            .min(count);
        let to = (size + self.padding)
            .saturating_sub(offset)
            .div_ceil(self.stride)
            .min(count);
        from..to.max(from)
    }
}

/// A part of the matrix of windows: its rows are (channel, y, x) of the kernel, its columns the windows of
/// some lines of the output, all pictures' lines one after the other.
#[derive(Debug, Clone)]
pub struct Part {
    /// Rows of the whole matrix.
    pub rows: Range<usize>,
    /// Lines of the output.
    pub lines: Range<usize>,
}

/// One line of windows in one row: which line of the picture it reads, and which of its values.
struct Run {
    channel: usize,
    picture: usize,
    /// `None` where the line is in the padding.
    y: Option<usize>,
    /// Windows inside of the picture.
    inside: Range<usize>,
    /// Place of the first of them in the picture's line.
    first: usize,
}

/// Calls `visit` with each run of the part and its place in the part's matrix.
fn runs(dims: [usize; 4], window: Window, part: &Part, mut visit: impl FnMut(Run, Range<usize>)) {
    let [_, _, height, width] = dims;
    let (lines_out, width_out) = (window.count(height), window.count(width));
    let area = window.kernel * window.kernel;
    let mut at = 0;
    for row in part.rows.clone() {
        let (channel, place) = (row / area, row % area);
        let (down, right) = (place / window.kernel, place % window.kernel);
        let inside = window.inside(right, width, width_out);
        let first = (inside.start * window.stride + right).saturating_sub(window.padding);
        let (mut picture, mut line) = (part.lines.start / lines_out, part.lines.start % lines_out);
        for _ in part.lines.clone() {
            let y = (line * window.stride + down).checked_sub(window.padding);
            let run = Run {
                channel,
                picture,
                y: y.filter(|y| *y < height),
                inside: inside.clone(),
                first,
            };
            visit(run, at..at + width_out);
            at += width_out;
            line += 1;
            if line == lines_out {
                (picture, line) = (picture + 1, 0);
            }
        }
    }
}

/// Writes a part of the matrix of windows into `target`, row by row.
pub fn unfold(map: &FeatureMap<'_>, window: Window, part: &Part, target: &mut [f32]) {
    runs(map.dims(), window, part, |run, at| {
        let target = &mut target[at];
        let Some(y) = run.y else {
            target.fill(0.0);
            return;
        };
        let line = map.line(run.channel, run.picture, y);
        target[..run.inside.start].fill(0.0);
        target[run.inside.end..].fill(0.0);
        let target = &mut target[run.inside];
        if window.stride == 1 {
            target.copy_from_slice(&line[run.first..run.first + target.len()]);
        } else if !target.is_empty() {
            let values = line[run.first..].iter().step_by(window.stride);
            target.iter_mut().zip(values).for_each(|(to, value)| *to = *value);
        }
    });
}

/// Adds a part of the matrix of windows to the places it was taken from: `target` holds the channels from
/// `first_channel` on, channel by channel, of pictures of these sizes.
pub fn fold(
    source: &[f32],
    dims: [usize; 4],
    window: Window,
    part: &Part,
    first_channel: usize,
    target: &mut [f32],
) {
    let [batch, _, height, width] = dims;
    runs(dims, window, part, |run, at| {
        let Some(y) = run.y else { return };
        let source = &source[at][run.inside];
        let line = (((run.channel - first_channel) * batch + run.picture) * height + y) * width;
        let target = &mut target[line..line + width];
        if !source.is_empty() {
            let places = target[run.first..].iter_mut().step_by(window.stride);
            places.zip(source).for_each(|(to, value)| *to += *value);
        }
    });
}
