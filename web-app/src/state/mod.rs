//! What the page knows, in one place.

pub mod analysis;
pub mod comparing;
pub mod engine_order;
pub mod engine_state;
pub mod feed;
pub mod hover;
pub mod learning;
pub mod live_desk;
pub mod notice;
pub mod question;
pub mod relabel;
pub mod review_desk;
pub mod source;
pub mod stage_state;
pub mod store;
pub mod waiting_labels;
pub mod workbench;
pub mod zip_order;
