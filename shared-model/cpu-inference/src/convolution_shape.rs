//! Sizes of a convolution.

/// Sizes of a square convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvolutionShape {
    /// Channels of the input.
    pub channels_in: usize,
    /// Channels of the output.
    pub channels_out: usize,
    /// Side of the kernel.
    pub kernel: usize,
    /// Input pixels from one output pixel to the next.
    pub stride: usize,
    /// Zeros around the input.
    pub padding: usize,
    /// Input pixels from one element of the kernel to the next.
    pub dilation: usize,
    /// 1, or as many as there are channels.
    pub groups: usize,
}

impl ConvolutionShape {
    /// From so many to so many channels, with the padding that an odd kernel keeps a side's pixels with.
    #[must_use]
    pub fn same(
        [channels_in, channels_out]: [usize; 2],
        kernel: usize,
        stride: usize,
        groups: usize,
        dilation: usize,
    ) -> Self {
        Self {
            channels_in,
            channels_out,
            kernel,
            stride,
            padding: dilation * (kernel / 2),
            dilation,
            groups,
        }
    }

    /// Output pixels along a side of `side` input pixels.
    #[must_use]
    pub fn side_out(&self, side: usize) -> usize {
        let reach = self.dilation * self.kernel.saturating_sub(1) + 1;
        (side + 2 * self.padding)
            .checked_sub(reach)
            .map_or(0, |room| room / self.stride.max(1) + 1)
    }

    /// Numbers in the weight `[channels_out, channels_in / groups, kernel, kernel]`.
    #[must_use]
    pub fn weight_len(&self) -> usize {
        self.channels_out * self.channels_in / self.groups.max(1) * self.kernel * self.kernel
    }
}

/// There is no kernel for such a convolution, or its weights do not fit it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnsupportedConvolution(pub ConvolutionShape);

impl std::fmt::Display for UnsupportedConvolution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "no kernel for a convolution of this shape, or weights of another length: {:?}",
            self.0
        )
    }
}

impl std::error::Error for UnsupportedConvolution {}
