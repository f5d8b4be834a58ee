//! The datasets that runs learn from and are measured on, each read by one module.
//!
//! The way of a picture: source of the config -> set of pictures -> catalogue -> selection.

pub mod config;

pub mod affwild2;
pub mod class_folders;
pub mod list_csv;

pub mod findings;
pub mod labelled_video;
pub mod picture_ref;
pub mod picture_set;

pub mod catalogue;
pub mod person_split;
pub mod selection;
