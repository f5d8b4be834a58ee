//! A batch of feature maps, whatever the order of batch and channels in memory.

use std::borrow::Cow;

use burn::backend::flex::{FlexTensor, Layout};
use burn::tensor::{Bytes, DType, Shape};

use super::matrix::Matrix;

/// Feature maps `[batch, channels, height, width]` whose planes are runs of values.
#[derive(Debug, Clone, Copy)]
pub struct FeatureMap<'a> {
    values: &'a [f32],
    /// Pictures.
    pub batch: usize,
    /// Planes a picture.
    pub channels: usize,
    /// Lines a plane.
    pub height: usize,
    /// Values a line.
    pub width: usize,
    batch_stride: usize,
    channel_stride: usize,
}

impl<'a> FeatureMap<'a> {
    /// The maps in a tensor as [`with_planes`] gives it.
    pub fn of(tensor: &'a FlexTensor) -> Self {
        let [batch, channels, height, width] = dims(tensor);
        let stride = |axis: usize| tensor.layout().strides()[axis].unsigned_abs();
        Self {
            values: &tensor.storage()[tensor.layout().start_offset()..],
            batch,
            channels,
            height,
            width,
            batch_stride: stride(0),
            channel_stride: stride(1),
        }
    }

    /// `[batch, channels, height, width]`.
    pub fn dims(&self) -> [usize; 4] {
        [self.batch, self.channels, self.height, self.width]
    }

    /// Values a channel.
    pub fn channel_len(&self) -> usize {
        self.batch * self.height * self.width
    }

    /// Line `y` of a channel of a picture.
    pub fn line(&self, channel: usize, picture: usize, y: usize) -> &'a [f32] {
        let start = channel * self.channel_stride + picture * self.batch_stride + y * self.width;
        &self.values[start..start + self.width]
    }

    /// The values channel by channel: copied where they lie otherwise.
    pub fn by_channel(&self) -> Cow<'a, [f32]> {
        if let Some(values) = self.by_channel_borrowed() {
            return Cow::Borrowed(values);
        }
        let plane = self.height * self.width;
        let mut copied = Vec::with_capacity(self.channel_len() * self.channels);
        for channel in 0..self.channels {
            for picture in 0..self.batch {
                let start = channel * self.channel_stride + picture * self.batch_stride;
                copied.extend_from_slice(&self.values[start..start + plane]);
            }
        }
        Cow::Owned(copied)
    }

    /// A row a channel, if they lie so.
    pub fn matrix(&self) -> Option<Matrix<'a>> {
        self.by_channel_borrowed()
            .map(|values| Matrix::new(values, self.channels, self.channel_len()))
    }

    fn by_channel_borrowed(&self) -> Option<&'a [f32]> {
        let plane = self.height * self.width;
        (self.channel_stride == plane * self.batch && (self.batch_stride == plane || self.batch == 1))
            .then(|| &self.values[..self.channel_len() * self.channels])
    }
}

/// Sizes of a tensor of four axes.
pub fn dims(tensor: &FlexTensor) -> [usize; 4] {
    let shape = tensor.layout().shape();
    [shape[0], shape[1], shape[2], shape[3]]
}

/// The tensor itself if its planes are runs of values, else a copy of it.
pub fn with_planes(tensor: FlexTensor) -> FlexTensor {
    let [.., height, width] = dims(&tensor);
    let strides = tensor.layout().strides();
    let runs = strides[3] == 1 && strides[2] == width as isize && strides[0] >= 0 && strides[1] >= 0;
    if runs || height * width == 0 {
        tensor
    } else {
        tensor.to_contiguous()
    }
}

/// A tensor `[batch, channels, height, width]` of values that lie channel by channel.
pub fn tensor_by_channel(values: Vec<f32>, [batch, channels, height, width]: [usize; 4]) -> FlexTensor {
    let plane = height * width;
    let strides = [plane, batch * plane, width, 1].map(|stride| stride as isize);
    let layout = Layout::new(Shape::from([batch, channels, height, width]), strides.to_vec(), 0);
    FlexTensor::new(Bytes::from_elems(values), layout, DType::F32)
}

/// A tensor of values in their usual order.
pub fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::new(
        Bytes::from_elems(values),
        Layout::contiguous(Shape::from(shape)),
        DType::F32,
    )
}

/// All values of a tensor in their usual order.
pub fn values(tensor: &FlexTensor) -> Vec<f32> {
    match tensor.as_slice::<f32>() {
        Some(values) => values.to_vec(),
        None => tensor
            .to_contiguous()
            .as_slice::<f32>()
            .unwrap_or_default()
            .to_vec(),
    }
}
