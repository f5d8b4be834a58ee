//! What a kernel does with a sum before it is written.

/// What happens to each value after its sum.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Epilogue<'a> {
    /// Added to it, in the order of the output.
    pub(crate) added: Option<&'a [f32]>,
    /// Whether negative values become 0.
    pub(crate) relu: bool,
}
