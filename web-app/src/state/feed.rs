//! Where the frames of a job come from that the page feeds itself.

use crate::browser::stepped_player::SteppedPlayer;

/// Where the frames come from.
#[derive(Clone)]
pub enum Feed {
    /// The stage's player shows the webcam.
    Live {
        /// When its first frame was sent, in milliseconds.
        started_ms: Option<f64>,
    },
    /// A second player, out of sight.
    Stepped(SteppedPlayer),
}
