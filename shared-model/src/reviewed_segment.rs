//! What a person said about a stretch of frames.

use serde::{Deserialize, Serialize};

use crate::expression::Expression;

/// Frames of one track that a person gave one label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewedSegment {
    /// Whose face.
    pub track: u32,
    /// First frame.
    pub start: usize,
    /// The frame after the last.
    pub end: usize,
    /// Label.
    pub label: Expression,
    /// Whether it counts as reviewed; else only its edges were moved so far.
    pub confirmed: bool,
}
