//! The review under way.

use page_view::review::history::Review;
use page_view::review::pace::Pace;

use crate::browser::database::Database;
use crate::browser::lock::Lock;

/// Labels by hand of the source on the stage.
#[derive(Default)]
pub struct ReviewDesk {
    /// The labels and the way back.
    pub review: Review,
    /// How fast segments are reviewed.
    pub pace: Pace,
    /// Where it is kept, once that is known.
    pub place: Option<Place>,
}

/// A place in the browser's storage that belongs to one video, and to this tab alone.
pub struct Place {
    /// Name in the storage: the video's content.
    pub key: String,
    /// The storage.
    pub database: Database,
    /// Keeps other tabs away.
    pub lock: Lock,
}
