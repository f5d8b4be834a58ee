//! Trained convolutions on burn's CPU backend, by `cpu-inference`: bias, addition and ReLU go with them.
//!
//! Feature maps stay `[batch, channels, height, width]` to look at. In memory the channels of a pixel lie next to each other,
//! and no map is copied from one layer to the next.

use std::sync::Arc;

use burn::backend::flex::{FlexTensor, Layout};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, Flex, backend_extension};
use burn::nn::PaddingConfig2d;
use burn::nn::pool::MaxPool2d;
use burn::tensor::{Bytes, DType, Shape, Tensor};
use cpu_inference::{Convolution, ConvolutionShape, MapView, PoolingShape};

use crate::processor::is_processor;

/// A convolution with bias whose weights are packed for the processor.
#[derive(Debug, Clone)]
pub struct PackedConvolution(Arc<Convolution>);

impl PackedConvolution {
    /// Packs `weight` `[out, in / groups, kernel, kernel]` and `bias` `[out]`; `None` where burn's own layers have to do: on
    /// another device than the processor, in another precision than f32, or where there is no kernel for it.
    #[must_use]
    pub fn new(shape: ConvolutionShape, weight: &Tensor<4>, bias: &Tensor<1>) -> Option<Self> {
        if !is_processor(&weight.device()) || weight.dtype() != DType::F32 {
            return None;
        }
        let weight = weight.clone().try_into_vec_as::<f32>().ok()?;
        let bias = bias.clone().try_into_vec_as::<f32>().ok()?;
        Convolution::new(shape, &weight, &bias)
            .ok()
            .map(|convolution| Self(Arc::new(convolution)))
    }

    /// The convolution of `x` `[batch, in, h, w]`, the addition of `added` in the shape of the output, and ReLU where it is
    /// asked for.
    #[must_use]
    pub fn run(&self, x: Tensor<4>, added: Option<Tensor<4>>, relu: bool) -> Tensor<4> {
        let (x, convolution) = (in_f32(x).into_dispatch(), Arc::clone(&self.0));
        Tensor::from_dispatch(match added {
            Some(added) => {
                Dispatch::packed_convolution_and_sum(x, in_f32(added).into_dispatch(), convolution, relu)
            }
            None => Dispatch::packed_convolution(x, convolution, relu),
        })
    }
}

/// The largest value of each window, by `cpu-inference` where it can be.
#[must_use]
pub fn max_pool(pool: &MaxPool2d, x: Tensor<4>) -> Tensor<4> {
    match square(pool) {
        Some(shape) if x.dtype() == DType::F32 && is_processor(&x.device()) => {
            Tensor::from_dispatch(Dispatch::packed_max_pool(x.into_dispatch(), shape))
        }
        _ => pool.forward(x),
    }
}

/// The window, if it is a square one.
fn square(pool: &MaxPool2d) -> Option<PoolingShape> {
    let padding = match pool.padding {
        PaddingConfig2d::Valid => 0,
        PaddingConfig2d::Explicit(top, left, bottom, right) => [left, bottom, right]
            .iter()
            .all(|side| *side == top)
            .then_some(top)?,
        PaddingConfig2d::Same => return None,
    };
    let [kernel, stride] =
        [pool.kernel_size, pool.stride].map(|[height, width]| (height == width).then_some(height));
    let is_plain = pool.dilation == [1, 1] && !pool.ceil_mode;
    is_plain.then_some(PoolingShape {
        kernel: kernel?,
        stride: stride?,
        padding,
    })
}

fn in_f32(x: Tensor<4>) -> Tensor<4> {
    if x.dtype() == DType::F32 {
        x
    } else {
        x.cast(DType::F32)
    }
}

#[backend_extension(Flex)]
trait InferenceOperations: Backend {
    fn packed_convolution(
        x: FloatTensor<Self>,
        convolution: Arc<Convolution>,
        relu: bool,
    ) -> FloatTensor<Self>;

    fn packed_convolution_and_sum(
        x: FloatTensor<Self>,
        added: FloatTensor<Self>,
        convolution: Arc<Convolution>,
        relu: bool,
    ) -> FloatTensor<Self>;

    fn packed_max_pool(x: FloatTensor<Self>, shape: PoolingShape) -> FloatTensor<Self>;
}

impl InferenceOperations for Flex {
    fn packed_convolution(x: FlexTensor, convolution: Arc<Convolution>, relu: bool) -> FlexTensor {
        let x = with_positive_steps(x);
        let view = view(&x);
        by_pixel(
            convolution.run(&view, None, relu),
            convolution.dims_out(view.dims()),
        )
    }

    fn packed_convolution_and_sum(
        x: FlexTensor,
        added: FlexTensor,
        convolution: Arc<Convolution>,
        relu: bool,
    ) -> FlexTensor {
        let (x, added) = (with_positive_steps(x), with_positive_steps(added));
        let view_of_x = view(&x);
        let added = view(&added).padded(0);
        by_pixel(
            convolution.run(&view_of_x, Some(&added), relu),
            convolution.dims_out(view_of_x.dims()),
        )
    }

    fn packed_max_pool(x: FlexTensor, shape: PoolingShape) -> FlexTensor {
        let x = with_positive_steps(x);
        let view = view(&x);
        by_pixel(cpu_inference::max_pool(&view, shape), shape.dims_out(view.dims()))
    }
}

/// The tensor itself, or a copy of one that was turned round.
fn with_positive_steps(x: FlexTensor) -> FlexTensor {
    if x.layout().strides().iter().all(|stride| *stride >= 0) {
        x
    } else {
        x.to_contiguous()
    }
}

fn view(x: &FlexTensor) -> MapView<'_> {
    let shape = x.layout().shape();
    let dims = std::array::from_fn(|axis| shape[axis]);
    let strides = std::array::from_fn(|axis| x.layout().strides()[axis].unsigned_abs());
    MapView::new(&x.storage()[x.layout().start_offset()..], dims, strides)
}

/// `[batch, channels, height, width]` of values whose order is `[batch, height, width, channels]`.
fn by_pixel(values: Vec<f32>, [batch, channels, height, width]: [usize; 4]) -> FlexTensor {
    let strides = [height * width * channels, 1, width * channels, channels].map(|stride| stride as isize);
    let layout = Layout::new(Shape::from([batch, channels, height, width]), strides.to_vec(), 0);
    FlexTensor::new(Bytes::from_elems(values), layout, DType::F32)
}
