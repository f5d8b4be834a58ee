//! The datasets that runs learn from and are measured on, each read by one module.
//!
//! The way of a picture: source of the config -> set of pictures -> catalogue -> selection.

pub mod config;

mod affectnet;
pub mod affectnet_2017;
pub mod affectnet_2021;
pub mod affwild2;
pub mod class_folders;
mod crowd_votes;
pub mod expw;
pub mod fer2013;
pub mod ferplus;
pub mod list_csv;
pub mod ms1mv2;
mod numpy_number;
pub mod rafdb;
pub mod record_file;
pub mod record_payload;

pub mod class_numbers;
pub mod findings;
pub mod label_distribution;
pub mod label_form;
pub mod labelled_face;
pub mod labelled_video;
pub mod layout;
pub mod picture_ref;
pub mod picture_set;
pub mod source_kind;
pub mod usage;

pub mod catalogue;
pub mod person_split;
pub mod selection;
