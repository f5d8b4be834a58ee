//! What is compared with what.

use page_view::agreement::Side;

/// Seconds of a window at first: expressions seldom last less.
const WINDOW_S: f64 = 1.0;

/// The two lanes and the unit of the second kappa.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparing {
    /// The truth and the lane against it.
    pub sides: [Side; 2],
    /// Window in seconds; 0 for stretches without a change.
    pub window_s: f64,
}

impl Default for Comparing {
    fn default() -> Self {
        Self {
            sides: [Side::File(0), Side::Final],
            window_s: WINDOW_S,
        }
    }
}
