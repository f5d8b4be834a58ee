//! The video that is read while another one is on the stage.

use page_view::batch::ItemResults;
use page_view::review::document::ReviewDocument;

use super::analysis::Analysis;
use super::opened::Opened;
use super::source::Source;

/// What belongs to it, as the stage has it of what it shows.
pub struct Behind {
    /// The file.
    pub source: Source,
    /// What was read so far.
    pub analysis: Analysis,
    /// Size and length, once the engine has opened it.
    pub opened: Option<Opened>,
    /// Labels by hand.
    pub document: ReviewDocument,
    /// What was kept of it is being looked for: it is not read yet.
    pub is_looking: bool,
}

impl Behind {
    /// Nothing was read of it yet.
    #[must_use]
    pub fn of(source: Source) -> Self {
        Self {
            source,
            analysis: Analysis::default(),
            opened: None,
            document: ReviewDocument::default(),
            is_looking: false,
        }
    }

    /// All that is known of it.
    #[must_use]
    pub fn results(&self) -> ItemResults {
        ItemResults {
            timeline: self.analysis.timeline.clone(),
            document: self.document.clone(),
            model: self.analysis.model.clone(),
        }
    }
}
