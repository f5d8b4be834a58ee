//! `ResNet` with bottleneck blocks (He et al. 2015), in torchvision's layout v1.5: the stride stands in the 3x3 convolution.

use super::visitor::{BackboneVisitor, ConvLayer, HeadLayer, PoolLayer, Then};
use crate::stored_weights::Weights;

/// What a block puts out is this much wider than what it works at.
const EXPANSION: usize = 4;

/// The stem, four stages of blocks, the mean and the head.
pub(super) fn walk<V: BackboneVisitor>(
    blocks: [usize; 4],
    width: usize,
    visitor: &mut V,
    pictures: V::Map,
) -> Result<V::Output, V::Error> {
    let stem = ConvLayer {
        place: 0,
        conv: "conv1".to_owned(),
        norm: "bn1".to_owned(),
        channels_in: 3,
        channels_out: width,
        kernel: 7,
        stride: 2,
    };
    let pool = PoolLayer {
        kernel: 3,
        stride: 2,
        padding: 1,
    };
    let x = visitor.convolution(stem, pictures, Then::Relu)?;
    let mut x = visitor.max_pool(pool, x)?;
    let (mut place, mut channels_in) = (1, width);
    for (stage, blocks) in blocks.into_iter().enumerate() {
        for index in 0..blocks {
            let block = Block {
                at: format!("layer{}.{index}", stage + 1),
                place,
                channels_in,
                width: width << stage,
                stride: if stage > 0 && index == 0 { 2 } else { 1 },
            };
            x = block.walk(visitor, x)?;
            place += block.convolutions();
            channels_in = block.channels_out();
        }
    }
    let head = HeadLayer {
        name: "fc".to_owned(),
        feature_len: feature_len(width),
    };
    visitor.head(head, x)
}

/// Length of the pooled feature.
pub(super) fn feature_len(width: usize) -> usize {
    (width << 3) * EXPANSION
}

/// Blocks of each stage and width, read off the stem's channels and the number of blocks; `None` when there is no stem or an empty stage.
pub(super) fn sizes_of(weights: &Weights) -> Option<([usize; 4], usize)> {
    let width = *weights.get("conv1.weight")?.shape.first()?;
    let blocks = [1, 2, 3, 4].map(|stage| {
        (0..)
            .take_while(|block| weights.contains_key(&format!("layer{stage}.{block}.conv1.weight")))
            .count()
    });
    (width > 0 && !blocks.contains(&0)).then_some((blocks, width))
}

/// 1x1 down, 3x3, 1x1 up, and the way around them.
struct Block {
    at: String,
    /// Of its first convolution.
    place: usize,
    channels_in: usize,
    width: usize,
    stride: usize,
}

impl Block {
    fn channels_out(&self) -> usize {
        EXPANSION * self.width
    }

    /// Whether the way around has a convolution, since what comes in and what goes out differ in shape.
    fn has_shortcut(&self) -> bool {
        self.stride != 1 || self.channels_in != self.channels_out()
    }

    fn convolutions(&self) -> usize {
        3 + usize::from(self.has_shortcut())
    }

    /// One of the three, counted from 1.
    fn part(&self, number: usize, channels: [usize; 2], kernel: usize, stride: usize) -> ConvLayer {
        ConvLayer {
            place: self.place + number - 1,
            conv: format!("{}.conv{number}", self.at),
            norm: format!("{}.bn{number}", self.at),
            channels_in: channels[0],
            channels_out: channels[1],
            kernel,
            stride,
        }
    }

    fn walk<V: BackboneVisitor>(&self, visitor: &mut V, x: V::Map) -> Result<V::Map, V::Error> {
        let (width, out) = (self.width, self.channels_out());
        let around = if self.has_shortcut() {
            let shortcut = ConvLayer {
                place: self.place + 3,
                conv: format!("{}.downsample.0", self.at),
                norm: format!("{}.downsample.1", self.at),
                channels_in: self.channels_in,
                channels_out: out,
                kernel: 1,
                stride: self.stride,
            };
            visitor.convolution(shortcut, x.clone(), Then::Nothing)?
        } else {
            x.clone()
        };
        let reduce = self.part(1, [self.channels_in, width], 1, 1);
        let x = visitor.convolution(reduce, x, Then::Relu)?;
        let spatial = self.part(2, [width, width], 3, self.stride);
        let x = visitor.convolution(spatial, x, Then::Relu)?;
        visitor.convolution(self.part(3, [width, out], 1, 1), x, Then::AddRelu(around))
    }
}
