//! The people of a video as they are listed: who is seen how long, and pictures of each.

use shared_model::face_box::FaceBox;

use crate::label_view::{LabelView, TrackView};

/// A face to be shown small.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Portrait {
    /// Frame.
    pub frame: usize,
    /// Where it is in the picture.
    pub face_box: FaceBox,
}

/// Faces of a person spread evenly over the time they are seen, each the largest of its stretch.
#[must_use]
pub fn portraits(view: &LabelView, track: &TrackView, count: usize) -> Vec<Portrait> {
    let faces: Vec<Portrait> = track
        .series
        .iter()
        .filter_map(|index| {
            let row = view.rows.get(*index as usize)?;
            Some(Portrait {
                frame: row.frame,
                face_box: row.face_box?,
            })
        })
        .collect();
    let stretch = faces.len().div_ceil(count.max(1)).max(1);
    faces
        .chunks(stretch)
        .filter_map(|chunk| {
            // The middle of a stretch is the steadiest part of it.
            let third = chunk.len() / 3;
            let middle = chunk.get(third..chunk.len() - third).unwrap_or(chunk);
            middle.iter().max_by(|a, b| area(a).total_cmp(&area(b))).copied()
        })
        .collect()
}

fn area(portrait: &Portrait) -> f64 {
    f64::from(portrait.face_box.w) * f64::from(portrait.face_box.h)
}

/// Seconds in which a person's face is seen.
#[must_use]
pub fn seen_s(view: &LabelView, track: &TrackView) -> f64 {
    track
        .series
        .iter()
        .filter_map(|index| view.rows.get(*index as usize))
        .filter(|row| row.face_box.is_some())
        .map(|row| {
            let (start_s, end_s) = view.span_of(row.frame);
            end_s - start_s
        })
        .sum()
}

/// Frames that show both people, and the first of them: they cannot be one and the same.
#[must_use]
pub fn together(view: &LabelView, one: u32, other: u32) -> Option<(usize, usize)> {
    let series = |person: u32| view.tracks.iter().find(|track| track.track == person);
    let (one, other) = (series(one)?, series(other)?);
    let face_frame = |index: &u32| {
        let row = view.rows.get(*index as usize)?;
        row.face_box.is_some().then_some(row.frame)
    };
    let mut others = other.series.iter().filter_map(face_frame).peekable();
    let mut found: Option<(usize, usize)> = None;
    for frame in one.series.iter().filter_map(face_frame) {
        while others.next_if(|other| *other < frame).is_some() {}
        if others.peek() == Some(&frame) {
            found = Some(found.map_or((1, frame), |(count, first)| (count + 1, first)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::smoothing::Smoothing;
    use shared_model::timeline::{Prediction, Timeline, TrackedFace};

    fn view() -> LabelView {
        let mut timeline = Timeline::new();
        for frame in 0..90_usize {
            let face = |track: u32, size: usize| TrackedFace {
                track,
                face_box: FaceBox::whole(size, size),
                raw: [0.125; 8],
                temporal: None,
            };
            let mut faces = Vec::new();
            if frame < 60 {
                faces.push(face(0, 10 + usize::from(frame == 28)));
            }
            if frame >= 55 {
                faces.push(face(1, 20));
            }
            timeline.push(Prediction::Seen {
                frame,
                time_s: frame as f64 * 0.5,
                faces,
            });
        }
        LabelView::of(&timeline, Smoothing::NONE, 1)
    }

    #[test]
    fn portraits_are_spread_and_large() {
        let view = view();
        let found = portraits(&view, &view.tracks[0], 3);
        assert_eq!(found.len(), 3);
        assert_eq!(found[1].frame, 28);
        assert!(found.windows(2).all(|pair| pair[0].frame < pair[1].frame));
        assert_eq!(portraits(&view, &view.tracks[0], 100).len(), 60);
        assert!((seen_s(&view, &view.tracks[1]) - 17.5).abs() < 1e-9);
    }

    #[test]
    fn people_who_are_seen_together_are_told() {
        assert_eq!(together(&view(), 0, 1), Some((5, 55)));
        assert_eq!(together(&view(), 0, 7), None);
    }
}
