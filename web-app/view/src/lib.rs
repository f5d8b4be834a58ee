//! What the page shows, without a browser: geometry, labels in slices, texts of files, states. Tested natively.

pub mod file_kind;
pub mod job;
pub mod opened;
pub mod session;
pub mod shipped_model;

pub mod label_view;
pub mod levels;
pub mod live_speed;
pub mod live_strip;
pub mod predicted_runs;
pub mod samples;
pub mod smoother;
mod whole_view;
pub mod window_votes;

pub mod cast;
pub mod class_seconds;

pub mod answer_limit;

pub mod class_motif;
pub mod clock;
pub mod letterbox;
pub mod place_to_go;
pub mod ruler;
pub mod speed;
pub mod sureness;
pub mod timeline_layout;
pub mod viewport;
pub mod waveform;

pub mod adjudication;
pub mod agreement;
pub mod archive;
pub mod batch;
pub mod batch_files;
pub mod command;
pub mod comparison;
pub mod down_mix;
pub mod export_labels;
pub mod export_text;
pub mod figure;
pub mod film_file;
pub mod group_figures;
pub mod growing_view;
pub mod hidden_faces;
pub mod keeping;
pub mod kept_analysis;
pub mod key_focus;
pub mod key_map;
pub mod learning_material;
pub mod notices;
pub mod plain_fault;
pub mod predictions_file;
pub mod report_html;
pub mod review;
pub mod thumbnails;
pub mod timeline_svg;
pub mod training_export;
