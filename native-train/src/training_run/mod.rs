//! A training run: its folder, its log, its checkpoints, and the loop over its steps.
//!
//! Whatever happens between two steps is here, once for every kind of training; what a step does is
//! the [`run_loop::Trainee`]'s affair.

pub mod run_folder;

pub mod run_options;

pub mod checkpoint;
pub mod config_change;
pub mod exact_number;
pub mod optimiser;
pub mod optimiser_state;

pub mod event_file;
pub mod training_log;

pub mod pictures;

pub mod cosine_rate;
pub mod gradients;
pub mod loss_scale;
pub mod report_summary;
pub mod run_loop;

pub mod device_failure;
pub mod interruption;
