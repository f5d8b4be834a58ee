//! The video that is read while another one is on the stage.

use super::reading::Reading;
use crate::opened::Opened;
use crate::review::document::ReviewDocument;

/// The video that is read while another one is on the stage. `S` is what the page knows a file by.
#[derive(Debug, Clone)]
pub struct Behind<S> {
    /// The file.
    pub source: S,
    /// What was read so far.
    pub reading: Reading,
    /// Size and length, once the engine has opened it.
    pub opened: Option<Opened>,
    /// Labels by hand.
    pub document: ReviewDocument,
    /// What was kept of it is being looked for: it is not read yet.
    pub is_looking: bool,
}

impl<S> Behind<S> {
    /// Nothing was read of it yet.
    #[must_use]
    pub fn of(source: S) -> Self {
        Self {
            source,
            reading: Reading::default(),
            opened: None,
            document: ReviewDocument::default(),
            is_looking: false,
        }
    }
}
