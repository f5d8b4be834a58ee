//! What training spends its time on, for the processor: convolution, and batch normalisation with what
//! follows it, each forward and backward. burn's own CPU backend computes a convolution's weight gradient
//! as a convolution whose kernel is the gradient's whole plane, which is many times slower.
//!
//! Feature maps are kept channel by channel (`[channels, batch, height, width]` in memory, seen as
//! `[batch, channels, height, width]`), so that each convolution is one large matrix product over the
//! whole batch and a channel's statistics are those of one run of values.

mod batch_norm;
mod convolution;
mod feature_map;
mod matrix;
mod operations;
mod unfold;

pub use operations::{NormInput, Normalised, convolve, is_for, normalise};
