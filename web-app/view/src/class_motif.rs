//! A motif for each class beside its colour, for eyes that do not tell the colours apart.

use shared_model::expression::Expression;

/// Side of the square that a motif repeats, in pixels.
pub const TILE: f64 = 8.0;
/// Thickness of its lines in pixels.
pub const LINE: f64 = 1.4;
/// How much of the text's colour the lines have.
pub const OPACITY: f64 = 0.42;

/// The lines of a class's motif in its square, as the path of an SVG; nothing for Neutral, which stays plain.
#[must_use]
pub fn path(class: Expression) -> &'static str {
    match class {
        Expression::Neutral => "",
        Expression::Anger => "M-1 1L1 -1M0 8L8 0M7 9L9 7",
        Expression::Disgust => "M-1 7L1 9M0 0L8 8M7 -1L9 1",
        Expression::Fear => "M2 0V8M6 0V8",
        Expression::Happiness => "M1 2H3M5 6H7",
        Expression::Sadness => "M0 2H8M0 6H8",
        Expression::Surprise => "M4 0V8M0 4H8",
        Expression::Other => "M0 0L8 8M0 8L8 0",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_class_has_a_motif_of_its_own() {
        let paths: BTreeSet<&str> = Expression::ALL.into_iter().map(path).collect();
        assert_eq!(paths.len(), Expression::ALL.len());
    }
}
