//! Labels without times.

use crate::expression::Expression;

/// Labels of frames by number, `None` where a frame has none.
pub type FrameLabels = Vec<Option<Expression>>;

/// Largest frame number that is taken: more than four days of video at 25 frames/s.
pub const MOST_FRAMES: usize = 10_000_000;
