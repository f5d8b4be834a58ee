//! What is asked at each layer of a backbone.

/// A convolution without bias and with "same" padding, and the batch normalisation of its output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConvLayer {
    /// Place among the convolutions in the order in which their weights are kept, which need not be that of the walk.
    pub place: usize,
    /// torchvision's name of the convolution.
    pub conv: String,
    /// torchvision's name of the normalisation.
    pub norm: String,
    /// Channels that come in.
    pub channels_in: usize,
    /// Channels that go out.
    pub channels_out: usize,
    /// Side of the kernel in pixels.
    pub kernel: usize,
    /// Pixels between two places of the kernel.
    pub stride: usize,
}

/// The largest value of each window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolLayer {
    /// Side of the window in pixels.
    pub kernel: usize,
    /// Pixels between two windows.
    pub stride: usize,
    /// Pixels that are added on each side and are never the largest.
    pub padding: usize,
}

/// The mean over all pixels, which is the feature, and the linear layer from it to the logits of the eight classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadLayer {
    /// torchvision's name of the linear layer.
    pub name: String,
    /// Length of the feature.
    pub feature_len: usize,
}

/// What follows a normalised convolution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then<M> {
    /// Nothing.
    Nothing,
    /// `ReLU`.
    Relu,
    /// The addition of another map of the same shape, and `ReLU`.
    AddRelu(M),
}

/// Whoever is led over a backbone's layers by [`BackboneShape::walk`](super::BackboneShape::walk).
pub trait BackboneVisitor {
    /// What stands for a feature map: its values, its name, its size, or nothing.
    type Map: Clone;
    /// What the walk ends with.
    type Output;
    /// Why it stops before its end.
    type Error;

    /// A convolution.
    ///
    /// # Errors
    /// As the visitor likes.
    fn convolution(
        &mut self,
        layer: ConvLayer,
        input: Self::Map,
        then: Then<Self::Map>,
    ) -> Result<Self::Map, Self::Error>;

    /// A pool.
    ///
    /// # Errors
    /// As the visitor likes.
    fn max_pool(&mut self, layer: PoolLayer, input: Self::Map) -> Result<Self::Map, Self::Error>;

    /// The head, which comes last.
    ///
    /// # Errors
    /// As the visitor likes.
    fn head(&mut self, layer: HeadLayer, input: Self::Map) -> Result<Self::Output, Self::Error>;
}
