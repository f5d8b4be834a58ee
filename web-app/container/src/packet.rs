//! Coded frames.

/// Time stamps are rounded to microseconds.
pub(crate) const ROUNDING_US: f64 = 1.0;

/// One coded frame.
#[derive(Debug)]
pub struct Packet {
    /// Coded bytes.
    pub bytes: Vec<u8>,
    /// Presentation time in microseconds.
    pub timestamp_us: f64,
    /// Whether decoding can begin here.
    pub is_key: bool,
}
