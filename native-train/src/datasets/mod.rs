//! The datasets that runs learn from and are measured on, each read by one module.

pub mod affwild2;

pub mod labelled_video;
