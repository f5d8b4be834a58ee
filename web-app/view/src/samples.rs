//! What of a track is drawn: single frames, or means where many share a pixel.

use shared_model::expression::{ClassScores, Expression};

use crate::label_view::{LabelView, TrackView};
use crate::levels::{Lane, margin};
use crate::viewport::Viewport;

/// Pixels that a sample takes at most where several frames share one: what is finer could not be told apart.
const PIXELS: f64 = 2.0;

/// A stretch of time that is drawn in one piece.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Start in seconds.
    pub start_s: f64,
    /// End in seconds.
    pub end_s: f64,
    /// The first frame of it.
    pub frame: usize,
    /// Mean probabilities.
    pub mean: ClassScores,
    /// Mean margin, see [`margin`].
    pub margin: f32,
    /// Most frequent labels, in [`Lane::ALL`]'s order.
    pub labels: [Option<Expression>; 3],
}

/// The samples of a track that are in sight, in order.
#[must_use]
pub fn samples(view: &LabelView, track: &TrackView, sight: &Viewport, width: f64) -> Vec<Sample> {
    let (Some(first), Some(last)) = (view.frame_at(sight.start_s), view.frame_at(sight.end_s())) else {
        return Vec::new();
    };
    // `frame_at` rounds up a little, which a plot must not.
    let first = first.saturating_sub(1);
    let frames_a_pixel = (last + 1 - first) as f64 / width.max(1.0);
    let Some(level) = track.levels.for_frames(frames_a_pixel * PIXELS) else {
        return single_frames(view, track, first, last);
    };
    (first / level.frames..=last / level.frames)
        .filter_map(|number| {
            let bucket = level.bucket(number)?;
            let frame = number * level.frames;
            let last = (frame + level.frames - 1).min(view.frame_count().saturating_sub(1));
            Some(Sample {
                start_s: view.span_of(frame).0,
                end_s: view.span_of(last).1,
                frame,
                mean: bucket.mean()?,
                margin: bucket.margin()?,
                labels: Lane::ALL.map(|lane| bucket.label(lane)),
            })
        })
        .collect()
}

fn single_frames(view: &LabelView, track: &TrackView, first: usize, last: usize) -> Vec<Sample> {
    let start = track.series.partition_point(|row| view.frame_of(*row) < first);
    let end = track.series.partition_point(|row| view.frame_of(*row) <= last);
    let rows = track.series.get(start..end).unwrap_or_default();
    rows.iter()
        .filter_map(|index| {
            let row = view.rows.get(*index as usize)?;
            let (start_s, end_s) = view.span_of(row.frame);
            Some(Sample {
                start_s,
                end_s,
                frame: row.frame,
                mean: row.probabilities?,
                margin: margin(row.probabilities.as_ref()?),
                labels: Lane::ALL.map(|lane| lane.label_of(row)),
            })
        })
        .collect()
}

/// A run of equal labels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// Start in seconds.
    pub start_s: f64,
    /// End in seconds.
    pub end_s: f64,
    /// Label.
    pub label: Expression,
}

/// Joins neighbours of equal label; a pause between two samples parts them.
#[must_use]
pub fn segments(labels: impl IntoIterator<Item = (f64, f64, Option<Expression>)>) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    for (start_s, end_s, label) in labels {
        let Some(label) = label else { continue };
        match segments.last_mut() {
            Some(last) if last.label == label && start_s - last.end_s < 1e-6 => last.end_s = end_s,
            _ => segments.push(Segment {
                start_s,
                end_s,
                label,
            }),
        }
    }
    segments
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::face_box::FaceBox;
    use shared_model::smoothing::Smoothing;
    use shared_model::timeline::{Prediction, Timeline, TrackedFace};

    fn hour() -> LabelView {
        let mut timeline = Timeline::new();
        for frame in 0..90_000 {
            let face = TrackedFace {
                track: 0,
                face_box: FaceBox::whole(4, 4),
                raw: std::array::from_fn(|i| if i == frame / 1000 % 8 { 0.93 } else { 0.01 }),
                temporal: None,
            };
            timeline.push(Prediction::Seen {
                frame,
                time_s: frame as f64 * 0.04,
                faces: vec![face],
            });
        }
        LabelView::of(&timeline, Smoothing::SLIDING, 30)
    }

    #[test]
    fn an_hour_needs_no_more_samples_than_pixels_can_show() {
        let view = hour();
        let whole = Viewport::whole(view.end_s(), 0.04);
        let mut sight = whole;
        while sight.span_s > 1.0 {
            let found = samples(&view, &view.tracks[0], &sight, 1000.0);
            assert!(found.len() < 4500 && !found.is_empty());
            assert!(found[0].start_s <= sight.start_s + 1e-9);
            assert!(found.last().unwrap().end_s >= sight.end_s() - 1e-6);
            assert!(
                found
                    .windows(2)
                    .all(|pair| (pair[0].end_s - pair[1].start_s).abs() < 1e-6)
            );
            sight = sight.zoomed(0.7, 1234.5);
        }
        assert!(samples(&view, &view.tracks[0], &sight, 1000.0).len() < 40);
        let segments = segments(
            samples(&view, &view.tracks[0], &whole, 1000.0)
                .into_iter()
                .map(|s| (s.start_s, s.end_s, s.labels[2])),
        );
        assert_eq!(segments.len(), 90);
    }
}
