//! The wasm's static constructors, run once.
//!
//! Crates below burn register what they hold in constructors (`inventory`). A module that never calls them is taken by the
//! linker for a program that runs once: it then puts a call of all of them in front of every export, and each message,
//! promise and timer would run them again. Calling them here tells the linker that the module sees to it.

use std::sync::Once;

static RUN: Once = Once::new();

/// Runs them, if they have not run. To be called before anything else in a worker.
pub fn run() {
    RUN.call_once(call);
}

#[allow(
    unsafe_code,
    reason = "the linker makes this function, and it has no other name than this symbol"
)]
fn call() {
    unsafe extern "C" {
        fn __wasm_call_ctors();
    }
    // SAFETY: the linker gives the function this signature. It has not run before: `RUN` lets it through once, and no export
    // calls it by itself, which the web build checks.
    unsafe { __wasm_call_ctors() }
}
