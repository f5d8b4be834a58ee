//! The program's tests from outside, as one binary: burn and wgpu are linked once.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

mod common;

mod ablate;
mod analyze_pictures;
mod analyze_videos;
mod bad_input;
mod command_help;
mod cpu_training;
mod crowd_labels;
mod data_command;
mod datasets;
mod devices;
mod evaluate;
mod evaluate_pictures;
mod face_detection;
mod features;
mod ffmpeg_programs;
mod film_looks;
mod foreign_bytes;
mod gpu_check;
mod hard_cuts;
mod interrupted_runs;
mod loader;
mod merge;
mod model_commands;
mod output_folder;
mod pictures;
mod plots;
mod precision;
mod pretrain;
mod recomputed_teacher;
mod refine;
mod sample;
mod score;
mod selection;
mod semi_supervised;
mod shown_pictures;
mod synth;
mod teacher_student;
mod temperatures;
mod training_run;
