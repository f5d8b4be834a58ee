//! What is left to look at, the most doubtful first.

use shared_model::expression::CLASS_COUNT;
use shared_model::reviewed_segment::ReviewedSegment;

use super::document::ReviewDocument;
use super::segments::{place_of, segments};
use crate::comparison::LoadedLabels;
use crate::label_view::{LabelView, TrackView};

/// Which segments the queue offers. It hides nothing from the timeline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QueueFilter {
    /// Least doubt, 0 to 1.
    pub least_doubt: f64,
    /// Labels that are offered, by class index.
    pub classes: [bool; CLASS_COUNT],
}

impl Default for QueueFilter {
    fn default() -> Self {
        Self {
            least_doubt: 0.0,
            classes: [true; CLASS_COUNT],
        }
    }
}

impl QueueFilter {
    fn takes(&self, segment: &ReviewedSegment, doubt: f64) -> bool {
        let class = self.classes.get(segment.label.index());
        doubt >= self.least_doubt && class.copied().unwrap_or(true)
    }
}

/// A segment that is not reviewed yet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Doubtful {
    /// The segment.
    pub segment: ReviewedSegment,
    /// How doubtful, 0 to 1.
    pub doubt: f64,
}

/// All segments of all tracks, and those to be looked at in order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReviewQueue {
    tracks: Vec<(u32, Vec<ReviewedSegment>)>,
    doubtful: Vec<Doubtful>,
    /// Segments that are reviewed.
    pub reviewed: usize,
    /// Segments in all.
    pub total: usize,
    /// Segments with moved edges that are not confirmed.
    pub drafts: usize,
}

impl ReviewQueue {
    /// For what is computed and what was said by hand. `conflicts` are those with loaded labels, by track.
    #[must_use]
    pub fn of(
        view: &LabelView,
        document: &ReviewDocument,
        conflicts: Option<&Conflicts>,
        filter: &QueueFilter,
    ) -> Self {
        let mut queue = Self::default();
        for (index, track) in view.tracks.iter().enumerate() {
            let found = segments(track.track, track.runs.runs(), document);
            for segment in &found {
                if segment.confirmed {
                    queue.reviewed += 1;
                    continue;
                }
                queue.drafts += usize::from(document.at(segment.track, segment.start).is_some());
                let doubt = doubt_of(
                    view,
                    track,
                    segment,
                    conflicts.map(|conflicts| (conflicts, index)),
                );
                if filter.takes(segment, doubt) {
                    queue.doubtful.push(Doubtful {
                        segment: *segment,
                        doubt,
                    });
                }
            }
            queue.total += found.len();
            queue.tracks.push((track.track, found));
        }
        queue.doubtful.sort_by(|a, b| {
            let places = (a.segment.start, a.segment.track).cmp(&(b.segment.start, b.segment.track));
            b.doubt.total_cmp(&a.doubt).then(places)
        });
        queue
    }

    /// What is left to look at, the most doubtful first.
    #[must_use]
    pub fn doubtful(&self) -> &[Doubtful] {
        &self.doubtful
    }

    /// The segments of a track by start.
    #[must_use]
    pub fn segments(&self, track: u32) -> &[ReviewedSegment] {
        self.tracks
            .iter()
            .find(|(number, _)| *number == track)
            .map_or(&[], |(_, segments)| segments.as_slice())
    }

    /// The segment at a frame, with its place in [`ReviewQueue::segments`].
    #[must_use]
    pub fn at(&self, track: u32, frame: usize) -> Option<(usize, ReviewedSegment)> {
        let segments = self.segments(track);
        let place = place_of(segments, frame)?;
        Some((place, *segments.get(place)?))
    }

    /// What to look at after `current`: the one behind it in the queue, the first after the last or where `current`
    /// is not in the queue.
    #[must_use]
    pub fn after(&self, current: Option<&ReviewedSegment>) -> Option<&Doubtful> {
        let place = current.and_then(|current| self.place(current));
        place
            .and_then(|place| self.doubtful.get(place + 1))
            .or_else(|| self.doubtful.first())
    }

    /// What comes before `current` in the queue; the last one before the first or where `current` is not in it.
    #[must_use]
    pub fn before(&self, current: Option<&ReviewedSegment>) -> Option<&Doubtful> {
        let place = current.and_then(|current| self.place(current));
        place
            .and_then(|place| self.doubtful.get(place.checked_sub(1)?))
            .or_else(|| self.doubtful.last())
    }

    fn place(&self, segment: &ReviewedSegment) -> Option<usize> {
        self.doubtful.iter().position(|doubtful| {
            doubtful.segment.track == segment.track && doubtful.segment.start == segment.start
        })
    }

    /// The last segment of a track before the one at `frame` that is not reviewed, from the end again before the
    /// first.
    #[must_use]
    pub fn previous_unreviewed(&self, track: u32, frame: usize) -> Option<ReviewedSegment> {
        let open = |segment: &&ReviewedSegment| !segment.confirmed;
        let segments = self.segments(track);
        segments
            .iter()
            .rev()
            .filter(open)
            .find(|segment| segment.end <= frame)
            .or_else(|| segments.iter().rev().find(open))
            .copied()
    }

    /// The next segment of a track behind `frame` that is not reviewed, from the start again behind the last.
    #[must_use]
    pub fn next_unreviewed(&self, track: u32, frame: usize) -> Option<ReviewedSegment> {
        let open = |segment: &&ReviewedSegment| !segment.confirmed;
        let segments = self.segments(track);
        segments
            .iter()
            .filter(open)
            .find(|segment| segment.start > frame)
            .or_else(|| segments.iter().find(open))
            .copied()
    }
}

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

    fn share(&self, track: usize, places: std::ops::Range<usize>) -> f64 {
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

/// Mean doubt of a segment's frames; where labels are loaded, the mean of that and of the share that differs.
fn doubt_of(
    view: &LabelView,
    track: &TrackView,
    segment: &ReviewedSegment,
    conflicts: Option<(&Conflicts, usize)>,
) -> f64 {
    let place = |frame: usize| track.series.partition_point(|row| view.frame_of(*row) < frame);
    let places = place(segment.start)..place(segment.end);
    let own = track.runs.doubt(places.clone());
    conflicts.map_or(own, |(conflicts, index)| {
        f64::midpoint(own, conflicts.share(index, places))
    })
}

/// The frames at which the label of a track changes.
fn changes(segments: &[ReviewedSegment]) -> impl DoubleEndedIterator<Item = usize> + '_ {
    segments.windows(2).filter_map(|pair| match pair {
        [before, after] if before.label != after.label => Some(after.start),
        _ => None,
    })
}

/// The next frame behind `frame` at which the label changes.
#[must_use]
pub fn next_change(segments: &[ReviewedSegment], frame: usize) -> Option<usize> {
    changes(segments).find(|start| *start > frame)
}

/// The last frame before `frame` at which the label changes.
#[must_use]
pub fn previous_change(segments: &[ReviewedSegment], frame: usize) -> Option<usize> {
    changes(segments).rev().find(|start| *start < frame)
}
