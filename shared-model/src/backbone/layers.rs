//! All layers of a backbone that have weights.

use std::convert::Infallible;

use super::visitor::{BackboneVisitor, ConvLayer, HeadLayer, PoolLayer, Then};

/// The layers of a backbone, as a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layers {
    /// In the order in which they are kept.
    pub convolutions: Vec<ConvLayer>,
    /// Names of the normalisations whose output is added to another map: a block of which this one gives 0 changes nothing.
    pub added: Vec<String>,
    /// The last one.
    pub head: HeadLayer,
}

/// Gathers the layers on a walk.
#[derive(Default)]
pub(super) struct Gatherer {
    convolutions: Vec<ConvLayer>,
    added: Vec<String>,
}

impl BackboneVisitor for Gatherer {
    type Map = ();
    type Output = Layers;
    type Error = Infallible;

    fn convolution(&mut self, layer: ConvLayer, (): (), then: Then<()>) -> Result<(), Infallible> {
        if matches!(then, Then::AddRelu(())) {
            self.added.push(layer.norm.clone());
        }
        self.convolutions.push(layer);
        Ok(())
    }

    fn max_pool(&mut self, _: PoolLayer, (): ()) -> Result<(), Infallible> {
        Ok(())
    }

    fn head(&mut self, head: HeadLayer, (): ()) -> Result<Layers, Infallible> {
        let mut convolutions = std::mem::take(&mut self.convolutions);
        convolutions.sort_by_key(|layer| layer.place);
        Ok(Layers {
            convolutions,
            added: std::mem::take(&mut self.added),
            head,
        })
    }
}
