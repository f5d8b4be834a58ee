//! How doubtful a stretch of a track is.

use std::ops::Range;

use crate::comparison::LoadedLabels;
use crate::label_view::{LabelView, TrackView};

/// How far the shown labels of each track are from loaded ones: sums over the track's series.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Conflicts {
    tracks: Vec<Vec<u32>>,
}

impl Conflicts {
    /// Counts the frames whose smoothed label is another than the loaded one.
    #[must_use]
    pub fn of(view: &LabelView, labels: &LoadedLabels) -> Self {
        let tracks = view
            .tracks
            .iter()
            .map(|track| {
                let mut sum = 0;
                labels
                    .beside(view, track)
                    .map(|(row, loaded)| {
                        sum +=
                            u32::from(loaded.is_some() && row.smoothed.is_some() && loaded != row.smoothed);
                        sum
                    })
                    .collect()
            })
            .collect();
        Self { tracks }
    }

    fn share(&self, track: usize, places: Range<usize>) -> f64 {
        let upto = |place: usize| {
            let sums = self.tracks.get(track);
            let last = place.checked_sub(1);
            f64::from(
                sums.zip(last)
                    .and_then(|(sums, last)| sums.get(last))
                    .copied()
                    .unwrap_or(0),
            )
        };
        let count = places.end.saturating_sub(places.start).max(1);
        (upto(places.end) - upto(places.start)) / count as f64
    }
}

/// Mean doubt of a track's frames; where labels are loaded, the mean of that and of the share that differs.
pub(super) fn doubt_of(
    view: &LabelView,
    track: &TrackView,
    frames: Range<usize>,
    conflicts: Option<(&Conflicts, usize)>,
) -> f64 {
    let place = |frame: usize| track.series.partition_point(|row| view.frame_of(*row) < frame);
    let places = place(frames.start)..place(frames.end);
    let own = track.runs.doubt(places.clone());
    conflicts.map_or(own, |(conflicts, index)| {
        f64::midpoint(own, conflicts.share(index, places))
    })
}
