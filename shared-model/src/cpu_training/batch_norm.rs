//! Batch normalisation in training, with the addition of a second input and ReLU after it (Ioffe and
//! Szegedy 2015, algorithm 1 and its gradients), a channel's values in one run.

use rayon::prelude::*;

/// Sums are taken over this many values in f32 before they are added in f64.
const SUM_RUN: usize = 1024;
/// Sums side by side, so that they fill a vector register.
const LANES: usize = 32;

/// Statistics of a batch and what one channel's values are multiplied by.
#[derive(Debug, Clone)]
pub struct Statistics {
    /// Means of the channels.
    pub mean: Vec<f32>,
    /// Biased variances of the channels.
    pub variance: Vec<f32>,
}

/// The affine part of the normalisation, a value a channel.
#[derive(Debug, Clone)]
pub struct Affine {
    /// The factor, gamma.
    pub scale: Vec<f32>,
    /// The offset, beta.
    pub shift: Vec<f32>,
    /// Added to the variance.
    pub epsilon: f64,
}

/// Gradients of one normalisation.
#[derive(Debug)]
pub struct NormGradients {
    /// Of the input, channel by channel.
    pub input: Vec<f32>,
    /// Of gamma.
    pub scale: Vec<f32>,
    /// Of beta.
    pub shift: Vec<f32>,
    /// Of what was added, if anything was, channel by channel.
    pub added: Option<Vec<f32>>,
}

/// Where ReLU let values pass.
#[derive(Debug, Clone, Copy)]
pub enum Passed<'a> {
    /// There was no ReLU.
    All,
    /// Where the normalised input is positive.
    Positive,
    /// Where this output is positive.
    Output(&'a [f32]),
}

impl Affine {
    /// `value * factor + offset` normalises channel `index`.
    fn factors(&self, index: usize, statistics: &Statistics) -> [f32; 2] {
        let factor = self.scale[index] * self.inverse_deviation(index, statistics);
        [factor, self.shift[index] - statistics.mean[index] * factor]
    }

    fn inverse_deviation(&self, index: usize, statistics: &Statistics) -> f32 {
        (1.0 / (f64::from(statistics.variance[index]) + self.epsilon).sqrt()) as f32
    }
}

/// Mean and biased variance of each channel of `length` values.
pub fn statistics(input: &[f32], length: usize) -> Statistics {
    let of_channel = |values: &[f32]| {
        vectorised(|| {
            let count = length as f64;
            let mean = sum(values, |value| value) / count;
            let centre = mean as f32;
            let variance = sum(values, |value| (value - centre) * (value - centre)) / count;
            (centre, variance as f32)
        })
    };
    let (mean, variance) = input.par_chunks(length).map(of_channel).unzip();
    Statistics { mean, variance }
}

/// Normalises, adds `added`, and cuts below zero if `relu`.
pub fn forward(
    input: &[f32],
    statistics: &Statistics,
    affine: &Affine,
    added: Option<&[f32]>,
    relu: bool,
) -> Vec<f32> {
    let length = input.len() / affine.scale.len();
    let floor = if relu { 0.0 } else { f32::NEG_INFINITY };
    let mut output = vec![0.0; input.len()];
    let channels = output.par_chunks_mut(length).zip(input.par_chunks(length));
    channels.enumerate().for_each(|(index, (output, input))| {
        let [factor, offset] = affine.factors(index, statistics);
        let added = added.map(|values| &values[index * length..(index + 1) * length]);
        vectorised(|| {
            let both = output.iter_mut().zip(input);
            match added {
                Some(added) => {
                    for ((to, value), more) in both.zip(added) {
                        *to = floor_at(value * factor + offset + more, floor);
                    }
                }
                None => both.for_each(|(to, value)| *to = floor_at(value * factor + offset, floor)),
            }
        });
    });
    output
}

/// The gradients, from the gradient of the output. `with_added` asks for that of what was added.
pub fn backward(
    gradient: &[f32],
    input: &[f32],
    statistics: &Statistics,
    affine: &Affine,
    passed: Passed<'_>,
    with_added: bool,
) -> NormGradients {
    let channels = affine.scale.len();
    let length = input.len() / channels;
    let mut of_input = vec![0.0; input.len()];
    let mut of_added = if with_added {
        vec![0.0; input.len()]
    } else {
        Vec::new()
    };
    let added_channels: Vec<Option<&mut [f32]>> = if with_added {
        of_added.chunks_mut(length).map(Some).collect()
    } else {
        (0..channels).map(|_| None).collect()
    };
    let (scale, shift) = of_input
        .par_chunks_mut(length)
        .zip(added_channels)
        .enumerate()
        .map(|(index, (target, added))| {
            let range = index * length..(index + 1) * length;
            let channel = Channel {
                gradient: &gradient[range.clone()],
                input: &input[range.clone()],
                output: match passed {
                    Passed::Output(output) => Some(&output[range]),
                    Passed::All | Passed::Positive => None,
                },
                cut: !matches!(passed, Passed::All),
                factors: affine.factors(index, statistics),
                mean: statistics.mean[index],
                inverse_deviation: affine.inverse_deviation(index, statistics),
            };
            vectorised(|| channel.backward(target, added))
        })
        .unzip();
    NormGradients {
        input: of_input,
        scale,
        shift,
        added: with_added.then_some(of_added),
    }
}

/// One channel on its way back.
struct Channel<'a> {
    gradient: &'a [f32],
    input: &'a [f32],
    output: Option<&'a [f32]>,
    cut: bool,
    factors: [f32; 2],
    mean: f32,
    inverse_deviation: f32,
}

impl Channel<'_> {
    /// Writes the gradient of the input, and that of what was added; gives those of gamma and beta.
    #[inline(always)]
    fn backward(&self, target: &mut [f32], added: Option<&mut [f32]>) -> (f32, f32) {
        self.cut_gradient(target);
        if let Some(added) = added {
            added.copy_from_slice(target);
        }
        let (of_shift, of_centred) = sums(target, self.input, self.mean);
        let of_scale = of_centred * f64::from(self.inverse_deviation);
        let count = target.len() as f64;
        // factor * (g - mean(g) - normalised * mean(g * normalised)), as one line in g and input.
        let slope = (of_scale / count) as f32 * self.inverse_deviation;
        let [factor, _] = self.factors;
        let offset = (of_shift / count) as f32 - self.mean * slope;
        for (to, value) in target.iter_mut().zip(self.input) {
            *to = factor * (*to - offset - value * slope);
        }
        (of_scale as f32, of_shift as f32)
    }

    /// The gradient where ReLU let the value pass, else 0.
    #[inline(always)]
    fn cut_gradient(&self, target: &mut [f32]) {
        let both = target.iter_mut().zip(self.gradient);
        if let Some(output) = self.output {
            for ((to, gradient), output) in both.zip(output) {
                *to = if *output > 0.0 { *gradient } else { 0.0 };
            }
        } else if self.cut {
            let [factor, offset] = self.factors;
            for ((to, gradient), value) in both.zip(self.input) {
                *to = if value * factor + offset > 0.0 {
                    *gradient
                } else {
                    0.0
                };
            }
        } else {
            target.copy_from_slice(self.gradient);
        }
    }
}

/// Runs `work` compiled for AVX2 and FMA where the processor has them.
#[inline(always)]
fn vectorised<T>(work: impl FnOnce() -> T) -> T {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        return simd.vectorize(work);
    }
    work()
}

/// NaN stays NaN, as in torch, so that a broken training shows.
#[inline(always)]
fn floor_at(value: f32, floor: f32) -> f32 {
    if value < floor { floor } else { value }
}

/// The sum of what `term` makes of the values.
#[inline(always)]
fn sum(values: &[f32], term: impl Fn(f32) -> f32) -> f64 {
    let mut total = 0.0;
    for run in values.chunks(SUM_RUN) {
        let mut lanes = [0.0_f32; LANES];
        let (rows, rest) = run.as_chunks::<LANES>();
        for row in rows {
            for (lane, value) in lanes.iter_mut().zip(row) {
                *lane += term(*value);
            }
        }
        total += f64::from(lanes.iter().sum::<f32>());
        total += f64::from(rest.iter().map(|value| term(*value)).sum::<f32>());
    }
    total
}

/// The sum of the gradients, and that of gradient times centred input.
#[inline(always)]
fn sums(gradient: &[f32], input: &[f32], mean: f32) -> (f64, f64) {
    let (mut plain, mut centred) = (0.0, 0.0);
    for (gradient, input) in gradient.chunks(SUM_RUN).zip(input.chunks(SUM_RUN)) {
        let (mut first, mut second) = ([0.0_f32; LANES], [0.0_f32; LANES]);
        let (rows, rest) = gradient.as_chunks::<LANES>();
        let (input_rows, input_rest) = input.as_chunks::<LANES>();
        for (row, input_row) in rows.iter().zip(input_rows) {
            for lane in 0..LANES {
                first[lane] += row[lane];
                second[lane] += row[lane] * (input_row[lane] - mean);
            }
        }
        for (gradient, value) in rest.iter().zip(input_rest) {
            first[0] += gradient;
            second[0] += gradient * (value - mean);
        }
        plain += f64::from(first.iter().sum::<f32>());
        centred += f64::from(second.iter().sum::<f32>());
    }
    (plain, centred)
}
