//! The operations as burn knows them: on its CPU backend, and with their gradients under autodiff.

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, DispatchDevice, Flex, backend_extension};
use burn::tensor::{DType, Tensor};

use super::batch_norm::{self, Affine, Passed, Statistics};
use super::convolution::{self, WeightDims};
use super::feature_map::{FeatureMap, dims, tensor, tensor_by_channel, values, with_planes};
use super::matrix::Matrix;
use super::unfold::Window;

/// Whether these operations can compute with `x`: f32 on burn's CPU backend, with autodiff.
#[must_use]
pub fn is_for(x: &Tensor<4>) -> bool {
    let device = x.device();
    device.is_autodiff()
        && x.dtype() == DType::F32
        && matches!(device.without_autodiff().as_dispatch(), DispatchDevice::Flex(_))
}

/// The convolution of `x` `[batch, in, h, w]` with `weight` `[out, in, k, k]`, without bias.
#[must_use]
pub fn convolve(x: Tensor<4>, weight: Tensor<4>, stride: usize, padding: usize) -> Tensor<4> {
    let (x, weight) = (x.into_dispatch(), weight.into_dispatch());
    Tensor::from_dispatch(Dispatch::training_convolution(x, weight, stride, padding))
}

/// What is normalised, and what happens after it.
#[derive(Debug)]
pub struct NormInput {
    /// `[batch, channels, h, w]`.
    pub x: Tensor<4>,
    /// Factor `[channels]`.
    pub gamma: Tensor<1>,
    /// Offset `[channels]`.
    pub beta: Tensor<1>,
    /// Added to the normalised values; in the shape of `x`.
    pub added: Option<Tensor<4>>,
    /// Added to the variance.
    pub epsilon: f64,
    /// Whether ReLU follows.
    pub relu: bool,
}

/// Normalised values and the statistics of the batch, which carry no gradient.
#[derive(Debug)]
pub struct Normalised {
    /// In the shape of the input.
    pub output: Tensor<4>,
    /// Means `[channels]`.
    pub mean: Tensor<1>,
    /// Biased variances `[channels]`.
    pub variance: Tensor<1>,
}

/// Batch normalisation by the statistics of the batch, an addition, and ReLU.
#[must_use]
pub fn normalise(input: NormInput) -> Normalised {
    let x = input.x.into_dispatch();
    let (gamma, beta) = (input.gamma.into_dispatch(), input.beta.into_dispatch());
    let (epsilon, relu) = (input.epsilon, input.relu);
    let (output, mean, variance) = match input.added.map(Tensor::into_dispatch) {
        Some(added) => Dispatch::training_normalisation_and_sum(x, gamma, beta, added, epsilon, relu),
        None => Dispatch::training_normalisation(x, gamma, beta, epsilon, relu),
    };
    Normalised {
        output: Tensor::from_dispatch(output),
        mean: Tensor::from_dispatch(mean),
        variance: Tensor::from_dispatch(variance),
    }
}

#[backend_extension(Flex, Autodiff)]
trait TrainingOperations: Backend {
    fn training_convolution(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        stride: usize,
        padding: usize,
    ) -> FloatTensor<Self>;

    fn training_normalisation(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
        relu: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    fn training_normalisation_and_sum(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        added: FloatTensor<Self>,
        epsilon: f64,
        relu: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

impl TrainingOperations for Flex {
    fn training_convolution(x: FlexTensor, weight: FlexTensor, stride: usize, padding: usize) -> FlexTensor {
        let [channels_out, channels_in, kernel, _] = dims(&weight);
        let window = Window {
            kernel,
            stride,
            padding,
        };
        let x = with_planes(x);
        let map = FeatureMap::of(&x);
        let weights = values(&weight);
        let matrix = Matrix::new(&weights, channels_out, channels_in * kernel * kernel);
        let output = convolution::forward(&map, matrix, channels_out, window);
        let (height, width) = (window.count(map.height), window.count(map.width));
        tensor_by_channel(output, [map.batch, channels_out, height, width])
    }

    fn training_normalisation(
        x: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        epsilon: f64,
        relu: bool,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        normalised(x, &affine(&gamma, &beta, epsilon), None, relu)
    }

    fn training_normalisation_and_sum(
        x: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        added: FlexTensor,
        epsilon: f64,
        relu: bool,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        normalised(x, &affine(&gamma, &beta, epsilon), Some(added), relu)
    }
}

/// Output, means and variances.
fn normalised(
    x: FlexTensor,
    affine: &Affine,
    added: Option<FlexTensor>,
    relu: bool,
) -> (FlexTensor, FlexTensor, FlexTensor) {
    let (x, added) = (with_planes(x), added.map(with_planes));
    let map = FeatureMap::of(&x);
    let input = map.by_channel();
    let statistics = batch_norm::statistics(&input, map.channel_len());
    let added = added.as_ref().map(|added| FeatureMap::of(added).by_channel());
    let output = batch_norm::forward(&input, &statistics, affine, added.as_deref(), relu);
    let channels = map.channels;
    (
        tensor_by_channel(output, map.dims()),
        tensor(statistics.mean, [channels]),
        tensor(statistics.variance, [channels]),
    )
}

fn affine(gamma: &FlexTensor, beta: &FlexTensor, epsilon: f64) -> Affine {
    Affine {
        scale: values(gamma),
        shift: values(beta),
        epsilon,
    }
}

impl<C: CheckpointStrategy> TrainingOperations for Autodiff<Flex, C> {
    fn training_convolution(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        stride: usize,
        padding: usize,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node()];
        let (x, weight) = (x.into_primitive(), weight.into_primitive());
        let output = Flex::training_convolution(x.clone(), weight.clone(), stride, padding);
        match ConvolutionStep.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(step) => step.finish((x, weight, stride, padding), output),
            OpsKind::UnTracked(step) => step.finish(output),
        }
    }

    fn training_normalisation(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
        relu: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let nodes = [x.node(), gamma.node(), beta.node()];
        let (output, state) = NormState::forward(
            [x.into_primitive(), gamma.into_primitive(), beta.into_primitive()],
            None,
            epsilon,
            relu,
        );
        let statistics = state.statistics.clone().map(FloatTensor::<Self>::new);
        let output = match NormStep.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(step) => step.finish(state, output),
            OpsKind::UnTracked(step) => step.finish(output),
        };
        let [mean, variance] = statistics;
        (output, mean, variance)
    }

    fn training_normalisation_and_sum(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        added: FloatTensor<Self>,
        epsilon: f64,
        relu: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let nodes = [x.node(), gamma.node(), beta.node(), added.node()];
        let (output, state) = NormState::forward(
            [x.into_primitive(), gamma.into_primitive(), beta.into_primitive()],
            Some(added.into_primitive()),
            epsilon,
            relu,
        );
        let statistics = state.statistics.clone().map(FloatTensor::<Self>::new);
        let output = match NormStep.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(step) => step.finish(state, output),
            OpsKind::UnTracked(step) => step.finish(output),
        };
        let [mean, variance] = statistics;
        (output, mean, variance)
    }
}

#[derive(Debug)]
struct ConvolutionStep;

impl Backward<Flex, 2> for ConvolutionStep {
    type State = (FlexTensor, FlexTensor, usize, usize);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (x, weight, stride, padding) = ops.state;
        let gradient = with_planes(grads.consume::<Flex>(&ops.node));
        let gradient = FeatureMap::of(&gradient);
        let [channels_out, channels_in, kernel, _] = dims(&weight);
        let window = Window {
            kernel,
            stride,
            padding,
        };
        let [of_x, of_weight] = ops.parents;
        if let Some(node) = of_weight {
            let x = with_planes(x.clone());
            let found = convolution::weight_gradient(&FeatureMap::of(&x), &gradient, window);
            let found = tensor(found, [channels_out, channels_in, kernel, kernel]);
            grads.register::<Flex>(node.id, found);
        }
        if let Some(node) = of_x {
            let sizes = WeightDims {
                channels_out,
                channels_in,
            };
            let found = convolution::input_gradient(&values(&weight), sizes, &gradient, dims(&x), window);
            grads.register::<Flex>(node.id, tensor_by_channel(found, dims(&x)));
        }
    }
}

/// What the way back of a normalisation needs.
#[derive(Debug, Clone)]
struct NormState {
    x: FlexTensor,
    gamma: FlexTensor,
    beta: FlexTensor,
    /// Tells where ReLU let values pass; without an addition the input does.
    output: Option<FlexTensor>,
    /// Means and variances.
    statistics: [FlexTensor; 2],
    epsilon: f64,
    relu: bool,
}

#[derive(Debug)]
struct NormStep;

/// Input, gamma and beta; with four parents also what was added.
impl<const N: usize> Backward<Flex, N> for NormStep {
    type State = NormState;

    fn backward(self, ops: Ops<Self::State, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let state = ops.state;
        let gradient = with_planes(grads.consume::<Flex>(&ops.node));
        let ids = ops.parents.map(|parent| parent.map(|node| node.id));
        state.register_gradients(&ids, &FeatureMap::of(&gradient), grads);
    }
}

impl NormState {
    /// The output, and what its way back needs.
    fn forward(
        [x, gamma, beta]: [FlexTensor; 3],
        added: Option<FlexTensor>,
        epsilon: f64,
        relu: bool,
    ) -> (FlexTensor, Self) {
        let keeps_output = relu && added.is_some();
        let (output, mean, variance) = normalised(x.clone(), &affine(&gamma, &beta, epsilon), added, relu);
        let state = Self {
            x,
            gamma,
            beta,
            output: keeps_output.then(|| output.clone()),
            statistics: [mean, variance],
            epsilon,
            relu,
        };
        (output, state)
    }

    /// `ids`: the nodes of input, gamma, beta and what was added that ask for a gradient.
    fn register_gradients(&self, ids: &[Option<NodeId>], gradient: &FeatureMap<'_>, grads: &mut Gradients) {
        let x = with_planes(self.x.clone());
        let output = self.output.clone().map(with_planes);
        let output = output.as_ref().map(|output| FeatureMap::of(output).by_channel());
        let passed = match &output {
            Some(output) => Passed::Output(output),
            None if self.relu => Passed::Positive,
            None => Passed::All,
        };
        let [mean, variance] = &self.statistics;
        let statistics = Statistics {
            mean: values(mean),
            variance: values(variance),
        };
        let wanted = |place: usize| ids.get(place).copied().flatten();
        let found = batch_norm::backward(
            &gradient.by_channel(),
            &FeatureMap::of(&x).by_channel(),
            &statistics,
            &affine(&self.gamma, &self.beta, self.epsilon),
            passed,
            wanted(3).is_some(),
        );
        let channels = gradient.channels;
        let mut register = |place: usize, tensor: FlexTensor| {
            if let Some(id) = wanted(place) {
                grads.register::<Flex>(id, tensor);
            }
        };
        register(0, tensor_by_channel(found.input, gradient.dims()));
        register(1, tensor(found.scale, [channels]));
        register(2, tensor(found.shift, [channels]));
        if let Some(added) = found.added {
            register(3, tensor_by_channel(added, gradient.dims()));
        }
    }
}
