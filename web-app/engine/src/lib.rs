//! The page's engine: decodes, detects and recognises in workers, and streams predictions to the UI.
//!
//! One worker is the coordinator: it reads the file, decodes it and follows the faces ([`coordinator`]). Others
//! compute: they turn frames into faces with features, on the graphics adapter or on the CPU ([`compute`]). Both
//! run this same wasm; `www/engine-worker.js` and `www/compute-worker.js` start them.

mod answer_wait;
mod constructors;
mod worker_scope;

mod blob_reader;
mod image_frame;
mod raw_frame;
mod told_fetch;
mod video_decoder;

mod adapter;
mod batches_in_flight;
mod compute;
mod compute_message;
mod compute_pool;
mod compute_worker;
mod faces;
mod film_batch;
mod self_check;

mod zip_blob;

mod animation;
mod animation_job;
mod coordinator;
mod cut_job;
mod frames_job;
mod learn_job;
mod loaded_model;
mod outcome;
mod picture_job;
mod progress;
mod show_job;
mod video_job;

use wasm_bindgen::prelude::wasm_bindgen;

/// Runs as the last step of the module's `init`, before either role is taken.
#[wasm_bindgen(start)]
pub fn start() {
    constructors::run();
}

/// Lets the kernels multiply and add in one instruction; to be called before anything is computed, where the browser knows relaxed SIMD.
#[wasm_bindgen(js_name = useRelaxedSimd)]
pub fn use_relaxed_simd() {
    #[cfg(target_arch = "wasm32")]
    cpu_inference::use_relaxed_simd();
}

/// Makes this worker the coordinator. `early` are the messages that came before the wasm was ready.
#[wasm_bindgen(js_name = runCoordinator)]
pub fn run_coordinator(early: js_sys::Array) {
    coordinator::run(&early);
}

/// Makes this worker a compute worker. `early` are the messages that came before the wasm was ready.
#[wasm_bindgen(js_name = runCompute)]
pub fn run_compute(early: js_sys::Array) {
    compute::run(&early);
}
