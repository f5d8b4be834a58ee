//! How options of smoothing are read from the command line.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use shared_model::smoothing::{MAX_WINDOW, Smoothing};

/// A way of smoothing by its name.
#[must_use]
pub fn smoothing_parser() -> impl TypedValueParser<Value = Smoothing> {
    let ways = Smoothing::ALL.iter();
    let values = ways.map(|way| PossibleValue::new(way.name).help(way.hint));
    PossibleValuesParser::new(values).try_map(|name| Smoothing::parse(&name).ok_or("there is no such way"))
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
