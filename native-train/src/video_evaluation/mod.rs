//! How the recogniser's labels of videos compare with the truth.

pub mod predicted_video;
pub mod prediction;

pub mod figures;
pub mod smoothing_sweep;
pub mod tally;
