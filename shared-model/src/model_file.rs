//! The model file: safetensors with torchvision's names and a metadata header.

use std::collections::HashMap;

use safetensors::tensor::SafeTensors;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::backbone::BackboneShape;
use crate::expression::Expression;
use crate::face_crop::{DEFAULT_MEAN, DEFAULT_STD, InputColour, InputSpec};
use crate::framing::Framing;
use crate::safetensors_header;
use crate::smoothing::{DEFAULT_WINDOW, MAX_WINDOW};
use crate::stored_weights::{self, StoredTensor};
use crate::temperature::Temperatures;

pub use crate::model_file_error::{FORMAT_VERSION, ModelFileError};
pub use crate::stored_weights::{Weight, WeightType, Weights, read_weights};

/// Frames in a clip (paper, 4.2).
pub const DEFAULT_CLIP_LENGTH: usize = 64;

/// What `torch.save` begins a file with: a zip archive, or a pickle of protocol 2.
const TORCH_MARKS: [&[u8]; 2] = [b"PK\x03\x04", b"\x80\x02"];

/// Sizes of the temporal encoder. The default is the method's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemporalShape {
    /// Encoder layers.
    pub layers: usize,
    /// Attention heads.
    pub heads: usize,
    /// Model width.
    pub d_model: usize,
    /// Feed-forward width.
    pub d_ff: usize,
    /// Whether sinusoidal positions are added.
    pub positions: bool,
}

impl Default for TemporalShape {
    fn default() -> Self {
        Self {
            layers: 4,
            heads: 4,
            d_model: 512,
            d_ff: 512,
            positions: true,
        }
    }
}

/// What the header says of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelMetadata {
    /// Side, mean and standard deviation of the input.
    pub input: InputSpec,
    /// How faces are found and cut out.
    pub framing: Framing,
    /// Frames in a clip.
    pub clip_length: usize,
    /// Smoothing window in frames.
    pub window: usize,
    /// Backbone's architecture.
    pub backbone: BackboneShape,
    /// Temporal encoder's architecture, `None` for a per-frame recogniser.
    pub temporal: Option<TemporalShape>,
    /// Storage type.
    pub weight_type: WeightType,
    /// What the heads' logits are divided by.
    pub temperatures: Temperatures,
    /// Probability below which a label is more often wrong than right, 0 to 1: the page then says "not sure". 0 where nobody
    /// measured it.
    pub not_sure_below: f64,
    /// How it was trained: data, steps, seed, figures. Free form.
    pub training: Value,
}

impl Default for ModelMetadata {
    fn default() -> Self {
        Self {
            input: InputSpec {
                size: 224,
                mean: DEFAULT_MEAN,
                std: DEFAULT_STD,
                colour: InputColour::Rgb,
            },
            framing: Framing::default(),
            clip_length: DEFAULT_CLIP_LENGTH,
            window: DEFAULT_WINDOW,
            backbone: BackboneShape::default(),
            temporal: None,
            weight_type: WeightType::F32,
            temperatures: Temperatures::default(),
            not_sure_below: 0.0,
            training: Value::Null,
        }
    }
}

/// A model's metadata and weights.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelFile {
    /// The header.
    pub metadata: ModelMetadata,
    /// All tensors in f32, whatever the storage type was.
    pub weights: Weights,
}

impl ModelFile {
    /// Reads and checks a file's bytes.
    ///
    /// # Errors
    /// On a truncated file, another version or class list, and values that are not finite.
    /// Shapes are checked where the networks take the weights.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelFileError> {
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| {
            if TORCH_MARKS.iter().any(|mark| bytes.starts_with(mark)) {
                ModelFileError::TorchCheckpoint
            } else {
                ModelFileError::container(error)
            }
        })?;
        let fields = header.metadata().clone().ok_or(ModelFileError::NoMetadata)?;
        let metadata = ModelMetadata::from_fields(&fields)?;
        Ok(Self {
            metadata,
            weights: read_weights(bytes)?,
        })
    }

    /// The file's bytes in the metadata's storage type. Equal models give equal bytes.
    ///
    /// # Errors
    /// When a weight's shape does not fit its values.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ModelFileError> {
        let stored: Vec<StoredTensor> = self
            .weights
            .iter()
            .flat_map(|(name, weight)| stored_weights::stored(name, weight, self.metadata.weight_type))
            .collect();
        let views = stored
            .iter()
            .map(|tensor| {
                Ok((
                    tensor.name.as_str(),
                    tensor.view().map_err(ModelFileError::container)?,
                ))
            })
            .collect::<Result<Vec<_>, ModelFileError>>()?;
        let bytes = safetensors::serialize(views, Some(self.metadata.to_fields()))
            .map_err(ModelFileError::container)?;
        Ok(safetensors_header::in_order(bytes))
    }
}

impl ModelMetadata {
    fn to_fields(&self) -> HashMap<String, String> {
        let classes: Vec<_> = Expression::ALL.iter().map(|class| class.name()).collect();
        let json = |value: Value| value.to_string();
        let mut fields = HashMap::from([
            ("format".to_owned(), "mien".to_owned()),
            ("format_version".to_owned(), FORMAT_VERSION.to_string()),
            ("classes".to_owned(), json(classes.into())),
            ("input_size".to_owned(), self.input.size.to_string()),
            ("mean".to_owned(), json(self.input.mean.to_vec().into())),
            ("std".to_owned(), json(self.input.std.to_vec().into())),
            ("framing".to_owned(), json(serde_json::json!(self.framing))),
            ("colour".to_owned(), json(serde_json::json!(self.input.colour))),
            ("clip_length".to_owned(), self.clip_length.to_string()),
            ("window".to_owned(), self.window.to_string()),
            ("backbone".to_owned(), json(serde_json::json!(self.backbone))),
            (
                "dtype".to_owned(),
                json(serde_json::json!(self.weight_type)).replace('"', ""),
            ),
            (
                "temperature".to_owned(),
                json(serde_json::json!(self.temperatures)),
            ),
            ("not_sure_below".to_owned(), self.not_sure_below.to_string()),
            ("training".to_owned(), self.training.to_string()),
        ]);
        if let Some(temporal) = &self.temporal {
            fields.insert("temporal".to_owned(), json(serde_json::json!(temporal)));
        }
        fields
    }

    fn from_fields(fields: &HashMap<String, String>) -> Result<Self, ModelFileError> {
        let version = fields.get("format_version").ok_or(ModelFileError::NoMetadata)?;
        if *version != FORMAT_VERSION.to_string() {
            return Err(ModelFileError::Version(version.chars().take(40).collect()));
        }
        let classes: Vec<String> = field(fields, "classes")?;
        if !classes
            .iter()
            .map(String::as_str)
            .eq(Expression::ALL.iter().map(|c| c.name()))
        {
            return Err(ModelFileError::Classes(classes.join(", ")));
        }
        let metadata = Self {
            input: InputSpec {
                size: field(fields, "input_size")?,
                mean: field(fields, "mean")?,
                std: field(fields, "std")?,
                colour: optional(fields, "colour")?.unwrap_or_default(),
            },
            framing: framing_of(fields)?,
            clip_length: field(fields, "clip_length")?,
            window: field(fields, "window")?,
            backbone: object(fields, "backbone")?.ok_or_else(|| absent("backbone"))?,
            temporal: object(fields, "temporal")?,
            weight_type: match fields.get("dtype").map(String::as_str) {
                Some("f16") => WeightType::F16,
                Some("i8") => WeightType::I8,
                _ => WeightType::F32,
            },
            temperatures: object(fields, "temperature")?.unwrap_or_default(),
            not_sure_below: optional(fields, "not_sure_below")?.unwrap_or(0.0),
            training: field(fields, "training").unwrap_or(Value::Null),
        };
        metadata.check()?;
        Ok(metadata)
    }

    /// Sizes from a file must be in a range that cannot exhaust memory or divide by zero.
    fn check(&self) -> Result<(), ModelFileError> {
        let outside = |key, reason: &str| {
            Err(ModelFileError::Metadata {
                key,
                reason: reason.to_owned(),
            })
        };
        if !(32..=1024).contains(&self.input.size) {
            return outside("input_size", "expected 32 to 1024 pixels");
        }
        if !self.input.std.iter().all(|s| s.is_finite() && *s > 0.0) {
            return outside("std", "expected three positive numbers");
        }
        if !self.temperatures.are_sane() {
            return outside(
                "temperature",
                "expected two numbers from 0.05 to 20, `frame` and `temporal`",
            );
        }
        if !(0.0..=1.0).contains(&self.not_sure_below) {
            return outside("not_sure_below", "expected a probability, 0 to 1");
        }
        if !(1..=4096).contains(&self.clip_length) {
            return outside("clip_length", "expected 1 to 4096 frames");
        }
        if !(1..=MAX_WINDOW).contains(&self.window) {
            return outside("window", "expected 1 to 100000 frames");
        }
        let BackboneShape { blocks, width, .. } = &self.backbone;
        if !blocks.iter().all(|b| (1..=64).contains(b)) || !(1..=1024).contains(width) {
            return outside(
                "backbone",
                "expected 1 to 64 blocks a stage and a width of 1 to 1024",
            );
        }
        if let Some(t) = &self.temporal {
            let sane = (1..=64).contains(&t.layers)
                && t.heads >= 1
                && (1..=8192).contains(&t.d_model)
                && t.d_model % t.heads == 0
                && t.d_model % 2 == 0
                && (1..=65536).contains(&t.d_ff);
            if !sane {
                return outside("temporal", "expected an even d_model that the heads divide");
            }
        }
        Ok(())
    }
}

/// Files from before there was a choice say nothing of it.
fn framing_of(fields: &HashMap<String, String>) -> Result<Framing, ModelFileError> {
    let Some(text) = fields.get("framing") else {
        return Ok(Framing::default());
    };
    let framing: Framing = object_of(text).map_err(|error| ModelFileError::Framing(error.to_string()))?;
    framing
        .check()
        .map_err(|error| ModelFileError::Framing(error.to_string()))?;
    Ok(framing)
}

/// Fields by their names. A list would be taken for the fields in their order, so it is refused.
fn object_of<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    let fields: serde_json::Map<String, Value> = serde_json::from_str(text)?;
    serde_json::from_value(Value::Object(fields))
}

fn object<T: serde::de::DeserializeOwned>(
    fields: &HashMap<String, String>,
    key: &'static str,
) -> Result<Option<T>, ModelFileError> {
    let read = fields.get(key).map(|text| object_of(text)).transpose();
    read.map_err(|error| ModelFileError::Metadata {
        key,
        reason: error.to_string(),
    })
}

fn absent(key: &'static str) -> ModelFileError {
    ModelFileError::Metadata {
        key,
        reason: "it is not in the header".to_owned(),
    }
}

/// What older files say nothing of.
fn optional<T: serde::de::DeserializeOwned>(
    fields: &HashMap<String, String>,
    key: &'static str,
) -> Result<Option<T>, ModelFileError> {
    if fields.contains_key(key) {
        field(fields, key).map(Some)
    } else {
        Ok(None)
    }
}

fn field<T: serde::de::DeserializeOwned>(
    fields: &HashMap<String, String>,
    key: &'static str,
) -> Result<T, ModelFileError> {
    let text = fields.get(key).ok_or_else(|| absent(key))?;
    serde_json::from_str(text).map_err(|error| ModelFileError::Metadata {
        key,
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framing::{Alignment, DetectorKind};

    fn model() -> ModelFile {
        let weight = Weight {
            shape: vec![2, 2],
            values: vec![1.0, -2.5, 0.333_333_34, 4e-3],
        };
        ModelFile {
            metadata: ModelMetadata {
                temporal: Some(TemporalShape::default()),
                ..ModelMetadata::default()
            },
            weights: Weights::from([("backbone.fc.weight".to_owned(), weight)]),
        }
    }

    #[test]
    fn f32_comes_back_exactly_and_f16_closely() {
        let mut model = model();
        assert_eq!(ModelFile::from_bytes(&model.to_bytes().unwrap()).unwrap(), model);
        model.metadata.weight_type = WeightType::F16;
        let back = ModelFile::from_bytes(&model.to_bytes().unwrap()).unwrap();
        let (a, b) = (
            &model.weights["backbone.fc.weight"],
            &back.weights["backbone.fc.weight"],
        );
        for (x, y) in a.values.iter().zip(&b.values) {
            assert!((x - y).abs() <= 1e-3 * x.abs());
        }
    }

    #[test]
    fn damaged_files_are_named() {
        let bytes = model().to_bytes().unwrap();
        for cut in [0, 4, 20, bytes.len() - 1] {
            let error = ModelFile::from_bytes(&bytes[..cut]).unwrap_err();
            assert!(matches!(error, ModelFileError::Container(_)), "{cut}: {error}");
        }
        let mut broken = model();
        broken.weights.get_mut("backbone.fc.weight").unwrap().values[1] = f32::NAN;
        let error = ModelFile::from_bytes(&broken.to_bytes().unwrap()).unwrap_err();
        assert!(error.to_string().contains("backbone.fc.weight"), "{error}");
        let text =
            String::from_utf8_lossy(&bytes).replace("\"format_version\":\"1\"", "\"format_version\":\"7\"");
        if let Err(error) = ModelFile::from_bytes(text.as_bytes()) {
            assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn framings_are_kept_and_unknown_ones_are_refused() {
        let mut model = model();
        // Files from before know nothing of framings.
        let mut fields = model.metadata.to_fields();
        fields.remove("framing");
        let old = ModelMetadata::from_fields(&fields).unwrap().framing;
        assert_eq!(
            (old.detector, old.margin, old.alignment),
            (DetectorKind::UltraFace, 1.3, Alignment::None)
        );
        model.metadata.framing = Framing {
            detector: DetectorKind::YuNet,
            margin: 1.15,
            alignment: Alignment::Upright,
        };
        assert_eq!(ModelFile::from_bytes(&model.to_bytes().unwrap()).unwrap(), model);
        let written = model.metadata.to_fields().remove("framing").unwrap();
        assert_eq!(
            written,
            r#"{"alignment":"upright","detector":"yunet","margin":1.15}"#
        );
        for (text, named) in [
            (r#"{"detector":"mtcnn"}"#, "`mtcnn`"),
            (r#"{"detector":"yunet","alignment":"affine"}"#, "`affine`"),
            (r#"{"detector":"yunet","scale":2}"#, "`scale`"),
            (r#"{"detector":"ultraface","alignment":"upright"}"#, "landmarks"),
            (r#"{"margin":0}"#, "margin"),
            ("[]", "expected"),
            ("yunet", "expected"),
        ] {
            fields.insert("framing".into(), text.into());
            let error = ModelMetadata::from_fields(&fields).unwrap_err();
            assert!(matches!(error, ModelFileError::Framing(_)), "{text}: {error}");
            assert!(error.to_string().contains(named), "{text}: {error}");
        }
    }

    #[test]
    fn colour_and_sureness_are_kept_and_older_files_say_nothing_of_them() {
        let mut model = model();
        model.metadata.input.colour = InputColour::Grey;
        model.metadata.temperatures = Temperatures {
            frame: 1.25,
            temporal: 0.8,
        };
        model.metadata.not_sure_below = 0.42;
        let back = ModelFile::from_bytes(&model.to_bytes().unwrap()).unwrap();
        assert_eq!(back, model);
        let mut fields = model.metadata.to_fields();
        for key in ["colour", "temperature", "not_sure_below"] {
            fields.remove(key);
        }
        let old = ModelMetadata::from_fields(&fields).unwrap();
        assert_eq!(old.input.colour, InputColour::Rgb);
        assert_eq!((old.temperatures.frame, old.temperatures.temporal), (1.0, 1.0));
        assert_eq!(old.not_sure_below, 0.0);
        for (key, text) in [
            ("colour", "\"infrared\""),
            ("temperature", "{\"frame\":0}"),
            ("temperature", "{\"frame\":-1.5}"),
            ("temperature", "{\"temporal\":1e9}"),
            ("temperature", "1.5"),
            ("temperature", "[1.5, 2]"),
            ("temperature", "{\"frames\":1.5}"),
            ("backbone", "[[1, 1, 1, 1], 8]"),
            ("not_sure_below", "1.5"),
            ("not_sure_below", "-0.1"),
        ] {
            let mut fields = fields.clone();
            fields.insert(key.into(), text.into());
            let error = ModelMetadata::from_fields(&fields).unwrap_err().to_string();
            assert!(error.contains(key), "{text}: {error}");
        }
    }

    #[test]
    fn other_versions_and_classes_are_refused() {
        let mut fields = model().metadata.to_fields();
        fields.insert("format_version".into(), "7".into());
        assert!(matches!(
            ModelMetadata::from_fields(&fields),
            Err(ModelFileError::Version(_))
        ));
        let mut fields = model().metadata.to_fields();
        fields.insert("classes".into(), "[\"cat\",\"dog\"]".into());
        let error = ModelMetadata::from_fields(&fields).unwrap_err().to_string();
        assert!(error.contains("cat, dog"), "{error}");
        let mut fields = model().metadata.to_fields();
        fields.insert(
            "backbone".into(),
            "{\"blocks\":[1,1,1,99999999],\"width\":8}".into(),
        );
        assert!(ModelMetadata::from_fields(&fields).is_err());
    }
}
