//! A convolution followed by batch normalisation, and how named weights come in and go out.

use std::ops::Range;

use burn::module::{Module, Param, RunningState};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, PaddingConfig2d};
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{DType, Device, Tensor, TensorData};
use cpu_inference::ConvolutionShape;

#[cfg(feature = "cpu-training")]
use crate::cpu_training;
use crate::model_file::{ModelFileError, Weight, Weights};
use crate::packed_convolution::PackedConvolution;

/// Convolution without bias and batch normalisation; after [`ConvNorm::fold`] one convolution
/// with bias.
#[derive(Module, Debug)]
pub struct ConvNorm {
    /// Without numbers where they are packed.
    conv: Conv2d,
    norm: Option<BatchNorm>,
    /// A folded convolution on the processor.
    #[module(skip)]
    packed: Option<PackedConvolution>,
}

impl ConvNorm {
    /// A `kernel x kernel` convolution with "same" padding for odd kernels.
    #[must_use]
    pub fn new(channels: [usize; 2], kernel: usize, stride: usize, groups: usize, device: &Device) -> Self {
        Self::dilated(channels, kernel, stride, groups, 1, device)
    }

    /// As [`ConvNorm::new`], with gaps of `dilation` between the kernel's elements.
    #[must_use]
    pub fn dilated(
        channels: [usize; 2],
        kernel: usize,
        stride: usize,
        groups: usize,
        dilation: usize,
        device: &Device,
    ) -> Self {
        let pad = dilation * (kernel / 2);
        let conv = Conv2dConfig::new(channels, [kernel, kernel])
            .with_stride([stride, stride])
            .with_dilation([dilation, dilation])
            .with_groups(groups)
            .with_padding(PaddingConfig2d::Explicit(pad, pad, pad, pad))
            .with_bias(false)
            // He initialisation over the outputs, as torchvision's ResNet.
            .with_initializer(burn::nn::Initializer::KaimingNormal {
                gain: std::f64::consts::SQRT_2,
                fan_out_only: true,
            })
            .init(device);
        Self {
            conv,
            norm: Some(BatchNormConfig::new(channels[1]).init(device)),
            packed: None,
        }
    }

    /// A trained convolution with bias and "same" padding, whose weight and bias stand in `source` as `{name}.weight`
    /// `[out, in / groups, kernel, kernel]` and `{name}.bias` `[out]`.
    ///
    /// # Errors
    /// When one is missing or has another shape than `shape` says.
    pub fn trained(
        source: &WeightSource<'_>,
        name: &str,
        shape: ConvolutionShape,
    ) -> Result<Self, ModelFileError> {
        let (channels, kernel) = ([shape.channels_in, shape.channels_out], shape.kernel);
        let mut layer = Self::dilated(
            channels,
            kernel,
            shape.stride,
            shape.groups,
            shape.dilation,
            source.device,
        );
        layer.norm = None;
        let dims = [channels[1], channels[0] / shape.groups.max(1), kernel, kernel];
        let weight = source.tensor(&format!("{name}.weight"), dims)?;
        // Its own are never drawn: that would change what is drawn afterwards.
        layer.conv.weight = Param::from_tensor(weight);
        let bias = source.tensor(&format!("{name}.bias"), [channels[1]])?;
        layer.conv.bias = Some(Param::from_tensor(bias));
        Ok(layer.pack())
    }

    /// `[batch, in, h, w]` to `[batch, out, h / stride, w / stride]`.
    #[must_use]
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.apply(x, None, false)
    }

    /// [`ConvNorm::forward`] and ReLU.
    #[must_use]
    pub fn forward_relu(&self, x: Tensor<4>) -> Tensor<4> {
        self.apply(x, None, true)
    }

    /// [`ConvNorm::forward`], the addition of `added` in the shape of the output, and ReLU.
    #[must_use]
    pub fn forward_add_relu(&self, x: Tensor<4>, added: Tensor<4>) -> Tensor<4> {
        self.apply(x, Some(added), true)
    }

    fn apply(&self, x: Tensor<4>, added: Option<Tensor<4>>, relu: bool) -> Tensor<4> {
        if let Some(packed) = &self.packed {
            return packed.run(x, added, relu);
        }
        #[cfg(feature = "cpu-training")]
        if let Some(norm) = self.norm.as_ref().filter(|norm| self.trains_on_cpu(norm, &x)) {
            return self.train_on_cpu(norm, x, added, relu);
        }
        let own = self.conv.weight.dtype();
        let x = if x.dtype() == own {
            let x = self.conv.forward(x);
            match &self.norm {
                Some(norm) => norm.forward(x),
                None => x,
            }
        } else {
            self.convolve_in(x, own)
        };
        let x = match added {
            Some(added) => x + added,
            None => x,
        };
        if relu {
            burn::tensor::activation::relu(x)
        } else {
            x
        }
    }

    /// In the precision of `x`, where that is not the weights': the product in it, the statistics and
    /// the normalisation in the weights' own.
    fn convolve_in(&self, x: Tensor<4>, own: DType) -> Tensor<4> {
        let dtype = x.dtype();
        let [.., kernel] = self.conv.weight.dims();
        let padding = self.conv.dilation.map(|dilation| dilation * (kernel / 2));
        let options = ConvOptions::new(self.conv.stride, padding, self.conv.dilation, self.conv.groups);
        let bias = self.conv.bias.as_ref().map(|bias| bias.val().cast(dtype));
        let x = conv2d(x, self.conv.weight.val().cast(dtype), bias, options);
        match &self.norm {
            Some(norm) => norm.forward(x.cast(own)).cast(dtype),
            None => x,
        }
    }

    #[cfg(feature = "cpu-training")]
    fn trains_on_cpu(&self, norm: &BatchNorm, x: &Tensor<4>) -> bool {
        let plain = self.conv.groups == 1 && self.conv.dilation == [1, 1] && self.conv.bias.is_none();
        plain && norm.training.is_enabled() && cpu_training::is_for(x)
    }

    /// The same values as by burn's own layers, some times faster.
    #[cfg(feature = "cpu-training")]
    fn train_on_cpu(
        &self,
        norm: &BatchNorm,
        x: Tensor<4>,
        added: Option<Tensor<4>>,
        relu: bool,
    ) -> Tensor<4> {
        let [stride, _] = self.conv.stride;
        let [.., kernel] = self.conv.weight.dims();
        let normalised = cpu_training::normalise(cpu_training::NormInput {
            x: cpu_training::convolve(x, self.conv.weight.val(), stride, kernel / 2),
            gamma: norm.gamma.val(),
            beta: norm.beta.val(),
            added,
            epsilon: norm.epsilon,
            relu,
        });
        let follow = |state: &RunningState<Tensor<1>>, seen: Tensor<1>| {
            let device = seen.device();
            let before = state
                .value_sync()
                .to_device(&device)
                .mul_scalar(1.0 - norm.momentum);
            state.update((before + seen.detach().mul_scalar(norm.momentum)).detach());
        };
        follow(&norm.running_mean, normalised.mean);
        follow(&norm.running_var, normalised.variance);
        normalised.output
    }

    /// Draws random weights that are still to be drawn.
    pub(crate) fn draw_weights(&self) {
        self.conv.weight.val();
    }

    /// Multiplies the running statistics into the convolution: the same result in evaluation mode
    /// with one pass over the data less.
    #[must_use]
    pub fn fold(mut self) -> Self {
        let Some(norm) = self.norm.take() else { return self };
        let scale = norm.gamma.val() / (norm.running_var.value() + norm.epsilon).sqrt();
        let shift = norm.beta.val() - norm.running_mean.value() * scale.clone();
        let [out, ..] = self.conv.weight.dims();
        self.conv.weight = self
            .conv
            .weight
            .map(|weight| weight * scale.reshape([out, 1, 1, 1]));
        self.conv.bias = Some(Param::from_tensor(shift));
        self.pack()
    }

    /// Packs the weights where the processor computes with them; burn's copy of them goes.
    fn pack(mut self) -> Self {
        let Some(bias) = &self.conv.bias else { return self };
        let [channels_out, each, kernel, _] = self.conv.weight.dims();
        let (stride, dilation, groups) = (self.conv.stride, self.conv.dilation, self.conv.groups);
        let channels = [each * groups, channels_out];
        let shape = ConvolutionShape::same(channels, kernel, stride[0], groups, dilation[0]);
        self.packed = PackedConvolution::new(shape, &self.conv.weight.val(), &bias.val());
        if self.packed.is_some() {
            let device = self.conv.weight.device();
            self.conv.weight = Param::from_tensor(Tensor::zeros([channels_out, 0, kernel, kernel], &device));
        }
        self
    }

    /// Takes weights under torchvision's names: `{conv}.weight`, `{norm}.weight`, `.bias`,
    /// `.running_mean`, `.running_var`.
    ///
    /// # Errors
    /// When a weight is missing or its shape is another.
    pub fn load(
        mut self,
        source: &mut WeightSource<'_>,
        conv: &str,
        norm: &str,
    ) -> Result<Self, ModelFileError> {
        self.conv.weight = source.param(&format!("{conv}.weight"), self.conv.weight)?;
        if let Some(batch_norm) = self.norm.as_mut() {
            let b = batch_norm.clone();
            batch_norm.gamma = source.param(&format!("{norm}.weight"), b.gamma)?;
            batch_norm.beta = source.param(&format!("{norm}.bias"), b.beta)?;
            let mean = source.tensor(&format!("{norm}.running_mean"), b.running_mean.value().dims())?;
            let var = source.tensor(&format!("{norm}.running_var"), b.running_var.value().dims())?;
            batch_norm.running_mean = RunningState::new(mean);
            batch_norm.running_var = RunningState::new(var);
        }
        Ok(self)
    }

    /// Puts the weights under torchvision's names. A folded layer has none of its own to give.
    ///
    /// # Errors
    /// When the device cannot be read.
    pub fn save(&self, sink: &mut WeightSink, conv: &str, norm: &str) -> Result<(), ReadError> {
        sink.put(&format!("{conv}.weight"), self.conv.weight.val())?;
        if let Some(batch_norm) = &self.norm {
            sink.put(&format!("{norm}.weight"), batch_norm.gamma.val())?;
            sink.put(&format!("{norm}.bias"), batch_norm.beta.val())?;
            sink.put(
                &format!("{norm}.running_mean"),
                batch_norm.running_mean.value_sync(),
            )?;
            sink.put(
                &format!("{norm}.running_var"),
                batch_norm.running_var.value_sync(),
            )?;
        }
        Ok(())
    }
}

/// Reading a tensor back from the device failed.
#[derive(Debug, thiserror::Error)]
#[error("reading values back from the device failed: {0}")]
pub struct ReadError(pub String);

/// Named weights on their way into a network on a device.
pub struct WeightSource<'a> {
    weights: &'a Weights,
    prefix: String,
    device: &'a Device,
}

impl<'a> WeightSource<'a> {
    /// Weights whose names begin with `prefix`, for tensors on `device`.
    #[must_use]
    pub fn new(weights: &'a Weights, prefix: &str, device: &'a Device) -> Self {
        Self {
            weights,
            prefix: prefix.to_owned(),
            device,
        }
    }

    fn get(&self, name: &str, expected: &[usize]) -> Result<&'a Weight, ModelFileError> {
        let name = format!("{}{name}", self.prefix);
        let Some(weight) = self.weights.get(&name) else {
            return Err(ModelFileError::Missing(name));
        };
        if weight.shape != expected {
            let (found, expected) = (weight.shape.clone(), expected.to_vec());
            return Err(ModelFileError::Shape {
                name,
                found,
                expected,
            });
        }
        Ok(weight)
    }

    /// The tensor of this name and shape.
    ///
    /// # Errors
    /// When it is missing or has another shape.
    pub fn tensor<const D: usize>(&self, name: &str, shape: [usize; D]) -> Result<Tensor<D>, ModelFileError> {
        let weight = self.get(name, &shape)?;
        Ok(Tensor::from_data(
            TensorData::new(weight.values.clone(), shape),
            self.device,
        ))
    }

    /// The parameter of this name, in the shape of `like`.
    ///
    /// # Errors
    /// As [`WeightSource::tensor`].
    pub fn param<const D: usize>(
        &self,
        name: &str,
        like: Param<Tensor<D>>,
    ) -> Result<Param<Tensor<D>>, ModelFileError> {
        let tensor = self.tensor(name, like.dims())?;
        Ok(Param::from_tensor(tensor))
    }

    /// A linear layer from torch's `[out, in]` weight and bias; burn holds `[in, out]`.
    ///
    /// # Errors
    /// As [`WeightSource::tensor`].
    pub fn linear(&self, name: &str, like: Linear) -> Result<Linear, ModelFileError> {
        let [input, output] = like.weight.dims();
        let names = [format!("{name}.weight"), format!("{name}.bias")];
        self.linear_of_rows(&names, [output, input], 0..output)
    }

    /// A linear layer from the rows `rows` of torch's weight `[out, in]` and its bias, where several
    /// layers share one matrix. `names` are the weight's and the bias's.
    ///
    /// # Errors
    /// As [`WeightSource::tensor`].
    pub fn linear_of_rows(
        &self,
        names: &[String; 2],
        [output, input]: [usize; 2],
        rows: Range<usize>,
    ) -> Result<Linear, ModelFileError> {
        let weight = self.get(&names[0], &[output, input])?;
        let bias = self.get(&names[1], &[output])?;
        let taken = |values: &[f32], width: usize| -> Vec<f32> {
            let values = values.iter().skip(rows.start * width);
            values.take(rows.len() * width).copied().collect()
        };
        let part = taken(&weight.values, input);
        // Transposed here and not on the device: a strided weight takes another way through the
        // matrix product, and a resumed training would round differently from one that went on.
        let values: Vec<f32> = (0..input)
            .flat_map(|column| part.iter().skip(column).step_by(input).copied())
            .collect();
        let weight = Tensor::from_data(TensorData::new(values, [input, rows.len()]), self.device);
        let bias = Tensor::from_data(TensorData::new(taken(&bias.values, 1), [rows.len()]), self.device);
        Ok(Linear {
            weight: Param::from_tensor(weight),
            bias: Some(Param::from_tensor(bias)),
        })
    }
}

/// Named weights on their way out of a network.
pub struct WeightSink {
    weights: Weights,
    prefix: String,
}

impl WeightSink {
    /// An empty collection; names get `prefix` in front.
    #[must_use]
    pub fn new(prefix: &str) -> Self {
        Self {
            weights: Weights::new(),
            prefix: prefix.to_owned(),
        }
    }

    /// Puts a tensor in f32.
    ///
    /// # Errors
    /// When the device cannot be read.
    pub fn put<const D: usize>(&mut self, name: &str, tensor: Tensor<D>) -> Result<(), ReadError> {
        let shape = tensor.dims().to_vec();
        let values = tensor
            .try_into_vec_as::<f32>()
            .map_err(|e| ReadError(e.to_string()))?;
        self.weights
            .insert(format!("{}{name}", self.prefix), Weight { shape, values });
        Ok(())
    }

    /// Puts a linear layer as torch's `[out, in]` weight and bias.
    ///
    /// # Errors
    /// When the device cannot be read.
    pub fn linear(&mut self, name: &str, linear: &Linear) -> Result<(), ReadError> {
        self.put(&format!("{name}.weight"), linear.weight.val().transpose())?;
        match &linear.bias {
            Some(bias) => self.put(&format!("{name}.bias"), bias.val()),
            None => Ok(()),
        }
    }

    /// All that was put.
    #[must_use]
    pub fn into_weights(self) -> Weights {
        self.weights
    }
}
