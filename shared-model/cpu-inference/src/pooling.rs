//! The largest value of each window.

use pulp::{Arch, Simd, WithSimd};

use crate::map_view::MapView;
use crate::parts::for_each_part;

/// Sizes of a square window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolingShape {
    /// Side of the window.
    pub kernel: usize,
    /// Input pixels from one window to the next.
    pub stride: usize,
    /// Pixels around the input that never count.
    pub padding: usize,
}

impl PoolingShape {
    /// `[batch, channels, height, width]` of the output of an input of such dimensions.
    #[must_use]
    pub fn dims_out(&self, [batch, channels, height, width]: [usize; 4]) -> [usize; 4] {
        let side = |side: usize| {
            let room = (side + 2 * self.padding).checked_sub(self.kernel);
            room.map_or(0, |room| room / self.stride.max(1) + 1)
        };
        [batch, channels, side(height), side(width)]
    }
}

/// The largest value of each window of each channel, as `[batch, height, width, channels]`.
#[must_use]
pub fn max_pool(input: &MapView<'_>, shape: PoolingShape) -> Vec<f32> {
    let [_, channels, height, width] = input.dims();
    let dims = shape.dims_out(input.dims());
    let mut output = vec![f32::NEG_INFINITY; dims.iter().product()];
    if output.is_empty() {
        return output;
    }
    let values = input.padded(0);
    let [_, _, rows, columns] = dims;
    for_each_part(&mut output, columns * channels, |line, part| {
        let (picture, row) = (line / rows, line % rows);
        let window = |number: usize, side: usize| {
            let start = number * shape.stride;
            start.saturating_sub(shape.padding)
                ..(start + shape.kernel).saturating_sub(shape.padding).min(side)
        };
        for (column, target) in part.chunks_exact_mut(channels).enumerate() {
            for y in window(row, height) {
                for x in window(column, width) {
                    let start = ((picture * height + y) * width + x) * channels;
                    Arch::new().dispatch(Largest {
                        target,
                        pixel: &values[start..start + channels],
                    });
                }
            }
        }
    });
    output
}

/// The larger of two values, channel by channel.
struct Largest<'a> {
    target: &'a mut [f32],
    pixel: &'a [f32],
}

impl WithSimd for Largest<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (target, target_rest) = S::as_mut_simd_f32s(self.target);
        let (pixel, pixel_rest) = S::as_simd_f32s(self.pixel);
        for (most, value) in target.iter_mut().zip(pixel) {
            // What is no number stays: it tells of damaged weights.
            let keeps = simd.greater_than_or_equal_f32s(*most, *value);
            let is_none = simd.not_m32s(simd.equal_f32s(*most, *most));
            *most = simd.select_f32s(simd.or_m32s(keeps, is_none), *most, *value);
        }
        for (most, value) in target_rest.iter_mut().zip(pixel_rest) {
            if !(*most >= *value || most.is_nan()) {
                *most = *value;
            }
        }
    }
}
