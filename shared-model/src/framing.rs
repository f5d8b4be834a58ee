//! How a face is found in a picture and cut out of it: what a model was trained on, and must be given again.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Side of the square crop in units of the box's longer side, where a model says nothing.
pub const DEFAULT_MARGIN: f64 = 1.3;

/// Margins that make sense: from inside the face to mostly background.
const MARGINS: std::ops::RangeInclusive<f64> = 0.5..=4.0;

/// A framing that cannot be followed.
#[derive(Debug, Error, PartialEq)]
pub enum FramingError {
    #[error("the margin is {0}, expected 0.5 to 4")]
    Margin(f64),
    #[error(
        "the alignment `upright` needs landmarks, and the detector `{0}` gives none; take `yunet`, or the alignment `none`"
    )]
    NoLandmarks(&'static str),
}

/// Which detector finds a face, and how the face is cut out. The default is that of models whose file says nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Framing {
    /// Who looks for faces.
    pub detector: DetectorKind,
    /// Side of the square crop in units of the box's longer side.
    pub margin: f64,
    /// How the crop is turned.
    pub alignment: Alignment,
}

/// The face detectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DetectorKind {
    /// UltraFace RFB-320: boxes alone.
    UltraFace,
    /// YuNet: boxes and five landmarks.
    YuNet,
}

/// How the crop around a face is turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Alignment {
    /// Not at all: its sides are those of the picture.
    None,
    /// So that the line through the eyes is level.
    Upright,
}

impl Default for Framing {
    fn default() -> Self {
        Self {
            detector: DetectorKind::UltraFace,
            margin: DEFAULT_MARGIN,
            alignment: Alignment::None,
        }
    }
}

impl Framing {
    /// # Errors
    /// When the margin is out of range, or the alignment asks for what the detector does not give.
    pub fn check(&self) -> Result<(), FramingError> {
        if !MARGINS.contains(&self.margin) {
            return Err(FramingError::Margin(self.margin));
        }
        if self.alignment == Alignment::Upright && !self.detector.has_landmarks() {
            return Err(FramingError::NoLandmarks(self.detector.name()));
        }
        Ok(())
    }
}

impl DetectorKind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::UltraFace, Self::YuNet];

    /// The name in a model's header and in a config.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UltraFace => "ultraface",
            Self::YuNet => "yunet",
        }
    }

    /// The file of its weights.
    #[must_use]
    pub fn file_name(self) -> &'static str {
        match self {
            Self::UltraFace => "ultraface-rfb-320.safetensors",
            Self::YuNet => "yunet-2026may.safetensors",
        }
    }

    /// Whether it says where eyes, nose and mouth are.
    #[must_use]
    pub fn has_landmarks(self) -> bool {
        self == Self::YuNet
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_are_written() {
        for kind in DetectorKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }

    #[test]
    fn upright_needs_landmarks_and_margins_are_bounded() {
        let framing = |detector, margin, alignment| Framing {
            detector,
            margin,
            alignment,
        };
        let upright = Alignment::Upright;
        assert!(framing(DetectorKind::YuNet, 1.3, upright).check().is_ok());
        let error = framing(DetectorKind::UltraFace, 1.3, upright)
            .check()
            .unwrap_err();
        assert!(error.to_string().contains("ultraface"), "{error}");
        for margin in [0.0, -1.0, 100.0, f64::NAN] {
            let error = framing(DetectorKind::YuNet, margin, Alignment::None).check();
            assert!(error.is_err(), "{margin}");
        }
    }
}
