//! Convolution and pooling of trained networks on the processor, one implementation for the native program and the page.
//!
//! A trained network does not change, so its weights are packed once, in the order in which a kernel reads them
//! ([`Convolution::new`]). Feature maps keep the channels of a pixel next to each other, from layer to layer: a convolution
//! is then a matrix product whose left side lies in the input as it is, for any kernel and stride, and is never unfolded
//! (Dukhan 2019, "The Indirect Convolution Algorithm", arXiv 1907.02129). Bias, residual and ReLU are applied while a tile of
//! the result still lies in registers.
//!
//! The instruction set (AVX-512, AVX2, NEON, wasm's SIMD) is chosen by `pulp`. Wasm cannot ask what the browser knows, so that relaxed SIMD, which
//! multiplies and adds in one instruction, is a feature (`relaxed-simd`) and has to be asked for.
//!
//! ```
//! use cpu_inference::{Convolution, ConvolutionShape, MapView};
//!
//! let shape = ConvolutionShape::same([1, 2], 1, 1, 1, 1);
//! let doubled_and_negated = Convolution::new(shape, &[2.0, -1.0], &[0.0, 0.5]).unwrap();
//! let picture = [1.0, 2.0];
//! let map = MapView::by_pixel(&picture, [1, 1, 1, 2]);
//! assert_eq!(doubled_and_negated.run(&map, None, false), [2.0, -0.5, 4.0, -1.5]);
//! ```

mod convolution;
mod convolution_shape;
mod dense;
mod depthwise;
mod epilogue;
mod map_view;
mod padded;
mod panels;
mod parts;
mod pooling;
mod vector;
mod winograd;

/// Multiplies and adds in one instruction from now on; to be called before the first convolution, and only where the browser knows relaxed SIMD.
/// Results differ in their last bits.
#[cfg(all(feature = "relaxed-simd", target_arch = "wasm32"))]
pub fn use_relaxed_simd() {
    pulp::wasm::enable_relaxed_simd();
}

pub use convolution::Convolution;
pub use convolution_shape::{ConvolutionShape, UnsupportedConvolution};
pub use map_view::MapView;
pub use pooling::{PoolingShape, max_pool};
