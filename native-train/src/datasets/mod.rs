//! The datasets that runs learn from and are measured on, each read by one module.
//!
//! The way of a picture: source of the config -> set of pictures -> catalogue -> selection.

pub mod config;

mod affectnet;
pub mod affectnet_2017;
pub mod affectnet_2021;
pub mod affwild2;
pub mod class_folders;
pub mod expw;
pub mod list_csv;
pub mod ms1mv2;
mod npy_scalar;
pub mod record_file;

pub mod findings;
pub mod labelled_video;
pub mod picture_ref;
pub mod picture_set;

pub mod catalogue;
pub mod person_split;
pub mod selection;
