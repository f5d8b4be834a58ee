//! A kernel's input, with its border.

/// An input `[batch, height, width, channels]` with its border.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Padded<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) channels: usize,
}

impl Padded<'_> {
    /// The place of a pixel's first channel.
    pub(crate) fn place(&self, picture: usize, y: usize, x: usize) -> usize {
        ((picture * self.height + y) * self.width + x) * self.channels
    }
}
