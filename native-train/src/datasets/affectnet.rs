//! What AffectNet's two releases share: the codes of expressions.

use anyhow::{Result, ensure};
use shared_model::expression::Expression;

/// The class of a code. 7 and above (contempt, none, uncertain, no face) have none here.
///
/// # Errors
/// On a negative code.
pub fn class_of(code: i64) -> Result<Option<Expression>> {
    ensure!(code >= 0, "`{code}` is no expression, expected 0 to 10");
    Ok(match code {
        0 => Some(Expression::Neutral),
        1 => Some(Expression::Happiness),
        2 => Some(Expression::Sadness),
        3 => Some(Expression::Surprise),
        4 => Some(Expression::Fear),
        5 => Some(Expression::Disgust),
        6 => Some(Expression::Anger),
        _ => None,
    })
}
