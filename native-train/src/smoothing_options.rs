//! How options of smoothing are read from the command line.

use shared_model::smoothing::{MAX_WINDOW, Smoothing};

/// A way of smoothing by its name.
///
/// # Errors
/// When there is none of that name.
pub fn parse_smoothing(text: &str) -> Result<Smoothing, String> {
    Smoothing::parse(text).ok_or_else(|| format!("expected one of {}", Smoothing::names()))
}

/// A window in frames.
///
/// # Errors
/// When it is no number in the range.
pub fn parse_window(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(window) if (1..=MAX_WINDOW).contains(&window) => Ok(window),
        _ => Err(format!("expected 1 to {MAX_WINDOW} frames")),
    }
}
