//! Feature maps, wherever their values lie.

use std::borrow::Cow;

/// Feature maps `[batch, channels, height, width]` in any order in memory.
#[derive(Debug, Clone, Copy)]
pub struct MapView<'a> {
    values: &'a [f32],
    dims: [usize; 4],
    /// Values from one picture, channel, line and pixel to the next.
    strides: [usize; 4],
}

impl<'a> MapView<'a> {
    /// Maps of these `[batch, channels, height, width]`, with the channels of a pixel next to each other:
    /// `[batch, height, width, channels]` in memory.
    #[must_use]
    pub fn by_pixel(values: &'a [f32], dims: [usize; 4]) -> Self {
        Self::new(values, dims, strides_by_pixel(dims))
    }

    /// Maps of these `[batch, channels, height, width]`, with these steps in values along each of them.
    ///
    /// # Panics
    /// When the last value lies outside of `values`: a caller's error.
    #[must_use]
    pub fn new(values: &'a [f32], dims: [usize; 4], strides: [usize; 4]) -> Self {
        let is_empty = dims.contains(&0);
        let last: usize = dims
            .iter()
            .zip(&strides)
            .map(|(dim, stride)| dim.saturating_sub(1) * stride)
            .sum();
        assert!(
            is_empty || last < values.len(),
            "maps {dims:?} with steps {strides:?} in {} values",
            values.len()
        );
        Self {
            values,
            dims,
            strides,
        }
    }

    /// `[batch, channels, height, width]`.
    #[must_use]
    pub fn dims(&self) -> [usize; 4] {
        self.dims
    }

    /// The values as `[batch, height, width, channels]`, on a border of `padding` zeros; copied only where they lie otherwise.
    #[must_use]
    pub fn padded(&self, padding: usize) -> Cow<'a, [f32]> {
        self.bordered(padding, [padding; 2])
    }

    /// As [`MapView::padded`], with `before` zeros above and on the left, and `after` below and on the right.
    pub(crate) fn bordered(&self, before: usize, after: [usize; 2]) -> Cow<'a, [f32]> {
        let [batch, channels, height, width] = self.dims;
        let (lines, columns) = (before + height + after[0], before + width + after[1]);
        if [lines, columns] == [height, width] && self.strides == strides_by_pixel(self.dims) {
            return Cow::Borrowed(&self.values[..self.dims.iter().product()]);
        }
        let line = columns * channels;
        let mut padded = vec![0.0; batch * lines * line];
        if padded.is_empty() || height * width == 0 {
            return Cow::Owned(padded);
        }
        let [picture_step, channel_step, line_step, pixel_step] = self.strides;
        for (picture, target) in padded.chunks_exact_mut(lines * line).enumerate() {
            for (y, target) in target
                .chunks_exact_mut(line)
                .skip(before)
                .take(height)
                .enumerate()
            {
                let target = &mut target[before * channels..][..width * channels];
                let start = picture * picture_step + y * line_step;
                if channel_step == 1 && pixel_step == channels {
                    target.copy_from_slice(&self.values[start..start + width * channels]);
                    continue;
                }
                for (channel, start) in (0..channels).map(|channel| (channel, start + channel * channel_step))
                {
                    for (x, target) in target[channel..].iter_mut().step_by(channels).enumerate() {
                        *target = self.values[start + x * pixel_step];
                    }
                }
            }
        }
        Cow::Owned(padded)
    }
}

/// Steps along `[batch, channels, height, width]` where the channels of a pixel lie next to each other.
fn strides_by_pixel([_, channels, height, width]: [usize; 4]) -> [usize; 4] {
    [channels * height * width, 1, width * channels, channels]
}
