//! The edges between segments, as a pointer finds and moves them.

use shared_model::reviewed_segment::ReviewedSegment;

use super::history::bounded_edge;
use crate::label_view::LabelView;

/// Two neighbours whose edge is held, and where it is now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeldEdge {
    /// The segment before the edge.
    pub first: ReviewedSegment,
    /// The segment behind it.
    pub second: ReviewedSegment,
    /// First frame behind the edge.
    pub frame: usize,
}

impl HeldEdge {
    /// The edge that is nearest to `time_s` and no more than `within_s` away, among a track's segments.
    #[must_use]
    pub fn near(view: &LabelView, segments: &[ReviewedSegment], time_s: f64, within_s: f64) -> Option<Self> {
        let start_s = |segment: &ReviewedSegment| view.span_of(segment.start).0;
        let after = segments.partition_point(|segment| start_s(segment) < time_s);
        let (_, first, second) = [after.checked_sub(1)?, after]
            .into_iter()
            .filter_map(|place| {
                let second = *segments.get(place)?;
                let first = *segments.get(place.checked_sub(1)?)?;
                let away_s = (start_s(&second) - time_s).abs();
                (first.end == second.start && away_s <= within_s).then_some((away_s, first, second))
            })
            .min_by(|a, b| a.0.total_cmp(&b.0))?;
        Some(Self {
            first,
            second,
            frame: second.start,
        })
    }

    /// The edge moved towards the frame boundary that is nearest to `time_s`; a frame of each side stays.
    #[must_use]
    pub fn moved(self, view: &LabelView, time_s: f64) -> Self {
        let frame = view.frame_at(time_s).unwrap_or(self.frame);
        let (start_s, end_s) = view.span_of(frame);
        let nearest = if time_s > f64::midpoint(start_s, end_s) {
            frame + 1
        } else {
            frame
        };
        Self {
            frame: bounded_edge(self.first, self.second, nearest).unwrap_or(self.frame),
            ..self
        }
    }

    /// Both segments with the edge where it is now.
    #[must_use]
    pub fn parts(self) -> [ReviewedSegment; 2] {
        [
            ReviewedSegment {
                end: self.frame,
                ..self.first
            },
            ReviewedSegment {
                start: self.frame,
                ..self.second
            },
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::expression::Expression;

    fn segment(start: usize, end: usize) -> ReviewedSegment {
        ReviewedSegment {
            track: 0,
            start,
            end,
            label: Expression::Fear,
            confirmed: false,
        }
    }

    #[test]
    fn an_edge_is_found_where_segments_touch_and_stays_between_them() {
        let view = LabelView {
            times: (0..40).map(|frame| f64::from(frame) * 0.5).collect(),
            ..LabelView::default()
        };
        let segments = [segment(0, 10), segment(10, 20), segment(24, 30)];
        let held = HeldEdge::near(&view, &segments, 5.1, 0.2).unwrap();
        assert_eq!(
            (held.first, held.second, held.frame),
            (segments[0], segments[1], 10)
        );
        assert_eq!(HeldEdge::near(&view, &segments, 5.3, 0.2), None);
        // Between 20 and 24 nobody is there.
        assert_eq!(HeldEdge::near(&view, &segments, 12.0, 1.0), None);
        assert_eq!(held.moved(&view, 6.2).frame, 12);
        assert_eq!(held.moved(&view, 6.3).frame, 13);
        assert_eq!(held.moved(&view, -3.0).frame, 1);
        assert_eq!(held.moved(&view, 100.0).frame, 19);
        let parts = held.moved(&view, 6.2).parts();
        assert_eq!((parts[0].end, parts[1].start), (12, 12));
    }
}
