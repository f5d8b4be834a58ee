//! The native program `mien`: one module a command, over the modules that they share. What they say beside their results are `tracing`'s events;
//! the program writes them on stderr ([`log_lines`]).

#![deny(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "results go through `stdout`, all else is an event"
)]

pub mod ablate;
pub mod analyze;
pub mod animation;
pub mod bench;
pub mod command_help;
pub mod data;
pub mod datasets;
pub mod evaluate;
pub mod export;
pub mod features;
pub mod gpu_check;
pub mod import;
pub mod info;
pub mod merge;
pub mod pretrain;
pub mod refine;
pub mod score;
pub mod shards;
pub mod synth;

pub mod ahead;
pub mod backbone_features;
pub mod random_stream;
pub mod run_config;
pub mod training_run;
pub mod video_evaluation;

pub mod detectors;
pub mod device;
pub mod model_store;
mod onnx_file;
pub mod torch_file;

pub mod frame_source;
pub mod input_options;
pub mod picture;

mod ffmpeg_log;
pub mod ffmpeg_program;
mod lost_frames;
mod piped_bytes;
pub mod video_frames;
pub mod video_probe;

pub mod atomic_file;
pub mod written_files;

mod known_people;
pub mod log_lines;
pub mod natural_order;
mod npy_file;
pub mod plots;
pub mod progress;
pub mod result_format;
pub mod smoothing_options;
pub mod stdout;
pub mod wrong_use;
