//! Labels from time to time.

use std::collections::BTreeMap;

use super::frame_labels::FrameLabels;
use crate::expression::Expression;

/// A label from one moment to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabelSpan {
    /// Start in seconds.
    pub start_s: f64,
    /// End in seconds, infinite where the label lasts to the video's end.
    pub end_s: f64,
    /// Label.
    pub label: Expression,
}

/// Spans of each face; those of one face are in order and never overlap.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LabelSpans {
    /// By track; `None` is the face with the lowest number in each frame.
    faces: BTreeMap<Option<u32>, Vec<LabelSpan>>,
    /// Tiers that hold something else than expressions and were left out.
    pub left_out: Vec<String>,
}

impl LabelSpans {
    /// Takes the spans of a face in any order; gives back the first two that overlap.
    pub(super) fn add(
        &mut self,
        track: Option<u32>,
        mut spans: Vec<LabelSpan>,
    ) -> Result<(), [LabelSpan; 2]> {
        spans.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
        let overlap = spans
            .iter()
            .zip(spans.iter().skip(1))
            .find(|(a, b)| a.end_s > b.start_s);
        if let Some((first, second)) = overlap {
            return Err([*first, *second]);
        }
        self.faces.insert(track, spans);
        Ok(())
    }

    /// Whether there is no span at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.faces.values().all(Vec::is_empty)
    }

    /// Number of spans.
    #[must_use]
    pub fn count(&self) -> usize {
        self.faces.values().map(Vec::len).sum()
    }

    /// The last moment that is named, in seconds.
    #[must_use]
    pub fn end_s(&self) -> f64 {
        let named = |span: &LabelSpan| {
            if span.end_s.is_finite() {
                span.end_s
            } else {
                span.start_s
            }
        };
        self.faces.values().flatten().map(named).fold(0.0, f64::max)
    }

    /// The label of a face at a moment. `is_first`: whether it is the face with the lowest number there.
    #[must_use]
    pub fn label_at(&self, track: u32, is_first: bool, time_s: f64) -> Option<Expression> {
        let spans = match self.faces.get(&Some(track)) {
            Some(spans) => spans,
            None if is_first => self.faces.get(&None)?,
            None => return None,
        };
        label_of(spans, time_s)
    }

    /// One label a frame, of the first face named. A frame has the label that holds in the middle of its time, so that
    /// times rounded to less than half a frame mean the same. `times_s`: starts of all frames; `end_s`: the last end.
    #[must_use]
    pub fn first_face(&self, times_s: &[f64], end_s: f64) -> FrameLabels {
        let spans = self.faces.values().next().map(Vec::as_slice).unwrap_or_default();
        let ends = times_s.iter().skip(1).copied().chain([end_s]);
        times_s
            .iter()
            .zip(ends)
            .map(|(start, end)| label_of(spans, f64::midpoint(*start, end.max(*start))))
            .collect()
    }
}

fn label_of(spans: &[LabelSpan], time_s: f64) -> Option<Expression> {
    let after = spans.partition_point(|span| span.start_s <= time_s);
    let span = spans.get(after.checked_sub(1)?)?;
    (time_s < span.end_s).then_some(span.label)
}
