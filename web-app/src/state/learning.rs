//! A model that learns from corrections.

use shared_model::corrections::LearningReport;
use web_sys::File;

/// How far it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Learning {
    /// Nothing is under way.
    #[default]
    Idle,
    /// So much of it is done, 0 to 1.
    Running(f64),
    /// It has learned.
    Done(Learned),
}

/// A model that has learned.
#[derive(Debug, Clone, PartialEq)]
pub struct Learned {
    /// From what, and how it does.
    pub report: LearningReport,
    /// The model's file.
    pub file: File,
}
