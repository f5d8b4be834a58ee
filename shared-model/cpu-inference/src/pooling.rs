//! The largest value of each window.

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
        let window = |start: usize, end: usize| {
            (start * shape.stride).saturating_sub(shape.padding)
                ..(start * shape.stride + shape.kernel)
                    .saturating_sub(shape.padding)
                    .min(end)
        };
        for (column, target) in part.chunks_exact_mut(channels).enumerate() {
            for y in window(row, height) {
                for x in window(column, width) {
                    let start = ((picture * height + y) * width + x) * channels;
                    let pixel = &values[start..start + channels];
                    target
                        .iter_mut()
                        .zip(pixel)
                        .for_each(|(most, value)| *most = most.max(*value));
                }
            }
        }
    });
    output
}
