//! A view made all at once; for short timelines and tests.

use shared_model::people::People;
use shared_model::smoothing::Smoothing;
use shared_model::timeline::Timeline;

use crate::label_view::LabelView;
use crate::row_builder::RowBuilder;
use crate::smoother::Smoother;

impl LabelView {
    /// Rows and labels of a whole timeline.
    #[must_use]
    pub fn of(timeline: &Timeline, smoothing: Smoothing, window: usize) -> Self {
        Self::of_people(timeline, People::default(), smoothing, window)
    }

    /// The same, with faces told by person instead of by track.
    #[must_use]
    pub fn of_people(timeline: &Timeline, people: People, smoothing: Smoothing, window: usize) -> Self {
        let mut builder = RowBuilder::of_people(timeline, people);
        while !builder.step(timeline, usize::MAX) {}
        let mut view = builder.finish();
        let mut smoother = Smoother::new(smoothing, window);
        while !smoother.step(&mut view, usize::MAX) {}
        view
    }
}
