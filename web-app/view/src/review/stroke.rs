//! A label that is painted while the video plays: from the press of its key to the release.

use std::ops::Range;

use shared_model::expression::Expression;

use crate::label_view::LabelView;

/// Longest reaction time that can be set, in seconds.
pub const LONGEST_REACTION_S: f64 = 1.0;

/// A stroke under way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stroke {
    /// Whose face.
    pub track: u32,
    /// What is painted.
    pub label: Expression,
    /// Time of the picture at the press, in seconds.
    pub from_s: f64,
}

impl Stroke {
    /// The frames that a stroke labels when its key is released at `to_s`. People see first and press later: both
    /// ends are taken back by `reaction_s` of the video's time. The picture at the press is in, and at least it.
    #[must_use]
    pub fn frames(self, view: &LabelView, to_s: f64, reaction_s: f64) -> Range<usize> {
        let frame_at = |time_s: f64| view.frame_at((time_s - reaction_s).max(0.0)).unwrap_or(0);
        let (a, b) = (frame_at(self.from_s), frame_at(to_s));
        a.min(b)..(a.max(b) + 1).min(view.frame_count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reaction_time_moves_both_ends_back() {
        let view = LabelView {
            times: (0..100).map(|frame| f64::from(frame) * 0.1).collect(),
            ..LabelView::default()
        };
        let stroke = Stroke {
            track: 0,
            label: Expression::Fear,
            from_s: 2.0,
        };
        assert_eq!(stroke.frames(&view, 3.0, 0.0), 20..31);
        assert_eq!(stroke.frames(&view, 3.0, 0.3), 17..28);
        assert_eq!(stroke.frames(&view, 2.0, 0.0), 20..21);
        // The stroke begins with the video at the earliest and ends with it at the latest.
        assert_eq!(stroke.frames(&view, 50.0, 2.5), 0..100);
        // A loop that went back to its start while the key was held.
        assert_eq!(stroke.frames(&view, 1.0, 0.0), 10..21);
    }
}
