//! The recogniser of facial expressions over time, the same for the native program and the page.
//!
//! Modules stand in the order in which the data passes them:
//! frame -> face boxes -> tracks -> crops -> features -> probabilities -> labels -> files.

pub mod expression;

pub mod agreement;
pub mod backbone;
pub mod calibration;
pub mod corrections;
pub mod display;
pub mod face_box;
pub mod face_crop;
pub mod face_look;
pub mod face_tracker;
pub mod film_looks;
pub mod frame;
pub mod framing;
pub mod metrics;
pub mod orientation;
pub mod smoothing;
pub mod temperature;
pub mod timeline;
pub mod timeline_rows;

pub mod abaw;
pub mod affwild2;
pub mod csv_reader;
pub mod decisions;
pub mod elan;
pub mod file_text;
pub mod frame_table;
pub mod label_files;
pub mod label_runs;
pub mod model_file;
pub mod model_file_error;
pub mod people;
pub mod picture_file;
pub mod project;
pub mod remark;
pub mod remark_table;
pub mod resume;
pub mod reviewed_segment;
pub mod safetensors_header;
pub mod stored_weights;
pub mod webvtt;
pub mod weight_shapes;

#[cfg(feature = "network")]
pub mod conv_norm;
#[cfg(feature = "cpu-training")]
pub mod cpu_training;
#[cfg(feature = "network")]
pub mod detected_face;
#[cfg(feature = "network")]
pub mod face_detector;
#[cfg(feature = "network")]
pub mod face_reader;
#[cfg(feature = "network")]
pub mod film_predictor;
#[cfg(feature = "network")]
pub mod live_refiner;
#[cfg(feature = "network")]
mod network_output;
#[cfg(feature = "network")]
mod packed_convolution;
#[cfg(feature = "network")]
mod processor;
#[cfg(feature = "network")]
pub mod recognizer;
#[cfg(feature = "network")]
pub mod temporal_encoder;
#[cfg(feature = "network")]
mod track_refiner;
#[cfg(feature = "network")]
pub mod ultraface;
#[cfg(feature = "network")]
pub mod yunet;
