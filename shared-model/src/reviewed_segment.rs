//! What a person said about a stretch of frames.

use serde::{Deserialize, Serialize};
use thiserror::Error;

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

/// Segments that cannot all be true, for instance of a file that was edited by hand.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SegmentFault {
    /// It ends where it begins, or before.
    #[error("the reviewed segment at frame {} of face {} ends where it begins", .0.start, u64::from(.0.track) + 1)]
    Empty(ReviewedSegment),
    /// Two of one track share frames.
    #[error(
        "two reviewed segments of face {} overlap: frames {} to {} and {} to {}",
        u64::from(.0.track) + 1, .0.start, .0.end, .1.start, .1.end
    )]
    Overlap(ReviewedSegment, ReviewedSegment),
}

/// The segments by track and start.
///
/// # Errors
/// When a segment is empty or shares frames with another of its track.
pub fn sorted(segments: &[ReviewedSegment]) -> Result<Vec<ReviewedSegment>, SegmentFault> {
    let mut sorted = segments.to_vec();
    sorted.sort_by_key(|segment| (segment.track, segment.start));
    if let Some(empty) = sorted.iter().find(|segment| segment.end <= segment.start) {
        return Err(SegmentFault::Empty(*empty));
    }
    let overlap = sorted
        .iter()
        .zip(sorted.iter().skip(1))
        .find(|(first, second)| first.track == second.track && first.end > second.start);
    match overlap {
        Some((first, second)) => Err(SegmentFault::Overlap(*first, *second)),
        None => Ok(sorted),
    }
}
