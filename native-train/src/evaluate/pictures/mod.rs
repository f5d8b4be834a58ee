//! A model on labelled pictures, each for itself, through `mien analyze`'s own path: detector, crop, per-frame head.

pub mod picture_selection;

pub mod picture_answer;

pub mod resampling;

pub mod picture_evaluation;
