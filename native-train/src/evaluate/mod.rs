//! `mien evaluate`: a model on labelled videos.

pub mod figures;
pub mod predicted_video;
