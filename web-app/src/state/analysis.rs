//! The results at hand.

use std::rc::Rc;

use shared_model::timeline::Timeline;

use page_view::comparison::LoadedLabels;
use page_view::kept_analysis::KeptProject;
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
    /// Labels of a file that the timeline shows and doubt is measured by: the last one that was opened.
    pub truth: Option<Rc<LoadedLabels>>,
    /// Labels of all open files.
    pub label_files: Vec<Rc<LoadedLabels>>,
    /// Labels whose fit is not known yet.
    pub waiting_labels: Vec<Rc<LoadedLabels>>,
    /// Name of the model that made it.
    pub model: String,
    /// What was kept of an earlier visit and is shown, until the video is read anew.
    pub kept: Option<KeptProject>,
    /// Whether the job under way fills up what was kept.
    pub resumes: bool,
    /// Frames that the latest job has read.
    pub seen: usize,
    /// Whether all frames of the video are there.
    pub is_whole: bool,
}

impl Analysis {
    /// Forgets the results; loaded labels stay.
    pub fn clear(&mut self) {
        self.timeline = Timeline::new();
        self.view = Rc::new(LabelView::default());
        self.live = LiveStrip::default();
        self.model = String::new();
        self.kept = None;
        self.resumes = false;
        self.seen = 0;
        self.is_whole = false;
    }

    /// Forgets the labels of files.
    pub fn clear_labels(&mut self) {
        self.truth = None;
        self.label_files.clear();
        self.waiting_labels.clear();
    }
}
