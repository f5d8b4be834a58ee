//! What a person can do with labels, people and remarks.

use serde::{Deserialize, Serialize};
use shared_model::expression::Expression;

/// What a person did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EditKind {
    /// Confirmed a segment's label as it was.
    Accept(Expression),
    /// Gave a segment another label.
    Relabel(Expression),
    /// Labelled a range.
    Paint(Expression),
    /// Took the reviewed label away, so that the computed one shows again.
    Clear,
    /// Cut a segment in two.
    Split,
    /// Joined a segment with the next.
    Merge(Expression),
    /// Moved the edge between two segments.
    MoveEdge,
    /// Took the labels of a project file.
    OpenProject,
    /// Laid two label files together.
    LayTogether,
    /// Gave a person a name.
    Rename(u32),
    /// Made the first person the second one.
    MergePeople(u32, u32),
    /// Made a person another one from a frame on: who it was, who it is there.
    SplitPerson(u32, u32),
    /// Left a person out.
    Ignore(u32),
    /// Took a person in again who was left out.
    BringBack(u32),
    /// Wrote, changed or took away a note on a segment.
    Note,
    /// Was not sure of a segment, or sure again.
    Unsure(bool),
    /// Put a label of their own set on frames, or took it off.
    OwnLabel,
    /// Marked an event.
    MarkEvent,
    /// Gave an event another name, or took it away.
    ChangeEvent,
}

impl EditKind {
    /// Whether a person decides by it which label frames have.
    #[must_use]
    pub fn decides(self) -> bool {
        match self {
            Self::Accept(_)
            | Self::Relabel(_)
            | Self::Paint(_)
            | Self::Clear
            | Self::Split
            | Self::Merge(_)
            | Self::MoveEdge => true,
            Self::OpenProject
            | Self::LayTogether
            | Self::Rename(_)
            | Self::MergePeople(..)
            | Self::SplitPerson(..)
            | Self::Ignore(_)
            | Self::BringBack(_)
            | Self::Note
            | Self::Unsure(_)
            | Self::OwnLabel
            | Self::MarkEvent
            | Self::ChangeEvent => false,
        }
    }
}
