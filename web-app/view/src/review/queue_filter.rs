//! Which segments the queue offers.

use shared_model::expression::{CLASS_COUNT, Expression};

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QueueOrder {
    /// The most doubtful first.
    #[default]
    Doubt,
    /// As they are in the video.
    Time,
}

/// Which segments the queue offers. It hides nothing from the timeline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QueueFilter {
    /// Least doubt, 0 to 1.
    pub least_doubt: f64,
    /// Labels that are offered, by class index.
    pub classes: [bool; CLASS_COUNT],
    /// Share of what is left out that is offered all the same, drawn at random, 0 to 1: see [`Audit`](super::audit::Audit).
    pub audit_share: f64,
    /// In which order.
    pub order: QueueOrder,
}

impl Default for QueueFilter {
    fn default() -> Self {
        Self {
            least_doubt: 0.0,
            classes: [true; CLASS_COUNT],
            audit_share: 0.0,
            order: QueueOrder::default(),
        }
    }
}

impl QueueFilter {
    /// Whether a segment of this label and doubt is offered.
    pub(super) fn takes(&self, label: Expression, doubt: f64) -> bool {
        let class = self.classes.get(label.index());
        doubt >= self.least_doubt && class.copied().unwrap_or(true)
    }
}
