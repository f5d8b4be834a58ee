//! What the frozen backbone says of labelled videos, and where that is kept.

pub mod labelled_videos;

pub mod crop_reader;

#[allow(
    clippy::module_inception,
    reason = "a file is named after the one thing in it"
)]
pub mod video_features;

pub mod feature_cache;
