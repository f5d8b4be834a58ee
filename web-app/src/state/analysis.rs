//! What is shown of the results, and what is laid beside them.

use std::rc::Rc;

use page_view::comparison::LoadedLabels;
use page_view::label_view::LabelView;
use page_view::live_strip::LiveStrip;

/// What is shown of the source on the stage.
#[derive(Debug, Default)]
pub struct Analysis {
    /// The rows that are shown; they lag a little behind what was read while frames come in.
    pub view: Rc<LabelView>,
    /// The webcam's last frames.
    pub live: LiveStrip,
    /// Labels of a file that the timeline shows and doubt is measured by: the last one that was opened.
    pub truth: Option<Rc<LoadedLabels>>,
    /// Labels of all open files.
    pub label_files: Vec<Rc<LoadedLabels>>,
}

impl Analysis {
    /// Shows nothing; loaded labels stay.
    pub fn clear(&mut self) {
        self.view = Rc::new(LabelView::default());
        self.live = LiveStrip::default();
    }
}
