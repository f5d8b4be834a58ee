//! Depths and widths of a backbone, as a model's header says them.

use serde::{Deserialize, Serialize};

use super::architecture::Architecture;
use super::layers::{Gatherer, Layers};
use super::resnet_bottleneck;
use super::visitor::BackboneVisitor;
use crate::stored_weights::Weights;

/// A backbone's architecture and its sizes. The default is torchvision's ResNet-50.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackboneShape {
    /// How the layers follow each other.
    #[serde(default)]
    pub architecture: Architecture,
    /// Blocks in each of the four stages.
    pub blocks: [usize; 4],
    /// Channels after the stem; stage i works at `width * 2^i`.
    pub width: usize,
}

impl Default for BackboneShape {
    fn default() -> Self {
        Self::bottleneck([3, 4, 6, 3], 64)
    }
}

impl BackboneShape {
    /// A `ResNet` of bottleneck blocks, which put out four times the width of their stage.
    #[must_use]
    pub const fn bottleneck(blocks: [usize; 4], width: usize) -> Self {
        Self {
            architecture: Architecture::ResnetBottleneck,
            blocks,
            width,
        }
    }

    /// Length of the pooled feature: 2048 for ResNet-50.
    #[must_use]
    pub fn feature_len(&self) -> usize {
        match self.architecture {
            Architecture::ResnetBottleneck => resnet_bottleneck::feature_len(self.width),
        }
    }

    /// Leads the visitor over all layers in the order in which a picture passes them; `pictures` are what comes in, `[batch, 3,
    /// size, size]`.
    ///
    /// # Errors
    /// With the visitor's first.
    pub fn walk<V: BackboneVisitor>(&self, visitor: &mut V, pictures: V::Map) -> Result<V::Output, V::Error> {
        match self.architecture {
            Architecture::ResnetBottleneck => {
                resnet_bottleneck::walk(self.blocks, self.width, visitor, pictures)
            }
        }
    }

    /// All layers that have weights.
    #[must_use]
    pub fn layers(&self) -> Layers {
        let Ok(layers) = self.walk(&mut Gatherer::default(), ());
        layers
    }

    /// The backbone that weights under torchvision's names (no prefix) belong to. `None` where they belong to none.
    #[must_use]
    pub fn of_weights(weights: &Weights) -> Option<Self> {
        let (blocks, width) = resnet_bottleneck::sizes_of(weights)?;
        Some(Self::bottleneck(blocks, width))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_before_there_was_a_choice_are_read_and_unknown_architectures_refused() {
        let read = |text: &str| serde_json::from_str::<BackboneShape>(text);
        let old = read(r#"{"blocks":[1,2,1,1],"width":4}"#).unwrap();
        assert_eq!(old, BackboneShape::bottleneck([1, 2, 1, 1], 4));
        let written = serde_json::to_string(&old).unwrap();
        assert!(
            written.contains(r#""architecture":"resnet-bottleneck""#),
            "{written}"
        );
        assert_eq!(read(&written).unwrap(), old);
        let error = read(r#"{"architecture":"vgg","blocks":[1,1,1,1],"width":4}"#).unwrap_err();
        let said = error.to_string();
        assert!(
            said.contains("`vgg`") && said.contains("`resnet-bottleneck`"),
            "{said}"
        );
    }

    #[test]
    fn the_layers_are_torchvisions() {
        let layers = BackboneShape::default().layers();
        // torchvision's resnet50 has 53 convolutions; four of them are shortcuts, and each of its 16 blocks ends in a sum.
        assert_eq!(layers.convolutions.len(), 53);
        assert_eq!(layers.added.len(), 16);
        let places: Vec<usize> = layers.convolutions.iter().map(|layer| layer.place).collect();
        assert!(places.into_iter().eq(0..53));
        let shortcuts = layers
            .convolutions
            .iter()
            .filter(|layer| layer.conv.contains("downsample"));
        assert_eq!(shortcuts.count(), 4);
        assert_eq!(layers.head.feature_len, 2048);
    }
}
