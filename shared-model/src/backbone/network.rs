//! A backbone with weights, on a device.

use std::convert::Infallible;

use burn::module::Module;
use burn::nn::pool::MaxPool2dConfig;
use burn::nn::{Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::{Device, Tensor};

use super::shape::BackboneShape;
use super::visitor::{BackboneVisitor, ConvLayer, HeadLayer, PoolLayer, Then};
use crate::conv_norm::{ConvNorm, ReadError, WeightSink, WeightSource};
use crate::expression::CLASS_COUNT;
use crate::model_file::{ModelFileError, Weights};
use crate::packed_convolution::max_pool;

/// The backbone with its per-frame head.
#[derive(Module, Debug)]
pub struct Backbone {
    /// By their place.
    convolutions: Vec<ConvNorm>,
    head: Linear,
    #[module(skip)]
    shape: BackboneShape,
}

impl BackboneShape {
    /// A network of this shape with He initialisation.
    #[must_use]
    pub fn init(&self, device: &Device) -> Backbone {
        let layers = self.layers();
        let convolutions = layers.convolutions.iter().map(|layer| {
            let channels = [layer.channels_in, layer.channels_out];
            ConvNorm::new(channels, layer.kernel, layer.stride, 1, device)
        });
        Backbone {
            convolutions: convolutions.collect(),
            head: LinearConfig::new(layers.head.feature_len, CLASS_COUNT).init(device),
            shape: self.clone(),
        }
    }
}

impl Backbone {
    /// Normalised pictures `[batch, 3, size, size]` to pooled features
    /// `[batch, feature_len]` and logits `[batch, 8]`. Pictures of another precision than the weights'
    /// are convolved in theirs; statistics, features and logits are in the weights'.
    #[must_use]
    pub fn forward(&self, pictures: Tensor<4>) -> (Tensor<2>, Tensor<2>) {
        let Ok(answer) = self.shape.walk(&mut Run(self), pictures);
        answer
    }

    /// Draws random weights that are still to be drawn, in the order in which [`Backbone::forward`] would: burn draws a
    /// weight when it is first asked for, and a copy of the network would ask in another order.
    pub fn draw_weights(&self) {
        let Ok(()) = self.shape.walk(&mut Draw(self), ());
    }

    /// The same network with batch normalisation folded into the convolutions, for inference.
    #[must_use]
    pub fn fold(mut self) -> Self {
        self.convolutions = self.convolutions.into_iter().map(ConvNorm::fold).collect();
        self
    }

    /// Takes weights under torchvision's names behind `prefix`.
    ///
    /// # Errors
    /// When a weight is missing or has another shape than this architecture asks for.
    pub fn load(mut self, weights: &Weights, prefix: &str, device: &Device) -> Result<Self, ModelFileError> {
        let mut source = WeightSource::new(weights, prefix, device);
        let layers = self.shape.layers();
        let convolutions = self.convolutions.into_iter().zip(&layers.convolutions);
        self.convolutions = convolutions
            .map(|(own, layer)| own.load(&mut source, &layer.conv, &layer.norm))
            .collect::<Result<_, _>>()?;
        self.head = source.linear(&layers.head.name, self.head)?;
        Ok(self)
    }

    /// The weights under torchvision's names behind `prefix`.
    ///
    /// # Errors
    /// When the device cannot be read.
    pub fn save(&self, prefix: &str) -> Result<Weights, ReadError> {
        let mut sink = WeightSink::new(prefix);
        let layers = self.shape.layers();
        for (own, layer) in self.convolutions.iter().zip(&layers.convolutions) {
            own.save(&mut sink, &layer.conv, &layer.norm)?;
        }
        sink.linear(&layers.head.name, &self.head)?;
        Ok(sink.into_weights())
    }
}

/// Computes.
struct Run<'a>(&'a Backbone);

impl BackboneVisitor for Run<'_> {
    type Map = Tensor<4>;
    type Output = (Tensor<2>, Tensor<2>);
    type Error = Infallible;

    fn convolution(
        &mut self,
        layer: ConvLayer,
        x: Tensor<4>,
        then: Then<Tensor<4>>,
    ) -> Result<Tensor<4>, Infallible> {
        let own = &self.0.convolutions[layer.place];
        Ok(match then {
            Then::Nothing => own.forward(x),
            Then::Relu => own.forward_relu(x),
            Then::AddRelu(added) => own.forward_add_relu(x, added),
        })
    }

    fn max_pool(&mut self, layer: PoolLayer, x: Tensor<4>) -> Result<Tensor<4>, Infallible> {
        let (kernel, stride, padding) = (layer.kernel, layer.stride, layer.padding);
        let pool = MaxPool2dConfig::new([kernel; 2])
            .with_strides([stride; 2])
            .with_padding(PaddingConfig2d::Explicit(padding, padding, padding, padding))
            .init();
        Ok(max_pool(&pool, x))
    }

    fn head(&mut self, _: HeadLayer, x: Tensor<4>) -> Result<Self::Output, Infallible> {
        let head = &self.0.head;
        let [batch, channels, _, _] = x.dims();
        let own = head.weight.dtype();
        let x = if x.dtype() == own { x } else { x.cast(own) };
        let features = x
            .reshape([batch as i32, channels as i32, -1])
            .mean_dim(2)
            .reshape([batch, channels]);
        Ok((features.clone(), head.forward(features)))
    }
}

/// Asks for each weight once.
struct Draw<'a>(&'a Backbone);

impl BackboneVisitor for Draw<'_> {
    type Map = ();
    type Output = ();
    type Error = Infallible;

    fn convolution(&mut self, layer: ConvLayer, (): (), _: Then<()>) -> Result<(), Infallible> {
        self.0.convolutions[layer.place].draw_weights();
        Ok(())
    }

    fn max_pool(&mut self, _: PoolLayer, (): ()) -> Result<(), Infallible> {
        Ok(())
    }

    fn head(&mut self, _: HeadLayer, (): ()) -> Result<(), Infallible> {
        let head = &self.0.head;
        head.weight.val();
        head.bias.iter().for_each(|bias| drop(bias.val()));
        Ok(())
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
        let shape = BackboneShape::bottleneck([1, 2, 1, 1], 4);
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
        let small = BackboneShape::bottleneck([1; 4], 4);
        let weights = small.init(&device).save("backbone.").unwrap();
        let wide = BackboneShape::bottleneck([1; 4], 8);
        let error = wide
            .init(&device)
            .load(&weights, "backbone.", &device)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("backbone.conv1.weight") && error.contains("[8, 3, 7, 7]"),
            "{error}"
        );
        let deep = BackboneShape::bottleneck([1, 2, 1, 1], 4);
        let error = deep
            .init(&device)
            .load(&weights, "backbone.", &device)
            .unwrap_err()
            .to_string();
        assert!(error.contains("backbone.layer2.1.conv1.weight"), "{error}");
    }
}
