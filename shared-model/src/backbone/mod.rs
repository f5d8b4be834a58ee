//! The backbone: from a normalised picture of a face to a feature and the logits of the per-frame head.
//!
//! An architecture is written once, as a walk over its layers ([`BackboneShape::walk`]): running it, its initial weights, their
//! names and shapes, folding, loading, saving, the ONNX file and what training keeps in memory all follow from that walk. To add
//! one: a module beside `resnet_bottleneck.rs`, and its name in [`Architecture`].

mod architecture;
mod layers;
#[cfg(feature = "network")]
mod network;
mod resnet_bottleneck;
mod shape;
mod visitor;

pub use architecture::Architecture;
pub use layers::Layers;
#[cfg(feature = "network")]
pub use network::Backbone;
pub use shape::BackboneShape;
pub use visitor::{BackboneVisitor, ConvLayer, HeadLayer, PoolLayer, Then};

/// Prefix of the backbone's weights in a model file.
pub const BACKBONE_PREFIX: &str = "backbone.";
