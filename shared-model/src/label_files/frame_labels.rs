//! Labels without times.

use crate::expression::Expression;

/// Labels of frames by number, `None` where a frame has none.
pub type FrameLabels = Vec<Option<Expression>>;
