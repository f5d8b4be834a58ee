//! Which tensors an architecture consists of, and the check of a model file against them.

use std::collections::BTreeMap;

use crate::backbone::{BACKBONE_PREFIX, BackboneShape, Layers};
use crate::expression::CLASS_COUNT;
use crate::model_file::{ModelFile, ModelFileError, TemporalShape, Weights};

/// Shapes (outermost dimension first) by tensor name.
pub type WeightShapes = BTreeMap<String, Vec<usize>>;

impl BackboneShape {
    /// The tensors of this backbone under torchvision's names, without a prefix.
    #[must_use]
    pub fn weight_shapes(&self) -> WeightShapes {
        let mut shapes = WeightShapes::new();
        let Layers {
            convolutions, head, ..
        } = self.layers();
        for layer in convolutions {
            let (out, kernel) = (layer.channels_out, layer.kernel);
            let shape = vec![out, layer.channels_in, kernel, kernel];
            shapes.insert(format!("{}.weight", layer.conv), shape);
            for part in ["weight", "bias", "running_mean", "running_var"] {
                shapes.insert(format!("{}.{part}", layer.norm), vec![out]);
            }
        }
        linear(&mut shapes, &head.name, CLASS_COUNT, head.feature_len);
        shapes
    }
}

impl TemporalShape {
    /// The tensors of this encoder under torch's names, without a prefix, for features of
    /// `feature_len` values.
    #[must_use]
    pub fn weight_shapes(&self, feature_len: usize) -> WeightShapes {
        let mut shapes = WeightShapes::new();
        let (width, ff) = (self.d_model, self.d_ff);
        linear(&mut shapes, "input", width, feature_len);
        for layer in 0..self.layers {
            let at = format!("encoder.layers.{layer}");
            shapes.insert(format!("{at}.self_attn.in_proj_weight"), vec![3 * width, width]);
            shapes.insert(format!("{at}.self_attn.in_proj_bias"), vec![3 * width]);
            linear(&mut shapes, &format!("{at}.self_attn.out_proj"), width, width);
            linear(&mut shapes, &format!("{at}.linear1"), ff, width);
            linear(&mut shapes, &format!("{at}.linear2"), width, ff);
            for norm in ["norm1", "norm2"] {
                shapes.insert(format!("{at}.{norm}.weight"), vec![width]);
                shapes.insert(format!("{at}.{norm}.bias"), vec![width]);
            }
        }
        linear(&mut shapes, "head", CLASS_COUNT, width);
        shapes
    }
}

impl ModelFile {
    /// Checks that the file holds exactly the tensors of its architecture.
    ///
    /// # Errors
    /// On the first tensor that is missing, has another shape, belongs to no part or holds a variance below 0.
    pub fn check_weights(&self) -> Result<(), ModelFileError> {
        let mut expected = prefixed(BACKBONE_PREFIX, self.metadata.backbone.weight_shapes());
        if let Some(temporal) = &self.metadata.temporal {
            let feature_len = self.metadata.backbone.feature_len();
            expected.extend(prefixed("temporal.", temporal.weight_shapes(feature_len)));
        }
        check_against(&self.weights, &expected)
    }
}

/// Checks that `weights` are exactly the tensors `expected`, and that no variance is below 0.
///
/// # Errors
/// As [`ModelFile::check_weights`].
pub fn check_against(weights: &Weights, expected: &WeightShapes) -> Result<(), ModelFileError> {
    for (name, shape) in expected {
        let weight = weights
            .get(name)
            .ok_or_else(|| ModelFileError::Missing(name.clone()))?;
        if weight.shape != *shape {
            return Err(ModelFileError::Shape {
                name: name.clone(),
                found: weight.shape.clone(),
                expected: shape.clone(),
            });
        }
        if name.ends_with(".running_var") && weight.values.iter().any(|variance| *variance < 0.0) {
            return Err(ModelFileError::NegativeVariance(name.clone()));
        }
    }
    match weights.keys().find(|name| !expected.contains_key(*name)) {
        Some(name) => Err(ModelFileError::Unknown(name.clone())),
        None => Ok(()),
    }
}

fn prefixed(prefix: &str, shapes: WeightShapes) -> WeightShapes {
    shapes
        .into_iter()
        .map(|(name, shape)| (format!("{prefix}{name}"), shape))
        .collect()
}

fn linear(shapes: &mut WeightShapes, name: &str, out: usize, input: usize) {
    shapes.insert(format!("{name}.weight"), vec![out, input]);
    shapes.insert(format!("{name}.bias"), vec![out]);
}

#[cfg(test)]
#[cfg(feature = "network")]
mod tests {
    use super::*;
    use crate::model_file::{ModelMetadata, Weight};
    use burn::tensor::Device;

    fn model() -> ModelFile {
        let device = Device::flex();
        let backbone = BackboneShape::bottleneck([1, 2, 1, 1], 2);
        let temporal = TemporalShape {
            layers: 2,
            heads: 2,
            d_model: 8,
            d_ff: 12,
            positions: true,
        };
        let mut weights = backbone.init(&device).save("backbone.").unwrap();
        let encoder = temporal.init(backbone.feature_len(), 0.0, &device);
        weights.extend(encoder.save("temporal.").unwrap());
        let metadata = ModelMetadata {
            backbone,
            temporal: Some(temporal),
            ..ModelMetadata::default()
        };
        ModelFile { metadata, weights }
    }

    #[test]
    fn a_variance_below_zero_is_refused() {
        let mut model = model();
        let name = "backbone.bn1.running_var";
        model.weights.get_mut(name).unwrap().values[1] = -1e-3;
        let error = model.check_weights().unwrap_err();
        assert!(
            matches!(&error, ModelFileError::NegativeVariance(found) if found == name),
            "{error}"
        );
    }

    #[test]
    fn the_networks_own_weights_are_the_expected_ones() {
        model().check_weights().unwrap();
        let shapes = BackboneShape::default().weight_shapes();
        // torchvision's resnet50 has 320 entries in its state dict, 53 of them step counters.
        assert_eq!(shapes.len(), 320 - 53);
    }

    #[test]
    fn missing_unknown_and_misshapen_tensors_are_named() {
        let mut other = model();
        let extra = Weight {
            shape: vec![1],
            values: vec![0.0],
        };
        other.weights.insert("backbone.fc.scale".into(), extra.clone());
        assert!(
            matches!(other.check_weights(), Err(ModelFileError::Unknown(name)) if name == "backbone.fc.scale")
        );
        let mut other = model();
        other.weights.remove("temporal.head.bias");
        assert!(
            matches!(other.check_weights(), Err(ModelFileError::Missing(name)) if name == "temporal.head.bias")
        );
        let mut other = model();
        other.weights.insert("backbone.fc.bias".into(), extra);
        assert!(matches!(other.check_weights(), Err(ModelFileError::Shape { .. })));
    }

    #[test]
    fn the_shape_is_read_off_the_weights() {
        let model = model();
        let bare = model
            .weights
            .iter()
            .filter_map(|(name, w)| Some((name.strip_prefix("backbone.")?.to_owned(), w.clone())))
            .collect();
        assert_eq!(BackboneShape::of_weights(&bare), Some(model.metadata.backbone));
        assert_eq!(BackboneShape::of_weights(&Weights::new()), None);
    }
}
