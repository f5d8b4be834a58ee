//! Where the pointer is.

/// The point of the timeline under the pointer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hover {
    /// Frame under the pointer.
    pub frame: usize,
    /// Index of the track's group under the pointer.
    pub group: usize,
    /// Pointer from the left edge of the timeline in CSS pixels.
    pub x: f64,
    /// Pointer from the top edge of the timeline in CSS pixels.
    pub y: f64,
}
