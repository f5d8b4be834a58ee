//! A larger network that begins as a smaller, trained one (Net2Net, Chen, Goodfellow and Shlens 2016): it computes the same, and learns on from
//! there. A deep network with random weights needs many more pictures than there are to find its way at all.
//!
//! Wider: channel `i` of the larger network is channel `i % n` of the smaller one's `n`; whoever reads the copies of a channel divides its weight
//! between them. The parts are drawn, so that copies learn differently. Deeper: a block that is new adds nothing at first, since its last
//! normalisation scales by 0.

use anyhow::{Result, ensure};
use rand::Rng;
use shared_model::model_file::{Weight, Weights};

/// How unequal two copies' parts of a weight are before they are scaled to their sum.
const PARTS: std::ops::Range<f32> = 0.5..1.5;

/// The weights of a network like `fresh` that computes what the network with the weights `small` computes. Both are named as in
/// [`Backbone::save`](shared_model::backbone::Backbone::save), behind the same prefix; `added` are the normalisations whose output is added to another map
/// ([`Layers::added`](shared_model::backbone::Layers)).
///
/// # Errors
/// When a layer of the larger network has fewer channels than the smaller one's, or no multiple of them, or lacks a block of it.
pub fn grown(small: &Weights, fresh: Weights, added: &[String], random: &mut impl Rng) -> Result<Weights> {
    if let Some(name) = small.keys().find(|name| !fresh.contains_key(*name)) {
        anyhow::bail!("the larger network has no `{name}`: expected at least as many blocks in each stage");
    }
    let is_added = |name: &str| {
        let norm = name.strip_suffix(".weight");
        norm.is_some_and(|norm| added.iter().any(|added| norm.ends_with(added.as_str())))
    };
    fresh
        .into_iter()
        .map(|(name, fresh)| {
            let weight = match small.get(&name) {
                Some(small) => wider(&name, small, &fresh.shape, random)?,
                None if is_added(&name) => Weight {
                    values: vec![0.0; fresh.values.len()],
                    ..fresh
                },
                None => fresh,
            };
            Ok((name, weight))
        })
        .collect()
}

/// A weight `[out]` or `[out, in, ...]` with more of both.
fn wider(name: &str, small: &Weight, shape: &[usize], random: &mut impl Rng) -> Result<Weight> {
    let fits = small.shape.len() == shape.len()
        && small
            .shape
            .iter()
            .zip(shape)
            .all(|(less, more)| *less > 0 && more % less == 0)
        && small.shape.iter().skip(2).eq(shape.iter().skip(2));
    ensure!(
        fits,
        "`{name}` is {shape:?}, expected multiples of the start's {:?} in the first two dimensions",
        small.shape
    );
    let size = |shape: &[usize], dimension: usize| shape.get(dimension).copied().unwrap_or(1);
    let (out, own_out) = (size(shape, 0), size(&small.shape, 0));
    let (read, own_read) = (size(shape, 1), size(&small.shape, 1));
    let kernel: usize = shape.iter().skip(2).product();
    let copies = read / own_read;
    let mut values = vec![0.0; out * read * kernel];
    for to in 0..out {
        let from = to % own_out;
        for channel in 0..own_read {
            let at = (from * own_read + channel) * kernel;
            let own = small.values.get(at..at + kernel).unwrap_or_default();
            for (copy, part) in parts(copies, random).into_iter().enumerate() {
                let at = (to * read + copy * own_read + channel) * kernel;
                let own = own.iter().map(|value| value * part);
                for (value, own) in values.iter_mut().skip(at).zip(own) {
                    *value = own;
                }
            }
        }
    }
    Ok(Weight {
        shape: shape.to_vec(),
        values,
    })
}

/// Parts of 1 for so many copies.
fn parts(copies: usize, random: &mut impl Rng) -> Vec<f32> {
    if copies == 1 {
        return vec![1.0];
    }
    let drawn: Vec<f32> = (0..copies).map(|_| random.random_range(PARTS)).collect();
    let sum: f32 = drawn.iter().sum();
    drawn.into_iter().map(|part| part / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random_stream::Stream;
    use burn::tensor::{Device, Distribution, Tensor};
    use shared_model::backbone::BackboneShape;

    const SMALL: BackboneShape = BackboneShape::bottleneck([1, 2, 1, 1], 4);

    /// A network with statistics that are not those of a new one.
    fn trained(device: &Device) -> Weights {
        let mut weights = SMALL.init(device).save("").unwrap();
        for (name, weight) in &mut weights {
            for (i, value) in weight.values.iter_mut().enumerate() {
                if name.ends_with("running_mean") || (name.contains("bn") && name.ends_with("bias")) {
                    *value = 0.1 * (i as f32 % 5.0 - 2.0);
                } else if name.ends_with("running_var") {
                    *value = 0.5 + 0.3 * (i as f32 % 4.0);
                }
            }
        }
        weights
    }

    #[test]
    fn a_grown_network_computes_what_the_small_one_does_and_its_copies_are_not_alike() {
        let device = Device::flex();
        device.seed(7);
        let small = trained(&device);
        let x = Tensor::<4>::random([3, 3, 48, 48], Distribution::Normal(0.0, 1.0), &device);
        let network = SMALL.init(&device).load(&small, "", &device).unwrap();
        let (_, expected) = network.forward(x.clone());
        for (blocks, width) in [([1, 2, 1, 1], 12), ([3, 2, 2, 4], 4), ([2, 3, 1, 2], 8)] {
            let large = BackboneShape::bottleneck(blocks, width);
            let fresh = large.init(&device).save("").unwrap();
            let weights = grown(
                &small,
                fresh,
                &large.layers().added,
                &mut Stream::Growth.random(3),
            )
            .unwrap();
            let network = large.init(&device).load(&weights, "", &device).unwrap();
            let (_, found) = network.forward(x.clone());
            let worst = (expected.clone() - found).abs().max().into_scalar::<f32>();
            assert!(worst < 1e-4, "{large:?}: {worst}");
            let stem = &weights["conv1.weight"];
            let next = &weights["layer1.0.conv1.weight"];
            let is_wider = width > SMALL.width;
            assert_eq!(stem.shape[0], width);
            assert_eq!(is_wider, next.values[0] != next.values[SMALL.width % width]);
        }
    }

    #[test]
    fn what_is_no_larger_network_is_refused() {
        let device = Device::flex();
        let small = trained(&device);
        let refused = |blocks, width| {
            let fresh = BackboneShape::bottleneck(blocks, width)
                .init(&device)
                .save("")
                .unwrap();
            grown(&small, fresh, &[], &mut Stream::Growth.random(3))
                .unwrap_err()
                .to_string()
        };
        assert!(refused([1, 1, 1, 1], 8).contains("`layer2.1."));
        assert!(refused([1, 2, 1, 1], 6).contains("expected multiples"));
    }
}
