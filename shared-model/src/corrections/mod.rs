//! Learning from what a person corrected: the last layer of each head is fitted anew to the reviewed frames, and measured on videos or people
//! that it has not seen.

pub mod linear_head;

#[cfg(feature = "network")]
pub mod learn;

use serde::{Deserialize, Serialize};

use crate::expression::Expression;
use crate::face_box::FaceBox;
use crate::metrics::Report;

/// The label that a person gave to a face.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Correction {
    /// Frame number in the reading that the person saw.
    pub frame: usize,
    /// The frame's time in seconds, by which it is found again: another reading may count frames otherwise.
    pub time_s: f64,
    /// Where the face was seen: by its place it is found again, whatever number another reading of the video gives it.
    pub face_box: FaceBox,
    /// Whose face ([`crate::people::People`]).
    pub person: u32,
    /// What the person said.
    pub label: Expression,
}

/// What is left out in turn while the rest is learned from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// A video.
    Video,
    /// A person of a single video.
    Person,
}

/// Figures of the smoothed labels on reviewed frames.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// Share of the frames whose label is the person's, 0 to 1.
    pub accuracy: f64,
    /// Mean F1 over the classes that the person used, 0 to 1.
    pub macro_f1: f64,
}

impl Agreement {
    /// Of a report.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        Self {
            accuracy: report.accuracy,
            macro_f1: report.mean_f1_of_present_classes,
        }
    }
}

/// How the labels of parts were that were not learned from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// What was left out in turn.
    pub part: Part,
    /// How many of them.
    pub parts: usize,
    /// With the model as it was.
    pub before: Agreement,
    /// With the heads that learned from all other parts.
    pub after: Agreement,
}

/// What was learned from, and what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LearningReport {
    /// Reviewed faces in frames.
    pub frames: usize,
    /// Videos that they are in.
    pub videos: usize,
    /// People whose faces they are, counted in each video.
    pub people: usize,
    /// `None` where all are of one person in one video, and where the model has learned from corrections before: which ones is not known,
    /// so that no part of these is surely new to it.
    pub measured: Option<Measured>,
    /// Whether the model has learned from corrections before.
    pub has_learned_before: bool,
}
