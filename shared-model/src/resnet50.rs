//! ResNet-50 (He et al. 2015, torchvision's v1.5 layout: the stride stands in the 3x3 convolution).

use burn::module::Module;
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::{Device, Tensor};

use crate::conv_norm::{ConvNorm, ReadError, WeightSink, WeightSource};
use crate::expression::CLASS_COUNT;
use crate::model_file::{BackboneShape, ModelFileError, Weights};
use crate::packed_convolution::max_pool;

/// Prefix of the backbone's weights in a model file.
pub const BACKBONE_PREFIX: &str = "backbone.";

/// The backbone with its per-frame head.
#[derive(Module, Debug)]
pub struct ResNet50 {
    stem: ConvNorm,
    pool: MaxPool2d,
    stages: Vec<Vec<Bottleneck>>,
    head: Linear,
}

/// 1x1 down, 3x3, 1x1 up, and the way around them.
#[derive(Module, Debug)]
pub struct Bottleneck {
    reduce: ConvNorm,
    spatial: ConvNorm,
    expand: ConvNorm,
    shortcut: Option<ConvNorm>,
}

impl BackboneShape {
    /// A network of this shape with He initialisation.
    #[must_use]
    pub fn init(&self, device: &Device) -> ResNet50 {
        let mut channels_in = self.width;
        let stages = (0..4)
            .map(|stage| {
                let width = self.width << stage;
                (0..self.blocks[stage])
                    .map(|block| {
                        let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                        let bottleneck = Bottleneck::new(channels_in, width, stride, device);
                        channels_in = 4 * width;
                        bottleneck
                    })
                    .collect()
            })
            .collect();
        ResNet50 {
            stem: ConvNorm::new([3, self.width], 7, 2, 1, device),
            pool: MaxPool2dConfig::new([3, 3])
                .with_strides([2, 2])
                .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
                .init(),
            stages,
            head: LinearConfig::new(self.feature_len(), CLASS_COUNT).init(device),
        }
    }
}

impl Bottleneck {
    fn new(channels_in: usize, width: usize, stride: usize, device: &Device) -> Self {
        let out = 4 * width;
        Self {
            reduce: ConvNorm::new([channels_in, width], 1, 1, 1, device),
            spatial: ConvNorm::new([width, width], 3, stride, 1, device),
            expand: ConvNorm::new([width, out], 1, 1, 1, device),
            shortcut: (stride != 1 || channels_in != out)
                .then(|| ConvNorm::new([channels_in, out], 1, stride, 1, device)),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let around = match &self.shortcut {
            Some(shortcut) => shortcut.forward(x.clone()),
            None => x.clone(),
        };
        let x = self.spatial.forward_relu(self.reduce.forward_relu(x));
        self.expand.forward_add_relu(x, around)
    }
}

impl ResNet50 {
    /// Normalised pictures `[batch, 3, size, size]` to pooled features
    /// `[batch, feature_len]` and logits `[batch, 8]`. Pictures of another precision than the weights'
    /// are convolved in theirs; statistics, features and logits are in the weights'.
    #[must_use]
    pub fn forward(&self, pictures: Tensor<4>) -> (Tensor<2>, Tensor<2>) {
        let mut x = max_pool(&self.pool, self.stem.forward_relu(pictures));
        for block in self.stages.iter().flatten() {
            x = block.forward(x);
        }
        let [batch, channels, _, _] = x.dims();
        let own = self.head.weight.dtype();
        let x = if x.dtype() == own { x } else { x.cast(own) };
        let features = x
            .reshape([batch as i32, channels as i32, -1])
            .mean_dim(2)
            .reshape([batch, channels]);
        (features.clone(), self.head.forward(features))
    }

    /// Draws random weights that are still to be drawn, in the order in which [`ResNet50::forward`] would: burn draws a
    /// weight when it is first asked for, and a copy of the network would ask in another order.
    pub fn draw_weights(&self) {
        self.stem.draw_weights();
        for block in self.stages.iter().flatten() {
            block.shortcut.iter().for_each(ConvNorm::draw_weights);
            block.reduce.draw_weights();
            block.spatial.draw_weights();
            block.expand.draw_weights();
        }
        self.head.weight.val();
        self.head.bias.iter().for_each(|bias| drop(bias.val()));
    }

    /// The same network with batch normalisation folded into the convolutions, for inference.
    #[must_use]
    pub fn fold(mut self) -> Self {
        self.stem = self.stem.fold();
        for block in self.stages.iter_mut().flatten() {
            *block = Bottleneck {
                reduce: block.reduce.clone().fold(),
                spatial: block.spatial.clone().fold(),
                expand: block.expand.clone().fold(),
                shortcut: block.shortcut.clone().map(ConvNorm::fold),
            };
        }
        self
    }

    /// Takes weights under torchvision's names behind `prefix`.
    ///
    /// # Errors
    /// When a weight is missing or has another shape than this architecture asks for.
    pub fn load(mut self, weights: &Weights, prefix: &str, device: &Device) -> Result<Self, ModelFileError> {
        let mut source = WeightSource::new(weights, prefix, device);
        self.stem = self.stem.load(&mut source, "conv1", "bn1")?;
        for (stage, blocks) in self.stages.iter_mut().enumerate() {
            for (index, block) in blocks.iter_mut().enumerate() {
                let at = format!("layer{}.{index}", stage + 1);
                let part = |n: usize| (format!("{at}.conv{n}"), format!("{at}.bn{n}"));
                let load = |layer: &ConvNorm, source: &mut _, (conv, norm): (String, String)| {
                    layer.clone().load(source, &conv, &norm)
                };
                block.reduce = load(&block.reduce, &mut source, part(1))?;
                block.spatial = load(&block.spatial, &mut source, part(2))?;
                block.expand = load(&block.expand, &mut source, part(3))?;
                if let Some(shortcut) = &block.shortcut {
                    let names = (format!("{at}.downsample.0"), format!("{at}.downsample.1"));
                    block.shortcut = Some(load(shortcut, &mut source, names)?);
                }
            }
        }
        self.head = source.linear("fc", self.head)?;
        Ok(self)
    }

    /// The weights under torchvision's names behind `prefix`.
    ///
    /// # Errors
    /// When the device cannot be read.
    pub fn save(&self, prefix: &str) -> Result<Weights, ReadError> {
        let mut sink = WeightSink::new(prefix);
        self.stem.save(&mut sink, "conv1", "bn1")?;
        for (stage, blocks) in self.stages.iter().enumerate() {
            for (index, block) in blocks.iter().enumerate() {
                let at = format!("layer{}.{index}", stage + 1);
                let layers = [&block.reduce, &block.spatial, &block.expand];
                for (n, layer) in (1..).zip(layers) {
                    layer.save(&mut sink, &format!("{at}.conv{n}"), &format!("{at}.bn{n}"))?;
                }
                if let Some(shortcut) = &block.shortcut {
                    let (conv, norm) = (format!("{at}.downsample.0"), format!("{at}.downsample.1"));
                    shortcut.save(&mut sink, &conv, &norm)?;
                }
            }
        }
        sink.linear("fc", &self.head)?;
        Ok(sink.into_weights())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Distribution;

    #[test]
    fn folding_does_not_change_the_result_and_weights_come_back() {
        let device = Device::flex();
        device.seed(3);
        let shape = BackboneShape {
            blocks: [1, 2, 1, 1],
            width: 4,
        };
        let network = shape.init(&device);
        let mut weights = network.save("backbone.").unwrap();
        for (name, weight) in &mut weights {
            for (i, value) in weight.values.iter_mut().enumerate() {
                if name.ends_with("running_mean") {
                    *value = 0.1 * (i as f32 - 2.0);
                } else if name.ends_with("running_var") {
                    *value = 0.5 + 0.3 * i as f32;
                }
            }
        }
        let network = shape.init(&device).load(&weights, "backbone.", &device).unwrap();
        assert_eq!(network.save("backbone.").unwrap(), weights);
        let x = Tensor::<4>::random([2, 3, 64, 64], Distribution::Normal(0.0, 1.0), &device);
        let (_, plain) = network.forward(x.clone());
        let (_, folded) = network.fold().forward(x);
        let worst = (plain - folded).abs().max().into_scalar::<f32>();
        assert!(worst < 1e-4, "{worst}");
    }

    #[test]
    fn missing_and_misshapen_weights_are_named() {
        let device = Device::flex();
        let small = BackboneShape {
            blocks: [1, 1, 1, 1],
            width: 4,
        };
        let weights = small.init(&device).save("backbone.").unwrap();
        let wide = BackboneShape {
            blocks: [1, 1, 1, 1],
            width: 8,
        };
        let error = wide
            .init(&device)
            .load(&weights, "backbone.", &device)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("backbone.conv1.weight") && error.contains("[8, 3, 7, 7]"),
            "{error}"
        );
        let deep = BackboneShape {
            blocks: [1, 2, 1, 1],
            width: 4,
        };
        let error = deep
            .init(&device)
            .load(&weights, "backbone.", &device)
            .unwrap_err()
            .to_string();
        assert!(error.contains("backbone.layer2.1.conv1.weight"), "{error}");
    }
}
