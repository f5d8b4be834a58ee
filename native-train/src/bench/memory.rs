//! What a stage-1 step keeps in memory, counted from the layers' shapes.

use std::convert::Infallible;

use shared_model::backbone::{BackboneShape, BackboneVisitor, ConvLayer, HeadLayer, PoolLayer, Then};
use shared_model::expression::CLASS_COUNT;

/// Values of one network for one picture that stay until the way back, and its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Weights, gammas and betas.
    pub parameters: u64,
    /// Outputs of convolutions: batch normalisation asks for them again.
    pub convolved: u64,
    /// Outputs of ReLU, which are the next layers' inputs, and of the pool with its places.
    pub activated: u64,
    /// Inputs of ReLU, which burn's ReLU keeps; the processor's own operations do not.
    pub cut: u64,
}

/// Which operations compute, and what they keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// The processor's own operations.
    Fused,
    /// burn's layers.
    Layers,
    /// burn's layers with gradient checkpointing: outputs of ReLU are made again on the way back.
    Checkpointed,
}

/// Counts over all layers of a network at this input size.
#[must_use]
pub fn counts(shape: &BackboneShape, size: usize) -> Counts {
    let mut counts = Counts::default();
    let pictures = Map {
        channels: 3,
        side: size as u64,
    };
    let Ok(()) = shape.walk(&mut counts, pictures);
    counts
}

/// Channels and side of a feature map.
#[derive(Debug, Clone, Copy)]
pub struct Map {
    channels: u64,
    side: u64,
}

impl Map {
    fn values(self) -> u64 {
        self.channels * self.side * self.side
    }
}

impl BackboneVisitor for Counts {
    type Map = Map;
    type Output = ();
    type Error = Infallible;

    fn convolution(&mut self, layer: ConvLayer, input: Map, then: Then<Map>) -> Result<Map, Infallible> {
        let [channels_in, channels, kernel] =
            [layer.channels_in, layer.channels_out, layer.kernel].map(|count| count as u64);
        let out = Map {
            channels,
            side: input.side.div_ceil(layer.stride as u64),
        };
        self.parameters += channels_in * channels * kernel * kernel + 2 * channels;
        self.convolved += out.values();
        if !matches!(then, Then::Nothing) {
            self.activated += out.values();
            self.cut += out.values();
        }
        Ok(out)
    }

    fn max_pool(&mut self, layer: PoolLayer, input: Map) -> Result<Map, Infallible> {
        let out = Map {
            side: input.side.div_ceil(layer.stride as u64),
            ..input
        };
        // The pool's values, and its places as 64-bit integers: two values' room each.
        self.activated += 3 * out.values();
        Ok(out)
    }

    fn head(&mut self, layer: HeadLayer, _: Map) -> Result<(), Infallible> {
        self.parameters += (layer.feature_len as u64 + 1) * CLASS_COUNT as u64;
        Ok(())
    }
}

/// Bytes of a stage-1 step with `batch` labelled and `ratio` times as many unlabelled pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepBytes {
    /// Weights, momentum and gradients of teacher and student.
    pub networks: u64,
    /// What the teacher's three views keep until its way back; the student's passes come and go beside it.
    pub teacher: u64,
    /// What the student's larger pass keeps.
    pub student: u64,
}

impl StepBytes {
    /// `bytes` a value on the way: 4 for f32, 2 for f16 and bf16.
    #[must_use]
    pub fn of(counts: &Counts, batch: u64, ratio: u64, bytes: u64, keeping: Keeping) -> Self {
        let values = match keeping {
            Keeping::Fused => counts.convolved + counts.activated,
            Keeping::Layers => counts.convolved + counts.activated + counts.cut,
            Keeping::Checkpointed => counts.convolved + counts.cut,
        };
        let a_picture = bytes * values;
        Self {
            // Two networks with momentum and gradient; the student's gradient on labels is a third, beside its first.
            networks: 4 * counts.parameters * (2 * 3 + 1),
            teacher: a_picture * batch * (1 + 2 * ratio),
            student: a_picture * batch * ratio.max(1),
        }
    }

    /// All of it.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.networks + self.teacher + self.student
    }

    /// The most at once where the teacher's forward is made again after the student's part
    /// (`semi_supervised.recompute_teacher`).
    #[must_use]
    pub fn total_recomputed(&self) -> u64 {
        self.networks + self.teacher.max(self.student)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn resnet50_has_torchvisions_numbers() {
        let counts = counts(&BackboneShape::default(), 224);
        // torchvision's resnet50: 25,557,032 parameters with 1000 classes.
        assert_eq!(counts.parameters, 25_557_032 - 2049 * 1000 + 2049 * 8);
        // fvcore's and Dollar et al.'s (2021) count of its convolutions' outputs: 11.1 million.
        assert!(
            (11_000_000..11_200_000).contains(&counts.convolved),
            "{}",
            counts.convolved
        );
    }

    #[test]
    fn parameters_are_the_networks() {
        let shape = BackboneShape::bottleneck([1, 2, 1, 2], 8);
        let network = shape.init(&Device::flex());
        let saved = network.save("").unwrap();
        let learned = saved.iter().filter(|(name, _)| !name.contains("running_"));
        let learned: usize = learned.map(|(_, weight)| weight.values.len()).sum();
        assert_eq!(counts(&shape, 97).parameters, learned as u64);
    }
}
