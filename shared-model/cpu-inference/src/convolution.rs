//! A convolution of a trained network, with its weights packed.

use crate::convolution_shape::{ConvolutionShape, UnsupportedConvolution};
use crate::dense::Dense;
use crate::depthwise::Depthwise;
use crate::epilogue::Epilogue;
use crate::map_view::MapView;
use crate::padded::Padded;
use crate::winograd::Winograd;

/// A convolution with bias, ready to run.
#[derive(Debug, Clone)]
pub struct Convolution {
    shape: ConvolutionShape,
    kernel: Kernel,
}

#[derive(Debug, Clone)]
enum Kernel {
    Dense(Dense),
    Depthwise(Depthwise),
    Winograd(Winograd),
}

impl Convolution {
    /// Packs `weight` `[channels_out, channels_in / groups, kernel, kernel]` and `bias` `[channels_out]`.
    ///
    /// # Errors
    /// When groups are neither 1 nor a channel each, a size is zero, or a length is another.
    pub fn new(
        shape: ConvolutionShape,
        weight: &[f32],
        bias: &[f32],
    ) -> Result<Self, UnsupportedConvolution> {
        let ConvolutionShape {
            channels_in,
            channels_out,
            kernel,
            stride,
            dilation,
            groups,
            ..
        } = shape;
        let is_depthwise = groups > 1 && groups == channels_in && groups == channels_out && dilation == 1;
        let has_kernel = groups == 1 || is_depthwise;
        let has_sizes = [channels_in, channels_out, kernel, stride, dilation]
            .iter()
            .all(|size| *size > 0);
        if !has_kernel || !has_sizes || weight.len() != shape.weight_len() || bias.len() != channels_out {
            return Err(UnsupportedConvolution(shape));
        }
        let kernel = if is_depthwise {
            Kernel::Depthwise(Depthwise::new(shape, weight, bias))
        } else if let Some(winograd) = Winograd::new(shape, weight, bias) {
            Kernel::Winograd(winograd)
        } else {
            Kernel::Dense(Dense::new(shape, weight, bias))
        };
        Ok(Self { shape, kernel })
    }

    /// `[batch, channels, height, width]` of the output of an input of such dimensions.
    #[must_use]
    pub fn dims_out(&self, [batch, _, height, width]: [usize; 4]) -> [usize; 4] {
        let shape = &self.shape;
        [
            batch,
            shape.channels_out,
            shape.side_out(height),
            shape.side_out(width),
        ]
    }

    /// The output as `[batch, height, width, channels]`: the convolution, then the addition of `added` (in the same order),
    /// then ReLU. Each value depends on its own picture alone, to the last bit.
    ///
    /// # Panics
    /// When the input has other channels, or `added` another length: a caller's error.
    #[must_use]
    pub fn run(&self, input: &MapView<'_>, added: Option<&[f32]>, relu: bool) -> Vec<f32> {
        let dims = self.dims_out(input.dims());
        let [_, channels, height, width] = input.dims();
        assert_eq!(channels, self.shape.channels_in, "channels of the input");
        let len = dims.iter().product();
        assert!(
            added.is_none_or(|added| added.len() == len),
            "what is added has the output's shape"
        );
        let mut output = vec![0.0; len];
        if len == 0 {
            return output;
        }
        let epilogue = Epilogue { added, relu };
        let padding = self.shape.padding;
        let padded = || input.padded(padding);
        let sides = |values| Padded {
            values,
            height: height + 2 * padding,
            width: width + 2 * padding,
            channels,
        };
        match &self.kernel {
            Kernel::Dense(dense) => dense.run(&sides(&padded()), dims, epilogue, &mut output),
            Kernel::Depthwise(depthwise) => depthwise.run(&sides(&padded()), dims, epilogue, &mut output),
            Kernel::Winograd(winograd) => winograd.run(input, dims, epilogue, &mut output),
        }
        output
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pooling::{PoolingShape, max_pool};

    /// Numbers between -1 and 1 that look random and are the same everywhere.
    fn numbers(count: usize, seed: u64) -> Vec<f32> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        (0..count)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
            })
            .collect()
    }

    /// The definition, in double precision, `[batch, channels, height, width]`.
    fn by_definition(
        shape: &ConvolutionShape,
        weight: &[f32],
        bias: &[f32],
        x: &[f32],
        dims: [usize; 4],
    ) -> Vec<f64> {
        let [batch, channels, height, width] = dims;
        let each = channels / shape.groups;
        let outputs_each = shape.channels_out / shape.groups;
        let (rows, columns) = (shape.side_out(height), shape.side_out(width));
        let mut output = Vec::new();
        for b in 0..batch {
            for o in 0..shape.channels_out {
                for row in 0..rows {
                    for column in 0..columns {
                        let mut sum = f64::from(bias[o]);
                        for c in 0..each {
                            for ky in 0..shape.kernel {
                                for kx in 0..shape.kernel {
                                    let y = (row * shape.stride + ky * shape.dilation)
                                        .wrapping_sub(shape.padding);
                                    let x_at = (column * shape.stride + kx * shape.dilation)
                                        .wrapping_sub(shape.padding);
                                    if y < height && x_at < width {
                                        let from = o / outputs_each * each + c;
                                        let value = x[((b * channels + from) * height + y) * width + x_at];
                                        let w =
                                            weight[((o * each + c) * shape.kernel + ky) * shape.kernel + kx];
                                        sum += f64::from(value) * f64::from(w);
                                    }
                                }
                            }
                        }
                        output.push(sum);
                    }
                }
            }
        }
        output
    }

    fn check(shape: ConvolutionShape, dims: [usize; 4], seed: u64) {
        let weight = numbers(shape.weight_len(), seed);
        let bias = numbers(shape.channels_out, seed + 1);
        let x = numbers(dims.iter().product(), seed + 2);
        let [batch, channels, height, width] = dims;
        let expected = by_definition(&shape, &weight, &bias, &x, dims);
        let convolution = Convolution::new(shape, &weight, &bias).unwrap();
        let out = convolution.dims_out(dims);
        let planes = MapView::new(&x, dims, [channels * height * width, height * width, width, 1]);
        let by_pixel = planes.padded(0).into_owned();
        let added = numbers(out.iter().product(), seed + 3);
        let found = convolution.run(&planes, Some(&added), true);
        assert_eq!(
            found,
            convolution.run(&MapView::by_pixel(&by_pixel, dims), Some(&added), true)
        );
        let [_, outputs, rows, columns] = out;
        for b in 0..batch {
            for o in 0..outputs {
                for place in 0..rows * columns {
                    let at = (b * rows * columns + place) * outputs + o;
                    let wanted = expected[(b * outputs + o) * rows * columns + place] + f64::from(added[at]);
                    let error = (f64::from(found[at]) - wanted.max(0.0)).abs();
                    assert!(error < 1e-4, "{shape:?} of {dims:?}: off by {error}");
                }
            }
        }
    }

    #[test]
    fn every_shape_gives_what_the_definition_says() {
        let mut seed = 1;
        for (channels_in, channels_out) in [
            (3, 16),
            (1, 1),
            (5, 7),
            (16, 33),
            (40, 12),
            (17, 64),
            (32, 32),
            (64, 37),
        ] {
            for (kernel, stride, dilation) in [
                (1, 1, 1),
                (1, 2, 1),
                (3, 1, 1),
                (3, 2, 1),
                (3, 1, 3),
                (7, 2, 1),
                (2, 3, 2),
            ] {
                for [batch, height, width] in [[1, 7, 7], [2, 13, 5], [17, 3, 4]] {
                    let shape =
                        ConvolutionShape::same([channels_in, channels_out], kernel, stride, 1, dilation);
                    seed += 10;
                    check(shape, [batch, channels_in, height, width], seed);
                }
            }
        }
    }

    #[test]
    fn every_channel_by_itself_gives_what_the_definition_says() {
        for channels in [2, 7, 8, 16, 37, 64] {
            for (kernel, stride) in [(3, 1), (3, 2), (5, 1)] {
                for [batch, height, width] in [[1, 7, 7], [3, 12, 5], [2, 1, 9]] {
                    let shape = ConvolutionShape::same([channels; 2], kernel, stride, channels, 1);
                    check(
                        shape,
                        [batch, channels, height, width],
                        (channels * kernel + stride) as u64,
                    );
                }
            }
        }
    }

    #[test]
    fn a_picture_gives_the_same_bits_alone_and_among_others() {
        // Together they are so many that they are computed in parts: over all channels, by Winograd, each channel by itself.
        let (pictures, [channels, height, width]) = (60, [64, 20, 19]);
        for (channels_out, groups) in [(24, 1), (64, 1), (64, 64)] {
            let shape = ConvolutionShape::same([channels, channels_out], 3, 1, groups, 1);
            let weight = numbers(shape.weight_len(), 1);
            let convolution = Convolution::new(shape, &weight, &numbers(channels_out, 2)).unwrap();
            let x = numbers(pictures * channels * height * width, 3);
            let run = |x: &[f32], pictures: usize| {
                convolution.run(
                    &MapView::by_pixel(x, [pictures, channels, height, width]),
                    None,
                    false,
                )
            };
            let alone = x.chunks_exact(channels * height * width).flat_map(|x| run(x, 1));
            assert_eq!(run(&x, pictures), alone.collect::<Vec<_>>(), "{shape:?}");
        }
    }

    #[test]
    fn winograd_gives_what_the_definition_says_on_any_sides() {
        for (padding, sides) in [
            (1, [1, 1]),
            (1, [1, 9]),
            (1, [5, 120]),
            (0, [3, 3]),
            (0, [6, 9]),
            (2, [4, 3]),
        ] {
            let shape = ConvolutionShape {
                padding,
                ..ConvolutionShape::same([32, 40], 3, 1, 1, 1)
            };
            check(shape, [2, 32, sides[0], sides[1]], 77 + padding as u64);
        }
    }

    #[test]
    fn a_value_that_is_seen_again_and_again_counts_each_time() {
        let once = [1.0, 2.0];
        let spread = MapView::new(&once, [1, 2, 3, 4], [0, 1, 0, 0]);
        assert_eq!(spread.padded(0).as_ref(), [1.0, 2.0].repeat(12));
    }

    /// Of numbers that are not finite, which damaged weights give, labels would be made that look like others.
    #[test]
    fn what_is_no_number_stays_none_through_relu() {
        for (channels, kernel, groups) in [(16, 1, 1), (32, 3, 1), (16, 3, 16), (5, 3, 5)] {
            let shape = ConvolutionShape::same([channels, channels], kernel, 1, groups, 1);
            let weight = vec![f32::NAN; shape.weight_len()];
            let convolution = Convolution::new(shape, &weight, &vec![0.0; channels]).unwrap();
            let x = vec![1.0; channels * 25];
            let found = convolution.run(&MapView::by_pixel(&x, [1, channels, 5, 5]), None, true);
            assert!(found.iter().all(|value| value.is_nan()), "{shape:?}");
        }
    }

    #[test]
    fn what_has_no_kernel_is_refused() {
        let shape = ConvolutionShape::same([4, 4], 3, 1, 2, 1);
        assert!(Convolution::new(shape, &numbers(shape.weight_len(), 1), &[0.0; 4]).is_err());
        let shape = ConvolutionShape { groups: 1, ..shape };
        assert!(Convolution::new(shape, &[0.0; 3], &[0.0; 4]).is_err());
        assert!(
            Convolution::new(
                ConvolutionShape { stride: 0, ..shape },
                &numbers(shape.weight_len(), 1),
                &[0.0; 4]
            )
            .is_err()
        );
    }

    #[test]
    fn what_is_no_number_stays_none_in_the_largest() {
        for channels in [3, 16] {
            let mut x = vec![1.0; channels * 9];
            x[..channels].fill(f32::NAN);
            let pooling = PoolingShape {
                kernel: 3,
                stride: 1,
                padding: 0,
            };
            let found = max_pool(&MapView::by_pixel(&x, [1, channels, 3, 3]), pooling);
            assert!(
                found.iter().all(|value| value.is_nan()),
                "{channels} channels: {found:?}"
            );
        }
    }

    #[test]
    fn the_largest_value_of_each_window_stays() {
        for (kernel, stride, padding) in [(3, 2, 1), (2, 2, 0)] {
            let dims = [2, 5, 7, 6];
            let x = numbers(dims.iter().product(), 9)
                .iter()
                .map(|x| x - 2.0)
                .collect::<Vec<_>>();
            let pooling = PoolingShape {
                kernel,
                stride,
                padding,
            };
            let found = max_pool(&MapView::by_pixel(&x, dims), pooling);
            let [batch, channels, rows, columns] = pooling.dims_out(dims);
            assert_eq!(found.len(), batch * channels * rows * columns);
            for (at, value) in found.iter().enumerate() {
                let (c, column, row, b) = (
                    at % channels,
                    at / channels % columns,
                    at / channels / columns % rows,
                    at / channels / columns / rows,
                );
                let window = (0..kernel * kernel).filter_map(|tap| {
                    let y = (row * stride + tap / kernel)
                        .checked_sub(padding)
                        .filter(|y| *y < 7)?;
                    let x_at = (column * stride + tap % kernel)
                        .checked_sub(padding)
                        .filter(|x| *x < 6)?;
                    Some(x[((b * 7 + y) * 6 + x_at) * channels + c])
                });
                assert_eq!(*value, window.fold(f32::NEG_INFINITY, f32::max));
            }
        }
    }
}
