//! What one sees, from the frame of the page inwards.

#![allow(
    clippy::must_use_candidate,
    clippy::needless_pass_by_value,
    reason = "components are called by the view macro, which takes what they give and hands them owned values"
)]

pub mod app;
pub mod focus;
pub mod header;
pub mod help_dialog;
pub mod landing;
pub mod notices;
pub mod projects_dialog;
pub mod question_bar;

pub mod batch_panel;
pub mod job_bar;
pub mod overview_painter;
pub mod overview_strip;
pub mod people_panel;
pub mod printed_report;
pub mod queue_list;
pub mod stage;
pub mod transport;

pub mod lane_help;
pub mod thumbnail_strip;
mod timeline_gestures;
pub mod timeline_painter;
pub mod timeline_panel;
pub mod timeline_tip;
pub mod timeline_tools;

pub mod compare_panel;
pub mod confusion_table;
pub mod export_panel;
pub mod film_export;
pub mod labels_panel;
pub mod learning_panel;
pub mod model_panel;
pub mod moment_panel;

pub mod file_button;
pub mod fold;
pub mod icons;
pub mod keyboard;
pub mod remarks_panel;
pub mod review_bar;
pub mod review_modes;
pub mod review_panel;
