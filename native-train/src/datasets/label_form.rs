//! What is learned from the votes of several people.

use serde::{Deserialize, Serialize};

/// What is learned from votes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LabelForm {
    /// How they are spread over the classes. Only pictures with a majority are measured on.
    #[default]
    Votes,
    /// The class of the majority; pictures without one have no label.
    Majority,
}
