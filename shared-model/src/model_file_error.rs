//! What can be wrong with a model file.

use thiserror::Error;

/// Version that is written, and the only one that is read.
pub const FORMAT_VERSION: u32 = 1;

/// A model file cannot be read or written.
#[derive(Debug, Error)]
pub enum ModelFileError {
    #[error("not a complete safetensors file (cut short or of another kind): {0}")]
    Container(String),
    #[error(
        "a checkpoint of PyTorch, not a model file; convert it with `mien import --torch FILE --out M.safetensors`"
    )]
    TorchCheckpoint,
    #[error("the file has no Mien metadata; convert it with `mien import --torch FILE --out M.safetensors`")]
    NoMetadata,
    #[error("metadata `{key}` is missing or cannot be read: {reason}")]
    Metadata { key: &'static str, reason: String },
    #[error("model format version {0}, this program reads version {FORMAT_VERSION}")]
    Version(String),
    #[error(
        "the model's classes are [{0}], expected [Neutral, Anger, Disgust, Fear, Happiness, Sadness, Surprise, Other]"
    )]
    Classes(String),
    #[error(
        "the model's faces are framed in a way that this program does not know ({0}); take a newer program, or a model that it knows"
    )]
    Framing(String),
    #[error("tensor `{0}` is missing")]
    Missing(String),
    #[error("tensor `{name}` has shape {found:?}, expected {expected:?}")]
    Shape {
        name: String,
        found: Vec<usize>,
        expected: Vec<usize>,
    },
    #[error("tensor `{name}` holds {dtype}; f32, f16, bf16 and 8 bits with a scale are read")]
    Dtype { name: String, dtype: String },
    #[error("tensor `{0}` holds NaN or infinite values: the model is damaged or its training diverged")]
    NotFinite(String),
    #[error("tensor `{0}` holds a variance below 0: the model is damaged")]
    NegativeVariance(String),
    #[error(
        "tensor `{0}` holds 8 bits, and its scales (`{0}.scale`, one f32 for each of its outermost rows) are missing or of another number"
    )]
    Scales(String),
    #[error("tensor `{0}` belongs to no part of this architecture")]
    Unknown(String),
}

impl ModelFileError {
    pub(crate) fn container(error: safetensors::SafeTensorError) -> Self {
        Self::Container(error.to_string())
    }
}
