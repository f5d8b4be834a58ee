//! What a smoothed label rests on.

use shared_model::expression::Expression;
use shared_model::smoothing::{Decision, Smoothing};
use shared_model::timeline::FrameRow;

use crate::label_view::LabelView;

/// How the frames of a window have voted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Votes {
    /// Frames that show the smoothed label themselves.
    pub agreeing: usize,
    /// Frames of the window.
    pub frames: usize,
}

/// The votes for a row's smoothed label in its window of `window` frames, see [`Smoothing::apply`]. `None` where no frames vote: by the mean,
/// without smoothing, in unrelated pictures, and where the row has no label or no face.
#[must_use]
pub fn votes(view: &LabelView, row: &FrameRow, smoothing: Smoothing, window: usize) -> Option<Votes> {
    let label = row.smoothed.filter(|_| !view.is_unrelated && window > 1)?;
    let track = view.tracks.iter().find(|track| Some(track.track) == row.track)?;
    let place = track
        .series
        .partition_point(|other| view.frame_of(*other) < row.frame);
    let count = track.series.len();
    if !smoothing.uses_window || smoothing.decision != Decision::MostFrequent {
        return None;
    }
    let voters = (smoothing.voters)(place, count, window);
    let around = track.series.get(voters)?;
    let shown = around
        .iter()
        .filter_map(|other| view.rows.get(*other as usize)?.probabilities.as_ref());
    Some(Votes {
        agreeing: shown.filter(|scores| Expression::argmax(scores) == label).count(),
        frames: around.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};
    use shared_model::face_box::FaceBox;
    use shared_model::timeline::{Prediction, Timeline, TrackedFace};

    /// Two faces, one of which is away now and then.
    fn view(smoothing: Smoothing, window: usize, random: &mut StdRng) -> LabelView {
        let mut timeline = Timeline::new();
        for frame in 0..80 {
            let tracks: &[u32] = if frame % 17 == 3 { &[4] } else { &[2, 4] };
            let mut face = |track: u32| {
                let class = random.random_range(0..3);
                TrackedFace {
                    track,
                    face_box: FaceBox::whole(4, 4),
                    raw: std::array::from_fn(|i| if i == class { 0.65 } else { 0.05 }),
                    temporal: None,
                }
            };
            timeline.push(Prediction::Seen {
                frame,
                time_s: frame as f64 * 0.04,
                faces: tracks.iter().map(|track| face(*track)).collect(),
            });
        }
        LabelView::of(&timeline, smoothing, window)
    }

    #[test]
    fn no_other_label_has_more_votes_and_each_frame_votes_once() {
        let mut random = StdRng::seed_from_u64(9);
        for (smoothing, window) in [
            (Smoothing::SLIDING, 7),
            (Smoothing::SLIDING, 30),
            (Smoothing::BLOCK, 12),
        ] {
            let view = view(smoothing, window, &mut random);
            for row in view.rows.iter().filter(|row| row.face_box.is_some()) {
                let own = votes(&view, row, smoothing, window).unwrap();
                assert!(own.agreeing >= 1 && own.agreeing <= own.frames && own.frames <= window);
                let all: usize = Expression::ALL
                    .into_iter()
                    .map(|label| {
                        let other = FrameRow {
                            smoothed: Some(label),
                            ..row.clone()
                        };
                        let other = votes(&view, &other, smoothing, window).unwrap();
                        assert!(other.agreeing <= own.agreeing, "{smoothing:?}: {label:?}");
                        other.agreeing
                    })
                    .sum();
                assert_eq!(all, own.frames, "each frame votes once");
            }
        }
    }

    #[test]
    fn where_no_frames_vote_there_are_none() {
        let mut random = StdRng::seed_from_u64(10);
        let view = view(Smoothing::MEAN, 9, &mut random);
        let row = &view.rows[0];
        for (smoothing, window) in [
            (Smoothing::MEAN, 9),
            (Smoothing::NONE, 9),
            (Smoothing::SLIDING, 1),
        ] {
            assert_eq!(votes(&view, row, smoothing, window), None);
        }
        let without = FrameRow::without_face(0, 0.0);
        assert_eq!(votes(&view, &without, Smoothing::SLIDING, 9), None);
    }
}
