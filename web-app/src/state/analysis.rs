//! The results at hand.

use std::rc::Rc;

use shared_model::timeline::Timeline;

use page_view::comparison::LoadedLabels;
use page_view::label_view::LabelView;
use page_view::live_strip::LiveStrip;

/// Everything that was read of the source on the stage.
#[derive(Debug, Default)]
pub struct Analysis {
    /// What the recogniser said.
    pub timeline: Timeline,
    /// The rows of it that are shown; lags a little behind while frames come in.
    pub view: Rc<LabelView>,
    /// The webcam's last frames.
    pub live: LiveStrip,
    /// Labels of a file, to compare with.
    pub truth: Option<Rc<LoadedLabels>>,
    /// Name of the model that made it.
    pub model: String,
}

impl Analysis {
    /// Forgets the results; loaded labels stay.
    pub fn clear(&mut self) {
        self.timeline = Timeline::new();
        self.view = Rc::new(LabelView::default());
        self.live = LiveStrip::default();
        self.model = String::new();
    }
}
