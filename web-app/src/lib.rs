//! The page. `state` holds what is shown (with what the crate `page-view` makes of it), `components` show it, the
//! rest does what the person asks for.

pub mod strings;

pub mod browser;
pub mod components;
pub mod state;

pub mod adjudication;
pub mod batch_results;
pub mod batch_run;
pub mod behind;
pub mod engine_events;
pub mod engine_link;
pub mod exports;
pub mod file_handles;
pub mod film_drawing;
pub mod film_export;
pub mod frame_feed;
pub mod job_control;
pub mod job_results;
pub mod label_loading;
pub mod label_strokes;
pub mod lane_comparison;
pub mod learning;
pub mod live_source;
pub mod media;
pub mod network_count;
pub mod opened_files;
pub mod opened_projects;
pub mod overlay;
pub mod people;
pub mod person_names;
pub mod playback;
pub mod player;
pub mod portraits;
pub mod projects;
pub mod range_labels;
pub mod relabel;
pub mod remarks;
pub mod review;
pub mod review_storage;
pub mod sample;
pub mod segment_loop;
pub mod service_worker;
pub mod session_effects;
pub mod settings;
pub mod shipped_models;
pub mod sound;
pub mod stage;
pub mod startup;
pub mod webcam;
pub mod zip_orders;
