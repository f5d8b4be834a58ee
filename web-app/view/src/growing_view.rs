//! A view that follows results as they come: what is final of it is not made again.

use std::ops::Range;

use shared_model::people::People;
use shared_model::smoothing::Smoothing;
use shared_model::timeline::Timeline;
use shared_model::timeline_rows::RowBuilder;

use crate::label_view::LabelView;
use crate::smoother::Smoother;

impl LabelView {
    /// The frames whose rows are to be made, now that those from `changed` on were added or refined: see
    /// [`FrameRows::first_outdated`](shared_model::timeline_rows::FrameRows::first_outdated).
    #[must_use]
    pub fn outdated(&mut self, timeline: &Timeline, people: &People, changed: usize) -> Range<usize> {
        let found = self.take_rows();
        let first = found.first_outdated(timeline, people, changed);
        self.put_back(found);
        first..timeline.frames().len()
    }

    /// Makes the rows from the frame `first` on, as [`LabelView::outdated`] says, of the people, the way and the window that those
    /// before were made by. The view is then the one that would be made of the whole timeline.
    pub fn grow(
        &mut self,
        timeline: &Timeline,
        people: People,
        first: usize,
        (smoothing, window): (Smoothing, usize),
    ) {
        let mut builder = RowBuilder::going_on(timeline, people, self.take_rows(), first);
        while !builder.step(timeline, usize::MAX) {}
        self.put_back(builder.finish());
        let first_row = self.rows.partition_point(|row| row.frame < first);
        let mut smoother = Smoother::from_row(smoothing, window, first_row);
        while !smoother.step(self, usize::MAX) {}
    }
}
