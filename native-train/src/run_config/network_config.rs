//! The `[model]` table.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use shared_model::backbone::{Architecture, BackboneShape};
use shared_model::face_crop::InputColour;
use shared_model::framing::Framing;

/// The network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkConfig {
    /// How the backbone's layers follow each other.
    #[serde(skip_serializing_if = "is_usual_architecture")]
    pub architecture: Architecture,
    /// Side of the input in pixels.
    pub input_size: usize,
    /// Bottleneck blocks in each stage (ResNet-50: 3, 4, 6, 3).
    pub blocks: [usize; 4],
    /// Channels after the stem (ResNet-50: 64).
    pub width: usize,
    /// A model file to start from, else random weights (He).
    pub start: Option<PathBuf>,
    /// Whether the start is of a smaller network, from which this one grows.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub grow: bool,
    /// Whether the network sees colour, in training as in the app.
    #[serde(skip_serializing_if = "is_rgb")]
    pub colour: InputColour,
    /// How faces are found and cut out, in training as in the app.
    #[serde(skip_serializing_if = "is_usual")]
    pub framing: Framing,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_rgb(colour: &InputColour) -> bool {
    *colour == InputColour::Rgb
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_usual_architecture(architecture: &Architecture) -> bool {
    *architecture == Architecture::default()
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_usual(framing: &Framing) -> bool {
    *framing == Framing::default()
}

impl Default for NetworkConfig {
    fn default() -> Self {
        let shape = BackboneShape::default();
        Self {
            architecture: shape.architecture,
            input_size: 224,
            blocks: shape.blocks,
            width: shape.width,
            start: None,
            grow: false,
            colour: InputColour::default(),
            framing: Framing::default(),
        }
    }
}

impl NetworkConfig {
    /// # Errors
    /// On a value out of its range, named with what was expected.
    pub(super) fn check(&self) -> Result<()> {
        let NetworkConfig {
            input_size,
            blocks,
            width,
            ..
        } = self;
        ensure!(
            (32..=1024).contains(input_size),
            "`model.input_size` is {input_size}, expected 32 to 1024"
        );
        ensure!(
            blocks.iter().all(|b| (1..=64).contains(b)),
            "`model.blocks`: expected 1 to 64 each"
        );
        ensure!(
            (1..=1024).contains(width),
            "`model.width` is {width}, expected 1 to 1024"
        );
        ensure!(
            self.start.is_some() || !self.grow,
            "`model.grow` needs `model.start`: the model to grow from"
        );
        self.framing.check().context("`model.framing`")?;
        Ok(())
    }

    /// The backbone.
    #[must_use]
    pub fn shape(&self) -> BackboneShape {
        BackboneShape {
            architecture: self.architecture,
            blocks: self.blocks,
            width: self.width,
        }
    }
}
