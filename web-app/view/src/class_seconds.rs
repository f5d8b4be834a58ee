//! How long one person shows each expression.

use std::ops::Range;

use shared_model::expression::CLASS_COUNT;
use shared_model::timeline::FrameRow;

use crate::label_view::{LabelView, TrackView};

/// Of one person in one video. A frame's label is the reviewed one, else the smoothed one; frames without a label, such as those
/// without a face, count for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ClassSeconds {
    /// Seconds by class.
    pub by_class: [f64; CLASS_COUNT],
    /// Frames that a person has confirmed.
    pub confirmed: usize,
    /// Frames that belong to the person.
    pub frames: usize,
}

impl ClassSeconds {
    /// Of a track.
    #[must_use]
    pub fn of(view: &LabelView, track: &TrackView) -> Self {
        Self::within(view, track, &view.rows, 0..view.frame_count())
    }

    /// Of a track in some frames; `rows` are those of the view, perhaps with other labels.
    #[must_use]
    pub fn within(view: &LabelView, track: &TrackView, rows: &[FrameRow], frames: Range<usize>) -> Self {
        let mut out = Self::default();
        let own = track.series.iter().filter_map(|index| rows.get(*index as usize));
        for row in own.filter(|row| frames.contains(&row.frame)) {
            out.frames += 1;
            out.confirmed += usize::from(row.reviewed.is_some());
            let (start_s, end_s) = view.span_of(row.frame);
            let label = row.reviewed.or(row.smoothed);
            if let Some(seconds) = label.and_then(|label| out.by_class.get_mut(label.index())) {
                *seconds += end_s - start_s;
            }
        }
        out
    }

    /// Seconds with a label.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.by_class.iter().sum()
    }

    /// What part of the labelled time each class has; all 0 without any.
    #[must_use]
    pub fn shares(&self) -> [f64; CLASS_COUNT] {
        let total = self.total();
        self.by_class
            .map(|seconds| if total > 0.0 { seconds / total } else { 0.0 })
    }
}
